//! sctp_sendmsg, sctp_send, sctp_sendx, sctp_sendv.

use std::mem::{offset_of, size_of};

use libc::{c_int, c_uint, c_void, iovec, msghdr, sockaddr, socklen_t, ssize_t};
use rustix::io::Errno;

use super::{address::length_of_address, association::getassocid, system};
use crate::{
    abi::{
        Plain, SCTP_AUTHINFO, SCTP_DSTADDRV4, SCTP_DSTADDRV6, SCTP_PRINFO, SCTP_SEND_AUTHINFO_VALID,
        SCTP_SEND_PRINFO_VALID, SCTP_SEND_SNDINFO_VALID, SCTP_SENDV_AUTHINFO, SCTP_SENDV_NOINFO, SCTP_SENDV_PRINFO,
        SCTP_SENDV_SNDINFO, SCTP_SENDV_SPA, SCTP_SNDINFO, SCTP_SNDRCV, control, layout, sockaddr::V6_OCTETS,
    },
    calls::data::send_with_items,
    memory::Checked,
    process::{self, Owner},
};

/// sctp_sendmsg, from `ppid` on.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// Payload protocol identifier, opaque.
    pub ppid: u32,
    /// `sinfo_flags`.
    pub flags: u32,
    /// Stream.
    pub stream: u16,
    /// Milliseconds.
    pub time_to_live: u32,
    /// Comes back with a failure.
    pub context: u32,
}

impl Described {
    fn info(self) -> layout::SndRcvInfo {
        layout::SndRcvInfo {
            sinfo_stream: self.stream,
            // The argument is wider than the member, as in stock libsctp.
            sinfo_flags: self.flags as u16,
            sinfo_ppid: self.ppid,
            sinfo_context: self.context,
            sinfo_timetolive: self.time_to_live,
            ..Default::default()
        }
    }
}

/// sctp_sendmsg.
///
/// # Safety
///
/// Pointers with their lengths, or bad pointers.
///
/// # Errors
///
/// As sctp_sendmsg.
pub unsafe fn sendmsg(
    fd: c_int,
    message: *const c_void,
    len: usize,
    to: *const sockaddr,
    to_len: socklen_t,
    described: Described,
) -> Result<ssize_t, Errno> {
    let mut items = Vec::with_capacity(64);
    control::push(&mut items, SCTP_SNDRCV, &described.info());
    let piece = iovec { iov_base: message.cast_mut(), iov_len: len };
    // SAFETY: the caller's promise.
    unsafe { send(fd, &raw const piece, 1, to, to_len, &mut items, 0) }
}

/// sctp_sendmsgx: [`sendmsg`] to a peer with several addresses (FreeBSD has it, lksctp has not).
///
/// # Safety
///
/// As [`sendx`].
///
/// # Errors
///
/// As sctp_sendmsg.
pub unsafe fn sendmsgx(
    fd: c_int,
    message: *const c_void,
    len: usize,
    addresses: *const sockaddr,
    number: c_int,
    described: Described,
) -> Result<ssize_t, Errno> {
    let info = described.info();
    // SAFETY: the caller's promise.
    unsafe { sendx(fd, message, len, addresses, number, &raw const info, 0) }
}

/// sctp_send.
///
/// # Safety
///
/// As [`sendmsg`].
///
/// # Errors
///
/// As sctp_send.
pub unsafe fn sctp_send(
    fd: c_int,
    message: *const c_void,
    len: usize,
    info: *const layout::SndRcvInfo,
    flags: c_int,
) -> Result<ssize_t, Errno> {
    // SAFETY: the caller's promise.
    unsafe { sendx(fd, message, len, std::ptr::null(), 0, info, flags) }
}

/// sctp_sendx: to a peer with several addresses.
///
/// # Safety
///
/// As [`sendmsg`]; `addresses` is a packed array of `number` addresses.
///
/// # Errors
///
/// As sctp_send.
pub unsafe fn sendx(
    fd: c_int,
    message: *const c_void,
    len: usize,
    addresses: *const sockaddr,
    number: c_int,
    info: *const layout::SndRcvInfo,
    flags: c_int,
) -> Result<ssize_t, Errno> {
    let mut items = Vec::with_capacity(64);
    if !info.is_null() {
        control::push(&mut items, SCTP_SNDRCV, &Checked::new().read(info)?);
    }
    let to_len = push_addresses(&mut items, addresses, number)?;
    let piece = iovec { iov_base: message.cast_mut(), iov_len: len };
    // SAFETY: the caller's promise.
    let sent = unsafe { send(fd, &raw const piece, 1, addresses, to_len, &mut items, flags) }?;
    if !info.is_null() && to_len > 0 {
        // Where it went (draft §8.11).
        // SAFETY: the caller's promise.
        let id = unsafe { getassocid(fd, addresses) };
        let place = info.cast_mut().wrapping_byte_add(offset_of!(layout::SndRcvInfo, sinfo_assoc_id)).cast::<u8>();
        if let Ok(id) = id {
            Checked::new().copy_out(&id.to_ne_bytes(), place, size_of::<i32>())?;
        }
    }
    Ok(sent)
}

/// What sctp_sendv is told about the message.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The structure, or null.
    pub info: *const c_void,
    /// Its length.
    pub len: socklen_t,
    /// Which it is: SCTP_SENDV_….
    pub kind: c_uint,
}

