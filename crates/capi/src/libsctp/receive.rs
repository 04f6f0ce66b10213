//! sctp_recvmsg and sctp_recvv.

use std::mem::size_of;

use libc::{c_int, c_uint, c_void, iovec, msghdr, sockaddr, socklen_t, ssize_t};
use rustix::io::Errno;

use super::system;
use crate::{
    abi::{
        Plain, SCTP_NXTINFO, SCTP_RCVINFO, SCTP_RECVV_NOINFO, SCTP_RECVV_NXTINFO, SCTP_RECVV_RCVINFO, SCTP_RECVV_RN,
        SCTP_SNDRCV, control, layout,
    },
    memory::Checked,
};

/// sctp_recvmsg. `flags` is read as well as written, as stock libsctp does.
///
/// # Safety
///
/// Pointers with their lengths, or bad pointers.
///
/// # Errors
///
/// As sctp_recvmsg.
pub unsafe fn recvmsg(
    fd: c_int,
    message: *mut c_void,
    len: usize,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
    info: *mut layout::SndRcvInfo,
    flags: *mut c_int,
) -> Result<ssize_t, Errno> {
    let mut piece = iovec { iov_base: message, iov_len: len };
    if !info.is_null() {
        Checked::new().can_write(info.cast(), size_of::<layout::SndRcvInfo>())?;
    }
    // SAFETY: the caller's promise.
    let (octets, items) = unsafe { receive(fd, &raw mut piece, 1, from, from_len, flags) }?;
    if let Some(found) = items.find::<layout::SndRcvInfo>(SCTP_SNDRCV).filter(|_| !info.is_null()) {
        // SAFETY: tried above.
        unsafe { info.write_unaligned(found) };
    }
    Ok(octets)
}

/// Where sctp_recvv puts what it says about a message.
#[derive(Clone, Copy, Debug)]
pub struct InfoPlace {
    /// Room for a structure.
    pub info: *mut c_void,
    /// Its length, in and out.
    pub len: *mut socklen_t,
    /// Which structure it is, out.
    pub kind: *mut c_uint,
}

/// sctp_recvv.
///
/// # Safety
///
/// As [`recvmsg`].
///
/// # Errors
///
/// As sctp_recvv.
pub unsafe fn recvv(
    fd: c_int,
    pieces: *const iovec,
    number: c_int,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
    place: InfoPlace,
    flags: *mut c_int,
) -> Result<ssize_t, Errno> {
    let number = usize::try_from(number).map_err(|_| Errno::INVAL)?;
    let mut checked = Checked::new();
    let mut room = 0;
    if !place.info.is_null() && !place.len.is_null() {
        checked.can_write(place.len.cast(), size_of::<socklen_t>())?;
        // SAFETY: tried above.
        room = unsafe { place.len.read_unaligned() } as usize;
        checked.can_write(place.info.cast(), room.min(size_of::<layout::RecvvRn>()))?;
    }
    if !place.kind.is_null() {
        checked.can_write(place.kind.cast(), size_of::<c_uint>())?;
    }
    // SAFETY: the caller's promise.
    let (octets, items) = unsafe { receive(fd, pieces.cast_mut(), number, from, from_len, flags) }?;
    let (kind, value) = choose(&items, room);
    checked.copy_out(&value, place.info.cast(), room)?;
    // SAFETY: tried above where not null.
    unsafe {
        // Where nothing is told the length stays what it was: a program may pass it on to its next call unchanged.
        if !place.len.is_null() && kind != SCTP_RECVV_NOINFO {
            checked.can_write(place.len.cast(), size_of::<socklen_t>())?;
            place.len.write_unaligned(value.len() as socklen_t);
        }
        if !place.kind.is_null() {
            place.kind.write_unaligned(kind.cast_unsigned());
        }
    }
    Ok(octets)
}

/// The richest structure that there is something for, and room.
fn choose(items: &Items, room: usize) -> (c_int, Vec<u8>) {
    let received = items.find::<layout::RcvInfo>(SCTP_RCVINFO);
    let next = items.find::<layout::NxtInfo>(SCTP_NXTINFO);
    match (received, next) {
        (Some(recvv_rcvinfo), Some(recvv_nxtinfo)) if room >= size_of::<layout::RecvvRn>() => {
            let both = layout::RecvvRn { recvv_rcvinfo, recvv_nxtinfo };
            (SCTP_RECVV_RN, both.octets().to_vec())
        }
        (Some(received), _) if room >= size_of::<layout::RcvInfo>() => (SCTP_RECVV_RCVINFO, received.octets().to_vec()),
        (_, Some(next)) if room >= size_of::<layout::NxtInfo>() => (SCTP_RECVV_NXTINFO, next.octets().to_vec()),
        _ => (SCTP_RECVV_NOINFO, Vec::new()),
    }
}

/// Control messages as they came.
struct Items {
    octets: [u8; ITEM_OCTETS],
    len: usize,
}

impl Items {
    fn find<T: Plain>(&self, kind: c_int) -> Option<T> {
        control::find(&self.octets[..self.len], kind).and_then(T::read)
    }
}

unsafe fn receive(
    fd: c_int,
    pieces: *mut iovec,
    number: usize,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
    flags: *mut c_int,
) -> Result<(ssize_t, Items), Errno> {
    let mut checked = Checked::new();
    let mut items = Items { octets: [0; ITEM_OCTETS], len: 0 };
    // SAFETY: integers and pointers.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    if !from.is_null() && !from_len.is_null() {
        message.msg_name = from.cast();
        checked.can_write(from_len.cast(), size_of::<socklen_t>())?;
        // SAFETY: tried above.
        message.msg_namelen = unsafe { from_len.read_unaligned() };
    }
    message.msg_iov = pieces;
    message.msg_iovlen = number;
    message.msg_control = items.octets.as_mut_ptr().cast();
    message.msg_controllen = items.octets.len();
    let mut asked = 0;
    if !flags.is_null() {
        checked.can_write(flags.cast(), size_of::<c_int>())?;
        // SAFETY: tried above.
        asked = unsafe { flags.read_unaligned() };
    }
    // SAFETY: the caller's promise; the rest is ours.
    let octets = unsafe { system::recvmsg(fd, &mut message, asked) }?;
    items.len = message.msg_controllen.min(ITEM_OCTETS);
    // SAFETY: tried above where not null.
    unsafe {
        if !from_len.is_null() {
            checked.can_write(from_len.cast(), size_of::<socklen_t>())?;
            from_len.write_unaligned(message.msg_namelen);
        }
        if !flags.is_null() {
            flags.write_unaligned(message.msg_flags);
        }
    }
    Ok((octets, items))
}

/// NXTINFO, RCVINFO and SNDRCV, and some more.
const ITEM_OCTETS: usize = 256;
