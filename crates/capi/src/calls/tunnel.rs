//! The options 100–111 and 122: what stock `libsctp` makes its functions of.

use std::net::SocketAddr;

use libc::c_int;
use rustix::io::Errno;
use usctp_socket::{AssocId, SocketError};

use super::{open::install, option::Answer, outcome};
use crate::{
    abi::{
        Plain, SCTP_GET_LOCAL_ADDRS, SCTP_GET_PEER_ADDRS, SCTP_SOCKOPT_BINDX_ADD, SCTP_SOCKOPT_BINDX_REM,
        SCTP_SOCKOPT_CONNECTX, SCTP_SOCKOPT_CONNECTX_OLD, SCTP_SOCKOPT_CONNECTX3, SCTP_SOCKOPT_PEELOFF,
        SCTP_SOCKOPT_PEELOFF_FLAGS, layout, sockaddr,
    },
    descriptor::Description,
    memory::Checked,
    process::Process,
};

/// Whether the option carries a function when set.
fn is_set(name: c_int) -> bool {
    matches!(name, SCTP_SOCKOPT_BINDX_ADD | SCTP_SOCKOPT_BINDX_REM | SCTP_SOCKOPT_CONNECTX | SCTP_SOCKOPT_CONNECTX_OLD)
}

/// The functions carried by setsockopt; `None` for other options.
pub(crate) fn set(socket: &Description, name: c_int, octets: &[u8]) -> Option<Result<c_int, Errno>> {
    if !is_set(name) {
        return None;
    }
    Some(addresses(octets).and_then(|addresses| match name {
        SCTP_SOCKOPT_BINDX_ADD => outcome(socket.socket.bind_add(&addresses)).map(|()| 0),
        SCTP_SOCKOPT_BINDX_REM => outcome(socket.socket.bind_remove(&addresses)).map(|()| 0),
        SCTP_SOCKOPT_CONNECTX => connect(socket, &addresses).map(|id| id.0),
        _ => connect(socket, &addresses).map(|_| 0),
    }))
}

/// The functions carried by getsockopt; `None` for other options.
pub(crate) fn get(
    process: &Process,
    socket: &Description,
    name: c_int,
    asked: &[u8],
    room: usize,
) -> Option<Result<Answer, Errno>> {
    match name {
        SCTP_SOCKOPT_PEELOFF => Some(peel_off(process, socket, asked, 0)),
        SCTP_SOCKOPT_PEELOFF_FLAGS => Some(peel_off_with_flags(process, socket, asked)),
        SCTP_SOCKOPT_CONNECTX3 => Some(connect_by_get(socket, asked)),
        SCTP_GET_PEER_ADDRS => Some(list(asked, room, LIST_HEADER, |id| socket.socket.peer_addresses(id))),
        // Linux's length of this one leaves the header out, and has to for ever.
        SCTP_GET_LOCAL_ADDRS => Some(list(asked, room, 0, |id| socket.socket.local_addresses(id))),
        _ => None,
    }
}

/// Branches an association off, to a new descriptor.
///
/// # Errors
///
/// As sctp_peeloff.
pub(crate) fn peel_off_to(
    process: &Process,
    socket: &Description,
    association: AssocId,
    flags: c_int,
) -> Result<c_int, Errno> {
    let branch = outcome(socket.socket.peel_off(association))?;
    install(process, branch, flags & (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC))
}

/// Begins an association by a list of addresses.
pub(crate) fn connect(socket: &Description, addresses: &[SocketAddr]) -> Result<AssocId, Errno> {
    outcome(socket.socket.connect(addresses, socket.is_nonblocking()))
}

fn peel_off(process: &Process, socket: &Description, asked: &[u8], flags: c_int) -> Result<Answer, Errno> {
    let mut argument = layout::PeeloffArg::read(asked).ok_or(Errno::INVAL)?;
    argument.sd = peel_off_to(process, socket, AssocId(argument.associd), flags)?;
    Ok(Answer {
        result: Ok(argument.sd),
        new_descriptor: Some(argument.sd),
        ..Answer::plain(argument.octets().to_vec())
    })
}

fn peel_off_with_flags(process: &Process, socket: &Description, asked: &[u8]) -> Result<Answer, Errno> {
    let argument = layout::PeeloffFlagsArg::read(asked).ok_or(Errno::INVAL)?;
    let mut answer = peel_off(process, socket, asked, argument.flags.cast_signed())?;
    answer.octets.extend_from_slice(&argument.flags.to_ne_bytes());
    Ok(answer)
}

/// SCTP_SOCKOPT_CONNECTX3: a structure that points at the addresses; the id comes back in its place, also while the
/// association is still being set up.
fn connect_by_get(socket: &Description, asked: &[u8]) -> Result<Answer, Errno> {
    let argument = layout::GetAddrsOld::read(asked).ok_or(Errno::INVAL)?;
    let len = usize::try_from(argument.addr_num).map_err(|_| Errno::INVAL)?;
    let octets = Checked::new().copy_in(argument.addrs as *const u8, len, LONGEST_LIST)?;
    let addresses = addresses(&octets)?;
    let (id, result) = match socket.socket.connect(&addresses, socket.is_nonblocking()) {
        Ok(id) => (id, Ok(0)),
        Err(SocketError::InProgress { association }) => (association, Err(Errno::INPROGRESS)),
        Err(error) => return Err(outcome::<()>(Err(error)).err().unwrap_or(Errno::INVAL)),
    };
    Ok(Answer { result, ..Answer::plain(id.0.to_ne_bytes().to_vec()) })
}

/// `struct sctp_getaddrs`: id, number, packed addresses.
fn list(
    asked: &[u8],
    room: usize,
    counted_header: usize,
    addresses: impl FnOnce(AssocId) -> Result<Vec<SocketAddr>, SocketError>,
) -> Result<Answer, Errno> {
    let header = layout::GetAddrs::read(asked).ok_or(Errno::INVAL)?;
    let addresses = outcome(addresses(AssocId(header.assoc_id)))?;
    let number = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut octets = layout::GetAddrs { assoc_id: header.assoc_id, addr_num: number }.octets().to_vec();
    for address in &addresses {
        let (bytes, len) = sockaddr::encode(address);
        octets.extend_from_slice(&bytes[..len]);
    }
    if octets.len() > room {
        return Err(Errno::NOMEM);
    }
    let told_len = Some(octets.len() - LIST_HEADER + counted_header);
    Ok(Answer { told_len, ..Answer::plain(octets) })
}

fn addresses(octets: &[u8]) -> Result<Vec<SocketAddr>, Errno> {
    if octets.is_empty() {
        return Err(Errno::INVAL);
    }
    sockaddr::decode_packed(octets)
}

/// `sizeof(struct sctp_getaddrs)`.
const LIST_HEADER: usize = 8;
/// More addresses than any host has.
const LONGEST_LIST: usize = 1 << 20;
