//! Many packets with one call: sendmmsg and recvmmsg.

use std::{
    mem::{self, MaybeUninit},
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
};

use rustix::io::Errno;

use super::{
    answer,
    control::{Control, ControlBuffer},
    sockaddr::SockAddr,
};

/// Packets per call at most.
pub(crate) const BATCH: usize = 64;

/// One packet to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) to: SockAddr,
    pub(crate) octets: &'a [u8],
    pub(crate) control: Control,
    /// How many packets the kernel makes of it.
    pub(crate) packets: usize,
}

/// Sends the first messages, as many as the kernel takes, [`BATCH`] at most; never blocks. An error is about the first.
pub(crate) fn send(fd: BorrowedFd<'_>, messages: &[Message<'_>]) -> Result<usize, Errno> {
    let messages = &messages[..messages.len().min(BATCH)];
    let mut vectors: [MaybeUninit<libc::iovec>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
    let mut headers: [MaybeUninit<libc::mmsghdr>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
    for ((message, vector), header) in messages.iter().zip(&mut vectors).zip(&mut headers) {
        let vector = vector
            .write(libc::iovec { iov_base: message.octets.as_ptr().cast_mut().cast(), iov_len: message.octets.len() });
        // SAFETY: all zero is a valid `mmsghdr` (numbers and null pointers).
        let header = header.write(unsafe { mem::zeroed() });
        header.msg_hdr.msg_name = message.to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = message.to.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        if message.control.len() > 0 {
            header.msg_hdr.msg_control = message.control.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_controllen = message.control.len() as _;
        }
    }
    // SAFETY: the first `messages.len()` headers are written and point to names, vectors, octets and control messages that
    // live and do not move until the call is over; the kernel only reads what they point to.
    let sent = answer(unsafe {
        libc::syscall(
            libc::SYS_sendmmsg,
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            messages.len() as libc::c_uint,
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    });
    match sent {
        // A seccomp filter of the program may know sendmsg and not this call. (A firewall says EPERM of both.)
        Err(Errno::PERM | Errno::NOSYS | Errno::ACCESS) if !messages.is_empty() => {
            // SAFETY: as above, of the first header.
            answer(unsafe {
                libc::syscall(
                    libc::SYS_sendmsg,
                    fd.as_raw_fd(),
                    headers[0].as_ptr().cast::<libc::msghdr>(),
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            })
            .map(|_octets| 1)
        }
        sent => sent,
    }
}

/// Room for one received packet, and after [`receive`] what is known about it.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Where the packet begins.
    pub(crate) head: Box<[u8]>,
    pub(crate) from: SockAddr,
    pub(crate) control: ControlBuffer,
    /// Octets of the packet, in the head and then in the tail that was given with it.
    pub(crate) len: usize,
    /// The packet was longer than head and tail.
    pub(crate) truncated: bool,
}

impl Slot {
    pub(crate) fn new(head: Box<[u8]>) -> Self {
        Self { head, from: SockAddr::zeroed(), control: ControlBuffer::new(), len: 0, truncated: false }
    }
}

/// Receives into the first slots, as many as there are packets, [`BATCH`] at most; never blocks. Packet `n` begins in
/// `slots[n].head`; what it does not hold is in the `n`th part of `tails`, each of `tail` octets.
/// `from_error_queue` receives what sockets report of earlier packets instead.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    slots: &mut [Slot],
    tails: &mut [u8],
    tail: usize,
    from_error_queue: bool,
) -> Result<usize, Errno> {
    let count = slots.len().min(BATCH).min(tails.len().checked_div(tail).unwrap_or(BATCH));
    let slots = &mut slots[..count];
    let mut vectors: [MaybeUninit<[libc::iovec; 2]>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
    let mut headers: [MaybeUninit<libc::mmsghdr>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
    let mut tails = tails.chunks_exact_mut(tail.max(1));
    for ((slot, vector), header) in slots.iter_mut().zip(&mut vectors).zip(&mut headers) {
        let rest = if tail == 0 { &mut [][..] } else { tails.next().unwrap_or_default() };
        let vector = vector.write([
            libc::iovec { iov_base: slot.head.as_mut_ptr().cast(), iov_len: slot.head.len() },
            libc::iovec { iov_base: rest.as_mut_ptr().cast(), iov_len: rest.len() },
        ]);
        // SAFETY: all zero is a valid `mmsghdr` (numbers and null pointers).
        let header = header.write(unsafe { mem::zeroed() });
        header.msg_hdr.msg_name = slot.from.as_mut_ptr().cast();
        header.msg_hdr.msg_namelen = SockAddr::CAPACITY as u32;
        header.msg_hdr.msg_iov = vector.as_mut_ptr();
        header.msg_hdr.msg_iovlen = 2;
        header.msg_hdr.msg_control = slot.control.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = ControlBuffer::CAPACITY as _;
    }
    let flags = libc::MSG_DONTWAIT | if from_error_queue { libc::MSG_ERRQUEUE } else { 0 };
    // SAFETY: the first `count` headers are written; all they point to is borrowed mutably by this function, of the sizes
    // said, apart from each other, and stays in place until the call is over.
    let received = answer(unsafe {
        libc::syscall(
            libc::SYS_recvmmsg,
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            count as libc::c_uint,
            flags,
            ptr::null_mut::<libc::timespec>(),
        )
    })?;
    for (slot, header) in slots.iter_mut().zip(&headers).take(received) {
        // SAFETY: written above, and the kernel wrote numbers over numbers.
        let header = unsafe { header.assume_init_ref() };
        slot.len = header.msg_len as usize;
        slot.from.set_len(header.msg_hdr.msg_namelen);
        #[allow(clippy::unnecessary_cast, reason = "a u32 in other C libraries")]
        slot.control.set_len(header.msg_hdr.msg_controllen as usize);
        slot.truncated = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
    }
    Ok(received)
}
