//! Options of SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6.
//!
//! Those that mean something to an SCTP socket here go to the socket layer. Of the others a kernel knows many, each with
//! its lengths, ranges and privileges; they have no effect on us, but programs set them and read them back. They are kept
//! where those rules are: in a kernel socket of the same family that nothing is ever sent through, made when the first
//! such option is named. The descriptor that the program polls never sees any of them.

use std::{os::fd::AsRawFd, time::Duration};

use libc::c_int;
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType},
};
use usctp_link::StackFd;
use usctp_socket::{Domain, GeneralName, GeneralValue, Style};

use super::{open::last_error, outcome};
use crate::descriptor::Description;

/// Sets an option.
pub(crate) fn set(socket: &Description, level: c_int, name: c_int, octets: &[u8]) -> Result<(), Errno> {
    let Some(known) = known(socket.socket.domain(), level, name) else {
        return set_kept(socket, level, name, octets);
    };
    let value = match known {
        GeneralName::Error
        | GeneralName::Type
        | GeneralName::Protocol
        | GeneralName::Domain
        | GeneralName::AcceptConnections => return int_at(octets, 0).and(Err(Errno::NOPROTOOPT)),
        GeneralName::Linger => {
            let (on, seconds) = (int_at(octets, 0)?, int_at(octets, 4)?);
            GeneralValue::Linger { on: on != 0, seconds }
        }
        GeneralName::ReceiveTimeout | GeneralName::SendTimeout => GeneralValue::Timeout(time_limit(octets)?),
        GeneralName::BindToDevice => {
            let name = &octets[..octets.len().min(LONGEST_NAME)];
            GeneralValue::Name(name.split(|octet| *octet == 0).next().unwrap_or_default().to_vec())
        }
        // Linux takes a single octet here too, and none.
        GeneralName::TypeOfService if octets.is_empty() => GeneralValue::Int(0),
        GeneralName::TypeOfService if (1..4).contains(&octets.len()) => GeneralValue::Int(octets[0].into()),
        _ => GeneralValue::Int(int_at(octets, 0)?),
    };
    outcome(socket.socket.set_general_option(known, &value))
}

/// Reads an option, for a buffer of `room` octets.
pub(crate) fn get(socket: &Description, level: c_int, name: c_int, room: usize) -> Result<Vec<u8>, Errno> {
    let Some(known) = known(socket.socket.domain(), level, name) else {
        return get_kept(socket, level, name, room);
    };
    if matches!(known, GeneralName::ReceiveBufferForce | GeneralName::SendBufferForce) {
        return Err(Errno::NOPROTOOPT);
    }
    let value = outcome(socket.socket.general_option(known))?;
    let mut octets = match value {
        GeneralValue::Int(value) if known == GeneralName::TypeOfService && (1..4).contains(&room) => {
            vec![u8::try_from(value).unwrap_or(u8::MAX)]
        }
        GeneralValue::Int(value) => value.to_ne_bytes().to_vec(),
        GeneralValue::Linger { on, seconds } => [c_int::from(on).to_ne_bytes(), seconds.to_ne_bytes()].concat(),
        GeneralValue::Timeout(limit) => {
            let limit = limit.unwrap_or_default();
            let seconds = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
            [seconds.to_ne_bytes(), i64::from(limit.subsec_micros()).to_ne_bytes()].concat()
        }
        GeneralValue::Name(name) if name.is_empty() => Vec::new(),
        GeneralValue::Name(_) if room < LONGEST_NAME + 1 => return Err(Errno::INVAL),
        GeneralValue::Name(mut name) => {
            name.push(0);
            name
        }
    };
    octets.truncate(room);
    Ok(octets)
}

fn known(domain: Domain, level: c_int, name: c_int) -> Option<GeneralName> {
    match (level, name) {
        (libc::SOL_SOCKET, _) => known_of_socket(name),
        (libc::IPPROTO_IP, libc::IP_TOS) => Some(GeneralName::TypeOfService),
        (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) if domain == Domain::Inet6 => Some(GeneralName::TrafficClass),
        (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY) if domain == Domain::Inet6 => Some(GeneralName::V6Only),
        _ => None,
    }
}

