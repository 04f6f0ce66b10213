//! getsockopt and setsockopt.

use libc::{c_int, c_void, socklen_t};
use rustix::io::Errno;
use usctp_socket::{Domain, OptionValue};

use super::{general, outcome, tunnel};
use crate::{
    abi::{SCTP_MAX_BURST, option, options},
    descriptor::Description,
    memory::Checked,
    process::Process,
};

/// setsockopt(2).
///
/// # Safety
///
/// `value` as for the system call.
///
/// # Errors
///
/// As setsockopt(2).
pub unsafe fn setsockopt(
    socket: &Description,
    level: c_int,
    name: c_int,
    value: *const c_void,
    len: socklen_t,
) -> Result<c_int, Errno> {
    let len = usize::try_from(len.cast_signed()).map_err(|_| Errno::INVAL)?;
    match level {
        libc::IPPROTO_SCTP => {
            // Before the value is looked at, as on Linux.
            let row = options::may_set(name, socket.socket.style(), socket.socket.personality())?;
            let octets = Checked::new().copy_in(value.cast(), len, LONGEST_VALUE)?;
            if let Some(result) = tunnel::set(socket, name, &octets) {
                return result;
            }
            row.accepts(&octets)?;
            let (scope, value) = option::decode(name, &octets, socket.socket.style())?;
            outcome(socket.socket.set_option(scope, &value)).map(|()| 0)
        }
        libc::SOL_SOCKET | libc::IPPROTO_IP | libc::IPPROTO_IPV6 => {
            let octets = Checked::new().copy_in(value.cast(), len, LONGEST_VALUE)?;
            general::set(socket, level, name, &octets).map(|()| 0)
        }
        _ => Err(Errno::NOPROTOOPT),
    }
}

/// getsockopt(2).
///
/// # Safety
///
/// `value` and `len` as for the system call.
///
/// # Errors
///
/// As getsockopt(2).
pub unsafe fn getsockopt(
    process: &Process,
    socket: &Description,
    level: c_int,
    name: c_int,
    value: *mut c_void,
    len: *mut socklen_t,
) -> Result<c_int, Errno> {
    let mut checked = Checked::new();
    checked.can_write(len.cast(), size_of::<socklen_t>())?;
    // SAFETY: tried above.
    let room = unsafe { len.read_unaligned() }.cast_signed();
    let room = usize::try_from(room).map_err(|_| Errno::INVAL)?;
    let answer = match level {
        libc::IPPROTO_SCTP => {
            let row = options::may_get(name, socket.socket.style(), socket.socket.personality())?;
            row.fits(room)?;
            // The answer takes no more than this; a program may name more room than it has.
            let asked = checked.copy_in(value.cast(), room.min(LONGEST_QUESTION), LONGEST_QUESTION)?;
            match tunnel::get(process, socket, name, &asked, room) {
                Some(answer) => answer?,
                None => Answer::plain(sctp_value(socket, name, &asked, room)?),
            }
        }
        libc::SOL_SOCKET | libc::IPPROTO_IP | libc::IPPROTO_IPV6 => {
            Answer::plain(general::get(socket, level, name, room)?)
        }
        // Of a level that is not theirs, `ip_getsockopt` and `ipv6_getsockopt` say different things.
        _ if socket.socket.domain() == Domain::Inet => return Err(Errno::OPNOTSUPP),
        _ => return Err(Errno::NOPROTOOPT),
    };
    let written = checked.copy_out(&answer.octets, value.cast(), room);
    if let (Err(error), Some(fd)) = (written, answer.new_descriptor) {
        super::open::close(process, fd);
        return Err(error);
    }
    written?;
    // Linux leaves the length of this one alone.
    if !(level == libc::IPPROTO_SCTP && name == SCTP_MAX_BURST) {
        let told = answer.told_len.unwrap_or(answer.octets.len());
        // SAFETY: tried above.
        unsafe { len.write_unaligned(socklen_t::try_from(told).unwrap_or(socklen_t::MAX)) };
    }
    answer.result
}

/// What getsockopt gives back.
pub(crate) struct Answer {
    /// The value, not longer than the caller's buffer.
    pub(crate) octets: Vec<u8>,
    /// `optlen`, where it is not the length of the value.
    pub(crate) told_len: Option<usize>,
    /// What the call returns once the value is written.
    pub(crate) result: Result<c_int, Errno>,
    /// A descriptor that the program would lose if the value cannot be written.
    pub(crate) new_descriptor: Option<c_int>,
}

impl Answer {
    pub(crate) fn plain(octets: Vec<u8>) -> Self {
        Self { octets, told_len: None, result: Ok(0), new_descriptor: None }
    }
}

fn sctp_value(socket: &Description, name: c_int, asked: &[u8], room: usize) -> Result<Vec<u8>, Errno> {
    let (wanted, scope) = option::request(name, asked)?;
    let value = outcome(socket.socket.option(wanted, scope))?;
    if let OptionValue::AssociationIds(ids) = &value
        && room < (ids.len() + 1) * size_of::<i32>()
    {
        return Err(Errno::INVAL);
    }
    let octets = option::encode(&scope, &value, room);
    if octets.len() > room { Err(option::too_small(&value)) } else { Ok(octets) }
}

/// Longest value taken: Linux's limit for the address lists of bindx and connectx (KMALLOC_MAX_SIZE is far above).
const LONGEST_VALUE: usize = 1 << 20;
/// Longest structure that a question is read from.
const LONGEST_QUESTION: usize = 1024;
