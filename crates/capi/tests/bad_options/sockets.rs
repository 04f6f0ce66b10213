//! Sockets in every state, calls on them, and memory with an end.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the functions under test take whatever they are given"
)]

use std::{net::SocketAddr, ptr};

use libc::{SOCK_SEQPACKET, SOCK_STREAM, c_int};
use usctp_capi::{abi::sockaddr, errno, prefixed::*};

/// A socket, and what is known of it.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) fd: c_int,
    /// SOCK_STREAM or SOCK_SEQPACKET.
    pub(crate) kind: c_int,
    is_branch: bool,
    /// Its association's id, where it has one, and the address at the other end.
    pub(crate) association: Option<i32>,
    pub(crate) peer: Option<SocketAddr>,
}

impl Named {
    fn new(name: &'static str, fd: c_int, kind: c_int) -> Self {
        assert!(fd >= 0, "{name}: errno {}", errno::errno());
        Self { name, fd, kind, is_branch: false, association: None, peer: None }
    }

    /// Whether ids of associations count.
    pub(crate) fn is_one_to_many(&self) -> bool {
        self.kind == SOCK_SEQPACKET && !self.is_branch
    }
}

pub(crate) fn is_linux() -> bool {
    std::env::var("USCTP_PERSONALITY").is_ok_and(|name| name == "linux")
}

fn socket(kind: c_int) -> c_int {
    let fd = usctp_socket(libc::AF_INET, kind, libc::IPPROTO_SCTP);
    assert!(fd >= 0, "errno {}", errno::errno());
    fd
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn with(fd: c_int, port: u16, call: unsafe extern "C" fn(c_int, *const libc::sockaddr, u32) -> c_int) {
    let (octets, len) = sockaddr::encode(&address(port));
    let result = unsafe { call(fd, octets.as_ptr().cast(), len as u32) };
    assert_eq!(result, 0, "errno {}", errno::errno());
}

fn listening(kind: c_int) -> c_int {
    let fd = socket(kind);
    with(fd, 0, usctp_bind);
    assert_eq!(unsafe { usctp_listen(fd, 5) }, 0);
    fd
}

fn ids(fd: c_int) -> Vec<i32> {
    let list = get(fd, usctp_capi::abi::SCTP_GET_ASSOC_ID_LIST, &[0; 64]).expect("a list");
    list[4..].chunks_exact(4).map(|id| i32::from_ne_bytes(id.try_into().expect("four octets"))).collect()
}

/// One in each state.
pub(crate) fn in_all_states() -> Vec<Named> {
    let mut all = vec![
        Named::new("a fresh one-to-one socket", socket(SOCK_STREAM), SOCK_STREAM),
        Named::new("a fresh one-to-many socket", socket(SOCK_SEQPACKET), SOCK_SEQPACKET),
        Named::new("a listening one-to-one socket", listening(SOCK_STREAM), SOCK_STREAM),
        Named::new("a listening one-to-many socket", listening(SOCK_SEQPACKET), SOCK_SEQPACKET),
    ];
    let [stream, many] = [2, 3].map(|index: usize| name_of(all[index].fd));
    for (name, other, how) in [
        ("a connected socket", "an accepted socket", None),
        ("a socket that was shut down", "a socket whose peer was shut down", Some(libc::SHUT_RDWR)),
    ] {
        let mut client = Named::new(name, socket(SOCK_STREAM), SOCK_STREAM);
        with(client.fd, stream.port(), usctp_connect);
        let listener = all[2].fd;
        let accepted = unsafe { usctp_accept(listener, ptr::null_mut(), ptr::null_mut()) };
        let mut server = Named::new(other, accepted, SOCK_STREAM);
        match how {
            Some(how) => {
                assert_eq!(unsafe { usctp_shutdown(client.fd, how) }, 0);
                wait_until(|| get(client.fd, usctp_capi::abi::SCTP_STATUS, &[0; 176]).is_err());
            }
            None => {
                client.peer = Some(stream);
                server.peer = Some(name_of(client.fd));
            }
        }
        all.extend([client, server]);
    }
    // A one-to-many socket with one association, and one branched off it with the other.
    let mut client = Named::new("a one-to-many socket with an association", socket(SOCK_SEQPACKET), SOCK_SEQPACKET);
    with(client.fd, many.port(), usctp_connect);
    client.association = Some(ids(client.fd)[0]);
    client.peer = Some(many);
    let second = listening(SOCK_SEQPACKET);
    with(client.fd, name_of(second).port(), usctp_connect);
    let id = *ids(client.fd).iter().find(|id| Some(**id) != client.association).expect("two associations");
    let mut branch = Named::new("a branched-off socket", unsafe { usctp_sctp_peeloff(client.fd, id) }, SOCK_SEQPACKET);
    branch.is_branch = true;
    branch.peer = Some(name_of(second));
    all.extend([client, branch, Named::new("the other end of it", second, SOCK_SEQPACKET)]);
    all
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        // No descriptor tells that an association is gone.
        unsafe { libc::poll(ptr::null_mut(), 0, 10) };
    }
    panic!("not within five seconds");
}

