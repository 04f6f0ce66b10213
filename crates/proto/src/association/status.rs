//! What can be looked at.

use usctp_wire::StreamId;

use super::Association;
use crate::{Abandoned, Address, AssociationConfig, AssociationCounters, AssociationStatus, PathStatus};

impl Association {
    pub(crate) const fn config(&self) -> &AssociationConfig {
        &self.config
    }

    /// State and counters; `None` when it has ended.
    pub(crate) fn status(&self) -> Option<AssociationStatus> {
        let primary = self.paths.get(self.paths.primary())?;
        let inbound = self.peer.as_ref().map(|peer| &peer.inbound);
        Some(AssociationStatus {
            state: self.phase.state()?,
            peer_rwnd: self.outbound.peer_rwnd(),
            local_rwnd: inbound.map_or_else(|| self.receive_window(), |inbound| inbound.rwnd()),
            unacknowledged_chunks: self.outbound.unacknowledged_chunks(),
            pending_chunks: inbound.map_or(0, |inbound| inbound.pending_chunks()),
            queued_messages: self.outbound.queued_messages(),
            inbound_streams: inbound.map_or(self.config.inbound_streams, |inbound| inbound.streams()),
            outbound_streams: self.outbound.stream_count(),
            fragmentation_point: self.paths.fragmentation_point(&self.config),
            primary: primary.address,
            interleaving: self.outbound.interleaves(),
            partial_reliability: self.outbound.has_agreed_on_forward_tsn(),
            send_buffered: self.outbound.buffered(),
            counters: self.all_counters(),
        })
    }

    /// The peer's port and addresses, the primary first.
    pub(crate) fn peer(&self) -> (u16, Vec<Address>) {
        let primary = self.paths.primary();
        let mut addresses: Vec<_> = self.paths.get(primary).map(|path| path.address).into_iter().collect();
        addresses.extend(self.paths.iter().filter(|(id, _)| *id != primary).map(|(_, path)| path.address));
        (self.peer_port, addresses)
    }

    pub(crate) const fn peer_port(&self) -> u16 {
        self.peer_port
    }

    /// Our port, and the addresses that the peer has been told; with none told, those that packets leave from.
    pub(crate) fn local(&self) -> (u16, Vec<Address>) {
        let mut addresses = self.local_side.told.clone();
        for source in self.paths.iter().filter_map(|(_, path)| path.source) {
            if !addresses.contains(&source) {
                addresses.push(source);
            }
        }
        (self.local_port, addresses)
    }

    pub(crate) fn path_status(&self, address: Address) -> Option<PathStatus> {
        self.paths.get(self.paths.find(address)?).map(|path| path.status())
    }

    /// The priority or weight that a stream was given; `None`: no such stream.
    pub(crate) fn stream_value(&self, stream: StreamId) -> Option<u16> {
        let default = u16::from(self.config.scheduler.is_fair());
        (stream.0 < self.outbound.stream_count()).then(|| self.outbound.stream_value(stream).unwrap_or(default))
    }

    /// Messages given up, on one stream or on all.
    pub(crate) fn abandoned(&self, stream: Option<StreamId>) -> [Abandoned; 3] {
        self.outbound.abandoned(stream.map(|stream| stream.0))
    }

    fn all_counters(&self) -> AssociationCounters {
        let mut all = self.counters;
        let sent = self.outbound.counters();
        all.data_chunks_out_ordered += sent.chunks_ordered;
        all.data_chunks_out_unordered += sent.chunks_unordered;
        all.octets_out += sent.octets;
        all.retransmitted_chunks += sent.retransmitted;
        all.fast_retransmitted_chunks += sent.fast_retransmitted;
        all.timeouts += sent.timeouts;
        all.gaps_in += sent.gaps_reported;
        all.max_rto_seen = self.paths.iter().map(|(_, path)| path.rtt.largest_rto()).max().unwrap_or_default();
        if let Some(peer) = &self.peer {
            peer.inbound.count(&mut all);
        }
        all
    }
}
