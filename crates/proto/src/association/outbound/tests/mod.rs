//! The sending half alone: a rig that drains packets and answers with SACKs by hand.

mod failover;
mod random;
mod sacks;
mod sending;
mod timers;

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use bytes::Bytes;
use usctp_wire::{
    Chunk, Duplicates, GapBlock, GapBlocks, Header, Packet, PacketBuilder, Ppid, Sack, StreamId, Tsn, VerificationTag,
};

use super::{in_flight::SentChunk, *};
use crate::association::congestion::{Acknowledged, CongestionControl};
use crate::{Address, Carrier, LinkId};

const INITIAL: Tsn = Tsn(u32::MAX - 2);
const HEADER: Header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(3) };
const RTO: Duration = Duration::from_secs(3);

/// Congestion control whose window has grown to `cwnd` octets or more.
fn wide(cwnd: u32) -> CongestionControl {
    let mut control = CongestionControl::new(1468, false);
    while control.cwnd() < cwnd {
        control.on_acknowledged(&Acknowledged {
            octets: 1468,
            window_was_full: true,
            nothing_left: false,
            recovering: false,
            pmdcs: 1468,
        });
    }
    control
}

/// A chunk as it was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Sent {
    path: u8,
    /// Counted from the initial TSN.
    tsn: u32,
    stream: u16,
    ssn: u16,
    len: usize,
    immediate: bool,
}

struct Rig {
    out: Outbound,
    paths: PathSet,
    config: AssociationConfig,
    now: Time,
    /// Size of the largest packet of the last drain, and whether it was beyond its path's.
    largest: usize,
}

impl Rig {
    fn new() -> Self {
        Self::with(1, 1_000_000)
    }

    fn with(paths: u8, peer_rwnd: u32) -> Self {
        let config = AssociationConfig { no_delay: true, max_burst: 0, ..AssociationConfig::default() };
        let mut set = PathSet::new();
        for last in 0..paths {
            let address = Address::from(IpAddr::from(Ipv4Addr::new(192, 0, 2, last)));
            set.add(address, None, Carrier { link: LinkId(0), udp_port: None }, 1500, &config, true).unwrap();
        }
        let out = Outbound::new(&OutboundConfig { initial_tsn: INITIAL, streams: 10, peer_rwnd, overhead: 0 });
        // Not zero: tests then see what "never" is.
        Self { out, paths: set, config, now: Time::from_nanos(1), largest: 0 }
    }

    fn message(len: usize) -> OutgoingMessage {
        OutgoingMessage {
            stream: StreamId(1),
            ppid: Ppid([1, 2, 3, 4]),
            unordered: false,
            immediate: false,
            context: 77,
            expires: None,
            reliability: Reliability::Full,
            destination: None,
            payload: Bytes::from(vec![b'x'; len]),
            auth_key: None,
        }
    }

    fn send(&mut self, len: usize) -> MessageId {
        self.send_message(Self::message(len), None)
    }

    fn send_message(&mut self, message: OutgoingMessage, wish: Option<PathId>) -> MessageId {
        let point = self.paths.fragmentation_point(&self.config);
        self.out.send(self.now, message, wish, point).unwrap()
    }

    /// One packet, if one goes.
    fn packet(&mut self) -> Option<Vec<Sent>> {
        let id = self.out.next_data_path(self.now, &mut self.paths, &self.config)?;
        let usual = self.paths.get(id).unwrap().max_packet() as usize;
        let limit = self.out.oversized_packet(id, &self.paths, &self.config).unwrap_or(usual);
        self.largest = self.largest.max(limit);
        let mut buffer = Vec::new();
        let mut builder = PacketBuilder::new(&mut buffer, HEADER, limit);
        let written = self.out.fill(self.now, id, &mut self.paths, &self.config, &mut builder);
        assert!(builder.len() <= limit);
        builder.finish();
        let chunks = decode(&buffer, id);
        assert_eq!(chunks.len(), written);
        assert!(written > 0, "a path was named but nothing went");
        Some(chunks)
    }

    /// All packets that go now.
    fn packets(&mut self) -> Vec<Vec<Sent>> {
        let packets: Vec<_> = std::iter::from_fn(|| self.packet()).take(100_000).collect();
        assert!(packets.len() < 100_000, "sending never ends");
        self.check();
        packets
    }

    /// All chunks' TSNs that go now.
    fn tsns(&mut self) -> Vec<u32> {
        self.packets().into_iter().flatten().map(|sent| sent.tsn).collect()
    }

    /// A SACK: how many chunks from the first on are cumulatively acknowledged, and gap blocks as (first, last) chunk.
    fn sack(&mut self, cumulative: u32, gaps: &[(u32, u32)]) -> SackOutcome {
        self.sack_with(cumulative, gaps, 1_000_000)
    }

