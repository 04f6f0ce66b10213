//! Packets from inside the host whose checksum nobody has filled in.

use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};
use usctp_link::{ChecksumState, Link, LinkChoice};

use crate::hosts::{Host, packet, packets, pair};

/// Sends a packet as the kernel's SCTP would over a device that claims to do CRC32c: the field zero, the packet marked as
/// not ready (CHECKSUM_PARTIAL). A packet socket can do that with a header of its own (struct virtio_net_hdr).
fn send_unfilled(host: &Host, source: [u8; 4], destination: [u8; 4], sctp: Vec<u8>, marked: bool) {
    host.run(move || {
        let mut frame = vec![0; 10];
        if marked {
            frame[0] = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
            frame[6..8].copy_from_slice(&34_u16.to_ne_bytes());
            frame[8..10].copy_from_slice(&8_u16.to_ne_bytes());
        }
        frame.extend([0xff; 6]);
        frame.extend([2, 0, 0, 0, 0, 1, 8, 0]);
        let len = (20 + sctp.len()) as u16;
        let mut ip = vec![0x45, 0, len.to_be_bytes()[0], len.to_be_bytes()[1], 0, 0, 0, 0, 64, 132, 0, 0];
        ip.extend(source);
        ip.extend(destination);
        let sum: u32 = ip.chunks(2).map(|pair| u32::from(pair[0]) * 256 + u32::from(pair[1])).sum();
        let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        frame.extend(ip);
        frame.extend(sctp);
        let fd = rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, SocketFlags::CLOEXEC, None)
            .expect("a packet socket");
        let on: libc::c_int = 1;
        let name = c"veth0";
        let mut to = [0_u8; 20];
        // SAFETY: the pointers are to locals of the sizes said.
        #[allow(unsafe_code)]
        let index = unsafe {
            let raw = std::os::fd::AsRawFd::as_raw_fd(&fd);
            let answered = libc::setsockopt(raw, libc::SOL_PACKET, libc::PACKET_VNET_HDR, (&raw const on).cast(), 4);
            assert_eq!(answered, 0);
            libc::if_nametoindex(name.as_ptr())
        };
        to[..2].copy_from_slice(&(libc::AF_PACKET as u16).to_ne_bytes());
        to[2..4].copy_from_slice(&0x0800_u16.to_be_bytes());
        to[4..8].copy_from_slice(&index.to_ne_bytes());
        // SAFETY: `sockaddr_ll` is plain octets, 20 of them.
        #[allow(unsafe_code)]
        let sent = unsafe {
            libc::sendto(
                std::os::fd::AsRawFd::as_raw_fd(&fd),
                frame.as_ptr().cast(),
                frame.len(),
                SendFlags::empty().bits() as i32,
                to.as_ptr().cast(),
                20,
            )
        };
        assert_eq!(sent, frame.len() as isize, "{}", std::io::Error::last_os_error());
    });
}

fn unfilled(len: usize) -> Vec<u8> {
    let mut octets = packet(5000, len);
    octets[8..12].fill(0);
    octets
}

#[test]
fn an_unfilled_checksum_is_trusted_once_the_kernel_has_said_why() {
    let Some((a, b)) = pair() else { return };
    let to = b.open(LinkChoice::Raw);
    let (source, destination) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    send_unfilled(&a, source, destination, unfilled(100), true);
    assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Unknown, "the first one makes us look");
    for _ in 0..3 {
        send_unfilled(&a, source, destination, unfilled(100), true);
        assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Trusted);
    }
    send_unfilled(&a, [10, 0, 0, 11], destination, unfilled(100), true);
    assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Trusted, "another source is recognised at once");
    send_unfilled(&a, [10, 0, 0, 12], destination, unfilled(100), false);
    assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Unknown, "zero, and not marked");
    let mut wrong = packet(5000, 100);
    wrong[50] ^= 1;
    send_unfilled(&a, source, destination, wrong, false);
    assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Unknown, "wrong is wrong");
    let counters = to.counters();
    assert_eq!((counters.checksum_vouched, counters.checksum_unfilled), (4, 2));
}
