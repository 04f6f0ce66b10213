//! ICMP errors, from the error queue of the socket that the packet had left through.
//!
//! RFC 9260 §10: they are believed only when the quoted packet has the right tag, which is for the layer above to see;
//! so they are handed up with what was quoted.

use std::os::fd::BorrowedFd;

use bytes::Bytes;

use crate::{
    Icmp, IcmpKind,
    sockets::PacketSocket,
    sys::batch::{self, Slot},
};

/// Reads what the socket's error queue holds, a batch at most. True when it is empty now.
pub(crate) fn drain(socket: &PacketSocket, slots: &mut [Slot], mut found: impl FnMut(Icmp)) -> bool {
    let capacity = slots.len();
    let Ok(count) = batch::receive(socket.fd(), slots, &mut [], 0, true) else { return true };
    for slot in &slots[..count] {
        if let Some(icmp) = decode(socket, slot) {
            found(icmp);
        }
    }
    count < capacity
}

/// Slots for [`drain`]: a quoted packet may be cut off, its beginning is what counts.
pub(crate) fn slots() -> Vec<Slot> {
    (0..16).map(|_| Slot::new(vec![0; 576].into_boxed_slice())).collect()
}

/// Takes the error that a socket holds for its next user, so that a poll does not show it for ever.
pub(crate) fn clear(fd: BorrowedFd<'_>) {
    let _ = crate::sys::option::int(fd, libc::SOL_SOCKET, libc::SO_ERROR);
}

fn decode(socket: &PacketSocket, slot: &Slot) -> Option<Icmp> {
    let extended = slot.control.iter().find_map(|(level, kind, data)| {
        let error = (level == libc::IPPROTO_IP && kind == libc::IP_RECVERR)
            || (level == libc::IPPROTO_IPV6 && kind == libc::IPV6_RECVERR);
        if error { Extended::read(data) } else { None }
    })?;
    let kind = extended.kind(socket.udp_port.is_some())?;
    let (destination, port) = slot.from.to_internet()?;
    let quoted = slot.head.get(..slot.len.min(slot.head.len()))?;
    // RFC 792 promises the first 8 octets: ports and tag.
    if quoted.len() < 8 {
        return None;
    }
    let udp_port = socket.udp_port.map(|_| port);
    Some(Icmp { destination, link: socket.link, udp_port, kind, quoted: Bytes::copy_from_slice(quoted) })
}

/// `struct sock_extended_err`, as far as it matters.
struct Extended {
    origin: u8,
    kind: u8,
    code: u8,
    info: u32,
}

impl Extended {
    fn read(data: &[u8]) -> Option<Self> {
        let info = u32::from_ne_bytes(data.get(8..12)?.try_into().ok()?);
        Some(Self { origin: *data.get(4)?, kind: *data.get(5)?, code: *data.get(6)?, info })
    }

    fn kind(&self, over_udp: bool) -> Option<IcmpKind> {
        // RFC 6951 §5.5: with encapsulation it is the UDP port that says whether anybody is there.
        let port = if over_udp { IcmpKind::ProtocolUnreachable } else { IcmpKind::Unreachable };
        match (self.origin, self.kind, self.code) {
            // Destination unreachable: protocol, port, fragmentation needed. RFC 1191 §3: a router that is older than
            // this says 0.
            (libc::SO_EE_ORIGIN_ICMP, 3, 2) => Some(IcmpKind::ProtocolUnreachable),
            (libc::SO_EE_ORIGIN_ICMP, 3, 3) => Some(port),
            (libc::SO_EE_ORIGIN_ICMP, 3, 4) => {
                Some(IcmpKind::PacketTooBig(if self.info == 0 { 576 } else { self.info }))
            }
            (libc::SO_EE_ORIGIN_ICMP, 3, _) => Some(IcmpKind::Unreachable),
            // RFC 4443 §3.1, §3.2, and §3.4 code 1: unrecognized next header.
            (libc::SO_EE_ORIGIN_ICMP6, 1, 4) => Some(port),
            (libc::SO_EE_ORIGIN_ICMP6, 1, _) => Some(IcmpKind::Unreachable),
            (libc::SO_EE_ORIGIN_ICMP6, 2, _) => Some(IcmpKind::PacketTooBig(self.info)),
            (libc::SO_EE_ORIGIN_ICMP6, 4, 1) => Some(IcmpKind::ProtocolUnreachable),
            // Time exceeded and the rest say nothing that a retransmission would not find out.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(origin: u8, kind: u8, code: u8, info: u32, over_udp: bool) -> Option<IcmpKind> {
        Extended { origin, kind, code, info }.kind(over_udp)
    }

    #[test]
    fn a_missing_protocol_is_told_from_a_missing_port_by_the_link() {
        assert_eq!(kind(2, 3, 2, 0, false), Some(IcmpKind::ProtocolUnreachable));
        assert_eq!(kind(2, 3, 3, 0, false), Some(IcmpKind::Unreachable));
        assert_eq!(kind(2, 3, 3, 0, true), Some(IcmpKind::ProtocolUnreachable));
        assert_eq!(kind(3, 1, 4, 0, true), Some(IcmpKind::ProtocolUnreachable));
        assert_eq!(kind(3, 4, 1, 0, false), Some(IcmpKind::ProtocolUnreachable));
        assert_eq!(kind(3, 4, 0, 0, false), None);
    }

    #[test]
    fn packet_too_big_carries_the_mtu() {
        assert_eq!(kind(2, 3, 4, 1400, false), Some(IcmpKind::PacketTooBig(1400)));
        assert_eq!(kind(2, 3, 4, 0, false), Some(IcmpKind::PacketTooBig(576)));
        assert_eq!(kind(3, 2, 0, 1280, true), Some(IcmpKind::PacketTooBig(1280)));
    }

    #[test]
    fn errors_of_this_host_itself_are_not_icmp() {
        assert_eq!(kind(1, 0, 0, 1500, false), None);
        assert!(Extended::read(&[0; 11]).is_none());
    }
}
