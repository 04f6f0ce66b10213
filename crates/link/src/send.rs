//! From [`Outgoing`] to packets on a socket: batches, segments, and what each refusal means.

use std::sync::{PoisonError, atomic::Ordering};

use rustix::io::Errno;

use crate::{
    Address, Outgoing, SendOutcome,
    counters::Counts,
    sockets::{Mode, PacketSocket},
    sys::batch::{self, BATCH, Message},
};

/// Sends a run of packets that all leave through `socket` and want the same [`Mode`] of it. `outcomes` has one place for
/// each, [`SendOutcome::Sent`] at first. `mtu` is asked what fits towards an address, where something did not.
pub(crate) fn send_run(
    socket: &PacketSocket,
    packets: &[Outgoing<'_>],
    outcomes: &mut [SendOutcome],
    counts: &Counts,
    mtu: &dyn Fn(Address) -> u32,
) {
    let run = Run { socket, packets, outcomes, counts, mtu, at: Place::default(), split: false, retried: false };
    let Some(wanted) = packets.first().map(Mode::of) else { return };
    let mode = socket.mode.read().unwrap_or_else(PoisonError::into_inner);
    if *mode == wanted {
        run.send();
        return;
    }
    drop(mode);
    // Left as it is then: packets of one kind mostly follow each other, and switching takes a system call.
    let mut mode = socket.mode.write().unwrap_or_else(PoisonError::into_inner);
    socket.switch(*mode, wanted);
    *mode = wanted;
    run.send();
}

/// How far a run has come: a packet, and the octet in it.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    packet: usize,
    octet: usize,
}

struct Run<'a> {
    socket: &'a PacketSocket,
    packets: &'a [Outgoing<'a>],
    outcomes: &'a mut [SendOutcome],
    counts: &'a Counts,
    mtu: &'a dyn Fn(Address) -> u32,
    at: Place,
    /// The packet at hand is cut here and not by the kernel, which has refused to.
    split: bool,
    /// The message at hand has been refused once.
    retried: bool,
}

impl<'a> Run<'a> {
    fn send(mut self) {
        let mut messages: Vec<Message<'a>> = Vec::with_capacity(self.packets.len().min(BATCH));
        let mut ends: Vec<Place> = Vec::with_capacity(self.packets.len().min(BATCH));
        while self.at.packet < self.packets.len() {
            messages.clear();
            ends.clear();
            self.fill(&mut messages, &mut ends);
            match batch::send(self.socket.fd(), &messages) {
                Ok(0) => break,
                Ok(sent) => self.advance(&messages[..sent], ends[sent - 1]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS) => {
                    self.stop();
                    break;
                }
                Err(errno) => self.refused(errno, messages[0].octets.len()),
            }
        }
    }

    /// The next messages, and the place behind each.
    fn fill(&self, messages: &mut Vec<Message<'a>>, ends: &mut Vec<Place>) {
        let mut at = self.at;
        while let Some(outgoing) = self.packets.get(at.packet).filter(|_| messages.len() < BATCH) {
            let rest = &outgoing.packet[at.octet..];
            let size = outgoing.segment_size.unwrap_or(rest.len()).max(1);
            let split = self.split && at.packet == self.at.packet;
            let segments = if split { 1 } else { self.segments_per_message(size) };
            let (octets, more) = match rest.split_at_checked(size * segments) {
                Some((octets, more)) => (octets, !more.is_empty()),
                None => (rest, false),
            };
            let cut = if octets.len() > size { u16::try_from(size).ok() } else { None };
            messages.push(self.socket.message(outgoing, octets, cut));
            at = if more {
                Place { octet: at.octet + octets.len(), ..at }
            } else {
                Place { packet: at.packet + 1, octet: 0 }
            };
            ends.push(at);
        }
    }

    fn segments_per_message(&self, size: usize) -> usize {
        if self.socket.segmenting.load(Ordering::Relaxed) { (MAX_OCTETS / size).clamp(1, MAX_SEGMENTS) } else { 1 }
    }

    fn advance(&mut self, sent: &[Message<'_>], end: Place) {
        self.counts.send_calls.add(1);
        let (mut packets, mut octets) = (0, 0);
        for message in sent {
            packets += message.packets;
            octets += message.octets.len();
        }
        self.counts.packets_sent.add(packets as u64);
        self.counts.octets_sent.add(octets as u64);
        self.retried = false;
        if end.packet != self.at.packet {
            self.split = false;
        }
        self.at = end;
    }

    /// Buffers are full: this packet and those behind it must wait.
    fn stop(&mut self) {
        self.counts.full.add(1);
        for outcome in &mut self.outcomes[self.at.packet..] {
            *outcome = SendOutcome::Full { sent: 0 };
        }
        self.outcomes[self.at.packet] = SendOutcome::Full { sent: self.at.octet };
    }

    /// The first message, of `octets`, was refused.
    fn refused(&mut self, errno: Errno, octets: usize) {
        if !self.retried {
            // The error may be an earlier packet's: a socket that collects ICMP errors also reports each of them once to
            // whoever uses it next.
            self.retried = true;
            return;
        }
        self.retried = false;
        let outgoing = &self.packets[self.at.packet];
        if outgoing.segment_size.is_some_and(|size| octets > size) && !self.split {
            // EIO: the device cannot (no checksum offload). EINVAL or EMSGSIZE: a segment is larger than what fits, and
            // that is only told well for single packets.
            if errno == Errno::IO {
                self.socket.segmenting.store(false, Ordering::Relaxed);
            }
            self.split = true;
            return;
        }
        if errno == Errno::INVAL && outgoing.flow_label != 0 && self.socket.labelling.swap(false, Ordering::Relaxed) {
            // Somebody on this host has leased flow labels, and labels without a lease are refused now.
            return;
        }
        self.outcomes[self.at.packet] = match errno {
            Errno::MSGSIZE => SendOutcome::TooBig { mtu: self.what_fits(outgoing, octets) },
            _ => SendOutcome::Refused(errno.raw_os_error()),
        };
        self.split = false;
        self.at = Place { packet: self.at.packet + 1, octet: 0 };
    }

    /// Less than what was refused in any case, so that the caller gets on.
    fn what_fits(&self, outgoing: &Outgoing<'_>, octets: usize) -> u32 {
        let ip = if outgoing.destination.ip.is_ipv4() { 20 } else { 40 };
        let udp = if self.socket.udp_port.is_some() { 8 } else { 0 };
        let refused = u32::try_from(octets + ip + udp).unwrap_or(u32::MAX);
        (self.mtu)(outgoing.destination).min(refused - 1)
    }
}

/// UDP_MAX_SEGMENTS of Linux before 6.9.
const MAX_SEGMENTS: usize = 64;
/// What a UDP datagram holds before it is cut, with room for IP options.
const MAX_OCTETS: usize = 65_000;
