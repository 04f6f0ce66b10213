//! Socket addresses as the kernel lays them out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque};

use crate::Address;

/// An address of the internet families or of a packet socket.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct SockAddr {
    octets: [u8; Self::CAPACITY],
    len: u32,
}

impl SockAddr {
    /// Enough for `sockaddr_in6`, the longest.
    pub(crate) const CAPACITY: usize = 32;

    /// `sockaddr_in` or `sockaddr_in6`. The flow label (20 bits) is IPv6's.
    pub(crate) fn internet(address: Address, port: u16, flow_label: u32) -> Self {
        let mut made = Self::zeroed();
        made.octets[2..4].copy_from_slice(&port.to_be_bytes());
        match address.ip {
            IpAddr::V4(v4) => {
                made.set_family(libc::AF_INET);
                made.octets[4..8].copy_from_slice(&v4.octets());
                made.len = 16;
            }
            IpAddr::V6(v6) => {
                made.set_family(libc::AF_INET6);
                made.octets[4..8].copy_from_slice(&(flow_label & 0xf_ffff).to_be_bytes());
                made.octets[8..24].copy_from_slice(&v6.octets());
                made.octets[24..28].copy_from_slice(&address.scope.to_ne_bytes());
                made.len = 28;
            }
        }
        made
    }

    /// `sockaddr_ll` for one ethernet protocol on all interfaces.
    pub(crate) fn packet(protocol: u16) -> Self {
        let mut made = Self::zeroed();
        made.set_family(libc::AF_PACKET);
        made.octets[2..4].copy_from_slice(&protocol.to_be_bytes());
        made.len = 20;
        made
    }

    /// `AF_UNSPEC`: ends the connection of a datagram socket.
    pub(crate) fn unspecified() -> Self {
        Self { len: 16, ..Self::zeroed() }
    }

    pub(crate) const fn zeroed() -> Self {
        Self { octets: [0; Self::CAPACITY], len: 0 }
    }

    /// Address and port, if it is of an internet family.
    pub(crate) fn to_internet(self) -> Option<(Address, u16)> {
        let port = u16::from_be_bytes([self.octets[2], self.octets[3]]);
        match self.family() {
            libc::AF_INET if self.len >= 16 => {
                let octets: [u8; 4] = self.octets[4..8].try_into().ok()?;
                Some((Address::new(Ipv4Addr::from(octets).into(), 0), port))
            }
            libc::AF_INET6 if self.len >= 28 => {
                let octets: [u8; 16] = self.octets[8..24].try_into().ok()?;
                let scope = u32::from_ne_bytes(self.octets[24..28].try_into().ok()?);
                Some((Address::new(Ipv6Addr::from(octets).into(), scope), port))
            }
            _ => None,
        }
    }

    pub(super) fn as_ptr(&self) -> *const u8 {
        self.octets.as_ptr()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.octets.as_mut_ptr()
    }

    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn set_len(&mut self, len: u32) {
        self.len = len.min(Self::CAPACITY as u32);
    }

    fn family(&self) -> i32 {
        i32::from(u16::from_ne_bytes([self.octets[0], self.octets[1]]))
    }

    fn set_family(&mut self, family: i32) {
        self.octets[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    }
}

// SAFETY: the pointer is to `octets`, of which `len` never exceeds the size, and lives as long as the call.
unsafe impl SocketAddrArg for SockAddr {
    unsafe fn with_sockaddr<R>(&self, f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R) -> R {
        f(self.octets.as_ptr().cast(), self.len)
    }
}
