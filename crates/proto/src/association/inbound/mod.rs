//! What comes in: from DATA chunk to delivered message, and the SACKs that are owed for it (RFC 9260 §6.2, §6.5–§6.9).
//!
//! [`Inbound`] joins four parts that do not know each other: `TsnMap` (what has been received), `Reassembly`
//! (fragments), `Streams` (order), `Window` (buffer), and `AckPolicy` (when to answer).

use bytes::Bytes;
use usctp_wire::{ForwardTsn, PacketBuilder, Ppid, Ssn, StreamId, Tsn};

use crate::{AssociationConfig, AssociationCounters, Delivery, Time, fault::PeerFault};

/// What [`Inbound`] is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InboundConfig {
    /// The TSN that the peer begins with.
    pub(crate) initial_tsn: Tsn,
    /// Streams that the peer may send on.
    pub(crate) streams: u16,
    /// [`AssociationConfig::receive_buffer`].
    pub(crate) receive_buffer: u32,
    /// [`AssociationConfig::receive_overhead`].
    pub(crate) overhead: u32,
    /// [`AssociationConfig::partial_delivery_point`].
    pub(crate) partial_delivery_point: u32,
}

/// A DATA chunk with its payload cut out of the received packet.
#[derive(Clone, Debug)]
pub(crate) struct DataChunk {
    pub(crate) tsn: Tsn,
    pub(crate) stream: StreamId,
    pub(crate) ssn: Ssn,
    pub(crate) ppid: Ppid,
    pub(crate) unordered: bool,
    pub(crate) beginning: bool,
    pub(crate) ending: bool,
    pub(crate) immediate: bool,
    pub(crate) payload: Bytes,
}

/// What became of a DATA chunk. A SACK is owed in each case; [`Inbound`] knows when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DataVerdict {
    /// Taken; user data came (autoclose, counters).
    New,
    /// Had been received before.
    Duplicate,
    /// Beyond the window, or beyond what is tracked: as if it had been lost.
    Dropped,
    /// Acknowledged and thrown away; an ERROR with Invalid Stream Identifier is owed (RFC 9260 §6.5).
    InvalidStream,
}

/// What goes up.
#[derive(Debug)]
pub(crate) enum InboundOutcome {
    /// A message or a part of one.
    Delivered(Delivery),
    /// The rest of a partly delivered message will never come.
    PartialDeliveryAborted { stream: StreamId, ssn: Ssn, unordered: bool },
}

/// One direction of an association: from the peer to us.
#[derive(Debug)]
pub(crate) struct Inbound {
    _todo: (),
}

#[allow(unused_variables)]
impl Inbound {
    pub(crate) fn new(config: InboundConfig) -> Self {
        todo!()
    }

    /// Begins anew after the peer has restarted (RFC 9260 §5.2.4.1): nothing received is kept; what was delivered stays
    /// charged until it is released. A partial delivery under way is aborted ([`Self::poll_delivery`] says so).
    pub(crate) fn restart(&mut self, initial_tsn: Tsn, streams: u16) {
        todo!()
    }

    /// A DATA chunk came, in a packet of `packet_octets` octets (whose buffer `payload` keeps alive).
    pub(crate) fn handle_data(
        &mut self,
        now: Time,
        chunk: DataChunk,
        packet_octets: usize,
    ) -> Result<DataVerdict, PeerFault> {
        todo!()
    }

    /// FORWARD TSN came (RFC 3758 §3.6).
    pub(crate) fn handle_forward_tsn(&mut self, now: Time, forward: &ForwardTsn<'_>) -> Result<(), PeerFault> {
        todo!()
    }

    /// All chunks of a packet have been handled: decides when they are acknowledged. Call it after every packet; without
    /// DATA or FORWARD TSN in it nothing happens.
    pub(crate) fn end_of_packet(&mut self, now: Time, config: &AssociationConfig) {
        todo!()
    }

    /// A SACK is owed at once (SHUTDOWN-SENT, RFC 9260 §9.2; a retransmitted COOKIE ECHO with DATA; …).
    pub(crate) fn sack_immediately(&mut self) {
        todo!()
    }

    /// Whether a SACK must go out now.
    pub(crate) fn sack_due(&self, now: Time) -> bool {
        todo!()
    }

    /// Whether a SACK would tell the peer something new: it rides along with a packet that goes anyway.
    pub(crate) fn sack_wanted(&self) -> bool {
        todo!()
    }

    /// Writes a SACK, with as many gap blocks and then duplicates as fit; false when not even a bare one fits (it stays
    /// owed).
    pub(crate) fn write_sack(&mut self, now: Time, packet: &mut PacketBuilder<'_>) -> bool {
        todo!()
    }

    /// What was owed has been said in a SHUTDOWN chunk instead.
    pub(crate) fn acknowledged_by_shutdown(&mut self) {
        todo!()
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        todo!()
    }

    /// The delay of a SACK may have run out.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        todo!()
    }

    /// The next thing that goes up.
    pub(crate) fn poll_delivery(&mut self) -> Option<InboundOutcome> {
        todo!()
    }

    /// The program has consumed `octets` of what was delivered. May make a window update SACK due.
    pub(crate) fn release(&mut self, octets: u32) {
        todo!()
    }

    /// Changes the size of the receive buffer; may make a window update due.
    pub(crate) fn set_receive_buffer(&mut self, octets: u32) {
        todo!()
    }

    pub(crate) fn set_partial_delivery_point(&mut self, octets: u32) {
        todo!()
    }

    /// The last TSN before the first that is missing.
    pub(crate) fn cumulative(&self) -> Tsn {
        todo!()
    }

    /// Whether TSNs beyond the cumulative one have been received.
    pub(crate) fn has_gaps(&self) -> bool {
        todo!()
    }

    /// The window that the next SACK announces, octets.
    pub(crate) fn rwnd(&self) -> u32 {
        todo!()
    }

    /// Chunks received and not yet handed up.
    pub(crate) fn pending_chunks(&self) -> usize {
        todo!()
    }

    /// Streams that the peer may send on.
    pub(crate) fn streams(&self) -> u16 {
        todo!()
    }

    /// Adds what was counted here.
    pub(crate) fn count(&self, counters: &mut AssociationCounters) {
        todo!()
    }

    /// Panics where the parts contradict each other; for tests.
    pub(crate) fn check_invariants(&self) {
        todo!()
    }
}
