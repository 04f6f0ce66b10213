//! What was said, as it is shown when a test fails.

use std::{collections::VecDeque, fmt, net::IpAddr, time::Duration};

use bytes::Bytes;
use usctp_netsim::{Fate, LossReason};
use usctp_proto::{Ecn, Time};
use usctp_wire::{Chunk, ChunkType, Packet};

/// The last things that were said and done.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    kept: usize,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// A packet was sent.
    Packet(Sent),
    /// Something else happened.
    Note { at: Time, host: usize, text: String },
}

/// A packet that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Time,
    pub(crate) host: usize,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) ecn: Ecn,
    pub(crate) fate: Fate,
    pub(crate) octets: Bytes,
}

impl Log {
    pub(crate) fn new(kept: usize) -> Self {
        Self { entries: VecDeque::new(), kept }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.kept {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Packets that `host` has sent.
    pub(crate) fn sent_by(&self, host: usize) -> impl Iterator<Item = &Sent> {
        self.entries.iter().filter_map(move |entry| match entry {
            Entry::Packet(sent) if sent.host == host => Some(sent),
            _ => None,
        })
    }

    /// Packets of `host` that hold a chunk of type `kind`.
    pub(crate) fn sent_with(&self, host: usize, kind: ChunkType) -> impl Iterator<Item = &Sent> {
        self.sent_by(host).filter(move |sent| sent.has(kind))
    }
}

impl Sent {
    pub(crate) fn chunks(&self) -> Vec<Chunk<'_>> {
        decode_all(&self.octets)
    }

    pub(crate) fn has(&self, kind: ChunkType) -> bool {
        self.chunks().iter().any(|chunk| chunk.kind() == kind)
    }
}

/// All chunks of a packet that the engine has written.
pub(crate) fn decode_all(octets: &[u8]) -> Vec<Chunk<'_>> {
    let packet = Packet::decode(octets).expect("our own packet");
    packet.chunks().map(|raw| raw.and_then(|raw| raw.decode()).expect("our own chunk")).collect()
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note { at, host, text } => write!(f, "{} {} * {text}", Seconds(*at), NAMES[*host]),
            Self::Packet(sent) => sent.fmt(f),
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (NAMES[self.host], NAMES[1 - self.host]);
        write!(f, "{} {from} {} > {} ", Seconds(self.at), self.source, self.destination)?;
        match Packet::decode(&self.octets) {
            Ok(packet) => write!(f, "-- {packet} ")?,
            Err(error) => write!(f, "-- ({error}) ")?,
        }
        match &self.fate {
            Fate::Carried(times) if times.len() == 1 => write!(f, "--> {to}"),
            Fate::Carried(times) => write!(f, "--> {to} ({} times)", times.len()),
            Fate::Lost(LossReason::Impairment) => f.write_str("--x lost"),
            fate => write!(f, "--x {fate:?}"),
        }
    }
}

struct Seconds(Time);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.6}", Duration::from_nanos(self.0.as_nanos()).as_secs_f64())
    }
}

/// The two ends, as RFC 9260 calls them.
pub(crate) const NAMES: [&str; 2] = ["A", "Z"];
