//! `struct sockaddr` in and out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use rustix::io::Errno;

use super::SockaddrStorage;

/// `sizeof(struct sockaddr_in)`.
pub const V4_OCTETS: usize = 16;
/// `sizeof(struct sockaddr_in6)`.
pub const V6_OCTETS: usize = 28;

/// The address at the front of `octets`, which may be longer.
///
/// # Errors
///
/// EINVAL for too few octets and for families other than AF_INET and AF_INET6, as Linux's SCTP answers.
pub fn decode(octets: &[u8]) -> Result<SocketAddr, Errno> {
    let family = octets.first_chunk::<2>().ok_or(Errno::INVAL)?;
    match i32::from(u16::from_ne_bytes(*family)) {
        libc::AF_INET => decode_v4(octets.first_chunk().ok_or(Errno::INVAL)?),
        libc::AF_INET6 => decode_v6(octets.first_chunk().ok_or(Errno::INVAL)?),
        _ => Err(Errno::INVAL),
    }
}

/// The packed addresses of `sctp_bindx` and `sctp_connectx`: each as long as its family says.
///
/// # Errors
///
/// EINVAL if an address has another family or is cut off.
pub fn decode_packed(mut octets: &[u8]) -> Result<Vec<SocketAddr>, Errno> {
    let mut addresses = Vec::new();
    while !octets.is_empty() {
        let address = decode(octets)?;
        octets = octets.get(length_of(&address)..).ok_or(Errno::INVAL)?;
        addresses.push(address);
    }
    Ok(addresses)
}

/// The octets of an address, in a buffer with their number.
#[must_use]
pub fn encode(address: &SocketAddr) -> ([u8; V6_OCTETS], usize) {
    let mut octets = [0; V6_OCTETS];
    octets[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address {
        SocketAddr::V4(address) => {
            octets[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
            octets[4..8].copy_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            octets[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
            octets[4..8].copy_from_slice(&address.flowinfo().to_ne_bytes());
            octets[8..24].copy_from_slice(&address.ip().octets());
            octets[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
        }
    }
    (octets, length_of(address))
}

/// An address in a `struct sockaddr_storage`.
#[must_use]
pub fn storage(address: &SocketAddr) -> SockaddrStorage {
    let mut storage = SockaddrStorage::default();
    let (octets, _) = encode(address);
    storage.0[..V6_OCTETS].copy_from_slice(&octets);
    storage
}

/// The address in a `struct sockaddr_storage`; `None` for the wildcard forms: family AF_UNSPEC, and an unspecified
/// address.
///
/// # Errors
///
/// EINVAL for other families.
pub fn from_storage(storage: &SockaddrStorage) -> Result<Option<SocketAddr>, Errno> {
    if storage.0[..2] == [0, 0] {
        return Ok(None);
    }
    let address = decode(&storage.0)?;
    Ok(Some(address).filter(|address| !address.ip().is_unspecified()))
}

/// Octets that an address takes.
#[must_use]
pub const fn length_of(address: &SocketAddr) -> usize {
    match address {
        SocketAddr::V4(_) => V4_OCTETS,
        SocketAddr::V6(_) => V6_OCTETS,
    }
}

/// The address of SCTP_DSTADDRV4 or SCTP_DSTADDRV6 data.
#[must_use]
pub fn ip(octets: &[u8], v6: bool) -> Option<IpAddr> {
    if v6 {
        octets.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into())
    } else {
        octets.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into())
    }
}

#[allow(clippy::unnecessary_wraps, reason = "both families in one match")]
fn decode_v4(octets: &[u8; V4_OCTETS]) -> Result<SocketAddr, Errno> {
    let [_, _, p0, p1, a, b, c, d, ..] = *octets;
    Ok(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([p0, p1])).into())
}

fn decode_v6(octets: &[u8; V6_OCTETS]) -> Result<SocketAddr, Errno> {
    let port = u16::from_be_bytes([octets[2], octets[3]]);
    let word = |at: usize| octets[at..].first_chunk::<4>().map(|word| u32::from_ne_bytes(*word)).ok_or(Errno::INVAL);
    let address = octets[8..].first_chunk::<16>().ok_or(Errno::INVAL)?;
    Ok(SocketAddrV6::new(Ipv6Addr::from(*address), port, word(4)?, word(24)?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_went() {
        for text in ["127.0.0.2:5007", "[::1]:9", "0.0.0.0:0"] {
            let address: SocketAddr = text.parse().expect("an address");
            let (octets, len) = encode(&address);
            assert_eq!(decode(&octets[..len]), Ok(address));
            assert_eq!(decode(&octets[..len - 1]), Err(Errno::INVAL));
            assert_eq!(decode(&storage(&address).0), Ok(address));
        }
        let scoped = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7, 3, 4);
        let (octets, len) = encode(&scoped.into());
        assert_eq!(decode(&octets[..len]), Ok(scoped.into()));
    }

    #[test]
    fn packed_addresses_are_as_long_as_their_family() {
        let list: [SocketAddr; 2] = ["127.0.0.1:5".parse().expect("v4"), "[::1]:5".parse().expect("v6")];
        let mut octets = Vec::new();
        for address in &list {
            let (bytes, len) = encode(address);
            octets.extend_from_slice(&bytes[..len]);
        }
        assert_eq!(octets.len(), 16 + 28);
        assert_eq!(decode_packed(&octets), Ok(list.to_vec()));
        octets.pop();
        assert_eq!(decode_packed(&octets), Err(Errno::INVAL));
    }

    #[test]
    fn other_families_are_invalid_and_unspec_is_the_wildcard() {
        let mut octets = [0_u8; 128];
        assert_eq!(decode(&octets), Err(Errno::INVAL));
        assert_eq!(from_storage(&SockaddrStorage(octets)), Ok(None));
        let any: SocketAddr = "[::]:7".parse().expect("an address");
        assert_eq!(from_storage(&storage(&any)), Ok(None));
        octets[0] = libc::AF_UNIX as u8;
        assert_eq!(from_storage(&SockaddrStorage(octets)), Err(Errno::INVAL));
        assert_eq!(decode(&[2]), Err(Errno::INVAL));
    }
}
