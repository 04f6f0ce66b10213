//! [`Error`]: what was being done, and why it did not work.

use std::io;

use usctp_socket::{SocketError, StackError};

/// Why a call failed. Its text names what was being done and the reason; [`Error::socket_error`] gives the reason to
/// a program. It turns into an [`io::Error`] with the matching kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call on a socket failed.
    #[error("cannot {doing}: {reason}")]
    Socket {
        /// What was being done, as a phrase: "connect to 192.0.2.1:5007".
        doing: String,
        /// Why it failed.
        reason: SocketError,
    },
    /// The stack could not be started.
    #[error("cannot start the SCTP stack: {0}")]
    Stack(#[from] StackError),
    /// The addresses given are none, or do not belong to one host, or cannot be resolved.
    #[error("{text}")]
    Address {
        /// What is wrong with them.
        text: String,
    },
}

impl Error {
    /// The reason of a failed call on a socket; `None` for the other kinds of error.
    #[must_use]
    pub fn socket_error(&self) -> Option<SocketError> {
        match self {
            Self::Socket { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// True if the call would have had to wait longer than its time limit.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.socket_error(), Some(SocketError::WouldBlock))
    }

    pub(crate) fn address(text: impl Into<String>) -> Self {
        Self::Address { text: text.into() }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Socket { reason, .. } => Self::from_raw_os_error(reason.errno()).kind(),
            Error::Stack(_) => io::ErrorKind::Other,
            Error::Address { .. } => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// Adds what was being done to the result of a call on a socket.
pub(crate) trait Doing<T> {
    fn doing(self, phrase: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, SocketError> {
    fn doing(self, phrase: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|reason| Error::Socket { doing: phrase(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_failed_and_why_and_keeps_its_kind() {
        let error = Err::<(), _>(SocketError::ConnectionRefused)
            .doing(|| "connect to 127.0.0.1:9".to_owned())
            .expect_err("it is an error");
        assert_eq!(error.to_string(), "cannot connect to 127.0.0.1:9: the peer refused the association");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
    }
}
