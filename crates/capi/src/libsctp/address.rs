//! sctp_bindx, sctp_connectx in its three versions, sctp_getpaddrs, sctp_getladdrs and their kin.

use std::mem::size_of;

use libc::{c_int, c_void, sa_family_t, sockaddr, socklen_t};
use rustix::io::Errno;

use super::system::{getsockopt, setsockopt};
use crate::{
    abi::{
        Plain, SCTP_BINDX_ADD_ADDR, SCTP_BINDX_REM_ADDR, SCTP_GET_LOCAL_ADDRS, SCTP_GET_PEER_ADDRS,
        SCTP_SOCKOPT_BINDX_ADD, SCTP_SOCKOPT_BINDX_REM, SCTP_SOCKOPT_CONNECTX, SCTP_SOCKOPT_CONNECTX_OLD,
        SCTP_SOCKOPT_CONNECTX3, layout,
        sockaddr::{V4_OCTETS, V6_OCTETS},
    },
    memory::Checked,
};

/// sctp_bindx.
///
/// # Safety
///
/// `addresses` is a packed array of `number` addresses, or a bad pointer.
///
/// # Errors
///
/// As sctp_bindx.
pub unsafe fn bindx(fd: c_int, addresses: *const sockaddr, number: c_int, flags: c_int) -> Result<c_int, Errno> {
    let option = match flags {
        SCTP_BINDX_ADD_ADDR => SCTP_SOCKOPT_BINDX_ADD,
        SCTP_BINDX_REM_ADDR => SCTP_SOCKOPT_BINDX_REM,
        _ => return Err(Errno::INVAL),
    };
    let octets = packed_octets(addresses, number)?;
    // SAFETY: the caller's promise.
    unsafe { setsockopt(fd, option, addresses.cast(), octets) }
}

/// sctp_connectx with three arguments (VERS_1, and without a version).
///
/// # Safety
///
/// As [`bindx`].
///
/// # Errors
///
/// As sctp_connectx.
pub unsafe fn connectx_of_version_1(fd: c_int, addresses: *const sockaddr, number: c_int) -> Result<c_int, Errno> {
    let octets = packed_octets(addresses, number)?;
    // SAFETY: the caller's promise.
    unsafe { setsockopt(fd, SCTP_SOCKOPT_CONNECTX_OLD, addresses.cast(), octets) }
}

/// sctp_connectx of VERS_2: the id is known only once the association stands.
///
/// # Safety
///
/// As [`bindx`], and `id` is null or a place for an id, or a bad pointer.
///
/// # Errors
///
/// As sctp_connectx.
pub unsafe fn connectx_of_version_2(
    fd: c_int,
    addresses: *const sockaddr,
    number: c_int,
    id: *mut i32,
) -> Result<c_int, Errno> {
    let octets = packed_octets(addresses, number)?;
    put_id(id, 0)?;
    // SAFETY: the caller's promise.
    let association = unsafe { setsockopt(fd, SCTP_SOCKOPT_CONNECTX, addresses.cast(), octets) }?;
    put_id(id, association)?;
    Ok(0)
}

/// sctp_connectx of VERS_3, today's: the id is given also while the association is being set up.
///
/// # Safety
///
/// As [`connectx_of_version_2`].
///
/// # Errors
///
/// As sctp_connectx.
pub unsafe fn connectx(fd: c_int, addresses: *const sockaddr, number: c_int, id: *mut i32) -> Result<c_int, Errno> {
    let octets = packed_octets(addresses, number)?;
    put_id(id, 0)?;
    let mut argument = layout::GetAddrsOld {
        assoc_id: 0,
        addr_num: c_int::try_from(octets).map_err(|_| Errno::INVAL)?,
        addrs: addresses as u64,
    };
    let mut len = size_of::<layout::GetAddrsOld>() as socklen_t;
    // SAFETY: the caller's promise; the structure is ours.
    let result = unsafe { getsockopt(fd, SCTP_SOCKOPT_CONNECTX3, (&raw mut argument).cast(), &raw mut len) };
    if matches!(result, Ok(_) | Err(Errno::INPROGRESS)) {
        put_id(id, argument.assoc_id)?;
    }
    result
}

/// sctp_getpaddrs.
///
/// # Safety
///
/// `addresses` is a place for a pointer, or a bad pointer.
///
/// # Errors
///
/// As sctp_getpaddrs.
pub unsafe fn getpaddrs(fd: c_int, id: i32, addresses: *mut *mut sockaddr) -> Result<c_int, Errno> {
    list(fd, SCTP_GET_PEER_ADDRS, id, addresses)
}

/// sctp_getladdrs.
///
/// # Safety
///
/// As [`getpaddrs`].
///
/// # Errors
///
/// As sctp_getladdrs.
pub unsafe fn getladdrs(fd: c_int, id: i32, addresses: *mut *mut sockaddr) -> Result<c_int, Errno> {
    list(fd, SCTP_GET_LOCAL_ADDRS, id, addresses)
}

/// sctp_freepaddrs and sctp_freeladdrs.
///
/// # Safety
///
/// `addresses` is null or came from [`getpaddrs`] or [`getladdrs`] and was not freed before.
pub unsafe fn freeaddrs(addresses: *mut sockaddr) {
    if !addresses.is_null() {
        // SAFETY: the caller's promise; the block begins before the addresses.
        unsafe { libc::free(addresses.wrapping_byte_sub(LIST_HEADER).cast()) };
    }
}

