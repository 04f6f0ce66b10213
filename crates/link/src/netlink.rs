//! Routing netlink: messages out and in as octets (`linux/rtnetlink.h`).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsFd, BorrowedFd},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, SocketType, netlink},
};

use crate::{StackFd, sockets, sys::control::read_i32};

/// A socket for questions; one at a time.
#[derive(Debug)]
pub(crate) struct Netlink {
    fd: StackFd,
    sequence: u32,
    buffer: Vec<u8>,
}

/// One message of an answer: its type and what is behind the netlink header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) kind: u16,
    pub(crate) body: &'a [u8],
}

impl Netlink {
    pub(crate) fn open() -> Result<Self, Errno> {
        // NETLINK_ROUTE is protocol 0.
        let fd = sockets::open(AddressFamily::NETLINK, SocketType::RAW, None)?;
        rustix::net::bind(fd.as_fd(), &netlink::SocketAddrNetlink::new(0, 0))?;
        Ok(Self { fd, sequence: 0, buffer: vec![0; BUFFER] })
    }

    /// Asks, and shows every message of the answer to `each`. `dump` asks for all there are.
    pub(crate) fn ask(
        &mut self,
        kind: u16,
        dump: bool,
        body: &[u8],
        mut each: impl FnMut(Answer<'_>),
    ) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let flags = libc::NLM_F_REQUEST | if dump { libc::NLM_F_DUMP } else { 0 };
        let mut request = Vec::with_capacity(HEADER + body.len());
        request.extend(((HEADER + body.len()) as u32).to_ne_bytes());
        request.extend(kind.to_ne_bytes());
        request.extend((flags as u16).to_ne_bytes());
        request.extend(self.sequence.to_ne_bytes());
        request.extend(0_u32.to_ne_bytes());
        request.extend(body);
        rustix::net::send(self.fd.as_fd(), &request, SendFlags::empty())?;
        loop {
            // The kernel answers while it is asked: there is nothing to wait for.
            let (_, len) = match rustix::net::recv(self.fd.as_fd(), &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Err(Errno::INTR) => continue,
                received => received?,
            };
            for (sequence, answer) in messages(&self.buffer[..len.min(self.buffer.len())]) {
                if sequence != self.sequence {
                    continue;
                }
                match i32::from(answer.kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => {
                        let errno = read_i32(answer.body).unwrap_or(0);
                        return if errno == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(-errno)) };
                    }
                    _ => each(answer),
                }
                if !dump {
                    return Ok(());
                }
            }
        }
    }
}

/// A socket that is told of changes of links, addresses and routes.
#[derive(Debug)]
pub(crate) struct Changes {
    fd: StackFd,
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Changes {
    pub(crate) fn open() -> Result<Self, Errno> {
        // NETLINK_ROUTE is protocol 0.
        let fd = sockets::open(AddressFamily::NETLINK, SocketType::RAW, None)?;
        let groups = libc::RTMGRP_LINK
            | libc::RTMGRP_IPV4_IFADDR
            | libc::RTMGRP_IPV4_ROUTE
            | libc::RTMGRP_IPV6_IFADDR
            | libc::RTMGRP_IPV6_ROUTE;
        rustix::net::bind(fd.as_fd(), &netlink::SocketAddrNetlink::new(0, groups as u32))?;
        Ok(Self { fd })
    }

    /// Reads what there is. True if anything has changed.
    pub(crate) fn drain(&self) -> bool {
        let mut buffer = [0_u8; 8192];
        let mut changed = false;
        loop {
            match rustix::net::recv(self.fd.as_fd(), &mut buffer[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
                Ok(_) | Err(Errno::NOBUFS) => changed = true,
                Err(Errno::INTR) => {}
                Err(_) => return changed,
            }
        }
    }
}

/// The attributes behind the fixed part of a message.
pub(crate) fn attributes(body: &[u8], fixed: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(fixed..).unwrap_or_default();
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?);
        let data = rest.get(4..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        // Without the flag for nested attributes.
        Some((kind & 0x3fff, data))
    })
}

/// Appends an attribute.
pub(crate) fn push_attribute(body: &mut Vec<u8>, kind: u16, data: &[u8]) {
    body.extend((4 + data.len() as u16).to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(data);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// The address in an attribute.
pub(crate) fn ip(data: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(data) {
        return Some(Ipv4Addr::from(octets).into());
    }
    <[u8; 16]>::try_from(data).ok().map(|octets| Ipv6Addr::from(octets).into())
}

/// The number in an attribute.
pub(crate) fn number(data: &[u8]) -> Option<u32> {
    read_i32(data).map(i32::cast_unsigned)
}

fn messages(mut rest: &[u8]) -> impl Iterator<Item = (u32, Answer<'_>)> {
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
        let kind = u16::from_ne_bytes(rest.get(4..6)?.try_into().ok()?);
        let sequence = u32::from_ne_bytes(rest.get(8..12)?.try_into().ok()?);
        let body = rest.get(HEADER..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((sequence, Answer { kind, body }))
    })
}

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// What the kernel fills at most with one part of a dump.
const BUFFER: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_are_written() {
        let mut body = vec![9; 8];
        push_attribute(&mut body, 1, &[10, 0, 0, 1]);
        push_attribute(&mut body, 2, &[1]);
        let read: Vec<_> = attributes(&body, 8).collect();
        assert_eq!(read, [(1, &[10, 0, 0, 1][..]), (2, &[1][..])]);
        assert_eq!(ip(read[0].1), Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        assert_eq!(attributes(&[0, 0, 1, 0], 0).count(), 0);
        assert_eq!(attributes(&[200, 0, 1, 0], 0).count(), 0);
        assert_eq!(attributes(&[], 8).count(), 0);
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(messages(&[255; 64]).count(), 0);
    }
}
