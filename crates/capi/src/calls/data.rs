//! sendmsg, recvmsg, and the calls that reduce to them.

use std::{
    io::{IoSlice, IoSliceMut},
    net::SocketAddr,
};

use libc::{c_int, c_void, iovec, msghdr, sockaddr, socklen_t, ssize_t};
use rustix::io::Errno;
use usctp_socket::{ReceiveFlags, Received, SendRequest};

use super::{
    name::{LONGEST, address_in, address_out, address_room},
    outcome,
};
use crate::{
    abi::{
        MSG_NOTIFICATION,
        control::{self, HEADER_OCTETS, SendItems},
    },
    descriptor::Description,
    memory::Checked,
};

/// sendmsg(2).
///
/// # Safety
///
/// `message` as for the system call.
///
/// # Errors
///
/// As sendmsg(2).
pub unsafe fn sendmsg(socket: &Description, message: *const msghdr, flags: c_int) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    // SAFETY: the caller's promise, passed on below.
    let message = unsafe { header(&mut checked, message) }?;
    // An address without a length counts as none here (and as a bad one in sendto).
    let to = if message.msg_name.is_null() || message.msg_namelen == 0 {
        None
    } else {
        let len = message.msg_namelen.min(LONGEST as socklen_t);
        // SAFETY: as above.
        Some(unsafe { address_in(&mut checked, message.msg_name.cast(), len) }?)
    };
    let items = if message.msg_control.is_null() || message.msg_controllen == 0 {
        SendItems::default()
    } else if message.msg_controllen > MOST_CONTROL_OCTETS {
        return Err(Errno::NOBUFS);
    } else {
        // SAFETY: as above; copied out by `decode`.
        control::decode(unsafe { checked.slice(message.msg_control.cast(), message.msg_controllen) }?)?
    };
    // SAFETY: as above.
    unsafe { send_pieces(socket, &mut checked, message.msg_iov, message.msg_iovlen, to, &items, flags) }
}

/// sendmsg(2) with control messages that are ours: what libsctp's functions make.
///
/// # Safety
///
/// `to`, with its length, and the pieces as for the system call.
///
/// # Errors
///
/// As sendmsg(2).
pub(crate) unsafe fn send_with_items(
    socket: &Description,
    pieces: *const iovec,
    number: usize,
    (to, to_len): (*const sockaddr, socklen_t),
    items: &[u8],
    flags: c_int,
) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    // SAFETY: the caller's promise.
    let to = if to_len == 0 { None } else { Some(unsafe { address_in(&mut checked, to, to_len) }?) };
    // SAFETY: the caller's promise.
    unsafe { send_pieces(socket, &mut checked, pieces, number, to, &control::decode(items)?, flags) }
}

/// sendto(2), and send(2) without an address.
///
/// # Safety
///
/// The pointers as for the system call.
///
/// # Errors
///
/// As sendto(2).
pub unsafe fn sendto(
    socket: &Description,
    data: *const c_void,
    len: usize,
    flags: c_int,
    address: *const sockaddr,
    address_len: socklen_t,
) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    let to = if address.is_null() {
        None
    } else {
        // SAFETY: the caller's promise.
        Some(unsafe { address_in(&mut checked, address, address_len) }?)
    };
    // SAFETY: the caller's promise.
    let data = unsafe { checked.slice(data.cast(), len.min(MOST_OCTETS)) }?;
    send(socket, &[IoSlice::new(data)], to, &SendItems::default(), flags)
}

/// write(2).
///
/// # Safety
///
/// The pointer as for the system call.
///
/// # Errors
///
/// As write(2).
pub unsafe fn write(socket: &Description, data: *const c_void, len: usize) -> Result<ssize_t, Errno> {
    // SAFETY: the caller's promise.
    unsafe { sendto(socket, data, len, 0, std::ptr::null(), 0) }
}

/// writev(2).
///
/// # Safety
///
/// The pointers as for the system call.
///
/// # Errors
///
/// As writev(2).
pub unsafe fn writev(socket: &Description, pieces: *const iovec, number: c_int) -> Result<ssize_t, Errno> {
    let number = number_of_pieces(number)?;
    // SAFETY: the caller's promise.
    unsafe { send_pieces(socket, &mut Checked::new(), pieces, number, None, &SendItems::default(), 0) }
}