/// sctp_sendv.
///
/// # Safety
///
/// As [`sendmsg`]; `addresses` is a packed array of `number` addresses.
///
/// # Errors
///
/// As sctp_sendv.
pub unsafe fn sendv(
    fd: c_int,
    pieces: *const iovec,
    pieces_number: c_int,
    addresses: *const sockaddr,
    number: c_int,
    info: Info,
    flags: c_int,
) -> Result<ssize_t, Errno> {
    let pieces_number = usize::try_from(pieces_number).map_err(|_| Errno::INVAL)?;
    let mut items = Vec::with_capacity(128);
    push_info(&mut items, info)?;
    let to_len = push_addresses(&mut items, addresses, number)?;
    // SAFETY: the caller's promise.
    let sent = unsafe { send(fd, pieces, pieces_number, addresses, to_len, &mut items, flags) }?;
    let follows_rfc = matches!(process::find(fd), Owner::Ours(socket) if !socket.socket.personality().is_linux());
    let at = match c_int::try_from(info.kind) {
        Ok(SCTP_SENDV_SNDINFO) => Some(offset_of!(layout::SndInfo, snd_assoc_id)),
        Ok(SCTP_SENDV_SPA) => {
            Some(offset_of!(layout::SendvSpa, sendv_sndinfo) + offset_of!(layout::SndInfo, snd_assoc_id))
        }
        _ => None,
    };
    // RFC 6458 §9.12: the id of the association. Linux's library leaves it alone (B5-3).
    if let Some(at) = at.filter(|_| follows_rfc && to_len > 0)
        // SAFETY: the caller's promise.
        && let Ok(id) = unsafe { getassocid(fd, addresses) }
    {
        let place = info.info.cast_mut().wrapping_byte_add(at).cast::<u8>();
        Checked::new().copy_out(&id.to_ne_bytes(), place, size_of::<i32>())?;
    }
    Ok(sent)
}

fn push_info(items: &mut Vec<u8>, info: Info) -> Result<(), Errno> {
    let kind = c_int::try_from(info.kind).map_err(|_| Errno::INVAL)?;
    match kind {
        SCTP_SENDV_NOINFO if info.info.is_null() && info.len == 0 => {}
        SCTP_SENDV_SNDINFO => control::push(items, SCTP_SNDINFO, &whole::<layout::SndInfo>(info)?),
        SCTP_SENDV_PRINFO => control::push(items, SCTP_PRINFO, &whole::<layout::PrInfo>(info)?),
        SCTP_SENDV_AUTHINFO => control::push(items, SCTP_AUTHINFO, &whole::<layout::AuthInfo>(info)?),
        SCTP_SENDV_SPA => {
            let all = whole::<layout::SendvSpa>(info)?;
            let valid = |bit: i32| all.sendv_flags & bit.cast_unsigned() != 0;
            if valid(SCTP_SEND_SNDINFO_VALID) {
                control::push(items, SCTP_SNDINFO, &all.sendv_sndinfo);
            }
            if valid(SCTP_SEND_PRINFO_VALID) {
                control::push(items, SCTP_PRINFO, &all.sendv_prinfo);
            }
            if valid(SCTP_SEND_AUTHINFO_VALID) {
                control::push(items, SCTP_AUTHINFO, &all.sendv_authinfo);
            }
        }
        _ => return Err(Errno::INVAL),
    }
    Ok(())
}

fn whole<T: Plain>(info: Info) -> Result<T, Errno> {
    if info.info.is_null() || (info.len as usize) < size_of::<T>() {
        return Err(Errno::INVAL);
    }
    Checked::new().read(info.info.cast())
}

/// The first address is the message's; the others go along as items. Answers the length of the first.
fn push_addresses(items: &mut Vec<u8>, addresses: *const sockaddr, number: c_int) -> Result<socklen_t, Errno> {
    if addresses.is_null() || number <= 0 {
        return if number < 0 { Err(Errno::INVAL) } else { Ok(0) };
    }
    let mut checked = Checked::new();
    let first = length_of_address(&mut checked, addresses)?;
    let mut at = first;
    for _ in 1..number {
        let address = addresses.wrapping_byte_add(at);
        let len = length_of_address(&mut checked, address)?;
        // SAFETY: copied at once.
        let octets = unsafe { checked.slice(address.cast(), len) }?;
        if len == V6_OCTETS {
            control::push_octets(items, SCTP_DSTADDRV6, &octets[8..24]);
        } else {
            control::push_octets(items, SCTP_DSTADDRV4, &octets[4..8]);
        }
        at += len;
        if items.len() > MOST_ITEM_OCTETS {
            return Err(Errno::INVAL);
        }
    }
    Ok(first as socklen_t)
}

unsafe fn send(
    fd: c_int,
    pieces: *const iovec,
    number: usize,
    to: *const sockaddr,
    to_len: socklen_t,
    items: &mut [u8],
    flags: c_int,
) -> Result<ssize_t, Errno> {
    if let Owner::Ours(socket) = process::find(fd) {
        // SAFETY: the caller's promise.
        return unsafe { send_with_items(&socket, pieces, number, (to, to_len), items, flags) };
    }
    // SAFETY: integers and pointers.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = if to_len == 0 { std::ptr::null_mut() } else { to.cast_mut().cast() };
    message.msg_namelen = to_len;
    message.msg_iov = pieces.cast_mut();
    message.msg_iovlen = number;
    if !items.is_empty() {
        message.msg_control = items.as_mut_ptr().cast();
        message.msg_controllen = items.len();
    }
    // SAFETY: the caller's promise; the rest is ours.
    unsafe { system::sendmsg(fd, &message, flags) }
}

/// More addresses than any association has.
const MOST_ITEM_OCTETS: usize = 1 << 16;
