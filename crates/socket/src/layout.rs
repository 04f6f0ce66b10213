//! Notifications as octets: the structures of `linux/sctp.h`, in the host's byte order.
//!
//! They are laid out here and not at the C border because a program may read one in parts, like any message.

use std::net::SocketAddr;

use crate::{AssocId, Notification, SendFlags};

impl Notification {
    /// The octets that `recvmsg` gives.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Octets::new(self.kind() as u16);
        match self {
            Self::AssociationChange { association, state, error, outbound_streams, inbound_streams, info } => {
                // `sac_error` stands in network order, as the kernel copies it out of the chunk.
                octets.u16(*state as u16).network16(*error).u16(*outbound_streams).u16(*inbound_streams);
                octets.id(*association).tail(info);
            }
            Self::PeerAddressChange { association, address, state, error } => {
                octets.storage(*address).i32(*state).i32(*error).id(*association);
            }
            Self::RemoteError { association, error, data } => {
                octets.network16(*error).u16(0).id(*association).tail(data);
            }
            Self::SendFailed { .. } => self.encode_send_failed(&mut octets),
            Self::Shutdown { association } | Self::SenderDry { association } => {
                octets.id(*association);
            }
            Self::Adaptation { association, code } => {
                octets.u32(*code).id(*association);
            }
            Self::PartialDelivery { association, indication, stream, sequence } => {
                octets.u32(*indication).id(*association).u32(*stream).u32(*sequence);
            }
            Self::Authentication { association, key, alternate_key, indication } => {
                octets.u16(*key).u16(*alternate_key).u32(*indication).id(*association);
            }
            Self::StreamReset { association, flags, streams } => {
                octets.flags(*flags).id(*association);
                for stream in streams {
                    octets.u16(*stream);
                }
            }
            Self::AssociationReset { association, flags, local_tsn, remote_tsn } => {
                octets.flags(*flags).id(*association).u32(*local_tsn).u32(*remote_tsn);
            }
            Self::StreamChange { association, flags, inbound, outbound } => {
                octets.flags(*flags).id(*association).u16(*inbound).u16(*outbound);
            }
        }
        octets.finish()
    }

    fn encode_send_failed(&self, octets: &mut Octets) {
        let Self::SendFailed { association, event, sent, error, stream, ssn, chunk_flags, ppid, context, data } = self
        else {
            return;
        };
        octets.flags(u16::from(*sent)).network16(*error).u16(0);
        if *event {
            // struct sctp_sndinfo
            octets.u16(*stream).u16(u16::from(*chunk_flags)).u32(*ppid).u32(*context).id(*association);
        } else {
            // struct sctp_sndrcvinfo
            octets.u16(*stream).u16(*ssn).u16(u16::from(*chunk_flags)).u16(0).u32(*ppid).u32(*context);
            octets.u32(0).u32(0).u32(0).id(*association);
        }
        octets.id(*association).tail(data);
    }
}

/// A notification being written: type, flags, length, then the rest.
struct Octets(Vec<u8>);

impl Octets {
    fn new(kind: u16) -> Self {
        let mut octets = Vec::with_capacity(160);
        octets.extend(kind.to_ne_bytes());
        octets.extend([0; 6]);
        Self(octets)
    }

    fn flags(&mut self, flags: u16) -> &mut Self {
        self.0[2..4].copy_from_slice(&flags.to_ne_bytes());
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn network16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn i32(&mut self, value: i32) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn id(&mut self, id: AssocId) -> &mut Self {
        self.i32(id.0)
    }

    fn tail(&mut self, octets: &[u8]) -> &mut Self {
        self.0.extend(octets);
        self
    }

    /// `struct sockaddr_storage`.
    fn storage(&mut self, address: SocketAddr) -> &mut Self {
        let start = self.0.len();
        match address {
            SocketAddr::V4(v4) => {
                self.u16(AF_INET);
                self.network16(v4.port());
                self.tail(&v4.ip().octets());
            }
            SocketAddr::V6(v6) => {
                self.u16(AF_INET6);
                self.network16(v6.port());
                self.tail(&v6.flowinfo().to_be_bytes());
                self.tail(&v6.ip().octets());
                self.u32(v6.scope_id());
            }
        }
        self.0.resize(start + SOCKADDR_STORAGE, 0);
        self
    }

    fn finish(mut self) -> Vec<u8> {
        let len = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[4..8].copy_from_slice(&len.to_ne_bytes());
        self.0
    }
}

impl SendFlags {
    /// `sinfo_flags` in Linux's numbers.
    #[must_use]
    pub fn bits(&self) -> u16 {
        let mut bits = u16::from(self.policy & 3) << 4;
        for (flag, bit) in [
            (self.unordered, 0x0001),
            (self.address_over, 0x0002),
            (self.abort, 0x0004),
            (self.immediate, 0x0008),
            (self.send_all, 0x0040),
            (self.end_of_file, 0x0200),
        ] {
            if flag {
                bits |= bit;
            }
        }
        bits
    }

