//! The checksum of raw packets, and senders inside this host that do not fill it in.
//!
//! Linux leaves it to the network device: a packet from a veth pair or another local peer whose device claims to do
//! CRC32c arrives with the field at zero, marked as not ready (CHECKSUM_PARTIAL). A raw socket has no way to show that
//! mark; a packet socket has (PACKET_AUXDATA, TP_STATUS_CSUMNOTREADY). So one is opened beside, and switched on when the
//! first packet with a zero checksum comes that is not right. What it tells is remembered by source address.
//!
//! A wrong checksum that is not zero is never excused.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::AsFd,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType},
};

use crate::{
    Address, ChecksumState, StackFd,
    counters::Counts,
    filter, sockets,
    sys::{
        batch::{self, Slot},
        control::read_i32,
        option::{attach_filter, set_int},
        sockaddr::SockAddr,
    },
};

/// Judges checksums.
pub(crate) struct Checksums {
    /// `None`: the process may not have packet sockets.
    learner: Mutex<Option<Learner>>,
    /// The user knows why packets are dropped.
    explained: AtomicBool,
}

impl Checksums {
    /// Opens the packet sockets, switched off: later the process might not be allowed to.
    pub(crate) fn open() -> Self {
        let learner = Learner::open().inspect_err(|errno| tracing::debug!(%errno, "no packet sockets")).ok();
        Self { learner: Mutex::new(learner), explained: AtomicBool::new(false) }
    }

    /// What is to be thought of the checksum of a packet of at least a common header, that came from `source`.
    pub(crate) fn judge(&self, packet: &[u8], source: Address, counts: &Counts) -> ChecksumState {
        let Some((field, rest)) = packet.get(8..).and_then(<[u8]>::split_first_chunk::<4>) else {
            return ChecksumState::Unknown;
        };
        // RFC 9260 Appendix A: over the whole packet, the field itself as zero; and its least significant octet first.
        let sum = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&packet[..8]), &[0; 4]), rest);
        if u32::from_le_bytes(*field) == sum {
            return ChecksumState::Trusted;
        }
        if *field != [0; 4] {
            return ChecksumState::Unknown;
        }
        let mut learner = self.learner.lock().unwrap_or_else(PoisonError::into_inner);
        match learner.as_mut().map(|learner| learner.vouches_for(source)) {
            Some(true) => {
                counts.checksum_vouched.add(1);
                return ChecksumState::Trusted;
            }
            Some(false) => {}
            None => self.explain(),
        }
        counts.checksum_unfilled.add(1);
        ChecksumState::Unknown
    }

    fn explain(&self) {
        if !self.explained.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "packets without a checksum come, perhaps from inside this host, and this process may not have a packet \
                 socket to learn which of them can be trusted: they are dropped"
            );
        }
    }
}

/// Packet sockets, and what they have told.
struct Learner {
    sockets: [(StackFd, bool); 2],
    slots: Vec<Slot>,
    on: bool,
    sources: HashSet<IpAddr>,
}

impl Learner {
    fn open() -> Result<Self, Errno> {
        let open = |ipv4| {
            // Protocol 0 receives nothing and costs nothing, until it is bound to another.
            let fd = sockets::open(AddressFamily::PACKET, SocketType::DGRAM, None)?;
            attach_filter(fd.as_fd(), &filter::unfilled_checksum(SHOWN, &[]))?;
            set_int(fd.as_fd(), libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
            Ok((fd, ipv4))
        };
        let slots = (0..16).map(|_| Slot::new(vec![0; SHOWN as usize].into_boxed_slice())).collect();
        Ok(Self { sockets: [open(true)?, open(false)?], slots, on: false, sources: HashSet::new() })
    }

    /// Whether packets of `source` are known to come without a checksum from inside this host.
    fn vouches_for(&mut self, source: Address) -> bool {
        let source = source.ip;
        if self.sources.contains(&source) {
            return true;
        }
        if !self.on {
            self.switch_on();
            return false;
        }
        // The packet socket is served before the raw one, so what it says about this packet is there.
        self.learn();
        self.sources.contains(&source)
    }

    fn switch_on(&mut self) {
        self.on = true;
        for (fd, ipv4) in &self.sockets {
            let protocol = if *ipv4 { libc::ETH_P_IP } else { libc::ETH_P_IPV6 };
            if let Err(errno) = rustix::net::bind(fd.as_fd(), &SockAddr::packet(protocol as u16)) {
                tracing::warn!(%errno, "no packet socket: packets without a checksum from inside this host are dropped");
                return;
            }
        }
        tracing::info!(
            "packets come without a checksum: learning from the kernel which of them are from inside this host"
        );
    }

    fn learn(&mut self) {
        let known = self.sources.len();
        for (fd, _) in &self.sockets {
            while let Ok(count) = batch::receive(fd.as_fd(), &mut self.slots, &mut [], 0, false) {
                let shown = self.slots[..count].iter().filter(|slot| is_not_ready(slot));
                let sources = shown.filter_map(|slot| source(&slot.head[..slot.len.min(slot.head.len())]));
                self.sources.extend(sources.take(MAX_SOURCES.saturating_sub(self.sources.len())));
                if count < self.slots.len() {
                    break;
                }
            }
        }
        if self.sources.len() != known {
            // What is known need not be shown again.
            let known: Vec<IpAddr> = self.sources.iter().copied().collect();
            for (fd, _) in &self.sockets {
                let _ = attach_filter(fd.as_fd(), &filter::unfilled_checksum(SHOWN, &known));
            }
        }
    }
}

fn is_not_ready(slot: &Slot) -> bool {
    slot.control.iter().any(|(level, kind, data)| {
        // struct tpacket_auxdata begins with the status.
        let status = if (level, kind) == (libc::SOL_PACKET, libc::PACKET_AUXDATA) { read_i32(data) } else { None };
        status.is_some_and(|status| status & libc::TP_STATUS_CSUMNOTREADY as i32 != 0)
    })
}

/// The source address in an IP header.
fn source(header: &[u8]) -> Option<IpAddr> {
    Some(match header.first()? >> 4 {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(header.get(12..16)?).ok()?).into(),
        6 => Ipv6Addr::from(<[u8; 16]>::try_from(header.get(8..24)?).ok()?).into(),
        _ => return None,
    })
}

/// An IPv6 header, or an IPv4 one with some options.
const SHOWN: u32 = 64;
const MAX_SOURCES: usize = 4096;
