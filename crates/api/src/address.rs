//! [`ToSctpAddrs`]: one host by all its addresses, or a name that stands for one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs as _};

use crate::Error;

/// Addresses of one host, or several hosts to try one after the other.
///
/// SCTP can use many addresses of one peer at once. What is written out as a list is such a peer. What a name resolves
/// to may be anything, so those addresses are tried one after the other, as [`std::net`] does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SctpAddrs {
    /// Never empty, nor is any of its elements.
    candidates: Vec<Vec<SocketAddr>>,
}

impl SctpAddrs {
    /// One host with these addresses, which all have the same port.
    pub fn host(addresses: impl Into<Vec<SocketAddr>>) -> Result<Self, Error> {
        let addresses = addresses.into();
        let Some(first) = addresses.first() else { return Err(Error::address("no address was given")) };
        if let Some(other) = addresses.iter().find(|address| address.port() != first.port()) {
            let text = format!("the addresses of one SCTP host have one port, but {first} and {other} differ");
            return Err(Error::address(text));
        }
        Ok(Self { candidates: vec![addresses] })
    }

    /// Several hosts with one address each.
    pub fn alternatives(addresses: impl Into<Vec<SocketAddr>>) -> Result<Self, Error> {
        let candidates: Vec<_> = addresses.into().into_iter().map(|address| vec![address]).collect();
        if candidates.is_empty() { Err(Error::address("no address was found")) } else { Ok(Self { candidates }) }
    }

    /// The hosts to try, each with its addresses.
    pub fn candidates(&self) -> impl Iterator<Item = &[SocketAddr]> {
        self.candidates.iter().map(Vec::as_slice)
    }
}

impl fmt::Display for SctpAddrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, address) in self.candidates.iter().flatten().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{address}")?;
        }
        Ok(())
    }
}

/// What can be turned into the addresses of an SCTP host, as [`std::net::ToSocketAddrs`] for TCP.
///
/// ```
/// use usctp::ToSctpAddrs;
///
/// // A multihomed host: two addresses, one port.
/// let peer = (["192.0.2.1", "198.51.100.1"], 5007).to_sctp_addrs()?;
/// assert_eq!(peer.candidates().count(), 1);
/// assert_eq!(peer.to_string(), "192.0.2.1:5007, 198.51.100.1:5007");
/// // The same host, written out.
/// assert_eq!("192.0.2.1,198.51.100.1:5007".to_sctp_addrs()?, peer);
/// # Ok::<(), usctp::Error>(())
/// ```
pub trait ToSctpAddrs {
    /// The addresses, resolved where that is needed.
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error>;
}

impl ToSctpAddrs for SctpAddrs {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        Ok(self.clone())
    }
}

impl ToSctpAddrs for [SocketAddr] {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        SctpAddrs::host(self)
    }
}

impl<const N: usize> ToSctpAddrs for [SocketAddr; N] {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        SctpAddrs::host(*self)
    }
}

impl ToSctpAddrs for Vec<SocketAddr> {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        SctpAddrs::host(self.as_slice())
    }
}

impl<const N: usize> ToSctpAddrs for ([IpAddr; N], u16) {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        SctpAddrs::host(self.0.map(|address| SocketAddr::new(address, self.1)))
    }
}

impl<const N: usize> ToSctpAddrs for ([&str; N], u16) {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        let addresses: Result<Vec<_>, _> = self.0.iter().map(|text| literal(text, self.1)).collect();
        SctpAddrs::host(addresses?)
    }
}

impl ToSctpAddrs for (&str, u16) {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        resolve(self.0, self.1)
    }
}

/// `HOST:PORT`, `ADDRESS:PORT`, `[V6ADDRESS]:PORT`, or several addresses of one host: `ADDRESS,[V6ADDRESS],…:PORT`.
impl ToSctpAddrs for str {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        let parts = self.rsplit_once(':').and_then(|(hosts, port)| Some((hosts, port.parse::<u16>().ok()?)));
        let Some((hosts, port)) = parts else {
            return Err(Error::address(format!("{self:?} is not HOST:PORT, with a port from 0 to 65535")));
        };
        if hosts.is_empty() {
            return Err(Error::address(format!("{self:?} names no host before the port")));
        }
        if hosts.contains(',') {
            let addresses: Result<Vec<_>, _> = hosts.split(',').map(|text| literal(text, port)).collect();
            return SctpAddrs::host(addresses?);
        }
        let bare = hosts.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hosts);
        resolve(bare, port)
    }
}

impl ToSctpAddrs for String {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        self.as_str().to_sctp_addrs()
    }
}

impl<T: ToSctpAddrs + ?Sized> ToSctpAddrs for &T {
    fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
        (**self).to_sctp_addrs()
    }
}

/// Values that are exactly one address.
macro_rules! one_address {
    ($($kind:ty),*) => {
        $(impl ToSctpAddrs for $kind {
            fn to_sctp_addrs(&self) -> Result<SctpAddrs, Error> {
                SctpAddrs::host([SocketAddr::from(*self)])
            }
        })*
    };
}
one_address!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

fn literal(text: &str, port: u16) -> Result<SocketAddr, Error> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map(|address| SocketAddr::new(address, port)).map_err(|_| {
        Error::address(format!("{text:?} is not an IP address; several addresses of one host are written as addresses"))
    })
}

fn resolve(host: &str, port: u16) -> Result<SctpAddrs, Error> {
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| Error::address(format!("cannot resolve {host:?}: {error}")))?;
    SctpAddrs::alternatives(found.collect::<Vec<_>>()).map_err(|_| Error::address(format!("{host:?} has no address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_one_address_or_several() {
        let one = "[::1]:7".to_sctp_addrs().expect("an address");
        assert_eq!(one.to_string(), "[::1]:7");
        let two = "10.0.0.1,[fd00::1]:7".to_sctp_addrs().expect("two addresses of one host");
        assert_eq!(two.candidates().next().map(<[_]>::len), Some(2));
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, reason) in [
            ("127.0.0.1", "HOST:PORT"),
            ("127.0.0.1:70000", "HOST:PORT"),
            (":80", "no host"),
            ("10.0.0.1,example:80", "not an IP address"),
        ] {
            let error = text.to_sctp_addrs().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let mixed = ["10.0.0.1:1".parse().expect("ok"), "10.0.0.2:2".parse().expect("ok")];
        let error = SctpAddrs::host(mixed).expect_err("two ports").to_string();
        assert!(error.contains("one port"), "{error}");
    }
}
