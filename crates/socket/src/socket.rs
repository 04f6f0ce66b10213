//! [`Socket`]: an SCTP socket as RFC 6458 describes it, with the results that Linux gives.

use std::{io::IoSliceMut, net::SocketAddr, sync::Arc};

use crate::{
    AssocId, Domain, GeneralName, GeneralValue, OptionName, OptionValue, Readiness, ReceiveFlags, Received, Scope,
    SendRequest, SocketError, Style,
};

/// How to shut down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of shutdown(2)")]
pub enum How {
    Read,
    Write,
    Both,
}

/// A socket. Clones are the same socket; it is closed by [`Socket::close`] or when the last clone goes.
#[derive(Clone)]
pub struct Socket {
    inner: Arc<SocketInner>,
}

pub(crate) struct SocketInner {}

#[allow(unused_variables, clippy::missing_errors_doc, reason = "signatures first")]
impl Socket {
    /// Address family.
    #[must_use]
    pub fn domain(&self) -> Domain {
        let _ = &self.inner;
        todo!()
    }

    /// Kind.
    #[must_use]
    pub fn style(&self) -> Style {
        todo!()
    }

    /// Binds to one address (the wildcard: all).
    pub fn bind(&self, address: SocketAddr) -> Result<(), SocketError> {
        todo!()
    }

    /// Adds addresses (SCTP_SOCKOPT_BINDX_ADD); all or none.
    pub fn bind_add(&self, addresses: &[SocketAddr]) -> Result<(), SocketError> {
        todo!()
    }

    /// Removes addresses (SCTP_SOCKOPT_BINDX_REM).
    pub fn bind_remove(&self, addresses: &[SocketAddr]) -> Result<(), SocketError> {
        todo!()
    }

    /// Listens; 0 stops it, a negative backlog is EINVAL.
    pub fn listen(&self, backlog: i32) -> Result<(), SocketError> {
        todo!()
    }

    /// Takes the first association of the accept queue; its address is the peer's primary.
    pub fn accept(&self, nonblocking: bool) -> Result<(Self, SocketAddr), SocketError> {
        todo!()
    }

    /// Begins an association with the peer that has these addresses (`connect` with one, connectx) and waits for it.
    /// [`SocketError::InProgress`] carries the id.
    pub fn connect(&self, addresses: &[SocketAddr], nonblocking: bool) -> Result<AssocId, SocketError> {
        todo!()
    }

    /// Sends a message; the number of octets taken is always all of it.
    pub fn send(&self, request: &SendRequest<'_>) -> Result<usize, SocketError> {
        todo!()
    }

    /// Receives a message, a part of one, or a notification.
    pub fn receive(&self, buffers: &mut [IoSliceMut<'_>], flags: ReceiveFlags) -> Result<Received, SocketError> {
        todo!()
    }

    /// Octets of the first message or notification, 0 if there is none (FIONREAD).
    pub fn readable_octets(&self) -> Result<usize, SocketError> {
        todo!()
    }

    /// shutdown(2).
    pub fn shutdown(&self, how: How) -> Result<(), SocketError> {
        todo!()
    }

    /// close(2): wakes whoever waits; lingers as SO_LINGER says. Every call after it is EBADF, but the protocol goes on in
    /// the background until it is done.
    pub fn close(&self) {
        todo!()
    }

    /// getsockname(2).
    pub fn local_name(&self) -> Result<SocketAddr, SocketError> {
        todo!()
    }

    /// getpeername(2).
    pub fn peer_name(&self) -> Result<SocketAddr, SocketError> {
        todo!()
    }

    /// The peer's addresses, the primary first (SCTP_GET_PEER_ADDRS).
    pub fn peer_addresses(&self, association: AssocId) -> Result<Vec<SocketAddr>, SocketError> {
        todo!()
    }

    /// Local addresses of an association, or of the socket (`AssocId::NONE`) (SCTP_GET_LOCAL_ADDRS).
    pub fn local_addresses(&self, association: AssocId) -> Result<Vec<SocketAddr>, SocketError> {
        todo!()
    }

    /// Branches an association off to a socket of its own (sctp_peeloff).
    pub fn peel_off(&self, association: AssocId) -> Result<Self, SocketError> {
        todo!()
    }

    /// Reads an option of level IPPROTO_SCTP.
    pub fn option(&self, name: OptionName, scope: Scope) -> Result<OptionValue, SocketError> {
        todo!()
    }

    /// Sets an option of level IPPROTO_SCTP.
    pub fn set_option(&self, scope: Scope, value: &OptionValue) -> Result<(), SocketError> {
        todo!()
    }

    /// Reads an option of a general level.
    pub fn general_option(&self, name: GeneralName) -> Result<GeneralValue, SocketError> {
        todo!()
    }

    /// Sets an option of a general level.
    pub fn set_general_option(&self, name: GeneralName, value: &GeneralValue) -> Result<(), SocketError> {
        todo!()
    }

    /// The octets stored for an option without effect here, `None` if never set.
    pub fn stored_option(&self, level: i32, name: i32) -> Option<Vec<u8>> {
        todo!()
    }

    /// Stores the octets of an option without effect here (at most 256 options of 1 KiB; else ENOBUFS).
    pub fn set_stored_option(&self, level: i32, name: i32, value: &[u8]) -> Result<(), SocketError> {
        todo!()
    }

    /// What poll(2) would say now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        todo!()
    }

    /// A new kernel descriptor (close-on-exec set) that polls as this socket does from now on. The caller owns it and
    /// closes it when the program closes its descriptor; call once per socket.
    pub fn attach_readiness_fd(&self) -> Result<i32, SocketError> {
        todo!()
    }
}