/// Sends one message.
///
/// # Errors
///
/// As sendmsg(2); EPIPE comes with SIGPIPE unless MSG_NOSIGNAL is given, as in Linux's SCTP.
pub fn send(
    socket: &Description,
    data: &[IoSlice<'_>],
    to: Option<SocketAddr>,
    items: &SendItems,
    flags: c_int,
) -> Result<ssize_t, Errno> {
    if flags & (libc::MSG_OOB | MSG_FIN) != 0 && !socket.socket.personality().is_linux() {
        // Linux ignores them. POSIX has no urgent data here (D3.1.4-3), and ending is asked for in `sinfo_flags`
        // (D4.1.5-9).
        return Err(if flags & libc::MSG_OOB != 0 { Errno::OPNOTSUPP } else { Errno::INVAL });
    }
    let request = SendRequest {
        to,
        further: &items.further,
        info: items.info,
        reliability: items.reliability,
        auth_key: items.auth_key,
        init: items.init,
        data,
        nonblocking: flags & libc::MSG_DONTWAIT != 0 || socket.is_nonblocking(),
    };
    let result = outcome(socket.socket.send(&request));
    if result == Err(Errno::PIPE) && flags & libc::MSG_NOSIGNAL == 0 {
        // SAFETY: no condition; a signal to the calling thread.
        unsafe { libc::raise(libc::SIGPIPE) };
    }
    result.map(usize::cast_signed)
}

/// recvmsg(2).
///
/// # Safety
///
/// `message` as for the system call.
///
/// # Errors
///
/// As recvmsg(2).
pub unsafe fn recvmsg(socket: &Description, message: *mut msghdr, flags: c_int) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    checked.can_write(message.cast(), size_of::<msghdr>())?;
    // SAFETY: the caller's promise, passed on below.
    let mut told = unsafe { header(&mut checked, message) }?;
    if told.msg_iovlen > MOST_PIECES {
        return Err(Errno::MSGSIZE);
    }
    let room_for_name = if told.msg_name.is_null() {
        0
    } else {
        usize::try_from(told.msg_namelen.cast_signed()).map_err(|_| Errno::INVAL)?.min(LONGEST)
    };
    checked.can_write(told.msg_name.cast(), room_for_name)?;
    let room_for_control = if told.msg_control.is_null() { 0 } else { told.msg_controllen };
    // More than this is never written; a program may name a larger buffer than it has.
    checked.can_write(told.msg_control.cast(), room_for_control.min(MOST_ITEM_OCTETS))?;
    // SAFETY: as above.
    let received = unsafe { receive_pieces(socket, &mut checked, told.msg_iov, told.msg_iovlen, flags) }?;
    let mut items = Vec::new();
    control::encode(&received, &mut items);
    let (used, cut) = put_control(&mut checked, &items, told.msg_control.cast(), room_for_control)?;
    told.msg_controllen = used;
    told.msg_flags = message_flags(&received) | if cut { libc::MSG_CTRUNC } else { 0 };
    if !told.msg_name.is_null() {
        let (octets, len) = received.from.as_ref().map_or(([0; 28], 0), crate::abi::sockaddr::encode);
        checked.copy_out(&octets[..len], told.msg_name.cast(), room_for_name)?;
        told.msg_namelen = len as socklen_t;
    }
    // SAFETY: tried for writing above.
    unsafe {
        (&raw mut (*message).msg_namelen).write_unaligned(told.msg_namelen);
        (&raw mut (*message).msg_controllen).write_unaligned(told.msg_controllen);
        (&raw mut (*message).msg_flags).write_unaligned(told.msg_flags);
    }
    Ok(received.len.cast_signed())
}

