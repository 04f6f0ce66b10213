//! Packets with no association behind them: answers to INIT, to packets out of the blue, and the last word of an
//! association that is gone. They stand ready as octets, for there is no state left to write them from later.

use std::collections::VecDeque;

use usctp_wire::{Chunk, Header, PacketBuilder, VerificationTag, crc32c};

use crate::{Address, Carrier, Ecn, Received, Transmit, association::Authenticator};

/// Where such a packet goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ReturnAddress {
    pub(crate) source: Option<Address>,
    pub(crate) destination: Address,
    pub(crate) carrier: Carrier,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
}

impl ReturnAddress {
    /// Back to where a packet came from, from the address it came to (RFC 9260 §5.1 B, §8.4).
    pub(crate) const fn of(received: &Received, header: &Header) -> Self {
        Self {
            source: Some(received.destination),
            destination: received.source,
            carrier: Carrier { link: received.link, udp_port: received.udp_port },
            local_port: header.destination_port,
            peer_port: header.source_port,
        }
    }
}

/// Packets of no association that wait to be polled.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    queue: VecDeque<(ReturnAddress, Vec<u8>)>,
}

/// Octets of several answers in one packet: they pass any path but the narrowest.
const MAX_ANSWERS: usize = 1200;

/// Answers to strangers that wait at most; more are as good as lost on the way.
const MAX_WAITING: usize = 4096;

impl Replies {
    /// An answer to a packet from anyone; dropped when too many wait. `auth` where the peer may want it authenticated.
    pub(crate) fn answer(
        &mut self,
        to: ReturnAddress,
        tag: VerificationTag,
        chunk: &Chunk<'_>,
        auth: Option<&Authenticator>,
    ) {
        if self.queue.len() < MAX_WAITING {
            self.last_word(to, tag, chunk, auth);
        }
    }

    /// Several chunks in one packet; what does not fit it is left out.
    pub(crate) fn answer_with(
        &mut self,
        to: ReturnAddress,
        tag: VerificationTag,
        chunks: &[Chunk<'_>],
        auth: Option<&Authenticator>,
    ) {
        if self.queue.len() >= MAX_WAITING {
            return;
        }
        let header = Header { source_port: to.local_port, destination_port: to.peer_port, tag };
        let mut octets = Vec::new();
        let mut packet = PacketBuilder::new(&mut octets, header, MAX_ANSWERS);
        // RFC 5061 §5.2 E7: in order, as many as fit.
        let fitting = chunks.iter().take_while(|chunk| packet.push(chunk)).count();
        if fitting == 0 {
            return;
        }
        packet.finish_without_checksum();
        if let Some(auth) = auth {
            auth.sign(&mut octets, 0, None);
        }
        crc32c::fill_in(&mut octets);
        self.queue.push_back((to, octets));
    }

    /// The last packet of an association; their number is bounded by that of the associations.
    pub(crate) fn last_word(
        &mut self,
        to: ReturnAddress,
        tag: VerificationTag,
        chunk: &Chunk<'_>,
        auth: Option<&Authenticator>,
    ) {
        let header = Header { source_port: to.local_port, destination_port: to.peer_port, tag };
        let mut octets = Vec::new();
        let mut packet = PacketBuilder::new(&mut octets, header, usize::from(u16::MAX));
        if packet.push(chunk) {
            packet.finish_without_checksum();
            if let Some(auth) = auth {
                auth.sign(&mut octets, 0, None);
            }
            crc32c::fill_in(&mut octets);
            self.queue.push_back((to, octets));
        }
    }

    pub(crate) fn poll_transmit(&mut self, buffer: &mut Vec<u8>) -> Option<Transmit> {
        let (to, octets) = self.queue.pop_front()?;
        buffer.extend_from_slice(&octets);
        Some(Transmit {
            source: to.source,
            destination: to.destination,
            carrier: to.carrier,
            ecn: Ecn::NotEct,
            dscp: 0,
            flow_label: 0,
            priority: 0,
            interface: 0,
            // RFC 9260 §3.3.3: an INIT ACK can be larger than a packet of the path; there is no path yet to know by.
            dont_fragment: false,
            len: octets.len(),
            segment_size: None,
        })
    }
}
