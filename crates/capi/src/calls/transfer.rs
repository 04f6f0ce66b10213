//! sendmmsg and recvmmsg, sendfile and splice: several messages, or octets that are not in the program's memory.

use std::{
    io::{IoSlice, IoSliceMut},
    mem::offset_of,
    time::{Duration, Instant},
};

use libc::{c_int, c_uint, c_void, loff_t, mmsghdr, size_t, ssize_t, timespec};
use rustix::io::Errno;

use super::{
    data::{receive, recvmsg, send, sendmsg},
    open::last_error,
};
use crate::{abi::control::SendItems, descriptor::Description, memory::Checked};

/// sendmmsg(2). An error after the first message is not told: the number is.
///
/// # Safety
///
/// `messages` as for the system call.
///
/// # Errors
///
/// As sendmmsg(2).
pub unsafe fn sendmmsg(
    socket: &Description,
    messages: *mut mmsghdr,
    number: c_uint,
    flags: c_int,
) -> Result<c_int, Errno> {
    let mut sent = 0;
    while sent < number.min(MOST_MESSAGES) {
        let message = messages.wrapping_add(sent as usize);
        // SAFETY: the caller's promise.
        match unsafe { sendmsg(socket, message.cast(), flags) } {
            Ok(len) => put_len(message, len)?,
            Err(error) if sent == 0 => return Err(error),
            Err(_) => break,
        }
        sent += 1;
    }
    Ok(sent.cast_signed())
}

/// recvmmsg(2). The time limit is looked at after each message, as in the kernel.
///
/// # Safety
///
/// `messages` and `limit` as for the system call.
///
/// # Errors
///
/// As recvmmsg(2).
pub unsafe fn recvmmsg(
    socket: &Description,
    messages: *mut mmsghdr,
    number: c_uint,
    flags: c_int,
    limit: *mut timespec,
) -> Result<c_int, Errno> {
    let end = time_limit(limit)?;
    let mut flags = flags;
    let mut received = 0;
    while received < number.min(MOST_MESSAGES) {
        let message = messages.wrapping_add(received as usize);
        // SAFETY: the caller's promise.
        match unsafe { recvmsg(socket, message.cast(), flags & !libc::MSG_WAITFORONE) } {
            Ok(len) => put_len(message, len)?,
            Err(error) if received == 0 => return Err(error),
            Err(_) => break,
        }
        received += 1;
        if flags & libc::MSG_WAITFORONE != 0 {
            flags |= libc::MSG_DONTWAIT;
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            break;
        }
    }
    Ok(received.cast_signed())
}

/// sendfile(2) to an SCTP socket: messages of up to 64 KiB, as the kernel's pipe makes them.
///
/// # Safety
///
/// `offset` as for the system call.
///
/// # Errors
///
/// As sendfile(2).
pub unsafe fn sendfile(
    socket: &Description,
    from: c_int,
    offset: *mut loff_t,
    count: size_t,
) -> Result<ssize_t, Errno> {
    let mut checked = Checked::new();
    let mut at = None;
    if !offset.is_null() {
        checked.can_write(offset.cast(), size_of::<loff_t>())?;
        // SAFETY: tried above.
        at = Some(unsafe { offset.read_unaligned() });
    }
    let mut buffer = vec![0_u8; count.min(PIPE_OCTETS)];
    let mut sent = 0;
    let mut failure = None;
    while sent < count {
        let room = buffer.len().min(count - sent);
        let read = match read_file(from, &mut buffer[..room], at) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        match send(socket, &[IoSlice::new(&buffer[..read])], None, &SendItems::default(), 0) {
            Ok(_) => {}
            Err(error) => {
                give_back(from, read, at);
                failure = Some(error);
                break;
            }
        }
        sent += read;
        at = at.map(|at| at + read as loff_t);
    }
    if let Some(at) = at {
        // SAFETY: tried above.
        unsafe { offset.write_unaligned(at) };
    }
    match failure {
        Some(error) if sent == 0 => Err(error),
        _ => Ok(sent.cast_signed()),
    }
}

