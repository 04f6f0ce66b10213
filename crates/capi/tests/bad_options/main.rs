//! Bad input to every option of the table, on sockets in every state: the errno that the table and the rows tell, nothing
//! changed, and never a crash.
//!
//! The sockets are those of this process's own stack, over UDP on the loopback. A stack has one personality, so each
//! personality has a process.

mod sockets;

use std::{collections::BTreeMap, process::Command};

use libc::{EBADF, EFAULT, EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP};
use sockets::{Guarded, Named, get, set};
use usctp_capi::{
    abi::{
        LAYOUTS, SCTP_FRAGMENT_INTERLEAVE, SCTP_GET_ASSOC_STATS, SCTP_GET_LOCAL_ADDRS, SCTP_GET_PEER_ADDR_INFO,
        SCTP_GET_PEER_ADDRS, SCTP_PEER_ADDR_THLDS, SCTP_PEER_ADDR_THLDS_V2, SCTP_PRIMARY_ADDR,
        SCTP_REMOTE_UDP_ENCAPS_PORT, SCTP_REUSE_PORT, SCTP_STATUS, SockaddrStorage,
        options::{Ids, Length, OPTIONS, OptionRow},
        sockaddr,
    },
    prefixed::usctp_close,
};

/// D7-15, D7-17, D6.2-4.
#[test]
fn nothing_bad_is_taken_as_linux() {
    in_a_process_of_its_own("nothing_bad_is_taken_as_linux", "linux");
}

/// D7-15, D7-17, B1-2, B1-4.
#[test]
fn nothing_bad_is_taken_as_rfc() {
    in_a_process_of_its_own("nothing_bad_is_taken_as_rfc", "rfc");
}

/// Runs the test of this name once more, in a process whose environment chooses the personality; there it does its work.
fn in_a_process_of_its_own(test: &str, personality: &str) {
    if std::env::var("USCTP_PERSONALITY").is_ok_and(|chosen| chosen == personality) {
        return all_options_on_all_sockets();
    }
    let port = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .env("USCTP_LINK", "udp")
        .env("USCTP_UDP_PORT", port.to_string())
        .env("USCTP_UDP_PEER_PORT", port.to_string())
        .env("USCTP_PERSONALITY", personality)
        .output()
        .expect("the test runs once more");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{personality}: {}\n{text}", output.status);
}

