//! [`Outbox`]: packets between the engine and the link. Whoever holds its lock is the one flusher; two would reorder.

use usctp_link::{Link, SendOutcome};
use usctp_proto::{Address, Endpoint, Time, Transmit};

use crate::host::outgoing;

/// Polled packets that have not left yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    buffer: Vec<u8>,
    pending: Vec<Pending>,
    outcomes: Vec<SendOutcome>,
    too_big: Vec<(Address, u32)>,
    /// The link's buffers are full: the driver tries again when it says so.
    pub(crate) is_blocked: bool,
    /// The last batch had packets for sockets of this stack.
    pub(crate) to_self: bool,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    transmit: Transmit,
    start: usize,
    end: usize,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Polls the engine for a batch.
    pub(crate) fn fill(&mut self, endpoint: &mut Endpoint, now: Time) {
        if !self.pending.is_empty() {
            return;
        }
        self.buffer.clear();
        self.to_self = false;
        while self.pending.len() < BATCH && self.buffer.len() < BATCH_OCTETS {
            let start = self.buffer.len();
            let Some(transmit) = endpoint.poll_transmit(now, &mut self.buffer) else { break };
            self.to_self |= is_own(endpoint, &transmit, &self.buffer[start..]);
            self.pending.push(Pending { transmit, start, end: self.buffer.len() });
        }
    }

    /// Sends what is there. What the link refuses for want of buffers stays; nothing is lost.
    pub(crate) fn send(&mut self, link: &dyn Link) {
        let packet = |pending: &Pending| outgoing(&pending.transmit, &self.buffer[pending.start..pending.end]);
        if let [only] = &self.pending[..] {
            link.send(&[packet(only)], &mut self.outcomes);
        } else {
            let packets: Vec<_> = self.pending.iter().map(packet).collect();
            link.send(&packets, &mut self.outcomes);
        }
        let mut kept = 0;
        for (index, outcome) in self.outcomes.iter().enumerate() {
            let Some(mut pending) = self.pending.get(index).copied() else { break };
            match *outcome {
                // A refused one is as good as lost on the way: the engine's timers deal with that.
                SendOutcome::Sent | SendOutcome::Refused(_) => continue,
                SendOutcome::TooBig { mtu } => {
                    self.too_big.push((pending.transmit.destination, mtu));
                    continue;
                }
                SendOutcome::Full { sent } => pending.start = (pending.start + sent).min(pending.end),
            }
            self.is_blocked = true;
            self.pending[kept] = pending;
            kept += 1;
        }
        self.pending.truncate(kept);
    }

    /// Tells the engine which packets were too large.
    pub(crate) fn report(&mut self, endpoint: &mut Endpoint, now: Time) {
        for (destination, mtu) in self.too_big.drain(..) {
            endpoint.handle_send_too_big(now, destination, mtu);
        }
    }
}

/// Whether a packet is for a socket of the stack that sends it.
fn is_own(endpoint: &Endpoint, transmit: &Transmit, packet: &[u8]) -> bool {
    // The common header: source port, destination port (RFC 9260 §3.1).
    let Some(&[_, _, high, low]) = packet.first_chunk() else { return false };
    endpoint.is_own(u16::from_be_bytes([high, low]), transmit.destination)
}

/// Packets of one batch, bursts of one size counted as one.
const BATCH: usize = 64;
/// Enough for one burst of the largest kind beyond this.
const BATCH_OCTETS: usize = 256 * 1024;