fn name_of(fd: c_int) -> SocketAddr {
    let mut octets = [0_u8; 128];
    let mut len = 128;
    assert_eq!(unsafe { usctp_getsockname(fd, octets.as_mut_ptr().cast(), &raw mut len) }, 0);
    sockaddr::decode(&octets).expect("an address")
}

/// setsockopt of level IPPROTO_SCTP; the errno of a failure.
pub(crate) fn set(fd: c_int, number: c_int, value: &[u8]) -> Result<c_int, c_int> {
    // Without octets the pointer is a dangling one.
    let start = if value.is_empty() { ptr::null() } else { value.as_ptr() };
    raw_set(fd, number, start, value.len() as i32)
}

/// getsockopt with a question in the buffer; what came back.
pub(crate) fn get(fd: c_int, number: c_int, question: &[u8]) -> Result<Vec<u8>, c_int> {
    let mut octets = question.to_vec();
    let mut len = octets.len() as u32;
    let result = unsafe { usctp_getsockopt(fd, 132, number, octets.as_mut_ptr().cast(), &raw mut len) };
    if result < 0 {
        return Err(errno::errno());
    }
    assert!(len as usize <= octets.len().max(4), "option {number} tells {len} of {}", octets.len());
    octets.truncate(len as usize);
    Ok(octets)
}

pub(crate) fn raw_set(fd: c_int, number: c_int, value: *const u8, len: i32) -> Result<c_int, c_int> {
    let result = unsafe { usctp_setsockopt(fd, 132, number, value.cast(), len as u32) };
    if result < 0 { Err(errno::errno()) } else { Ok(result) }
}

pub(crate) fn raw_get(fd: c_int, number: c_int, value: *mut u8, len: i32) -> Result<(), c_int> {
    let mut len = len as u32;
    let result = unsafe { usctp_getsockopt(fd, 132, number, value.cast(), &raw mut len) };
    if result < 0 { Err(errno::errno()) } else { Ok(()) }
}

pub(crate) fn get_without_length(fd: c_int, number: c_int) -> Result<(), c_int> {
    let mut value = [0_u8; 256];
    let result = unsafe { usctp_getsockopt(fd, 132, number, value.as_mut_ptr().cast(), ptr::null_mut()) };
    if result < 0 { Err(errno::errno()) } else { Ok(()) }
}

/// A page, one behind it that cannot be touched, and one that can only be read.
pub(crate) struct Guarded(*mut u8);

const PAGE: usize = 4096;

impl Guarded {
    pub(crate) fn new() -> Self {
        let start = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let start: *mut u8 = libc::mmap(ptr::null_mut(), 3 * PAGE, protection, kind, -1, 0).cast();
            assert_ne!(start.cast(), libc::MAP_FAILED);
            assert_eq!(libc::mprotect(start.add(PAGE).cast(), PAGE, libc::PROT_NONE), 0);
            assert_eq!(libc::mprotect(start.add(2 * PAGE).cast(), PAGE, libc::PROT_READ), 0);
            start
        };
        Self(start)
    }

    /// `len` octets before the end of the page.
    pub(crate) fn end(&self, len: usize) -> *const u8 {
        unsafe { self.0.add(PAGE - len) }
    }

    pub(crate) fn behind(&self) -> *const u8 {
        self.end(0)
    }

    pub(crate) fn read_only(&self) -> *mut u8 {
        unsafe { self.0.add(2 * PAGE) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        unsafe { libc::munmap(self.0.cast(), 3 * PAGE) };
    }
}