    fn sack_with(&mut self, cumulative: u32, gaps: &[(u32, u32)], a_rwnd: u32) -> SackOutcome {
        let block = |&(first, last): &(u32, u32)| GapBlock {
            start: (first + 1 - cumulative) as u16,
            end: (last + 1 - cumulative) as u16,
        };
        let gaps: Vec<_> = gaps.iter().map(block).collect();
        self.sack_raw(INITIAL.plus(cumulative).previous(), a_rwnd, &gaps).unwrap()
    }

    fn sack_raw(
        &mut self,
        cumulative: Tsn,
        a_rwnd: u32,
        gaps: &[GapBlock],
    ) -> Result<SackOutcome, crate::fault::PeerFault> {
        let sack = Sack { cumulative, a_rwnd, gaps: GapBlocks::Values(gaps), duplicates: Duplicates::Values(&[]) };
        let outcome = self.out.handle_sack(self.now, &sack, &mut self.paths, &self.config);
        self.check();
        outcome
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Waits for T3-rtx of a path and lets it run out.
    fn run_out(&mut self, id: u8) -> T3Outcome {
        self.now = self.path(id).t3.deadline().expect("T3-rtx runs");
        let outcome = self.out.handle_t3(self.now, PathId(id), &mut self.paths, &self.config);
        self.check();
        outcome.expect("its time has come")
    }

    fn path(&mut self, id: u8) -> &mut super::super::path::Path {
        self.paths.get_mut(PathId(id)).unwrap()
    }

    fn cwnd(&mut self, id: u8) -> u32 {
        self.path(id).congestion.cwnd()
    }

    fn outcomes(&mut self) -> Vec<OutboundOutcome> {
        std::iter::from_fn(|| self.out.poll_outcome()).collect()
    }

    fn failures(&mut self) -> Vec<SendFailure> {
        let failure = |outcome| match outcome {
            OutboundOutcome::SendFailed(failure) => Some(failure),
            _ => None,
        };
        self.outcomes().into_iter().filter_map(failure).collect()
    }

    /// What must hold after every step.
    fn check(&self) {
        let out = &self.out;
        let chunks: Vec<_> =
            (0..out.in_flight.len()).map(|index| (index, out.in_flight.chunk(index).unwrap())).collect();
        let outstanding = |chunk: &SentChunk| chunk.state() == State::Outstanding;
        for (id, path) in self.paths.iter() {
            let here = || chunks.iter().filter(|(_, chunk)| outstanding(chunk) && chunk.path == id);
            let flight: u32 = here().map(|(_, chunk)| chunk.wire_octets()).sum();
            assert_eq!(path.flight, flight, "flight of {id:?}");
            assert_eq!(path.t3.is_running(), flight > 0, "T3-rtx of {id:?} runs exactly while data is outstanding");
            let earliest = here().next().map(|(index, _)| out.in_flight.tsn(*index));
            assert_eq!(path.ledger.earliest, earliest, "earliest of {id:?}");
            let marked = chunks.iter().filter(|(_, chunk)| chunk.state() == State::Marked);
            let marked = marked.filter(|(_, chunk)| chunk.target() == id).count();
            assert_eq!(path.to_retransmit as usize, marked, "marked for {id:?}");
        }
        let payload: usize =
            chunks.iter().filter(|(_, chunk)| outstanding(chunk)).map(|(_, chunk)| chunk.payload.len()).sum();
        assert_eq!(out.in_flight.outstanding(), payload);
        assert_eq!(out.in_flight.outstanding_chunks(), chunks.iter().filter(|(_, chunk)| outstanding(chunk)).count());
        let held: usize = chunks.iter().map(|(_, chunk)| chunk.charge()).sum();
        assert_eq!(out.buffered(), held + out.queue.charge(), "send buffer");
        let acknowledged: Vec<_> = chunks
            .iter()
            .filter(|(_, chunk)| chunk.state() == State::Acknowledged)
            .map(|(index, _)| *index as u32 + 1)
            .collect();
        let gaps: Vec<_> = out.in_flight.gaps.iter().flat_map(|range| range.first..=range.last).collect();
        assert_eq!(acknowledged, gaps, "gap ranges");
    }
}

fn decode(octets: &[u8], id: PathId) -> Vec<Sent> {
    let packet = Packet::decode(octets).unwrap();
    let chunks = packet.chunks().map(|chunk| chunk.unwrap().decode().unwrap());
    chunks
        .map(|chunk| match chunk {
            Chunk::Data(data) => Sent {
                path: id.0,
                tsn: data.tsn.distance_from(INITIAL),
                stream: data.stream.0,
                ssn: data.ssn.0,
                len: data.payload.len(),
                immediate: data.immediate,
            },
            other => panic!("{other:?}"),
        })
        .collect()
}