fn all_options_on_all_sockets() {
    let sockets = sockets::in_all_states();
    for socket in &sockets {
        // SCTP_INTERLEAVING_SUPPORTED is EPERM for who has not said that it takes parts of messages in turn.
        set(socket.fd, SCTP_FRAGMENT_INTERLEAVE, &1_i32.to_ne_bytes()).expect("set");
        let before = snapshot(socket);
        for row in OPTIONS {
            lengths(socket, row);
            pointers(socket, row);
            ids(socket, row);
            addresses(socket, row);
            misaligned(socket, row);
        }
        let after = snapshot(socket);
        for (what, value) in &before {
            assert_eq!(value, &after[what], "{}: {what:?} changed", socket.name);
        }
    }
    for socket in sockets {
        assert_eq!(usctp_close(socket.fd), 0);
        for row in OPTIONS {
            assert_eq!(set(socket.fd, row.number, &[0; 200]), Err(EBADF));
            assert_eq!(get(socket.fd, row.number, &[0; 200]).map(drop), Err(EBADF));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Get,
    Set,
}

/// The errno that comes before anything is looked at.
fn refused(socket: &Named, row: &OptionRow, way: Way) -> Option<i32> {
    let length = if way == Way::Set { row.set } else { row.get };
    if length == Length::No {
        return Some(if sockets::is_linux() { ENOPROTOOPT } else { EOPNOTSUPP });
    }
    let one_to_one_only = row.number == SCTP_REUSE_PORT && way == Way::Set && socket.kind != libc::SOCK_STREAM;
    let is_refused = one_to_one_only || row.is_one_to_many && socket.kind == libc::SOCK_STREAM;
    is_refused.then_some(EOPNOTSUPP)
}

fn lengths(socket: &Named, row: &OptionRow) {
    let about = format!("{}: {}", socket.name, row.name);
    let full = vec![0xff_u8; (1 << 20) + 2];
    let odd = [255, 1000, 4096, 1 << 20, (1 << 20) + 1];
    for len in (0..=200).chain(odd) {
        if row.is_function && len > 0 || row.accepts(&full[..len]).is_ok() {
            continue;
        }
        let wanted = refused(socket, row, Way::Set).unwrap_or(EINVAL);
        assert_eq!(set(socket.fd, row.number, &full[..len]), Err(wanted), "{about} set, {len}");
    }
    for len in 0..=200 {
        if row.fits(len).is_err() {
            let wanted = refused(socket, row, Way::Get).unwrap_or(EINVAL);
            assert_eq!(get(socket.fd, row.number, &full[..len]).map(drop), Err(wanted), "{about} get, {len}");
        }
    }
    for len in [i32::MIN, -1, i32::MAX] {
        let wanted = if len < 0 { EINVAL } else { refused(socket, row, Way::Set).unwrap_or(EINVAL) };
        assert_eq!(sockets::raw_set(socket.fd, row.number, full.as_ptr(), len), Err(wanted), "{about} set, {len}");
    }
    for len in [i32::MIN, -1] {
        assert_eq!(sockets::raw_get(socket.fd, row.number, full.as_ptr().cast_mut(), len), Err(EINVAL), "{about}");
    }
}

fn pointers(socket: &Named, row: &OptionRow) {
    let about = format!("{}: {}", socket.name, row.name);
    let guarded = Guarded::new();
    let len = size_of_value(row);
    let places = [std::ptr::null(), 8 as *const u8, guarded.behind(), guarded.end(len - 1)];
    for place in places {
        let wanted = refused(socket, row, Way::Set).unwrap_or(EFAULT);
        assert_eq!(sockets::raw_set(socket.fd, row.number, place, len as i32), Err(wanted), "{about} from {place:?}");
        let wanted = refused(socket, row, Way::Get).unwrap_or(EFAULT);
        let got = sockets::raw_get(socket.fd, row.number, place.cast_mut(), len as i32);
        assert_eq!(got, Err(wanted), "{about} to {place:?}");
    }
    assert_eq!(sockets::get_without_length(socket.fd, row.number), Err(EFAULT), "{about}");
    // What can be read may not be writable: found before anything is done, or after, but told.
    if let Ok(value) = get(socket.fd, row.number, &vec![0; len])
        && !value.is_empty()
    {
        let got = sockets::raw_get(socket.fd, row.number, guarded.read_only(), len as i32);
        assert_eq!(got, Err(EFAULT), "{about} to a page that is read only");
    }
}

/// What is read is set again, with ids that there are not.
fn ids(socket: &Named, row: &OptionRow) {
    let Some(at) = member(row, |name| name.ends_with("assoc_id") || name.ends_with("associd")) else { return };
    let about = format!("{}: {}", socket.name, row.name);
    if row.is_function {
        // By the RFC a socket without associations has no addresses of peers, which is no error (D8.3-6).
        let has_none =
            row.number == SCTP_GET_PEER_ADDRS && std::env::var_os("USCTP_PERSONALITY").is_some_and(|it| it == "rfc");
        if socket.is_one_to_many() && row.number != SCTP_GET_LOCAL_ADDRS && !has_none {
            let mut question = vec![0; size_of_value(row)];
            for id in [0, 1, 2, 9999, -1] {
                question[at..at + 4].copy_from_slice(&i32::to_ne_bytes(id));
                assert!(get(socket.fd, row.number, &question).is_err(), "{about} of {id}");
            }
        }
        return;
    }
    let Some(good) = good_value(socket, row) else { return };
    let ids_of_groups: &[i32] = match row.ids {
        Ids::All => &[],
        Ids::Present => &[2],
        _ => &[1, 2],
    };
    for id in [9999, i32::MAX, i32::MIN, -1].iter().chain(ids_of_groups) {
        let mut value = good.clone();
        value[at..at + 4].copy_from_slice(&id.to_ne_bytes());
        let of_path =
            matches!(row.number, SCTP_PEER_ADDR_THLDS | SCTP_PEER_ADDR_THLDS_V2 | SCTP_REMOTE_UDP_ENCAPS_PORT);
        let address_decides = matches!(row.number, SCTP_PRIMARY_ADDR | SCTP_GET_PEER_ADDR_INFO)
            || of_path && sockets::is_linux() && socket.peer.is_some();
        let is_ignored = !socket.is_one_to_many() || address_decides;
        let is_nobody = *id < 0 && row.ids == Ids::All && sockets::is_linux();
        if row.set != Length::No {
            let wanted = if is_ignored || is_nobody { Ok(()) } else { Err(EINVAL) };
            assert_eq!(set(socket.fd, row.number, &value).map(drop), wanted, "{about} of {id}");
        }
        // Only the id says whose primary address is read.
        let is_ignored = !socket.is_one_to_many() || address_decides && row.number != SCTP_PRIMARY_ADDR;
        let wanted = if is_ignored { Ok(()) } else { Err(EINVAL) };
        assert_eq!(get(socket.fd, row.number, &value).map(drop), wanted, "{about} of {id}");
    }
}

fn addresses(socket: &Named, row: &OptionRow) {
    if !row.has_address {
        return;
    }
    let Some(at) = member(row, |name| name.ends_with("address") || name.ends_with("addr")) else {
        panic!("{}", row.name)
    };
    let about = format!("{}: {}", socket.name, row.name);
    let good = good_value(socket, row).unwrap_or_else(|| vec![0; size_of_value(row)]);
    let stranger = if matches!(row.number, SCTP_PEER_ADDR_THLDS | SCTP_PEER_ADDR_THLDS_V2) { ENOENT } else { EINVAL };
    let mut tried = vec![("127.0.0.9:7".parse().expect("an address"), stranger)];
    if let Some(peer) = socket.peer {
        tried.push((std::net::SocketAddr::new(peer.ip(), peer.port() ^ 1), stranger));
    }
    for (address, wanted) in tried {
        let mut value = good.clone();
        value[at..at + 128].copy_from_slice(&sockaddr::storage(&address).0);
        if row.set != Length::No {
            assert_eq!(set(socket.fd, row.number, &value), Err(wanted), "{about} at {address}");
        }
        // Reading the primary address asks for it.
        if row.number != SCTP_PRIMARY_ADDR {
            assert_eq!(get(socket.fd, row.number, &value).map(drop), Err(wanted), "{about} at {address}");
        }
    }
    for family in [libc::AF_UNIX as u16, 0x0b00, u16::MAX] {
        let mut value = good.clone();
        value[at..at + 128].copy_from_slice(&SockaddrStorage::default().0);
        value[at..at + 2].copy_from_slice(&family.to_ne_bytes());
        if row.set != Length::No {
            assert_eq!(set(socket.fd, row.number, &value), Err(EINVAL), "{about}, family {family}");
        }
        if row.number != SCTP_PRIMARY_ADDR {
            assert_eq!(get(socket.fd, row.number, &value).map(drop), Err(EINVAL), "{about}, family {family}");
        }
    }
}

/// A value at an odd address is as good as any.
fn misaligned(socket: &Named, row: &OptionRow) {
    let Some(good) = good_value(socket, row) else { return };
    let mut octets = vec![0; good.len() + 1];
    octets[1..].copy_from_slice(&good);
    let len = good.len() as i32;
    let got = sockets::raw_get(socket.fd, row.number, octets[1..].as_mut_ptr(), len);
    assert_eq!(got, Ok(()), "{}: {}", socket.name, row.name);
    if row.set != Length::No && refused(socket, row, Way::Set).is_none() {
        let wanted = set(socket.fd, row.number, &good).map(drop);
        let got = sockets::raw_set(socket.fd, row.number, octets[1..].as_ptr(), len).map(drop);
        assert_eq!(got, wanted, "{}: {}", socket.name, row.name);
    }
}

/// Everything that can be read and does not change by itself.
fn snapshot(socket: &Named) -> BTreeMap<(&'static str, &'static str), Vec<u8>> {
    let mut values = BTreeMap::new();
    let moving = [SCTP_STATUS, SCTP_GET_PEER_ADDR_INFO, SCTP_GET_ASSOC_STATS];
    for row in OPTIONS.iter().filter(|row| row.get != Length::No && !moving.contains(&row.number) && !row.is_function) {
        if let Ok(value) = get(socket.fd, row.number, &vec![0; size_of_value(row)]) {
            values.insert((row.name, "of the socket"), value);
        }
        if let Some(value) = good_value(socket, row) {
            values.insert((row.name, "of the association"), value);
        }
    }
    values
}

/// What is read of the socket's association or, without one, of the socket; at the peer's address where there is one.
fn good_value(socket: &Named, row: &OptionRow) -> Option<Vec<u8>> {
    if row.is_function || row.get == Length::No {
        return None;
    }
    let mut question = vec![0; size_of_value(row)];
    if let (Some(at), Some(id)) = (member(row, |name| name.ends_with("assoc_id")), socket.association) {
        question[at..at + 4].copy_from_slice(&id.to_ne_bytes());
    }
    if row.name == "SCTP_EVENT" {
        question[4..6].copy_from_slice(&0x8001_u16.to_ne_bytes());
    }
    if row.has_address
        && let Some(peer) = socket.peer
        && let Some(at) = member(row, |name| name.ends_with("address") || name.ends_with("addr"))
    {
        question[at..at + 128].copy_from_slice(&sockaddr::storage(&peer).0);
    }
    let mut value = get(socket.fd, row.number, &question).ok()?;
    // The fragmentation point that is read for an association cannot always be set.
    if row.name == "SCTP_MAXSEG" {
        value[4..].fill(0);
    }
    Some(value)
}

/// The structure's size; of more than one form, the last.
fn size_of_value(row: &OptionRow) -> usize {
    let name = row.value.split(" or ").next().unwrap_or(row.value);
    LAYOUTS.iter().find(|layout| layout.name == name).map_or(4, |layout| layout.size)
}

fn member(row: &OptionRow, is_it: impl Fn(&str) -> bool) -> Option<usize> {
    let name = row.value.split(" or ").next().unwrap_or(row.value);
    let layout = LAYOUTS.iter().find(|layout| layout.name == name)?;
    layout.members.iter().find(|(name, ..)| is_it(name)).map(|(_, at, _)| *at)
}
