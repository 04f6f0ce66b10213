//! One socket that carries SCTP packets, raw or UDP: how it is opened, and what is said to the kernel with each packet.

use std::{
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use rustix::{
    io::Errno,
    net::{AddressFamily, Protocol, SocketFlags, SocketType, ipproto},
};

use crate::{
    Address, LinkId, Outgoing, StackFd,
    sys::{
        batch::Message,
        control::Control,
        option::{int, set_int},
        sockaddr::SockAddr,
    },
};

/// The IP protocol number of SCTP.
pub(crate) const SCTP: u8 = 132;

/// A socket of one family.
#[derive(Debug)]
pub(crate) struct PacketSocket {
    pub(crate) fd: StackFd,
    pub(crate) link: LinkId,
    /// The address it is bound to, or an unspecified one. Says the family, too.
    pub(crate) bound: Address,
    /// The local UDP port; `None` on raw sockets.
    pub(crate) udp_port: Option<u16>,
    /// What the socket's options say of all packets, because the kernel takes it from nowhere else. Held for reading while
    /// packets leave, for writing while it is changed.
    pub(crate) mode: RwLock<Mode>,
    /// UDP only: the kernel cuts a large buffer into packets (UDP_SEGMENT).
    pub(crate) segmenting: AtomicBool,
    /// IPv6 only: flow labels of our choice are let through.
    pub(crate) labelling: AtomicBool,
    /// The kernel's count of packets that found the buffer full, as last told.
    pub(crate) overflow_seen: AtomicU32,
}

/// What is said to the kernel of a socket and not of a packet.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Mode {
    /// Packets may be fragmented: IPv4 has no such mark for a single packet.
    fragments: bool,
    /// SO_PRIORITY.
    priority: u32,
    /// IPv4 only, and 0 where no priority is asked for: the type of service then goes with each packet.
    traffic_class: u8,
}

impl Mode {
    /// What `outgoing` needs on a socket of its family.
    pub(crate) fn of(outgoing: &Outgoing<'_>) -> Self {
        let with_class = outgoing.priority != 0 && outgoing.destination.ip.is_ipv4();
        Self {
            fragments: !outgoing.dont_fragment,
            priority: outgoing.priority,
            traffic_class: if with_class { outgoing.dscp << 2 | outgoing.ecn.bits() } else { 0 },
        }
    }
}

impl PacketSocket {
    pub(crate) fn new(fd: StackFd, link: LinkId, bound: Address, udp_port: Option<u16>) -> Self {
        let segmenting = udp_port.is_some() && int(fd.as_fd(), libc::SOL_UDP, libc::UDP_SEGMENT).is_ok();
        Self {
            fd,
            link,
            bound,
            udp_port,
            mode: RwLock::default(),
            segmenting: AtomicBool::new(segmenting),
            labelling: AtomicBool::new(true),
            overflow_seen: AtomicU32::new(0),
        }
    }

