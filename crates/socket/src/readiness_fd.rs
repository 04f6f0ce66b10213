//! [`ReadinessFd`]: a kernel descriptor that polls as an SCTP socket would.
//!
//! Three AF_UNIX datagram sockets, each of which takes datagrams from no one but its partner:
//!
//! - *outer*: the program's descriptor. We hold a duplicate, and let go of it when the socket is closed, so that epoll
//!   forgets the descriptor as it forgets a kernel socket's.
//! - *inner*, the outer's peer. A datagram from it makes the outer readable; another one is a new edge. When it holds an
//!   unread datagram of the outer's and disconnects, the kernel reports ECONNRESET on the outer: that is POLLERR.
//! - *gate*: a large datagram of the outer's that lies unread here uses up the outer's send buffer, so that it does not
//!   poll writable.
//!
//! POLLRDHUP and POLLHUP come from `shutdown` on the outer. The method was tried state by state before it was chosen (an
//! eventfd cannot show "neither"; a stream pair shows no POLLERR without POLLHUP). Nothing here blocks. The errors that
//! can come (no memory) leave the descriptor showing the old state; the next change tries again.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, Shutdown, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, bind,
        connect, connect_unspec, getsockname, recv, send, sendto, shutdown, socket_with, sockopt,
    },
};
use usctp_link::StackFd;

use crate::Readiness;

/// The descriptor's inner side. See the module.
#[derive(Debug)]
pub(crate) struct ReadinessFd {
    outer: StackFd,
    outer_name: SocketAddrAny,
    inner: StackFd,
    gate: StackFd,
    gate_name: SocketAddrAny,
    shown: Readiness,
    /// The inner end holds a datagram that its disconnecting turns into an error.
    armed: bool,
}

impl ReadinessFd {
    /// Makes it; also the descriptor for the program. It shows `writable` alone at first.
    pub(crate) fn new() -> Result<(Self, OwnedFd), Errno> {
        // The program's number first: it gets the lowest free one, as from socket(2).
        let program = Unhidden(Some(datagram_socket()?));
        let outer_name = name(program.fd())?;
        // Each connects to the outer while that has no peer: afterwards none but its peer could.
        let inner = StackFd::hide(datagram_socket()?)?;
        connect(&inner, &outer_name)?;
        let gate = StackFd::hide(datagram_socket()?)?;
        connect(&gate, &outer_name)?;
        connect(program.fd(), &name(inner.as_fd())?)?;
        // The kernel doubles it; a quarter of that is what may be in use of a writable socket: less than a datagram of
        // FILLER octets, more than an empty one.
        sockopt::set_socket_send_buffer_size(program.fd(), SEND_BUFFER)?;
        let outer = StackFd::hide(rustix::io::fcntl_dupfd_cloexec(program.fd(), 0)?)?;
        let gate_name = name(gate.as_fd())?;
        let shown = Readiness { writable: true, ..Readiness::default() };
        let made = Self { outer, outer_name, inner, gate, gate_name, shown, armed: false };
        Ok((made, program.take()))
    }

    /// What it shows.
    pub(crate) const fn shown(&self) -> Readiness {
        self.shown
    }

    /// Shows `target`. POLLRDHUP and POLLHUP cannot be taken back.
    pub(crate) fn show(&mut self, target: Readiness) {
        if target == self.shown {
            return;
        }
        // Clearing comes first, so that a bit is never seen together with one that replaces it. The error is cleared
        // before anything else: a pending error makes the other calls fail.
        if self.shown.error && !target.error {
            let _ = sockopt::socket_error(&self.outer);
            self.shown.error = false;
        }
        self.show_read(target);
        self.show_write(target);
        self.show_shutdown(target);
        if target.error && !self.shown.error {
            self.shown.error = self.raise_error();
        }
    }

    /// A new edge for what has arrived while the descriptor was readable already.
    pub(crate) fn new_edge(&mut self) {
        if self.shown.readable && !self.shown.read_closed && send(&self.inner, &[], QUIET).is_ok() {
            self.take_one();
        }
    }

