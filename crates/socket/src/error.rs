//! Why a call on a socket failed, and the one mapping of it to an errno.

use rustix::io::Errno;

use crate::AssocId;

/// Why a call on a socket failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// Nothing there now, or no room now; on a waiting call: the time limit passed (EAGAIN).
    #[error("the call would have to wait")]
    WouldBlock,
    /// A signal came (EINTR).
    #[error("interrupted by a signal")]
    Interrupted,
    /// An argument is out of range or contradicts the socket's state (EINVAL).
    #[error("invalid argument")]
    InvalidArgument,
    /// No association (ENOTCONN).
    #[error("not connected")]
    NotConnected,
    /// There is one already (EISCONN).
    #[error("already connected")]
    IsConnected,
    /// One is being set up already (EALREADY).
    #[error("already connecting")]
    Already,
    /// Set-up has begun and goes on (EINPROGRESS).
    #[error("connecting")]
    InProgress {
        /// The association that is being set up.
        association: AssocId,
    },
    /// The association is gone, or there never was one (EPIPE). The C border raises SIGPIPE for it.
    #[error("the association is gone")]
    BrokenPipe,
    /// No data can be sent any more (ESHUTDOWN).
    #[error("the association is shutting down")]
    Shutdown,
    /// The peer sent ABORT (ECONNRESET).
    #[error("the peer aborted the association")]
    ConnectionReset,
    /// We sent ABORT (ECONNABORTED).
    #[error("the association was aborted")]
    ConnectionAborted,
    /// The peer does not listen (ECONNREFUSED).
    #[error("the peer refused the association")]
    ConnectionRefused,
    /// The peer stayed silent (ETIMEDOUT).
    #[error("the peer did not answer")]
    TimedOut,
    /// The association ended while the call waited (ESRCH).
    #[error("the association ended")]
    AssociationEnded,
    /// The message is larger than the send buffer, or than one packet where fragmentation is off (EMSGSIZE).
    #[error("the message is too long")]
    MessageSize,
    /// Port and address are held by another socket (EADDRINUSE).
    #[error("the address is in use")]
    AddressInUse,
    /// The address is not one of this host's (EADDRNOTAVAIL).
    #[error("the address is not available")]
    AddressNotAvailable,
    /// The address is of a family that the socket does not take (EAFNOSUPPORT).
    #[error("the address family is not supported")]
    AddressFamily,
    /// A privilege is missing for the port, or a feature is off (EACCES).
    #[error("permission denied")]
    AccessDenied,
    /// Not permitted (EPERM).
    #[error("operation not permitted")]
    NotPermitted,
    /// Too late: the socket is bound (EFAULT, which is what Linux says for SCTP_REUSE_PORT).
    #[error("the socket is bound already")]
    TooLate,
    /// Not for this kind of socket (EOPNOTSUPP).
    #[error("not supported on this kind of socket")]
    NotSupported,
    /// No such option (ENOPROTOOPT).
    #[error("no such option")]
    NoSuchOption,
    /// A value is beyond its range (EDOM).
    #[error("value out of range")]
    OutOfDomain,
    /// No route to any of the addresses (ENETUNREACH).
    #[error("the network is unreachable")]
    NetworkUnreachable,
    /// The last address cannot be taken away (EBUSY).
    #[error("busy")]
    Busy,
    /// No such entry (ENOENT).
    #[error("no such entry")]
    NoEntry,
    /// No such interface (ENODEV).
    #[error("no such interface")]
    NoDevice,
    /// Too many associations (ENOBUFS).
    #[error("no buffer space")]
    NoBuffers,
    /// The socket has been closed (EBADF).
    #[error("the socket is closed")]
    Closed,
    /// The operating system refused something, with its errno.
    #[error("system error {0}")]
    System(i32),
}

impl SocketError {
    /// The errno that a system call would give.
    #[must_use]
    pub const fn errno(self) -> i32 {
        let errno = match self {
            Self::WouldBlock => Errno::AGAIN,
            Self::Interrupted => Errno::INTR,
            Self::InvalidArgument => Errno::INVAL,
            Self::NotConnected => Errno::NOTCONN,
            Self::IsConnected => Errno::ISCONN,
            Self::Already => Errno::ALREADY,
            Self::InProgress { .. } => Errno::INPROGRESS,
            Self::BrokenPipe => Errno::PIPE,
            Self::Shutdown => Errno::SHUTDOWN,
            Self::ConnectionReset => Errno::CONNRESET,
            Self::ConnectionAborted => Errno::CONNABORTED,
            Self::ConnectionRefused => Errno::CONNREFUSED,
            Self::TimedOut => Errno::TIMEDOUT,
            Self::AssociationEnded => Errno::SRCH,
            Self::MessageSize => Errno::MSGSIZE,
            Self::AddressInUse => Errno::ADDRINUSE,
            Self::AddressNotAvailable => Errno::ADDRNOTAVAIL,
            Self::AddressFamily => Errno::AFNOSUPPORT,
            Self::AccessDenied => Errno::ACCESS,
            Self::NotPermitted => Errno::PERM,
            Self::TooLate => Errno::FAULT,
            Self::NotSupported => Errno::OPNOTSUPP,
            Self::NoSuchOption => Errno::NOPROTOOPT,
            Self::OutOfDomain => Errno::DOM,
            Self::NetworkUnreachable => Errno::NETUNREACH,
            Self::Busy => Errno::BUSY,
            Self::NoEntry => Errno::NOENT,
            Self::NoDevice => Errno::NODEV,
            Self::NoBuffers => Errno::NOBUFS,
            Self::Closed => Errno::BADF,
            Self::System(errno) => return errno,
        };
        errno.raw_os_error()
    }
}

impl From<Errno> for SocketError {
    fn from(errno: Errno) -> Self {
        Self::System(errno.raw_os_error())
    }
}

/// Why a stack could not be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A link could not be opened.
    #[error("cannot open the link: {text}")]
    Link {
        /// The errno.
        errno: i32,
        /// What failed and what to do about it, for people.
        text: String,
    },
    /// The thread or one of its descriptors could not be made.
    #[error("cannot start the stack: errno {0}")]
    System(i32),
}
