//! SCTP packets to and from the operating system: raw IP protocol 132, UDP encapsulation (RFC 6951), and memory.
//!
//! [`Link`] is everything that the layer above needs from the host: batches of packets out and in, routes, local
//! addresses, a registry of SCTP ports that all stacks of a network namespace share, and a way to wait. [`Links`] is the
//! real one. [`MemoryLink`] joins stacks of one process, for tests. [`Tap`] records any of them as pcapng.
//!
//! Encapsulation is a property of the path (RFC 6951 §5.4): a stack may hold raw and UDP links at once. A [`Carrier`]
//! names the link by its [`LinkId`] and the peer's UDP port.
//!
//! Threads: every method takes `&self`. One thread is meant to alternate [`Link::wait`] and [`Link::receive`]; any thread
//! may send, claim ports, receive while that one waits, and [`Link::wake`] it. Sends of two threads are not ordered with
//! each other, nor are receives.
//!
//! The crate is used inside a shared object that takes over libc's names. So nothing here calls `socket`, `close`,
//! `read`, `sendmsg` and their like through libc, or through std's I/O types, which do: system calls go through rustix's
//! raw back end and, where it lacks something, through `sys`, the only module with `unsafe`.

mod address;
mod checksum;
mod claim;
mod counters;
mod error;
mod filter;
mod headers;
mod icmp;
mod leader;
mod links;
mod memory;
mod netlink;
mod packet;
mod pool;
mod raw;
mod receive;
mod record;
mod registry;
mod routes;
mod send;
mod settings;
mod sockets;
mod sys;
mod tap;
mod udp;
mod waiter;

use std::time::Duration;

pub use crate::{
    address::{Address, Carrier, LinkId, LocalAddress, Route},
    claim::PortClaim,
    counters::LinkCounters,
    error::{ClaimError, LinkError},
    links::Links,
    memory::{MemoryHub, MemoryLink},
    packet::{ChecksumState, Ecn, Icmp, IcmpKind, Incoming, Outgoing, Packet, SendOutcome},
    settings::{LinkChoice, LinkSettings},
    sys::descriptor::{StackFd, close_stack_descriptors_after_fork, is_stack_descriptor, next_stack_descriptor},
    sys::signals::with_signals_blocked,
    tap::Tap,
};

/// What a stack needs from its host. See the crate's documentation for what may be called from where.
pub trait Link: Send + Sync {
    /// Sends a batch; `outcomes` is cleared and filled with one outcome per packet, in order. Never blocks. After a
    /// [`SendOutcome::Full`] the next [`Self::wait`] returns as soon as it is worth trying again.
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>);

    /// Appends what has come in to `incoming`, a batch at most. Never blocks; nothing appended means nothing is there.
    fn receive(&self, incoming: &mut Vec<Incoming>);

    /// Waits until something can be received, [`Self::wake`] is called (also if it was called since the last wait), a
    /// refused send can be tried again, or `timeout` has passed (`None`: no limit). Never returns before the time for no
    /// reason but these; spurious returns because of them may happen.
    fn wait(&self, timeout: Option<Duration>);

    /// Ends the [`Self::wait`] that runs, or the next one. Cheap when nobody waits.
    fn wake(&self);

    /// The carrier for a new path to `destination` from an SCTP endpoint at `local_port`. `udp_port` is what the program
    /// asked for that path: `None` nothing (the default decides), `Some(0)` no encapsulation, else the peer's UDP port.
    /// `None`: no link can carry it. Opens the ephemeral UDP socket when first needed.
    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier>;

    /// What the routing table says about `destination`; `None` where there is no route.
    fn route(&self, destination: Address) -> Option<Route>;

    /// The addresses of this host that can be used now.
    fn local_addresses(&self) -> Vec<LocalAddress>;

    /// To be called when a socket begins to listen at `local_port` on `addresses` (unspecified ones for all of their family, none for all): where UDP
    /// encapsulation is in use, its fixed port is bound on exactly these addresses, so that peers can reach them.
    /// Associations that run keep the UDP socket that they have.
    ///
    /// # Errors
    ///
    /// [`LinkError::UdpPortTaken`] becomes EADDRINUSE; its text names the cure.
    fn listen(&self, local_port: u16, addresses: &[Address]) -> Result<(), LinkError>;

    /// Claims an SCTP port on `addresses` (unspecified ones for all of their family, none for all) against every other stack of this
    /// network namespace. The same stack may claim twice: what is allowed within a stack is the caller's business.
    /// Freed when the claim is dropped or the process dies. Must be held as long as an association uses the port.
    ///
    /// # Errors
    ///
    /// [`ClaimError::InUse`] when another stack has the port.
    fn claim(&self, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError>;

    /// Whether no other stack has claimed `port` on any of `addresses`. An answer that may be old by the time of the
    /// claim.
    fn is_free(&self, port: u16, addresses: &[Address]) -> bool;

    /// Whether this stack is the one to answer a packet that came to `port` at `address` where it has no binding
    /// (RFC 9260 §8.4): not if another stack holds the port. (Raw packets that another stack answers are already kept
    /// out of [`Self::receive`].) Cheap: cached for some milliseconds.
    fn may_answer(&self, port: u16, address: Address) -> bool;

    /// The local UDP port of a link; `None` for raw ones.
    fn udp_port(&self, link: LinkId) -> Option<u16>;

    /// Counters so far.
    fn counters(&self) -> LinkCounters;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        (**self).send(packets, outcomes);
    }

    fn receive(&self, incoming: &mut Vec<Incoming>) {
        (**self).receive(incoming);
    }

    fn wait(&self, timeout: Option<Duration>) {
        (**self).wait(timeout);
    }

    fn wake(&self) {
        (**self).wake();
    }

    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        (**self).carrier(destination, local_port, udp_port)
    }

    fn route(&self, destination: Address) -> Option<Route> {
        (**self).route(destination)
    }

    fn local_addresses(&self) -> Vec<LocalAddress> {
        (**self).local_addresses()
    }

    fn listen(&self, local_port: u16, addresses: &[Address]) -> Result<(), LinkError> {
        (**self).listen(local_port, addresses)
    }

    fn claim(&self, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        (**self).claim(port, addresses)
    }

    fn is_free(&self, port: u16, addresses: &[Address]) -> bool {
        (**self).is_free(port, addresses)
    }

    fn may_answer(&self, port: u16, address: Address) -> bool {
        (**self).may_answer(port, address)
    }

    fn udp_port(&self, link: LinkId) -> Option<u16> {
        (**self).udp_port(link)
    }

    fn counters(&self) -> LinkCounters {
        (**self).counters()
    }
}