    fn show_read(&mut self, target: Readiness) {
        // Once reading is shut down the kernel says POLLIN by itself, for good.
        if target.readable == self.shown.readable || self.shown.read_closed {
            return;
        }
        if target.readable {
            self.shown.readable = send(&self.inner, &[], QUIET).is_ok();
        } else {
            self.take_one();
            self.shown.readable = false;
        }
    }

    fn show_write(&mut self, target: Readiness) {
        if target.writable == self.shown.writable {
            return;
        }
        if target.writable {
            let mut octet = [0];
            let _ = recv(&self.gate, &mut octet, RecvFlags::DONTWAIT | RecvFlags::TRUNC);
            self.shown.writable = true;
        } else if !self.shown.hang_up {
            let gate = self.gate_name.clone();
            let closed = self.retried(|outer| sendto(outer, &[0; FILLER], QUIET, &gate).map(drop));
            self.shown.writable = !closed;
        }
    }

    fn show_shutdown(&mut self, target: Readiness) {
        if target.hang_up && !self.shown.hang_up {
            // After this the outer cannot send any more: arm first.
            self.arm();
            let _ = shutdown(&self.outer, Shutdown::Both);
            self.shown.hang_up = true;
            self.shown.read_closed = true;
            self.shown.readable = true;
        } else if target.read_closed && !self.shown.read_closed {
            let _ = shutdown(&self.outer, Shutdown::Read);
            self.shown.read_closed = true;
            self.shown.readable = true;
        }
    }

    fn raise_error(&mut self) -> bool {
        self.arm();
        if !self.armed || connect_unspec(&self.inner).is_err() {
            return false;
        }
        self.armed = false;
        // To the outer's name again, for the next datagram.
        let _ = connect(&self.inner, &self.outer_name);
        true
    }

    fn arm(&mut self) {
        if !self.armed && !self.shown.hang_up {
            self.armed = self.retried(|outer| send(outer, &[], QUIET).map(drop));
        }
    }

    /// Takes one datagram out of the outer.
    fn take_one(&mut self) {
        let mut octet = [0];
        self.retried(|outer| recv(outer, &mut octet, RecvFlags::DONTWAIT | RecvFlags::TRUNC).map(drop));
    }

    /// Does `call` on the outer. A pending error is reported by whichever call comes next, and gone by that: the call is
    /// repeated and the error raised again.
    fn retried(&mut self, mut call: impl FnMut(BorrowedFd<'_>) -> Result<(), Errno>) -> bool {
        match call(self.outer.as_fd()) {
            Ok(()) => true,
            Err(Errno::CONNRESET) => {
                let had_error = std::mem::take(&mut self.shown.error);
                let done = call(self.outer.as_fd()).is_ok();
                if had_error {
                    self.shown.error = self.raise_error();
                }
                done
            }
            Err(_) => false,
        }
    }
}

/// The program's descriptor while it is being made. It is not dropped as an `OwnedFd`, which closes through libc.
struct Unhidden(Option<OwnedFd>);

impl Unhidden {
    fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().expect("there until it is taken").as_fd()
    }

    fn take(mut self) -> OwnedFd {
        self.0.take().expect("there until it is taken")
    }
}

impl Drop for Unhidden {
    fn drop(&mut self) {
        if let Some(fd) = self.0.take() {
            let _ = StackFd::hide(fd);
        }
    }
}

/// A socket with a name that the kernel chooses (abstract: no file system).
fn datagram_socket() -> Result<OwnedFd, Errno> {
    let fd = Unhidden(Some(socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?));
    bind(fd.fd(), &SocketAddrUnix::new_unnamed())?;
    Ok(fd.take())
}

fn name(fd: BorrowedFd<'_>) -> Result<SocketAddrAny, Errno> {
    getsockname(fd)
}