fn known_of_socket(name: c_int) -> Option<GeneralName> {
    Some(match name {
        libc::SO_RCVBUF => GeneralName::ReceiveBuffer,
        libc::SO_RCVBUFFORCE => GeneralName::ReceiveBufferForce,
        libc::SO_SNDBUF => GeneralName::SendBuffer,
        libc::SO_SNDBUFFORCE => GeneralName::SendBufferForce,
        libc::SO_LINGER => GeneralName::Linger,
        libc::SO_RCVTIMEO | SO_RCVTIMEO_NEW => GeneralName::ReceiveTimeout,
        libc::SO_SNDTIMEO | SO_SNDTIMEO_NEW => GeneralName::SendTimeout,
        libc::SO_ERROR => GeneralName::Error,
        libc::SO_REUSEADDR => GeneralName::ReuseAddress,
        libc::SO_REUSEPORT => GeneralName::ReusePort,
        libc::SO_TYPE => GeneralName::Type,
        libc::SO_PROTOCOL => GeneralName::Protocol,
        libc::SO_DOMAIN => GeneralName::Domain,
        libc::SO_ACCEPTCONN => GeneralName::AcceptConnections,
        libc::SO_BINDTODEVICE => GeneralName::BindToDevice,
        libc::SO_PRIORITY => GeneralName::Priority,
        _ => return None,
    })
}

fn set_kept(socket: &Description, level: c_int, name: c_int, octets: &[u8]) -> Result<(), Errno> {
    let keeper = keeper(socket)?;
    // SAFETY: a kernel socket of our own, and a buffer with its length.
    let result =
        unsafe { libc::syscall(libc::SYS_setsockopt, keeper.as_raw_fd(), level, name, octets.as_ptr(), octets.len()) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

fn get_kept(socket: &Description, level: c_int, name: c_int, room: usize) -> Result<Vec<u8>, Errno> {
    let keeper = keeper(socket)?;
    let mut octets = vec![0_u8; room.min(LONGEST_KEPT)];
    let mut len = octets.len() as libc::socklen_t;
    // SAFETY: a kernel socket of our own, and a buffer with its length.
    let result = unsafe {
        libc::syscall(libc::SYS_getsockopt, keeper.as_raw_fd(), level, name, octets.as_mut_ptr(), &raw mut len)
    };
    if result < 0 {
        return Err(last_error());
    }
    octets.truncate(len as usize);
    Ok(octets)
}

/// An accepted or branched-off socket has what its listener has, of the options of all sockets that are kept
/// (`sock_copy`).
pub(crate) fn take_over_kept(from: &Description, to: &Description) {
    if from.made_keeper().is_none() {
        return;
    }
    for name in [libc::SO_KEEPALIVE, libc::SO_OOBINLINE, libc::SO_DONTROUTE, libc::SO_RCVLOWAT] {
        // One that cannot be read or set there has no effect here either.
        let _ = get_kept(from, libc::SOL_SOCKET, name, size_of::<c_int>())
            .and_then(|octets| set_kept(to, libc::SOL_SOCKET, name, &octets));
    }
}

/// The kernel socket that keeps the options without effect.
fn keeper(socket: &Description) -> Result<&StackFd, Errno> {
    socket.keeper(|| {
        let family = match socket.socket.domain() {
            Domain::Inet => AddressFamily::INET,
            Domain::Inet6 => AddressFamily::INET6,
        };
        // Some IP options differ between stream sockets and others.
        let kind = match socket.socket.style() {
            Style::OneToOne => SocketType::STREAM,
            Style::OneToMany | Style::BranchedOff => SocketType::DGRAM,
        };
        StackFd::hide(rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?)
    })
}

fn int_at(octets: &[u8], at: usize) -> Result<c_int, Errno> {
    octets.get(at..).and_then(<[u8]>::first_chunk).map(|octets| c_int::from_ne_bytes(*octets)).ok_or(Errno::INVAL)
}

/// `struct timeval`. Zero is no limit; Linux takes a negative time for one that has passed.
fn time_limit(octets: &[u8]) -> Result<Option<Duration>, Errno> {
    let word = |at: usize| octets.get(at..).and_then(<[u8]>::first_chunk).map(|octets| i64::from_ne_bytes(*octets));
    let (seconds, micros) = (word(0).ok_or(Errno::INVAL)?, word(8).ok_or(Errno::INVAL)?);
    let micros = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000).ok_or(Errno::DOM)?;
    let Ok(seconds) = u64::try_from(seconds) else { return Ok(Some(Duration::ZERO)) };
    Ok(Some(Duration::new(seconds, micros * 1000)).filter(|limit| !limit.is_zero()))
}

/// IFNAMSIZ - 1.
const LONGEST_NAME: usize = 15;
/// Longest value of an option that the kernel keeps for us.
const LONGEST_KEPT: usize = 1 << 16;
/// The forms with 64-bit time, which 64-bit systems have twice.
const SO_RCVTIMEO_NEW: c_int = 66;
const SO_SNDTIMEO_NEW: c_int = 67;
