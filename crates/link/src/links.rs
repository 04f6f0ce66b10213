//! The links of a stack on a real host.

use std::time::Duration;

use crate::{
    Address, Carrier, ClaimError, Incoming, Link, LinkCounters, LinkError, LinkId, LinkSettings, LocalAddress,
    Outgoing, PortClaim, Route, SendOutcome,
};

/// Everything that a stack needs from the host, opened at once and held until it is dropped, so that setuid, chroot and
/// seccomp afterwards do no harm.
pub struct Links {
    _private: (),
}

#[allow(unused_variables, reason = "replaced as the crate is built")]
impl Links {
    /// Opens it all.
    ///
    /// # Errors
    ///
    /// When raw IP was demanded and refused, the pcap file cannot be made, or the host lacks what no stack can do without.
    pub fn open(settings: &LinkSettings) -> Result<Self, LinkError> {
        todo!()
    }

    /// Which link is the default and why, one line.
    #[must_use]
    pub fn explanation(&self) -> &str {
        todo!()
    }

    /// What the user should be warned of, one line each; as the kernel's own SCTP being active beside us.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        todo!()
    }
}

#[allow(unused_variables, reason = "replaced as the crate is built")]
impl Link for Links {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        todo!()
    }
    fn receive(&self, incoming: &mut Vec<Incoming>) {
        todo!()
    }
    fn wait(&self, timeout: Option<Duration>) {
        todo!()
    }
    fn wake(&self) {
        todo!()
    }
    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        todo!()
    }
    fn route(&self, destination: Address) -> Option<Route> {
        todo!()
    }
    fn local_addresses(&self) -> Vec<LocalAddress> {
        todo!()
    }
    fn listen(&self, local_port: u16, addresses: &[Address]) -> Result<(), LinkError> {
        todo!()
    }
    fn claim(&self, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        todo!()
    }
    fn is_free(&self, port: u16, addresses: &[Address]) -> bool {
        todo!()
    }
    fn may_answer(&self, port: u16, address: Address) -> bool {
        todo!()
    }
    fn udp_port(&self, link: LinkId) -> Option<u16> {
        todo!()
    }
    fn counters(&self) -> LinkCounters {
        todo!()
    }
}
