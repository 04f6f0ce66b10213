//! bind, connect, listen, getsockname, getpeername, shutdown.

use std::net::SocketAddr;

use libc::{c_int, sa_family_t, sockaddr, socklen_t};
use rustix::io::Errno;
use usctp_socket::How;

use super::outcome;
use crate::{
    abi::sockaddr::{V4_OCTETS, decode, encode},
    descriptor::Description,
    memory::Checked,
};

/// bind(2).
///
/// # Safety
///
/// `address` and `len` as for the system call.
///
/// # Errors
///
/// As bind(2).
pub unsafe fn bind(socket: &Description, address: *const sockaddr, len: socklen_t) -> Result<c_int, Errno> {
    let mut checked = Checked::new();
    // SAFETY: the caller's promise.
    let address = match unsafe { address_in(&mut checked, address, len) } {
        // SAFETY: as above.
        Err(Errno::INVAL) if unsafe { is_of_no_family(&mut checked, address, len) }? => {
            return Err(Errno::AFNOSUPPORT);
        }
        decoded => decoded?,
    };
    outcome(socket.socket.bind(address)).map(|()| 0)
}

/// Whether an address is of a family that no socket of ours has; without any family, and nothing else said, it is not.
///
/// # Safety
///
/// As [`bind`].
unsafe fn is_of_no_family(checked: &mut Checked, address: *const sockaddr, len: socklen_t) -> Result<bool, Errno> {
    if !(V4_OCTETS..=LONGEST).contains(&(len as usize)) {
        return Ok(false);
    }
    // SAFETY: the caller's promise.
    let octets = unsafe { checked.slice(address.cast::<u8>(), V4_OCTETS) }?;
    let family = c_int::from(u16::from_ne_bytes([octets[0], octets[1]]));
    let is_nothing = family == libc::AF_UNSPEC && octets[4..8] == [0; 4];
    Ok(!matches!(family, libc::AF_INET | libc::AF_INET6) && !is_nothing)
}

/// connect(2).
///
/// # Safety
///
/// `address` and `len` as for the system call.
///
/// # Errors
///
/// As connect(2).
pub unsafe fn connect(socket: &Description, address: *const sockaddr, len: socklen_t) -> Result<c_int, Errno> {
    let mut checked = Checked::new();
    if len as usize >= size_of::<sa_family_t>() {
        // SAFETY: the caller's promise.
        let family = unsafe { checked.slice(address.cast::<u8>(), size_of::<sa_family_t>()) }?;
        if family == (libc::AF_UNSPEC as sa_family_t).to_ne_bytes() {
            // An association is not undone by connecting to nothing (`sctp_disconnect`).
            return Err(Errno::OPNOTSUPP);
        }
    }
    // SAFETY: the caller's promise.
    let address = unsafe { address_in(&mut checked, address, len) }?;
    outcome(socket.socket.connect(&[address], socket.is_nonblocking())).map(|_| 0)
}

/// listen(2).
///
/// # Errors
///
/// As listen(2).
pub fn listen(socket: &Description, backlog: c_int) -> Result<c_int, Errno> {
    outcome(socket.socket.listen(backlog)).map(|()| 0)
}

/// getsockname(2).
///
/// # Safety
///
/// `address` and `len` as for the system call.
///
/// # Errors
///
/// As getsockname(2).
pub unsafe fn getsockname(socket: &Description, address: *mut sockaddr, len: *mut socklen_t) -> Result<c_int, Errno> {
    let name = outcome(socket.socket.local_name())?;
    // SAFETY: the caller's promise.
    unsafe { address_out(&mut Checked::new(), Some(&name), address, len) }.map(|()| 0)
}

/// getpeername(2).
///
/// # Safety
///
/// `address` and `len` as for the system call.
///
/// # Errors
///
/// As getpeername(2).
pub unsafe fn getpeername(socket: &Description, address: *mut sockaddr, len: *mut socklen_t) -> Result<c_int, Errno> {
    let name = outcome(socket.socket.peer_name())?;
    // SAFETY: the caller's promise.
    unsafe { address_out(&mut Checked::new(), Some(&name), address, len) }.map(|()| 0)
}

/// shutdown(2).
///
/// # Errors
///
/// As shutdown(2).
pub fn shutdown(socket: &Description, how: c_int) -> Result<c_int, Errno> {
    let how = match how {
        libc::SHUT_RD => How::Read,
        libc::SHUT_WR => How::Write,
        libc::SHUT_RDWR => How::Both,
        _ => return Err(Errno::INVAL),
    };
    outcome(socket.socket.shutdown(how)).map(|()| 0)
}

/// An address from the caller.
///
/// # Safety
///
/// `address` is the caller's argument and nobody changes what it points at during the call.
///
/// # Errors
///
/// EINVAL for lengths and families that no SCTP socket takes, EFAULT.
pub(crate) unsafe fn address_in(
    checked: &mut Checked,
    address: *const sockaddr,
    len: socklen_t,
) -> Result<SocketAddr, Errno> {
    let len = usize::try_from(len).map_err(|_| Errno::INVAL)?;
    if len > LONGEST {
        return Err(Errno::INVAL);
    }
    // SAFETY: copied out at once.
    decode(unsafe { checked.slice(address.cast(), len) }?)
}

/// An address to the caller, cut to the room that `len` says; `len` then says how long it is. `None`: no address, length
/// 0, as Linux answers at the end of a stream.
///
/// # Safety
///
/// `address` and `len` are the caller's arguments.
///
/// # Errors
///
/// EINVAL for a negative length, EFAULT.
pub(crate) unsafe fn address_out(
    checked: &mut Checked,
    name: Option<&SocketAddr>,
    address: *mut sockaddr,
    len: *mut socklen_t,
) -> Result<(), Errno> {
    let room = address_room(checked, len)?;
    let (octets, real) = name.map_or(([0; 28], 0), encode);
    checked.copy_out(&octets[..real], address.cast(), room)?;
    // SAFETY: tried for writing by `address_room`.
    unsafe { len.write_unaligned(real as socklen_t) };
    Ok(())
}

/// What `len` says, and that it can be written: to be asked before a message is taken for an address to go with it.
pub(crate) fn address_room(checked: &mut Checked, len: *mut socklen_t) -> Result<usize, Errno> {
    checked.can_write(len.cast(), size_of::<socklen_t>())?;
    // SAFETY: writable memory that was just tried is readable on every machine that Linux runs on.
    let room = unsafe { len.read_unaligned() }.cast_signed();
    usize::try_from(room).map_err(|_| Errno::INVAL)
}

/// `sizeof(struct sockaddr_storage)`.
pub(crate) const LONGEST: usize = 128;