/// splice(2) from a pipe to an SCTP socket: one message.
///
/// # Errors
///
/// As splice(2).
pub fn splice_to(socket: &Description, from: c_int, count: size_t, flags: c_uint) -> Result<ssize_t, Errno> {
    if count == 0 {
        return Ok(0);
    }
    // Whatever is in the pipe by then is taken out for good, so the socket is asked first whether it takes any.
    let nonblocking = flags & libc::SPLICE_F_NONBLOCK != 0;
    if (nonblocking || socket.is_nonblocking()) && !socket.socket.readiness().writable {
        return Err(Errno::AGAIN);
    }
    let mut buffer = vec![0_u8; count.min(PIPE_OCTETS)];
    if nonblocking && !has_input(from)? {
        return Err(Errno::AGAIN);
    }
    let read = read_file(from, &mut buffer, None)?;
    if read == 0 {
        return Ok(0);
    }
    send(socket, &[IoSlice::new(&buffer[..read])], None, &SendItems::default(), 0)
}

/// splice(2) from an SCTP socket to a pipe: one message, or a part of it.
///
/// # Errors
///
/// As splice(2).
pub fn splice_from(socket: &Description, to: c_int, count: size_t, flags: c_uint) -> Result<ssize_t, Errno> {
    if count == 0 {
        return Ok(0);
    }
    let mut buffer = vec![0_u8; count.min(PIPE_OCTETS)];
    let flags = if flags & libc::SPLICE_F_NONBLOCK != 0 { libc::MSG_DONTWAIT } else { 0 };
    let received = receive(socket, &mut [IoSliceMut::new(&mut buffer)], flags)?;
    let mut rest = &buffer[..received.len];
    while !rest.is_empty() {
        let written = rustix::io::write(super::kernel(to), rest)?;
        rest = &rest[written..];
    }
    Ok(received.len.cast_signed())
}

fn put_len(message: *mut mmsghdr, len: ssize_t) -> Result<(), Errno> {
    let place = message.wrapping_byte_add(offset_of!(mmsghdr, msg_len)).cast::<c_uint>();
    Checked::new().can_write(place.cast(), size_of::<c_uint>())?;
    // SAFETY: tried above.
    unsafe { place.write_unaligned(c_uint::try_from(len).unwrap_or(0)) };
    Ok(())
}

fn time_limit(limit: *const timespec) -> Result<Option<Instant>, Errno> {
    if limit.is_null() {
        return Ok(None);
    }
    Checked::new().can_read(limit.cast(), size_of::<timespec>())?;
    // SAFETY: tried above.
    let limit = unsafe { limit.read_unaligned() };
    let seconds = u64::try_from(limit.tv_sec).map_err(|_| Errno::INVAL)?;
    let nanos = u32::try_from(limit.tv_nsec).ok().filter(|nanos| *nanos < 1_000_000_000).ok_or(Errno::INVAL)?;
    // Beyond what a clock can say is no limit.
    Ok(Instant::now().checked_add(Duration::new(seconds, nanos)))
}

fn read_file(from: c_int, buffer: &mut [u8], at: Option<loff_t>) -> Result<usize, Errno> {
    let start = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: within the buffer.
    let read = unsafe {
        match at {
            Some(at) => libc::syscall(libc::SYS_pread64, from, start, buffer.len(), at),
            None => libc::syscall(libc::SYS_read, from, start, buffer.len()),
        }
    };
    usize::try_from(read).map_err(|_| last_error())
}

/// Puts a file back to where it was before a read whose octets could not be sent. A pipe cannot be put back.
fn give_back(from: c_int, read: usize, at: Option<loff_t>) {
    if at.is_none() {
        // SAFETY: three integers.
        unsafe { libc::syscall(libc::SYS_lseek, from, -read.cast_signed(), libc::SEEK_CUR) };
    }
}

fn has_input(fd: c_int) -> Result<bool, Errno> {
    let fd = super::kernel(fd);
    let mut entry = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(rustix::event::poll(&mut entry, Some(&now))? > 0)
}

/// UIO_MAXIOV.
const MOST_MESSAGES: c_uint = 1024;
/// What a pipe holds: the largest piece that the kernel moves at a time.
const PIPE_OCTETS: usize = 65_536;