    pub(crate) fn is_ipv4(&self) -> bool {
        self.bound.ip.is_ipv4()
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        self.bound.ip.is_unspecified()
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The octets of one packet, or of several that the kernel cuts at `segment_size`, with what the kernel must know.
    pub(crate) fn message<'a>(
        &self,
        outgoing: &Outgoing<'_>,
        octets: &'a [u8],
        segment_size: Option<u16>,
    ) -> Message<'a> {
        let label = if self.labelling.load(Ordering::Relaxed) { outgoing.flow_label } else { 0 };
        // A raw IPv6 socket refuses a port that is not its protocol's number or 0.
        let port = if self.udp_port.is_some() { outgoing.udp_port.unwrap_or(0) } else { 0 };
        let mut control = Control::new();
        let traffic_class = i32::from(outgoing.dscp << 2 | outgoing.ecn.bits());
        if self.is_ipv4() {
            self.add_source(&mut control, outgoing);
            // The kernel makes a priority of its own out of a type of service that comes with the packet.
            if traffic_class != 0 && outgoing.priority == 0 {
                control.push(libc::IPPROTO_IP, libc::IP_TOS, &traffic_class.to_ne_bytes());
            }
        } else {
            self.add_source(&mut control, outgoing);
            if traffic_class != 0 {
                control.push(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &traffic_class.to_ne_bytes());
            }
            if !outgoing.dont_fragment {
                control.push(libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, &0_i32.to_ne_bytes());
            }
        }
        if let Some(size) = segment_size {
            control.push(libc::SOL_UDP, libc::UDP_SEGMENT, &size.to_ne_bytes());
        }
        let packets = segment_size.map_or(1, |size| octets.len().div_ceil(usize::from(size.max(1))));
        Message { to: SockAddr::internet(outgoing.destination, port, label), octets, control, packets }
    }

    /// Changes the socket's options. To be called with `mode` held for writing.
    pub(crate) fn switch(&self, from: Mode, to: Mode) {
        if from.fragments != to.fragments {
            self.allow_fragments(to.fragments);
        }
        if (from.priority, from.traffic_class) != (to.priority, to.traffic_class) {
            self.set_priority(to);
        }
    }

    fn allow_fragments(&self, allow: bool) {
        let answered = if self.is_ipv4() {
            let discovery = if allow { libc::IP_PMTUDISC_DONT } else { libc::IP_PMTUDISC_PROBE };
            set_int(self.fd(), libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, discovery)
        } else {
            // RFC 8200 §5: 1280 is what every IPv6 path takes. The path's true MTU need not be known to fragment for it.
            let (discovery, size) =
                if allow { (libc::IPV6_PMTUDISC_DONT, 1280) } else { (libc::IPV6_PMTUDISC_PROBE, 0) };
            set_int(self.fd(), libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, discovery)
                .and_then(|()| set_int(self.fd(), libc::IPPROTO_IPV6, libc::IPV6_MTU, size))
        };
        if let Err(errno) = answered {
            tracing::debug!(%errno, allow, "fragmentation cannot be switched");
        }
    }

    fn set_priority(&self, mode: Mode) {
        // IP_TOS sets the priority as well, so it goes first.
        let answered = if self.is_ipv4() {
            set_int(self.fd(), libc::IPPROTO_IP, libc::IP_TOS, mode.traffic_class.into())
        } else {
            Ok(())
        };
        let priority = i32::try_from(mode.priority).unwrap_or(i32::MAX);
        let answered = answered.and_then(|()| set_int(self.fd(), libc::SOL_SOCKET, libc::SO_PRIORITY, priority));
        if let Err(errno) = answered {
            tracing::debug!(%errno, priority, "the priority cannot be set");
        }
    }

    fn add_source(&self, control: &mut Control, outgoing: &Outgoing<'_>) {
        match outgoing.source.map(|source| (source.ip, source.scope)) {
            // struct in_pktinfo: interface, source, (destination).
            Some((IpAddr::V4(v4), _)) if self.is_wildcard() || outgoing.interface != 0 => {
                let mut info = [0; 12];
                info[..4].copy_from_slice(&outgoing.interface.to_ne_bytes());
                info[4..8].copy_from_slice(&v4.octets());
                control.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            // struct in6_pktinfo: source, interface.
            Some((IpAddr::V6(v6), scope)) if self.is_wildcard() || outgoing.interface != 0 => {
                let mut info = [0; 20];
                info[..16].copy_from_slice(&v6.octets());
                let scopes = [outgoing.interface, scope, outgoing.destination.scope];
                let interface = scopes.into_iter().find(|&index| index != 0).unwrap_or(0);
                info[16..].copy_from_slice(&interface.to_ne_bytes());
                control.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
            _ => {}
        }
    }
}

/// A socket of the stack: close-on-exec, non-blocking, out of the program's way.
pub(crate) fn open(family: AddressFamily, kind: SocketType, protocol: Option<Protocol>) -> Result<StackFd, Errno> {
    let fd: OwnedFd = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, protocol)?;
    StackFd::hide(fd)
}

/// A raw socket for SCTP.
pub(crate) fn open_raw(ipv4: bool) -> Result<StackFd, Errno> {
    let fd = open(family(ipv4), SocketType::RAW, Some(ipproto::SCTP))?;
    prepare(fd.as_fd(), ipv4)?;
    Ok(fd)
}

/// A UDP socket, not bound yet.
pub(crate) fn open_udp(ipv4: bool) -> Result<StackFd, Errno> {
    let fd = open(family(ipv4), SocketType::DGRAM, Some(ipproto::UDP))?;
    prepare(fd.as_fd(), ipv4)?;
    if !ipv4 {
        // Raw sockets are that anyway, and refuse to be told.
        set_int(fd.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
    }
    // Without it packets come one by one, which is only slower.
    let _ = set_int(fd.as_fd(), libc::SOL_UDP, libc::UDP_GRO, 1);
    Ok(fd)
}

fn family(ipv4: bool) -> AddressFamily {
    if ipv4 { AddressFamily::INET } else { AddressFamily::INET6 }
}

/// What all sockets that carry packets have in common.
fn prepare(fd: BorrowedFd<'_>, ipv4: bool) -> Result<(), Errno> {
    if ipv4 {
        set_int(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        set_int(fd, libc::IPPROTO_IP, libc::IP_RECVTOS, 1)?;
        set_int(fd, libc::IPPROTO_IP, libc::IP_RECVERR, 1)?;
        // DF set, and the path MTU is ours to know: the kernel's own idea of it comes from ICMP errors that nobody has
        // compared with a tag (RFC 9260 §10).
        set_int(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)?;
    } else {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS, 1)?;
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1)?;
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)?;
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 1)?;
        set_int(fd, libc::IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1)?;
    }
    set_int(fd, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
    enlarge(fd, libc::SO_RCVBUFFORCE, libc::SO_RCVBUF);
    enlarge(fd, libc::SO_SNDBUFFORCE, libc::SO_SNDBUF);
    Ok(())
}

/// All associations of the stack share the buffer, so it should hold what several windows can send at once. Privileged
/// processes get what is asked for, others what the host allows.
fn enlarge(fd: BorrowedFd<'_>, forced: i32, asked: i32) {
    if set_int(fd, libc::SOL_SOCKET, forced, BUFFER_OCTETS).is_err() {
        let _ = set_int(fd, libc::SOL_SOCKET, asked, BUFFER_OCTETS);
    }
}

/// The kernel charges its own overhead to it, too: about the data of 2,000 full packets.
const BUFFER_OCTETS: i32 = 4 << 20;
/// `linux/in6.h`; libc lacks it.
const IPV6_FLOWINFO_SEND: i32 = 33;
