//! SCM_RIGHTS: SCTP sockets that a program hands to another process.
//!
//! The other process could do nothing with the descriptor behind one but read from it what makes it poll as it does. So
//! it gets a socket that is shut down in its place.

use std::os::fd::IntoRawFd;

use libc::{c_int, msghdr};
use rustix::{
    io::Errno,
    net::{AddressFamily, Shutdown, SocketFlags, SocketType},
};

use super::{kernel, open::close_kernel};
use crate::{abi::control::Header, memory::Checked, process::Process};

/// A message without our descriptors, to be sent instead of the program's.
pub struct Replaced {
    control: Vec<u64>,
    dead: c_int,
    message: msghdr,
}

impl Replaced {
    /// The message. It points into `self`.
    #[must_use]
    pub fn message(&mut self) -> &msghdr {
        self.message.msg_control = self.control.as_mut_ptr().cast();
        &self.message
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        close_kernel(self.dead);
    }
}

/// The message to send instead, if there are SCTP sockets among the descriptors that it carries. `None` also for a
/// message that cannot be read: the kernel says why.
///
/// # Safety
///
/// `message` as for sendmsg(2).
pub unsafe fn without_ours(process: &Process, message: *const msghdr) -> Option<Replaced> {
    let mut checked = Checked::new();
    checked.can_read(message.cast(), size_of::<msghdr>()).ok()?;
    // SAFETY: readable.
    let told = unsafe { message.read_unaligned() };
    if told.msg_control.is_null() || told.msg_controllen == 0 || told.msg_controllen > LONGEST {
        return None;
    }
    // SAFETY: the caller's promise; copied at once.
    let mut octets = unsafe { checked.slice(told.msg_control.cast(), told.msg_controllen) }.ok()?.to_vec();
    let places = places_of_ours(&octets, |fd| process.table().holds(fd) || process.has_inherited(fd));
    if places.is_empty() {
        return None;
    }
    let dead = shut_down_socket().ok()?;
    for place in places {
        octets[place..place + size_of::<c_int>()].copy_from_slice(&dead.to_ne_bytes());
    }
    let len = octets.len();
    octets.resize(len.next_multiple_of(size_of::<u64>()), 0);
    let words =
        octets.chunks_exact(size_of::<u64>()).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
    Some(Replaced { control: words.collect(), dead, message: told })
}

/// A socket that polls as one whose peer is gone.
pub(crate) fn shut_down_socket() -> Result<c_int, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let dead = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?.into_raw_fd();
    let _ = rustix::net::shutdown(kernel(dead), Shutdown::Both);
    Ok(dead)
}

/// Where in the control messages descriptors stand that are ours.
fn places_of_ours(octets: &[u8], is_ours: impl Fn(c_int) -> bool) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(header) = octets.get(at..).and_then(Header::read) {
        let end = at.saturating_add(header.len).min(octets.len());
        if (header.level, header.kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            let first = at + Header::OCTETS;
            places.extend((first..end).step_by(size_of::<c_int>()).filter(|place| {
                let number = octets.get(*place..).and_then(<[u8]>::first_chunk);
                number.is_some_and(|number| is_ours(c_int::from_ne_bytes(*number)))
            }));
        }
        if header.len < Header::OCTETS {
            break;
        }
        at = end.next_multiple_of(size_of::<usize>());
    }
    places
}

/// More than a kernel takes (SCM_MAX_FD is 253).
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_descriptors_are_found_among_others() {
        let mut octets = Vec::new();
        for (level, kind, numbers) in
            [(libc::SOL_SOCKET, libc::SCM_RIGHTS, vec![3, 40, 5]), (1, 2, vec![40, 40]), (1, 1, vec![40])]
        {
            let len = Header::OCTETS + 4 * numbers.len();
            octets.extend_from_slice(&len.to_ne_bytes());
            octets.extend_from_slice(&level.to_ne_bytes());
            octets.extend_from_slice(&kind.to_ne_bytes());
            numbers.iter().for_each(|number: &c_int| octets.extend_from_slice(&number.to_ne_bytes()));
            octets.resize(octets.len().next_multiple_of(8), 0);
        }
        assert_eq!(places_of_ours(&octets, |fd| fd == 40), [20, 32 + 24 + 16]);
        assert!(places_of_ours(&octets, |_| false).is_empty());
        octets[0] = 3;
        assert!(places_of_ours(&octets, |fd| fd == 40).is_empty());
    }
}
