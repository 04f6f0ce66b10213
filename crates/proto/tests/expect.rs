//! Assertions on packets.

use std::net::IpAddr;

use usctp_wire::{CauseCode, Causes, Chunk, ChunkType, Data, Header, Init, Packet, Sack, crc32c};

use crate::log::decode_all;

/// A packet that the engine has sent to a peer driven by hand.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) destination: IpAddr,
    pub(crate) ecn: usctp_proto::Ecn,
    pub(crate) carrier: usctp_proto::Carrier,
    pub(crate) octets: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self) -> Header {
        assert!(crc32c::is_valid(&self.octets), "the checksum of our own packet");
        Packet::decode(&self.octets).expect("our own packet").header
    }

    pub(crate) fn chunks(&self) -> Vec<Chunk<'_>> {
        decode_all(&self.octets)
    }

    pub(crate) fn kinds(&self) -> Vec<ChunkType> {
        self.chunks().iter().map(Chunk::kind).collect()
    }

    pub(crate) fn has(&self, kind: ChunkType) -> bool {
        self.kinds().contains(&kind)
    }

    pub(crate) fn init(&self) -> Init<'_> {
        match self.chunks().into_iter().next() {
            Some(Chunk::Init(init) | Chunk::InitAck(init)) => init,
            other => panic!("not an INIT or INIT ACK: {other:?}"),
        }
    }

    pub(crate) fn sack(&self) -> Sack<'_> {
        let find = |chunk| if let Chunk::Sack(sack) = chunk { Some(sack) } else { None };
        self.chunks().into_iter().find_map(find).unwrap_or_else(|| panic!("no SACK in {self}"))
    }

    pub(crate) fn data(&self) -> Vec<Data<'_>> {
        let find = |chunk| if let Chunk::Data(data) = chunk { Some(data) } else { None };
        self.chunks().into_iter().filter_map(find).collect()
    }

    /// Codes of the causes of its ABORT or ERROR.
    pub(crate) fn causes(&self) -> Vec<CauseCode> {
        let find = |chunk| match chunk {
            Chunk::Abort { causes, .. } | Chunk::Error { causes } => Some(causes),
            _ => None,
        };
        let chunks = self.chunks();
        let causes = chunks.into_iter().find_map(find).unwrap_or_else(|| panic!("neither ABORT nor ERROR in {self}"));
        Causes::new(causes).map(|cause| cause.expect("our own cause").code).collect()
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Packet::decode(&self.octets) {
            Ok(packet) => write!(f, "to {}: {packet}", self.destination),
            Err(error) => write!(f, "to {}: {error}", self.destination),
        }
    }
}

/// The only packet there is.
#[track_caller]
pub(crate) fn only(packets: Vec<Seen>) -> Seen {
    match <[Seen; 1]>::try_from(packets) {
        Ok([packet]) => packet,
        Err(packets) => panic!("one packet expected, not {}: {}", packets.len(), show(&packets)),
    }
}

/// Nothing was sent.
#[track_caller]
pub(crate) fn silence(packets: &[Seen]) {
    assert!(packets.is_empty(), "nothing expected, but {}", show(packets));
}

/// The only packet there is holds exactly these chunks.
#[track_caller]
pub(crate) fn exactly(packets: Vec<Seen>, kinds: &[ChunkType]) -> Seen {
    let packet = only(packets);
    assert_eq!(packet.kinds(), kinds, "{packet}");
    packet
}

fn show(packets: &[Seen]) -> String {
    packets.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
