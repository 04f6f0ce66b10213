//! FORWARD TSN received (RFC 3758 §3.6): the peer has given messages up.

use usctp_wire::{ForwardTsn, IForwardTsn, Ssn, StreamId};

use super::{Inbound, InboundOutcome};
use crate::fault::PeerFault;

impl Inbound {
    /// FORWARD TSN came. Only for an association that has agreed on it.
    pub(crate) fn handle_forward_tsn(&mut self, forward: &ForwardTsn<'_>) -> Result<(), PeerFault> {
        self.reassembly.set_abandoning();
        if !forward.cumulative.is_after(self.map.cumulative()) {
            // RFC 3758 §3.6: our last SACK may have been lost.
            self.ack.on_urgent();
            return Ok(());
        }
        // RFC 3758 §3.6: acknowledged as DATA is.
        self.ack.on_new(false);
        self.map.advance_to(forward.cumulative);
        self.throw_skipped(forward);
        for (stream, ssn) in forward.skipped.iter() {
            if stream.0 < self.streams.count() {
                self.skip_stream(stream, ssn);
            }
        }
        Ok(())
    }

    /// I-FORWARD-TSN came. Only for an association that has agreed on it (RFC 8260 §2.3.1).
    pub(crate) fn handle_i_forward_tsn(&mut self, forward: &IForwardTsn<'_>) {
        if !forward.cumulative.is_after(self.map.cumulative()) {
            self.ack.on_urgent();
            return;
        }
        self.ack.on_new(false);
        self.map.advance_to(forward.cumulative);
        let Self { interleaved: Some(interleaved), window, aborted, streams, .. } = self else { return };
        let skipped = forward.skipped.iter().filter(|(stream, ..)| stream.0 < streams.count());
        interleaved.skip(skipped, |thrown| {
            window.give_up(thrown.load.0, thrown.load.1);
            if thrown.partial {
                let (stream, ssn, unordered) = (thrown.stream, thrown.ssn, thrown.unordered);
                aborted.push_back(InboundOutcome::PartialDeliveryAborted { stream, ssn, unordered });
            }
        });
    }

    fn throw_skipped(&mut self, forward: &ForwardTsn<'_>) {
        let Self { reassembly, window, aborted, .. } = self;
        let mut names: Vec<_> = forward.skipped.iter().map(|(stream, ssn)| (stream.0, ssn)).collect();
        names.sort_by_key(|&(stream, _)| stream);
        let is_skipped = |stream: StreamId, ssn: Ssn| {
            let from = names.partition_point(|&(name, _)| name < stream.0);
            let mut entries = names.iter().skip(from).take_while(|&&(name, _)| name == stream.0);
            entries.any(|&(_, skipped)| skipped.is_at_or_after(ssn))
        };
        reassembly.skip(forward.cumulative, is_skipped, |thrown| {
            window.give_up(thrown.load.0, thrown.load.1);
            if thrown.partial {
                let (stream, ssn, unordered) = (thrown.stream, thrown.ssn, thrown.unordered);
                aborted.push_back(InboundOutcome::PartialDeliveryAborted { stream, ssn, unordered });
            }
        });
    }

    /// RFC 3758 §3.6: what was only waiting for a skipped message is delivered now.
    fn skip_stream(&mut self, stream: StreamId, ssn: Ssn) {
        let skipped = self.streams.skip(stream, ssn);
        self.ready.extend(skipped);
        while let Some(message) = self.streams.take_next(stream) {
            self.ready.push_back(message);
        }
    }
}
