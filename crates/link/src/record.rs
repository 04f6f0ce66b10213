//! Packets recorded in a pcapng file.
//!
//! Each batch is one `write` at the end of the file, so what a killed program has sent and received can be read. Several
//! processes may record in one file: the first begins it anew, the others go on with it.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{Mutex, PoisonError},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    io::Errno,
    time::{ClockId, clock_gettime},
};

use crate::{ChecksumState, Incoming, LinkError, Outgoing, Packet, SendOutcome, StackFd, headers::Headers};

/// A file that packets are recorded in.
pub(crate) struct Recorder {
    file: StackFd,
    /// The blocks of the batch at hand.
    blocks: Mutex<Vec<u8>>,
}

impl Recorder {
    pub(crate) fn create(path: &Path) -> Result<Self, LinkError> {
        let failed = |errno| LinkError::Pcap { path: path.to_path_buf(), errno };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file: OwnedFd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o644)).map_err(failed)?;
        let file = StackFd::hide(file).map_err(failed)?;
        // Who records holds the file in common; who can have it alone is the first. Pipes and devices know no locks.
        let first = match rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => rustix::fs::ftruncate(file.as_fd(), 0).is_ok() || is_no_file(&file),
            Err(Errno::WOULDBLOCK) => false,
            Err(_) => true,
        };
        if first {
            write(&file, &beginning()).map_err(failed)?;
        }
        let _ = rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockShared);
        Ok(Self { file, blocks: Mutex::default() })
    }

    /// Records what has left. `describe` gives the source address of a packet that has none, and its link's UDP port.
    pub(crate) fn sent(
        &self,
        packets: &[Outgoing<'_>],
        outcomes: &[SendOutcome],
        describe: impl Fn(&Outgoing<'_>) -> (Option<std::net::IpAddr>, Option<u16>),
    ) {
        self.record(|blocks| {
            for (outgoing, outcome) in packets.iter().zip(outcomes) {
                let left = match outcome {
                    SendOutcome::Sent => outgoing.packet.len(),
                    SendOutcome::Full { sent } => *sent,
                    SendOutcome::TooBig { .. } | SendOutcome::Refused(_) => 0,
                };
                if left == 0 {
                    continue;
                }
                let (Some(source), udp_port) = describe(outgoing) else { continue };
                let headers = Headers {
                    source,
                    destination: outgoing.destination.ip,
                    udp: udp_port.zip(outgoing.udp_port),
                    ecn: outgoing.ecn,
                    dscp: outgoing.dscp,
                    flow_label: outgoing.flow_label,
                    dont_fragment: outgoing.dont_fragment,
                };
                let size = outgoing.segment_size.unwrap_or(usize::MAX).max(1);
                for packet in outgoing.packet[..left].chunks(size) {
                    push_packet(blocks, OUTBOUND, |into| headers.write(packet, into));
                }
            }
        });
    }

    /// Records what has come. `udp_port` gives the UDP port of a packet's link.
    pub(crate) fn received(&self, incoming: &[Incoming], udp_port: impl Fn(&Packet) -> Option<u16>) {
        self.record(|blocks| {
            for arrival in incoming {
                let Incoming::Packet(packet) = arrival else { continue };
                let headers = Headers {
                    source: packet.source.ip,
                    destination: packet.destination.ip,
                    udp: packet.udp_port.zip(udp_port(packet)),
                    ecn: packet.ecn,
                    dscp: 0,
                    flow_label: 0,
                    dont_fragment: true,
                };
                push_packet(blocks, INBOUND, |into| headers.write(&filled_in(packet), into));
            }
        });
    }

    fn record(&self, fill: impl FnOnce(&mut Vec<u8>)) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.clear();
        fill(&mut blocks);
        if !blocks.is_empty()
            && let Err(errno) = write(&self.file, &blocks)
        {
            tracing::warn!(%errno, "packets could not be recorded");
        }
    }
}

/// The packet with a checksum, should its sender inside this host have left it out: a reader of the file could not know.
fn filled_in(packet: &Packet) -> std::borrow::Cow<'_, [u8]> {
    let octets = &packet.packet[..];
    if packet.checksum != ChecksumState::Trusted || octets.len() < 12 || octets[8..12] != [0; 4] {
        return octets.into();
    }
    let mut octets = octets.to_vec();
    let sum = crc32c::crc32c(&octets);
    octets[8..12].copy_from_slice(&sum.to_le_bytes());
    octets.into()
}

/// Section header, and one interface whose packets begin with the IP header, with times in nanoseconds.
fn beginning() -> Vec<u8> {
    let mut blocks = Vec::new();
    push_block(&mut blocks, 0x0a0d_0d0a, |body| {
        body.extend(0x1a2b_3c4d_u32.to_ne_bytes());
        body.extend(1_u16.to_ne_bytes());
        body.extend(0_u16.to_ne_bytes());
        body.extend(u64::MAX.to_ne_bytes());
        push_option(body, OPTION_APPLICATION, b"usctp");
        push_option(body, OPTION_END, &[]);
    });
    push_block(&mut blocks, 1, |body| {
        body.extend(LINKTYPE_RAW.to_ne_bytes());
        body.extend(0_u16.to_ne_bytes());
        body.extend(0_u32.to_ne_bytes());
        push_option(body, OPTION_TIME_RESOLUTION, &[9]);
        push_option(body, OPTION_END, &[]);
    });
    blocks
}

fn push_packet(blocks: &mut Vec<u8>, direction: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let now = clock_gettime(ClockId::Realtime);
    let nanoseconds = now.tv_sec.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64);
    let before = blocks.len();
    let mut empty = false;
    push_block(blocks, 6, |body| {
        body.extend(0_u32.to_ne_bytes());
        body.extend(((nanoseconds >> 32) as u32).to_ne_bytes());
        body.extend((nanoseconds as u32).to_ne_bytes());
        let lengths = body.len();
        body.extend([0; 8]);
        let begin = body.len();
        write(body);
        let len = body.len() - begin;
        empty = len == 0;
        body[lengths..lengths + 4].copy_from_slice(&(len as u32).to_ne_bytes());
        body[lengths + 4..begin].copy_from_slice(&(len as u32).to_ne_bytes());
        body.resize(begin + len.next_multiple_of(4), 0);
        push_option(body, OPTION_FLAGS, &direction.to_ne_bytes());
        push_option(body, OPTION_END, &[]);
    });
    if empty {
        blocks.truncate(before);
    }
}

fn push_block(blocks: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let begin = blocks.len();
    blocks.extend(kind.to_ne_bytes());
    blocks.extend([0; 4]);
    fill(blocks);
    let len = (blocks.len() + 4 - begin) as u32;
    blocks[begin + 4..begin + 8].copy_from_slice(&len.to_ne_bytes());
    blocks.extend(len.to_ne_bytes());
}

fn push_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_ne_bytes());
    body.extend((value.len() as u16).to_ne_bytes());
    body.extend(value);
    body.resize(body.len() + value.len().next_multiple_of(4) - value.len(), 0);
}

fn write(file: &StackFd, mut octets: &[u8]) -> Result<(), Errno> {
    while !octets.is_empty() {
        match rustix::io::write(file.as_fd(), octets) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => octets = &octets[written..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn is_no_file(file: &StackFd) -> bool {
    rustix::fs::fstat(file.as_fd()).is_ok_and(|stat| !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file())
}

const LINKTYPE_RAW: u16 = 101;
const OPTION_END: u16 = 0;
const OPTION_APPLICATION: u16 = 4;
const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_FLAGS: u16 = 2;
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;
