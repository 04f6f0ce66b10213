//! [`Failure`]: why a command ended, as one line for the user and a status for the shell.

use std::fmt;
use std::process::ExitCode;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    text: String,
}

/// Exit statuses. Those of `run` are the ones `env`, `nice` and `timeout` use, so that a script can tell the program's
/// own status from ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// The work was begun and did not succeed.
    Failed = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// `run`: something of ours is missing or wrong; the program was not started.
    Ours = 125,
    /// `run`: the program is there but cannot be run on this stack.
    CannotRun = 126,
    /// `run`: there is no such program.
    NotFound = 127,
}

impl Failure {
    /// A failure with the line that explains it.
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// What the process exits with.
    pub(crate) fn status(&self) -> Status {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<usctp::Error> for Failure {
    fn from(error: usctp::Error) -> Self {
        Self::new(Status::Failed, error.to_string())
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}
