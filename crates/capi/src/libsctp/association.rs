//! sctp_peeloff, sctp_peeloff_flags, sctp_opt_info, sctp_getassocid.

use std::mem::{offset_of, size_of};

use libc::{c_int, c_uint, c_void, sockaddr, socklen_t};
use rustix::io::Errno;

use super::{address::length_of_address, system::getsockopt};
use crate::{
    abi::{
        SCTP_DEFAULT_SEND_PARAM, SCTP_DEFAULT_SNDINFO, SCTP_GET_PEER_ADDR_INFO, SCTP_SOCKOPT_PEELOFF,
        SCTP_SOCKOPT_PEELOFF_FLAGS, layout,
        options::{self, Ids, Length},
    },
    memory::Checked,
};

/// sctp_peeloff.
///
/// # Errors
///
/// As sctp_peeloff.
pub fn peeloff(fd: c_int, id: i32) -> Result<c_int, Errno> {
    let mut argument = layout::PeeloffArg { associd: id, sd: 0 };
    let mut len = size_of::<layout::PeeloffArg>() as socklen_t;
    // SAFETY: a structure of ours and its length.
    unsafe { getsockopt(fd, SCTP_SOCKOPT_PEELOFF, (&raw mut argument).cast(), &raw mut len) }?;
    Ok(argument.sd)
}

/// sctp_peeloff_flags: SOCK_NONBLOCK and SOCK_CLOEXEC.
///
/// # Errors
///
/// As sctp_peeloff.
pub fn peeloff_flags(fd: c_int, id: i32, flags: c_uint) -> Result<c_int, Errno> {
    let mut argument = layout::PeeloffFlagsArg { p_arg: layout::PeeloffArg { associd: id, sd: 0 }, flags };
    let mut len = size_of::<layout::PeeloffFlagsArg>() as socklen_t;
    // SAFETY: a structure of ours and its length.
    unsafe { getsockopt(fd, SCTP_SOCKOPT_PEELOFF_FLAGS, (&raw mut argument).cast(), &raw mut len) }?;
    Ok(argument.p_arg.sd)
}

/// sctp_opt_info: getsockopt with the association's id put where the structure has it.
///
/// # Safety
///
/// `argument` and `size` as for getsockopt.
///
/// # Errors
///
/// As sctp_opt_info.
pub unsafe fn opt_info(
    fd: c_int,
    id: i32,
    option: c_int,
    argument: *mut c_void,
    size: *mut socklen_t,
) -> Result<c_int, Errno> {
    // D7-9: what can only be set is EOPNOTSUPP here, whatever getsockopt says.
    let row = options::find(option).ok_or(Errno::NOPROTOOPT)?;
    if row.get == Length::No {
        return Err(Errno::OPNOTSUPP);
    }
    let at = match option {
        SCTP_DEFAULT_SEND_PARAM => offset_of!(layout::SndRcvInfo, sinfo_assoc_id),
        SCTP_DEFAULT_SNDINFO => offset_of!(layout::SndInfo, snd_assoc_id),
        _ => 0,
    };
    let mut checked = Checked::new();
    checked.can_write(size.cast(), size_of::<socklen_t>())?;
    // SAFETY: tried above.
    let room = unsafe { size.read_unaligned() };
    // D7-7: where there is a place for it.
    if row.ids != Ids::None && usize::try_from(room.cast_signed()).is_ok_and(|room| room >= at + size_of::<i32>()) {
        let id = layout::SetAdaptation { ssb_adaptation_ind: id.cast_unsigned() };
        checked.write(argument.wrapping_byte_add(at).cast(), id)?;
    }
    // SAFETY: the caller's promise.
    unsafe { getsockopt(fd, option, argument, size) }
}

/// sctp_getassocid: the id of the association with a peer address.
///
/// # Safety
///
/// `address` is an address, or a bad pointer.
///
/// # Errors
///
/// As getsockopt with SCTP_GET_PEER_ADDR_INFO.
pub unsafe fn getassocid(fd: c_int, address: *const sockaddr) -> Result<c_int, Errno> {
    let mut checked = Checked::new();
    let octets = length_of_address(&mut checked, address)?;
    let mut info = layout::PaddrInfo::default();
    // SAFETY: the caller's promise; copied at once.
    info.spinfo_address.0[..octets].copy_from_slice(unsafe { checked.slice(address.cast(), octets) }?);
    let mut len = size_of::<layout::PaddrInfo>() as socklen_t;
    // SAFETY: a structure of ours and its length.
    unsafe { getsockopt(fd, SCTP_GET_PEER_ADDR_INFO, (&raw mut info).cast(), &raw mut len) }?;
    Ok(info.spinfo_assoc_id)
}