const QUIET: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
const SEND_BUFFER: usize = 8192;
const FILLER: usize = 4096;

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};

    use super::*;

    /// A descriptor that stays in one edge-triggered epoll, as in a server.
    struct Watched {
        fd: ReadinessFd,
        program: OwnedFd,
        epoll: OwnedFd,
    }

    impl Watched {
        fn new() -> Self {
            let (fd, program) = ReadinessFd::new().expect("made");
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
            let events =
                epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
            epoll::add(&epoll, &program, epoll::EventData::new_u64(1), events).expect("added");
            Self { fd, program, epoll }
        }

        fn polled(&self) -> Readiness {
            let wanted = PollFlags::IN | PollFlags::PRI | PollFlags::OUT | PollFlags::RDHUP;
            let mut fds = [PollFd::new(&self.program, wanted)];
            poll(&mut fds, Some(&Timespec::default())).expect("poll");
            let got = fds[0].revents();
            Readiness {
                readable: got.contains(PollFlags::IN),
                writable: got.contains(PollFlags::OUT),
                error: got.contains(PollFlags::ERR),
                read_closed: got.contains(PollFlags::RDHUP),
                hang_up: got.contains(PollFlags::HUP),
            }
        }

        /// Whether epoll has an edge to tell.
        fn edge(&self) -> bool {
            let event = epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
            let mut events = [event; 4];
            epoll::wait(&self.epoll, &mut events[..], Some(&Timespec::default())).expect("epoll_wait") > 0
        }

        fn shows(&mut self, bits: &str) {
            let target = readiness(bits);
            self.fd.show(target);
            assert_eq!(self.polled(), target, "{bits}");
            assert_eq!(self.fd.shown(), target, "{bits}");
        }
    }

    /// i readable, o writable, e error, r reading shut down, h hung up.
    fn readiness(bits: &str) -> Readiness {
        Readiness {
            readable: bits.contains('i'),
            writable: bits.contains('o'),
            error: bits.contains('e'),
            read_closed: bits.contains('r'),
            hang_up: bits.contains('h'),
        }
    }

    #[test]
    fn every_state_can_be_reached_from_every_other_and_left_again() {
        let states = ["", "i", "o", "io", "e", "ie", "oe", "ioe"];
        let mut watched = Watched::new();
        for from in states {
            for to in states {
                watched.shows(from);
                watched.shows(to);
            }
        }
    }

    #[test]
    fn the_end_of_reading_and_the_hang_up_come_in_every_combination_of_the_others() {
        for before in ["", "i", "o", "io", "e", "ioe"] {
            let mut watched = Watched::new();
            watched.shows(before);
            watched.shows("ir");
            watched.shows("ior");
            watched.shows("iore");
            watched.shows("ior");
            watched.shows("iorh");
            watched.shows("iorhe");
            watched.shows("iorh");
        }
        let mut watched = Watched::new();
        watched.shows("");
        watched.shows("iorh");
    }

    #[test]
    fn each_bit_that_comes_is_an_edge_and_what_arrives_later_is_a_new_one() {
        let mut watched = Watched::new();
        watched.shows("");
        while watched.edge() {}
        for (to, edge) in [("i", true), ("", false), ("o", true), ("io", true), ("o", false), ("oe", true)] {
            watched.shows(to);
            assert_eq!(watched.edge(), edge, "to {to:?}");
            assert!(!watched.edge());
        }
        watched.shows("io");
        watched.edge();
        for _ in 0..100 {
            watched.fd.new_edge();
            assert!(watched.edge());
        }
        watched.shows("");
    }

    #[test]
    fn the_program_gets_the_lowest_number_and_ours_are_out_of_its_way() {
        let (_fd, program) = ReadinessFd::new().expect("made");
        assert!(!usctp_link::is_stack_descriptor(std::os::fd::AsRawFd::as_raw_fd(&program)));
        let flags = rustix::io::fcntl_getfd(&program).expect("flags");
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }

    #[test]
    fn epoll_forgets_the_descriptor_when_both_sides_have_closed_it() {
        let Watched { fd, program, epoll } = Watched::new();
        drop(program);
        drop(fd);
        let event = epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
        let mut events = [event; 4];
        assert_eq!(epoll::wait(&epoll, &mut events[..], Some(&Timespec::default())), Ok(0));
    }
}
