//! Any link, recorded as pcapng.

use std::{path::Path, time::Duration};

use crate::{
    Address, Carrier, ClaimError, Incoming, Link, LinkCounters, LinkError, LinkId, LocalAddress, Outgoing, PortClaim,
    Route, SendOutcome, record::Recorder,
};

/// A link whose packets are recorded. Wrap it around any [`Link`], also a `Box<dyn Link>`.
pub struct Tap<L> {
    inner: L,
    recorder: Recorder,
}

impl<L: Link> Tap<L> {
    /// Records all packets of `inner` in a new file at `path`, with IP and UDP headers as they (would) have been on the wire.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn new(inner: L, path: &Path) -> Result<Self, LinkError> {
        Ok(Self { inner, recorder: Recorder::create(path)? })
    }
}

impl<L: Link> Link for Tap<L> {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        self.inner.send(packets, outcomes);
        self.recorder.sent(packets, outcomes, |outgoing| {
            let source = outgoing.source.or_else(|| self.inner.route(outgoing.destination).map(|route| route.source));
            (source.map(|source| source.ip), self.inner.udp_port(outgoing.link))
        });
    }

    fn receive(&self, incoming: &mut Vec<Incoming>) {
        let before = incoming.len();
        self.inner.receive(incoming);
        self.recorder.received(&incoming[before..], |packet| self.inner.udp_port(packet.link));
    }

    fn wait(&self, timeout: Option<Duration>) {
        self.inner.wait(timeout);
    }

    fn wake(&self) {
        self.inner.wake();
    }

    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        self.inner.carrier(destination, local_port, udp_port)
    }

    fn route(&self, destination: Address) -> Option<Route> {
        self.inner.route(destination)
    }

    fn local_addresses(&self) -> Vec<LocalAddress> {
        self.inner.local_addresses()
    }

    fn listen(&self, local_port: u16, addresses: &[Address]) -> Result<(), LinkError> {
        self.inner.listen(local_port, addresses)
    }

    fn claim(&self, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        self.inner.claim(port, addresses)
    }

    fn is_free(&self, port: u16, addresses: &[Address]) -> bool {
        self.inner.is_free(port, addresses)
    }

    fn may_answer(&self, port: u16, address: Address) -> bool {
        self.inner.may_answer(port, address)
    }

    fn udp_port(&self, link: LinkId) -> Option<u16> {
        self.inner.udp_port(link)
    }

    fn counters(&self) -> LinkCounters {
        self.inner.counters()
    }
}
