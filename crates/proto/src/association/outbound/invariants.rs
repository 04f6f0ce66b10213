//! What must hold between commands, checked by tests after every step.

use super::{Outbound, in_flight::State};
use crate::association::path::PathSet;

impl Outbound {
    /// Panics where the sums and timers do not follow from the chunks.
    pub(crate) fn check_invariants(&self, paths: &PathSet) {
        let chunks = || (0..self.in_flight.len()).filter_map(|index| self.in_flight.chunk(index).map(|c| (index, c)));
        let outstanding = || chunks().filter(|(_, chunk)| chunk.state() == State::Outstanding);
        let octets: usize = outstanding().map(|(_, chunk)| chunk.payload.len()).sum();
        assert_eq!(self.in_flight.outstanding(), octets, "octets outstanding");
        assert_eq!(self.in_flight.outstanding_chunks(), outstanding().count(), "chunks outstanding");
        let marked = chunks().filter(|(_, chunk)| chunk.state() == State::Marked).count();
        assert_eq!(self.in_flight.marked(), marked, "chunks marked");
        for (id, path) in paths.iter() {
            let here = || outstanding().filter(|(_, chunk)| chunk.path == id);
            let flight: u32 = here().map(|(_, chunk)| chunk.wire_octets()).sum();
            assert_eq!(path.flight, flight, "flight of {:?}", path.address);
            let runs = flight > 0 || self.forward_waits_on(id);
            assert_eq!(path.t3.is_running(), runs, "T3-rtx of {:?} with {flight} octets in flight", path.address);
            let earliest = here().map(|(index, _)| self.in_flight.tsn(index)).next();
            assert_eq!(path.ledger.earliest, earliest, "earliest chunk on {:?}", path.address);
            let waiting = chunks().filter(|(_, chunk)| chunk.state() == State::Marked && chunk.target() == id);
            assert_eq!(path.to_retransmit as usize, waiting.count(), "chunks to send again on {:?}", path.address);
        }
        let lead = chunks().take_while(|(_, chunk)| chunk.state() == State::Abandoned).count();
        let partial = self.partial.as_ref();
        assert_eq!(
            partial.map_or(0, |partial| partial.forward.lead),
            lead,
            "chunks given up next to the cumulative TSN"
        );
        let known = |chunk: &super::in_flight::SentChunk| {
            !chunk.limited || partial.is_some_and(|partial| partial.limits.contains(chunk.message))
        };
        let known = chunks().all(|(_, chunk)| chunk.state() == State::Abandoned || known(chunk));
        assert!(known, "a chunk whose limit is not known");
        assert!(!self.is_empty() || partial.is_none_or(|partial| partial.limits.is_empty()), "limits of no message");
        let charged: usize = chunks().map(|(_, chunk)| chunk.charge()).sum();
        assert!(self.buffered >= charged, "the send buffer holds less than is in flight");
        assert!(!self.queue.is_empty() || self.buffered == charged, "octets of send buffer that nothing holds");
    }
}
