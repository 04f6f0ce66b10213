//! From a socket to [`Incoming`]: batches into recycled memory, headers taken off, joined packets split again.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::{
    Address, ChecksumState, Ecn, Incoming, Packet,
    counters::Counts,
    icmp,
    pool::Pool,
    sockets::PacketSocket,
    sys::{
        batch::{self, Slot},
        control::read_i32,
    },
};

/// Memory for receiving, shared by all sockets of a stack (only one is read at a time).
pub(crate) struct Memory {
    pools: [Pool; CLASSES.len()],
    tails: Vec<u8>,
    errors: Vec<Slot>,
}

/// What is kept for receiving from one socket.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    slots: Vec<Slot>,
    class: usize,
    /// Packets in a row that would have fitted the next smaller class.
    small: usize,
}

/// What is asked about every raw packet, before it is handed up.
pub(crate) trait Admission {
    /// Whether it is for this stack: the packet from the common header on (12 octets or more), and where it came to.
    fn admits(&self, packet: &[u8], destination: Address) -> bool;

    /// What is to be thought of its checksum.
    fn checksum(&self, packet: &[u8], source: Address) -> ChecksumState;
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            pools: CLASSES.map(|class| Pool::new(class.octets, class.kept)),
            // Zero pages until a packet is longer than expected.
            tails: vec![0; SLOTS * LONGEST],
            errors: icmp::slots(),
        }
    }
}

impl Inlet {
    /// Receives a batch from `socket`. True when nothing is left there.
    pub(crate) fn receive(
        &mut self,
        socket: &PacketSocket,
        memory: &mut Memory,
        admission: &dyn Admission,
        counts: &Counts,
        incoming: &mut Vec<Incoming>,
    ) -> bool {
        self.set_class(self.class, memory);
        let room = self.slots.len();
        let received = batch::receive(socket.fd(), &mut self.slots, &mut memory.tails, LONGEST, false);
        // An error: nothing there; or that of an earlier packet, which is in the error queue as well, and what is there
        // besides is told by the next poll.
        let Ok(count) = received else { return true };
        counts.receive_calls.add(1);
        let mut longest = 0;
        for index in 0..count {
            longest = longest.max(self.slots[index].len);
            if let Some(received) = self.take(index, socket, memory, counts) {
                received.deliver(socket, admission, counts, incoming);
            }
        }
        self.adapt(longest, count, memory);
        count < room
    }

    /// Hands up what the socket's error queue holds. True when nothing is left there.
    pub(crate) fn receive_errors(
        socket: &PacketSocket,
        memory: &mut Memory,
        counts: &Counts,
        incoming: &mut Vec<Incoming>,
        mut is_ours: impl FnMut(&crate::Icmp) -> bool,
    ) -> bool {
        let drained = icmp::drain(socket, &mut memory.errors, |error| {
            if is_ours(&error) {
                counts.icmp.add(1);
                incoming.push(Incoming::Icmp(error));
            }
        });
        if drained {
            icmp::clear(socket.fd());
        }
        drained
    }

    /// Takes the octets out of a slot: without a copy if they fill a good part of it, so that a small packet that is kept
    /// for long does not keep a large block.
    fn take(&mut self, index: usize, socket: &PacketSocket, memory: &Memory, counts: &Counts) -> Option<Received> {
        let slot = &mut self.slots[index];
        let about = About::read(slot, socket, counts);
        let held = slot.head.len();
        if slot.truncated || slot.len > held + LONGEST {
            counts.malformed.add(1);
            return None;
        }
        let octets = if slot.len > held {
            let tail = &memory.tails[index * LONGEST..];
            Bytes::from([&slot.head[..], &tail[..slot.len - held]].concat())
        } else if slot.len * COPY_BELOW < held {
            Bytes::copy_from_slice(&slot.head[..slot.len])
        } else {
            let pool = &memory.pools[self.class];
            pool.share(std::mem::replace(&mut slot.head, pool.take()), slot.len)
        };
        let (source, port) = slot.from.to_internet()?;
        Some(Received { octets, source, port, about })
    }

    /// Larger slots as soon as something does not fit, smaller ones when nothing large has come for a while.
    fn adapt(&mut self, longest: usize, count: usize, memory: &Memory) {
        if longest > CLASSES[self.class].octets {
            let class = CLASSES.iter().position(|class| class.octets >= longest).unwrap_or(CLASSES.len() - 1);
            self.small = 0;
            self.set_class(class, memory);
        } else if self.class > 0 && longest <= CLASSES[self.class - 1].octets {
            self.small += count;
            if self.small > SMALL_IN_A_ROW {
                self.small = 0;
                self.set_class(self.class - 1, memory);
            }
        } else {
            self.small = 0;
        }
    }

    fn set_class(&mut self, class: usize, memory: &Memory) {
        if class != self.class || self.slots.is_empty() {
            self.class = class;
            self.slots.clear();
            self.slots.extend((0..CLASSES[class].slots).map(|_| Slot::new(memory.pools[class].take())));
        }
    }
}

/// What control messages say about a packet.
#[derive(Clone, Copy, Debug)]
struct About {
    destination: Option<Address>,
    traffic_class: u8,
    segment_size: Option<usize>,
}