/// recvfrom(2), and recv(2) without an address.
///
/// # Safety
///
/// The pointers as for the system call.
///
/// # Errors
///
/// As recvfrom(2).
pub unsafe fn recvfrom(
    socket: &Description,
    buffer: *mut c_void,
    len: usize,
    flags: c_int,
    address: *mut sockaddr,
    address_len: *mut socklen_t,
) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    if !address.is_null() {
        let room = address_room(&mut checked, address_len)?;
        checked.can_write(address.cast(), room.min(LONGEST))?;
    }
    let piece = iovec { iov_base: buffer, iov_len: len };
    let received = receive_into(socket, &mut checked, &[piece], flags)?;
    if !address.is_null() {
        // SAFETY: the caller's promise.
        unsafe { address_out(&mut checked, received.from.as_ref(), address, address_len) }?;
    }
    Ok(received.len.cast_signed())
}

/// read(2). Nothing asked for is nothing read, at once; `recv` waits for a message.
///
/// # Safety
///
/// The pointer as for the system call.
///
/// # Errors
///
/// As read(2).
pub unsafe fn read(socket: &Description, buffer: *mut c_void, len: usize) -> Result<ssize_t, Errno> {
    if len == 0 {
        return Ok(0);
    }
    // SAFETY: the caller's promise.
    unsafe { recvfrom(socket, buffer, len, 0, std::ptr::null_mut(), std::ptr::null_mut()) }
}

/// readv(2).
///
/// # Safety
///
/// The pointers as for the system call.
///
/// # Errors
///
/// As readv(2).
pub unsafe fn readv(socket: &Description, pieces: *const iovec, number: c_int) -> Result<ssize_t, Errno> {
    let number = number_of_pieces(number)?;
    let mut checked = Checked::new();
    // SAFETY: the caller's promise, here and below.
    let array = unsafe { array(&mut checked, pieces, number) }?;
    if array.iter().all(|piece| piece.iov_len == 0) {
        return Ok(0);
    }
    // SAFETY: as above.
    unsafe { receive_pieces(socket, &mut checked, pieces, number, 0) }.map(|received| received.len.cast_signed())
}

