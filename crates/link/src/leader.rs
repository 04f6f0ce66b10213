//! Which stack of a network namespace answers raw packets for ports that nobody holds (RFC 9260 §8.4).
//!
//! Every raw socket of the host is shown such a packet, and one answer is enough: more would be harmless to the peer, but
//! none would leave a connect to a closed port without its refusal. The stack that has the abstract name `usctp/answers`
//! leads. The others are connected to it, so they learn at once when it is gone, and the next one takes the name.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType},
};

use crate::{StackFd, sockets};

/// This stack's part.
#[derive(Debug)]
pub(crate) enum Leadership {
    /// It answers. Followers are kept connected.
    Leading { listener: StackFd, followers: Vec<StackFd> },
    /// Another one does; the socket shows a hang-up when that one is gone.
    Following(StackFd),
    /// Another one does, and cannot be watched now.
    Unknown,
}

impl Leadership {
    /// Leads if nobody does, else follows.
    pub(crate) fn seek() -> Self {
        for _ in 0..ATTEMPTS {
            match Self::try_lead() {
                Ok(Some(leading)) => return leading,
                Ok(None) => {}
                Err(errno) => {
                    tracing::debug!(%errno, "cannot lead");
                    return Self::Unknown;
                }
            }
            match Self::try_follow() {
                Ok(following) => return following,
                // Gone in between, or bound and not listening yet.
                Err(Errno::CONNREFUSED) => {
                    let pause = rustix::time::Timespec { tv_sec: 0, tv_nsec: 200_000 };
                    let _ = rustix::thread::nanosleep(&pause);
                }
                Err(errno) => {
                    tracing::debug!(%errno, "cannot follow");
                    return Self::Unknown;
                }
            }
        }
        Self::Unknown
    }

    pub(crate) const fn is_leading(&self) -> bool {
        matches!(self, Self::Leading { .. })
    }

    /// The descriptor to watch, if any.
    pub(crate) fn watched(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Leading { listener, .. } => Some(listener.as_fd()),
            Self::Following(fd) => Some(fd.as_fd()),
            Self::Unknown => None,
        }
    }

    /// To be called when the watched descriptor shows something (once per change). True: this stack's part may have
    /// changed, so it must be sought again.
    pub(crate) fn attend(&mut self) -> bool {
        match self {
            Self::Leading { listener, followers } => {
                followers.retain(|follower| !is_gone(follower));
                while followers.len() < MAX_FOLLOWERS
                    && let Ok(fd) =
                        rustix::net::accept_with(listener.as_fd(), SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
                {
                    followers.extend(StackFd::hide(fd));
                }
                false
            }
            Self::Following(fd) => is_gone(fd),
            Self::Unknown => true,
        }
    }

    fn try_lead() -> Result<Option<Self>, Errno> {
        let listener = sockets::open(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
        match rustix::net::bind(listener.as_fd(), &name()?) {
            Ok(()) => {}
            Err(Errno::ADDRINUSE) => return Ok(None),
            Err(errno) => return Err(errno),
        }
        rustix::net::listen(listener.as_fd(), BACKLOG)?;
        tracing::debug!(descriptor = listener.as_raw_fd(), "this stack answers for ports that nobody holds");
        Ok(Some(Self::Leading { listener, followers: Vec::new() }))
    }

    fn try_follow() -> Result<Self, Errno> {
        let fd = sockets::open(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
        rustix::net::connect(fd.as_fd(), &name()?)?;
        Ok(Self::Following(fd))
    }
}

/// Nothing is ever sent on these connections, so whatever can be read is their end.
fn is_gone(fd: &StackFd) -> bool {
    let mut octet = [0_u8; 1];
    let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
    !matches!(rustix::net::recv(fd.as_fd(), &mut octet[..], flags), Err(Errno::AGAIN | Errno::INTR))
}

fn name() -> Result<SocketAddrUnix, Errno> {
    SocketAddrUnix::new_abstract_name(b"usctp/answers")
}

const ATTEMPTS: u32 = 20;
const BACKLOG: i32 = 4096;
/// More than this wait unaccepted, which is as good for them; only descriptors of ours are bounded by it.
const MAX_FOLLOWERS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    // Other stacks of this machine may lead, and end, at any time. Who takes over from whom is tested in a network
    // namespace.
    #[test]
    fn who_finds_a_leader_follows_it() {
        let one = Leadership::seek();
        let other = Leadership::seek();
        assert!(one.watched().is_some() && other.watched().is_some(), "{one:?}, {other:?}");
        assert!(!(one.is_leading() && other.is_leading()), "two lead at once");
    }
}