impl About {
    fn read(slot: &Slot, socket: &PacketSocket, counts: &Counts) -> Self {
        let mut about = Self { destination: None, traffic_class: 0, segment_size: None };
        for (level, kind, data) in slot.control.iter() {
            match (level, kind) {
                // struct in_pktinfo: interface, local address, destination in the header.
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => about.destination = octets(data, 8).map(address_v4),
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let interface = octets(data, 16).map_or(0, u32::from_ne_bytes);
                    about.destination = octets(data, 0).map(|octets| address_v6(octets, interface));
                }
                (libc::IPPROTO_IP, libc::IP_TOS) => about.traffic_class = data.first().copied().unwrap_or(0),
                (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                    about.traffic_class = read_i32(data).unwrap_or(0) as u8;
                }
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    about.segment_size = read_i32(data).and_then(|size| usize::try_from(size).ok());
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    if let Some(total) = read_i32(data).map(i32::cast_unsigned) {
                        let before = socket.overflow_seen.swap(total, Ordering::Relaxed);
                        counts.overflowed.add(u64::from(total.wrapping_sub(before)));
                    }
                }
                _ => {}
            }
        }
        about
    }
}

/// A received buffer: on a raw IPv4 socket with its IP header, on a UDP socket perhaps several packets.
struct Received {
    octets: Bytes,
    source: Address,
    port: u16,
    about: About,
}

impl Received {
    fn deliver(self, socket: &PacketSocket, admission: &dyn Admission, counts: &Counts, incoming: &mut Vec<Incoming>) {
        let before = incoming.len();
        let handed = match (socket.udp_port, socket.is_ipv4()) {
            (Some(_), _) => self.split(socket, incoming),
            (None, true) => self.without_header().and_then(|raw| raw.raw(socket, admission, counts, incoming)),
            (None, false) => self.raw(socket, admission, counts, incoming),
        };
        if handed.is_none() {
            counts.malformed.add(1);
        }
        for arrival in &incoming[before..] {
            if let Incoming::Packet(packet) = arrival {
                counts.packets_received.add(1);
                counts.octets_received.add(packet.packet.len() as u64);
            }
        }
    }

    /// UDP_GRO: packets of one size that came one after the other are one buffer.
    fn split(self, socket: &PacketSocket, incoming: &mut Vec<Incoming>) -> Option<()> {
        let destination = self.about.destination?;
        let size = self.about.segment_size.filter(|size| *size > 0).unwrap_or(self.octets.len()).max(1);
        for start in (0..self.octets.len()).step_by(size) {
            let end = self.octets.len().min(start + size);
            let packet = if size < SMALL && self.octets.len() > end - start {
                // Many tiny packets share a large block: one that is kept must not keep it all.
                Bytes::copy_from_slice(&self.octets[start..end])
            } else {
                self.octets.slice(start..end)
            };
            incoming.push(Incoming::Packet(Packet {
                source: self.source,
                destination,
                link: socket.link,
                udp_port: Some(self.port),
                ecn: Ecn::from_bits(self.about.traffic_class),
                checksum: ChecksumState::Unknown,
                packet,
            }));
        }
        Some(())
    }

    /// Takes the IPv4 header off, which says better than control messages what it says.
    fn without_header(mut self) -> Option<Self> {
        let header = self.octets.get(..20)?;
        let len = usize::from(header[0] & 15) * 4;
        self.about.traffic_class = header[1];
        self.source = address_v4(octets(header, 12)?);
        self.about.destination = Some(address_v4(octets(header, 16)?));
        if len < 20 || self.octets.len() < len {
            return None;
        }
        self.octets = self.octets.split_off(len);
        Some(self)
    }

    fn raw(
        self,
        socket: &PacketSocket,
        admission: &dyn Admission,
        counts: &Counts,
        incoming: &mut Vec<Incoming>,
    ) -> Option<()> {
        let destination = self.about.destination?;
        if self.octets.len() < COMMON_HEADER {
            return None;
        }
        if !admission.admits(&self.octets, destination) {
            counts.left_to_others.add(1);
            return Some(());
        }
        incoming.push(Incoming::Packet(Packet {
            source: self.source,
            destination,
            link: socket.link,
            udp_port: None,
            ecn: Ecn::from_bits(self.about.traffic_class),
            checksum: admission.checksum(&self.octets, self.source),
            packet: self.octets,
        }));
        Some(())
    }
}

fn octets<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

fn address_v4(octets: [u8; 4]) -> Address {
    std::net::IpAddr::from(octets).into()
}

fn address_v6(octets: [u8; 16], interface: u32) -> Address {
    Address::new(octets.into(), interface)
}

/// A size of receive slots.
struct Class {
    octets: usize,
    slots: usize,
    /// Free blocks that are kept.
    kept: usize,
}

const SLOTS: usize = 32;
/// Ethernet; jumbo frames and small joined runs; the largest IP packet.
const CLASSES: [Class; 3] = [
    Class { octets: 2048, slots: SLOTS, kept: 512 },
    Class { octets: 16_384, slots: 16, kept: 64 },
    Class { octets: LONGEST, slots: 8, kept: 32 },
];
const LONGEST: usize = 65_536;
/// A packet that fills less than this part of its block (1/n) is copied out.
const COPY_BELOW: usize = 4;
const SMALL_IN_A_ROW: usize = 256;
/// Joined packets below this size are copied apart.
const SMALL: usize = 512;
/// RFC 9260 §3.1.
const COMMON_HEADER: usize = 12;