/// Receives one message or a part of it.
///
/// # Errors
///
/// As recvmsg(2).
pub fn receive(socket: &Description, buffers: &mut [IoSliceMut<'_>], flags: c_int) -> Result<Received, Errno> {
    outcome(socket.socket.receive(buffers, receive_flags(socket, flags)))
}

fn receive_flags(socket: &Description, flags: c_int) -> ReceiveFlags {
    ReceiveFlags {
        peek: flags & libc::MSG_PEEK != 0,
        nonblocking: flags & libc::MSG_DONTWAIT != 0 || socket.is_nonblocking(),
    }
}

/// `msg_flags` of what was received.
pub(crate) fn message_flags(received: &Received) -> c_int {
    let end = if received.end_of_record { libc::MSG_EOR } else { 0 };
    let notification = if received.is_notification { MSG_NOTIFICATION } else { 0 };
    end | notification
}

unsafe fn send_pieces(
    socket: &Description,
    checked: &mut Checked,
    pieces: *const iovec,
    number: usize,
    to: Option<SocketAddr>,
    items: &SendItems,
    flags: c_int,
) -> Result<ssize_t, Errno> {
    if number > MOST_PIECES {
        return Err(Errno::MSGSIZE);
    }
    // SAFETY: the caller's promise, here and below.
    let array = unsafe { array(checked, pieces, number) }?;
    let mut left = MOST_OCTETS;
    let mut slice = |piece: &iovec| {
        if piece.iov_len.cast_signed() < 0 {
            return Err(Errno::INVAL);
        }
        let len = piece.iov_len.min(left);
        left -= len;
        // SAFETY: as above.
        unsafe { checked.slice(piece.iov_base.cast(), len) }.map(IoSlice::new)
    };
    match array {
        [piece] => send(socket, &[slice(piece)?], to, items, flags),
        _ => {
            let slices = array.iter().map(slice).collect::<Result<Vec<_>, _>>()?;
            send(socket, &slices, to, items, flags)
        }
    }
}

unsafe fn receive_pieces(
    socket: &Description,
    checked: &mut Checked,
    pieces: *const iovec,
    number: usize,
    flags: c_int,
) -> Result<Received, Errno> {
    // SAFETY: the caller's promise, here and below.
    let array = unsafe { array(checked, pieces, number) }?;
    receive_into(socket, checked, array, flags)
}

/// Receives one message or a part of it. Only the memory that is written is looked at, as in the kernel: a program that
/// gives room for megabytes does not pay for them on every call. One whose buffer is bad loses the message.
fn receive_into(
    socket: &Description,
    checked: &mut Checked,
    pieces: &[iovec],
    flags: c_int,
) -> Result<Received, Errno> {
    if pieces.iter().any(|piece| piece.iov_len.cast_signed() < 0) {
        return Err(Errno::INVAL);
    }
    let room = pieces.iter().fold(0_usize, |sum, piece| sum.saturating_add(piece.iov_len)).min(MOST_OCTETS);
    let (mut received, data) = outcome(socket.socket.receive_parts(room, receive_flags(socket, flags)))?;
    let mut pieces = pieces.iter().filter(|piece| piece.iov_len > 0);
    let (mut to, mut left) = (std::ptr::null_mut::<u8>(), 0);
    for part in &data {
        let mut rest = &part[..];
        while !rest.is_empty() {
            if left == 0 {
                let Some(piece) = pieces.next() else { return Ok(received) };
                (to, left) = (piece.iov_base.cast(), piece.iov_len);
            }
            let len = rest.len().min(left);
            checked.copy_out(&rest[..len], to, len)?;
            (to, left) = (to.wrapping_add(len), left - len);
            rest = &rest[len..];
            received.len += len;
        }
    }
    Ok(received)
}

/// Copies control messages out as the kernel does: those that fit whole, then as much of the next as there is room for
/// its header and a part. Answers the octets used, and whether something was cut.
fn put_control(
    checked: &mut Checked,
    mut items: &[u8],
    mut to: *mut u8,
    mut room: usize,
) -> Result<(usize, bool), Errno> {
    let mut used = 0;
    while let Some(len) = items.first_chunk().map(|len| usize::from_ne_bytes(*len)) {
        if room < HEADER_OCTETS {
            return Ok((used, true));
        }
        let space = len.next_multiple_of(size_of::<usize>()).min(items.len());
        let (item, further) = items.split_at(space);
        if room < len {
            let mut item = item[..room].to_vec();
            item[..size_of::<usize>()].copy_from_slice(&room.to_ne_bytes());
            checked.copy_out(&item, to, room)?;
            return Ok((used + room, true));
        }
        let taken = space.min(room);
        checked.copy_out(&item[..taken], to, taken)?;
        to = to.wrapping_add(taken);
        room -= taken;
        used += taken;
        items = further;
    }
    Ok((used, false))
}

/// # Safety
///
/// `message` is the caller's argument and nobody changes what it points at during the call.
unsafe fn header(checked: &mut Checked, message: *const msghdr) -> Result<msghdr, Errno> {
    checked.can_read(message.cast(), size_of::<msghdr>())?;
    // SAFETY: readable; integers and pointers that are not followed unseen.
    Ok(unsafe { message.read_unaligned() })
}

/// # Safety
///
/// `pieces` is the caller's argument and nobody changes what it points at during `'a`.
unsafe fn array<'a>(checked: &mut Checked, pieces: *const iovec, number: usize) -> Result<&'a [iovec], Errno> {
    if number == 0 {
        return Ok(&[]);
    }
    checked.can_read(pieces.cast(), number * size_of::<iovec>())?;
    if !pieces.is_aligned() {
        return Err(Errno::FAULT);
    }
    // SAFETY: readable, aligned, and the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pieces, number) })
}

fn number_of_pieces(number: c_int) -> Result<usize, Errno> {
    usize::try_from(number).ok().filter(|number| *number <= MOST_PIECES).ok_or(Errno::INVAL)
}

/// MSG_FIN, which SCTP programs know as MSG_EOF.
const MSG_FIN: c_int = 0x200;
/// UIO_MAXIOV.
const MOST_PIECES: usize = 1024;
/// MAX_RW_COUNT: what one call moves at most.
const MOST_OCTETS: usize = 0x7fff_f000;
/// What a kernel takes as control data at most (INT_MAX).
const MOST_CONTROL_OCTETS: usize = 0x7fff_ffff;
/// NXTINFO, RCVINFO and SNDRCV together.
const MOST_ITEM_OCTETS: usize = 32 + 48 + 48;
