//! What `poll` would say of a socket.

/// Poll mask of a socket, by name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a bit of poll's mask")]
pub struct Readiness {
    /// POLLIN.
    pub readable: bool,
    /// POLLOUT.
    pub writable: bool,
    /// POLLERR.
    pub error: bool,
    /// POLLRDHUP.
    pub read_closed: bool,
    /// POLLHUP.
    pub hang_up: bool,
}