/// sctp_getaddrlen: 0 for families that SCTP does not know.
#[must_use]
pub fn getaddrlen(family: sa_family_t) -> c_int {
    length_of_family(family).unwrap_or(0) as c_int
}

/// Octets of a packed array of addresses. No array is as wrong as no addresses: EINVAL.
pub(super) fn packed_octets(addresses: *const sockaddr, number: c_int) -> Result<usize, Errno> {
    if addresses.is_null() {
        return Err(Errno::INVAL);
    }
    let mut checked = Checked::new();
    let mut octets = 0;
    for _ in 0..number {
        let address = addresses.wrapping_byte_add(octets);
        octets += length_of_address(&mut checked, address)?;
        if octets > LONGEST_LIST {
            return Err(Errno::INVAL);
        }
    }
    if octets == 0 { Err(Errno::INVAL) } else { Ok(octets) }
}

/// Octets of the address at a pointer, by its family.
pub(super) fn length_of_address(checked: &mut Checked, address: *const sockaddr) -> Result<usize, Errno> {
    checked.can_read(address.cast(), size_of::<sa_family_t>())?;
    // SAFETY: tried above.
    let family = unsafe { address.cast::<sa_family_t>().read_unaligned() };
    length_of_family(family).ok_or(Errno::INVAL)
}

fn length_of_family(family: sa_family_t) -> Option<usize> {
    match c_int::from(family) {
        libc::AF_INET => Some(V4_OCTETS),
        libc::AF_INET6 => Some(V6_OCTETS),
        _ => None,
    }
}

/// The addresses in memory that [`freeaddrs`] gives back, in a block that begins with the option's own header.
fn list(fd: c_int, option: c_int, id: i32, addresses: *mut *mut sockaddr) -> Result<c_int, Errno> {
    Checked::new().can_write(addresses.cast(), size_of::<*mut sockaddr>())?;
    let mut room = FIRST_LIST;
    loop {
        let mut octets = vec![0_u8; room];
        let header = layout::GetAddrs { assoc_id: id, addr_num: 0 };
        octets[..LIST_HEADER].copy_from_slice(header.octets());
        let mut len = room as socklen_t;
        // SAFETY: a buffer of ours and its length.
        match unsafe { getsockopt(fd, option, octets.as_mut_ptr().cast(), &raw mut len) } {
            Err(Errno::NOMEM) if room < LONGEST_LIST => room *= 4,
            Err(error) => return Err(error),
            Ok(_) => return hand_out(&octets, addresses),
        }
    }
}

fn hand_out(octets: &[u8], addresses: *mut *mut sockaddr) -> Result<c_int, Errno> {
    let number = layout::GetAddrs::read(octets).ok_or(Errno::INVAL)?.addr_num;
    let mut block: *mut c_void = std::ptr::null_mut();
    if number > 0 {
        // SAFETY: no condition.
        block = unsafe { libc::malloc(octets.len()) };
        if block.is_null() {
            return Err(Errno::NOMEM);
        }
        // SAFETY: a block of that length, and ours alone.
        unsafe { std::ptr::copy_nonoverlapping(octets.as_ptr(), block.cast(), octets.len()) };
        block = block.wrapping_byte_add(LIST_HEADER);
    }
    // SAFETY: tried by `list`.
    unsafe { addresses.write_unaligned(block.cast()) };
    c_int::try_from(number).map_err(|_| Errno::INVAL)
}

fn put_id(place: *mut i32, id: i32) -> Result<(), Errno> {
    if place.is_null() {
        return Ok(());
    }
    let id = layout::SetAdaptation { ssb_adaptation_ind: id.cast_unsigned() };
    Checked::new().write(place.cast(), id)
}

/// `sizeof(struct sctp_getaddrs)`.
const LIST_HEADER: usize = 8;
/// Room for a hundred addresses, tried first.
const FIRST_LIST: usize = 4096;
/// Room for more addresses than any association has.
const LONGEST_LIST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_lengths_are_those_of_the_families() {
        assert_eq!(getaddrlen(libc::AF_INET as sa_family_t), 16);
        assert_eq!(getaddrlen(libc::AF_INET6 as sa_family_t), 28);
        assert_eq!(getaddrlen(libc::AF_UNIX as sa_family_t), 0);
    }

    #[test]
    fn packed_arrays_are_measured_and_bad_ones_refused() {
        let mut octets = [0_u8; 44];
        octets[0] = libc::AF_INET as u8;
        octets[16] = libc::AF_INET6 as u8;
        let start = octets.as_ptr().cast();
        assert_eq!(packed_octets(start, 2), Ok(44));
        assert_eq!(packed_octets(start, 0), Err(Errno::INVAL));
        assert_eq!(packed_octets(start, -1), Err(Errno::INVAL));
        assert_eq!(packed_octets(std::ptr::null(), 1), Err(Errno::INVAL));
        octets[16] = 1;
        assert_eq!(packed_octets(octets.as_ptr().cast(), 2), Err(Errno::INVAL));
    }

    #[test]
    fn descriptors_of_others_get_the_kernels_answer() {
        let mut addresses = std::ptr::null_mut();
        // SAFETY: a place for a pointer.
        assert_eq!(unsafe { getpaddrs(-1, 0, &raw mut addresses) }, Err(Errno::BADF));
    }
}