    /// From Linux's numbers; `None` if there is a bit that is none of them.
    #[must_use]
    pub fn from_bits(bits: u16) -> Option<Self> {
        let flags = Self {
            unordered: bits & 0x0001 != 0,
            address_over: bits & 0x0002 != 0,
            abort: bits & 0x0004 != 0,
            immediate: bits & 0x0008 != 0,
            send_all: bits & 0x0040 != 0,
            end_of_file: bits & 0x0200 != 0,
            policy: ((bits >> 4) & 3) as u8,
        };
        (flags.bits() == bits).then_some(flags)
    }
}

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCKADDR_STORAGE: usize = 128;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::AssociationChangeState;

    const ID: AssocId = AssocId(7);

    #[test]
    fn an_association_that_was_aborted_with_a_reason_reads_as_on_linux() {
        let octets = Notification::AssociationChange {
            association: ID,
            state: AssociationChangeState::Lost,
            error: 12,
            outbound_streams: 0,
            inbound_streams: 0,
            info: Bytes::from_static(&[0, 12, 0, 7, b'b', b'y', b'e']),
        }
        .encode();
        let expected =
            [0x01, 0x80, 0, 0, 27, 0, 0, 0, 1, 0, 0, 12, 0, 0, 0, 0, 7, 0, 0, 0, 0, 12, 0, 7, b'b', b'y', b'e'];
        assert_eq!(octets, expected);
    }

    #[test]
    fn an_address_change_is_148_octets_with_the_id_last() {
        let octets = Notification::PeerAddressChange {
            association: ID,
            address: "[2001:db8::1]:80".parse().expect("an address"),
            state: 5,
            error: 2,
        }
        .encode();
        assert_eq!(octets.len(), 148);
        assert_eq!(octets[8..12], [10, 0, 0, 80]);
        assert_eq!(octets[16..18], [0x20, 0x01]);
        assert_eq!(octets[136..], [5, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0]);
    }

    #[test]
    fn a_failed_send_is_told_in_both_forms() {
        let failed = |event| Notification::SendFailed {
            association: ID,
            event,
            sent: true,
            error: 12,
            stream: 3,
            ssn: 4,
            chunk_flags: 3,
            ppid: 5,
            context: 6,
            data: Bytes::from_static(b"xy"),
        };
        let old = failed(false).encode();
        assert_eq!(old.len(), 50);
        assert_eq!(old[..12], [0x03, 0x80, 1, 0, 50, 0, 0, 0, 0, 12, 0, 0]);
        assert_eq!(old[12..18], [3, 0, 4, 0, 3, 0]);
        assert_eq!(old[40..], [7, 0, 0, 0, 7, 0, 0, 0, b'x', b'y']);
        let new = failed(true).encode();
        assert_eq!(new.len(), 34);
        assert_eq!(new[..2], [0x0d, 0x80]);
        assert_eq!(new[24..32], [7, 0, 0, 0, 7, 0, 0, 0]);
    }

    #[test]
    fn lengths_are_those_of_linux() {
        let lengths = [
            (Notification::Shutdown { association: ID }, 12),
            (Notification::SenderDry { association: ID }, 12),
            (Notification::Adaptation { association: ID, code: 1 }, 16),
            (Notification::PartialDelivery { association: ID, indication: 0, stream: 0, sequence: 0 }, 24),
            (Notification::Authentication { association: ID, key: 0, alternate_key: 0, indication: 2 }, 20),
            (Notification::RemoteError { association: ID, error: 1, data: Bytes::from_static(b"abc") }, 19),
            (Notification::StreamReset { association: ID, flags: 2, streams: vec![1, 2] }, 16),
            (Notification::AssociationReset { association: ID, flags: 0, local_tsn: 1, remote_tsn: 2 }, 20),
            (Notification::StreamChange { association: ID, flags: 0, inbound: 1, outbound: 2 }, 16),
        ];
        for (notification, len) in lengths {
            let octets = notification.encode();
            assert_eq!(octets.len(), len, "{notification:?}");
            assert_eq!(octets[4..8], u32::try_from(len).expect("short").to_ne_bytes());
        }
    }

    #[test]
    fn flags_keep_linuxs_numbers_and_refuse_others() {
        assert_eq!(SendFlags::from_bits(0x024f).map(|flags| flags.bits()), Some(0x024f));
        assert_eq!(SendFlags::from_bits(0x0100), None);
        assert_eq!(SendFlags::from_bits(0x0080), None);
        assert_eq!(SendFlags::from_bits(0x0030).map(|flags| flags.policy), Some(3));
    }
}
