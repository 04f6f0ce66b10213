//! Control messages: octets to what a send asks for, and what was received to octets.

use std::{mem::size_of, net::IpAddr, time::Duration};

use rustix::io::Errno;
use usctp_socket::{AssocId, InitParameters, NextInfo, PartialReliability, ReceiveInfo, Received, SendFlags, SendInfo};

use super::{
    MSG_NOTIFICATION, Plain, SCTP_ABORT, SCTP_ADDR_OVER, SCTP_AUTHINFO, SCTP_DSTADDRV4, SCTP_DSTADDRV6, SCTP_EOF,
    SCTP_INIT, SCTP_NXTINFO, SCTP_PR_SCTP_MASK, SCTP_PRINFO, SCTP_RCVINFO, SCTP_SACK_IMMEDIATELY, SCTP_SENDALL,
    SCTP_SNDINFO, SCTP_SNDRCV, SCTP_UNORDERED, layout, sockaddr,
};

/// What the control messages of a send ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendItems {
    /// SCTP_SNDRCV or SCTP_SNDINFO.
    pub info: Option<SendInfo>,
    /// SCTP_PRINFO.
    pub reliability: Option<PartialReliability>,
    /// SCTP_AUTHINFO.
    pub auth_key: Option<u16>,
    /// SCTP_INIT.
    pub init: Option<InitParameters>,
    /// SCTP_DSTADDRV4 and SCTP_DSTADDRV6, in order.
    pub further: Vec<IpAddr>,
}

/// Reads the control messages of a send.
///
/// # Errors
///
/// EINVAL for a length that does not fit, for items that cannot be sent, and for flags that do not exist. Messages of
/// other levels are ignored, as Linux's SCTP ignores them.
pub fn decode(mut octets: &[u8]) -> Result<SendItems, Errno> {
    let mut items = SendItems::default();
    while let Some(header) = Header::read(octets) {
        let len = header.len;
        if len < HEADER_OCTETS || len > octets.len() {
            return Err(Errno::INVAL);
        }
        if header.level == libc::IPPROTO_SCTP {
            decode_item(header.kind, &octets[HEADER_OCTETS..len], &mut items)?;
        }
        octets = octets.get(aligned(len)..).unwrap_or_default();
    }
    Ok(items)
}

/// Appends the items that the socket has asked for: NXTINFO, RCVINFO, SNDRCV, in Linux's order.
pub fn encode(received: &Received, octets: &mut Vec<u8>) {
    if let Some(next) = received.next.as_ref().filter(|_| received.wants.next_info) {
        push(octets, SCTP_NXTINFO, &next_info(next));
    }
    let Some(info) = &received.info else { return };
    if received.wants.receive_info {
        push(octets, SCTP_RCVINFO, &receive_info(info));
    }
    if received.wants.send_receive_info {
        push(octets, SCTP_SNDRCV, &send_receive_info(info));
    }
}

/// `struct sctp_rcvinfo`.
#[must_use]
pub fn receive_info(info: &ReceiveInfo) -> layout::RcvInfo {
    layout::RcvInfo {
        rcv_sid: info.stream,
        rcv_ssn: info.ssn,
        rcv_flags: unordered_flag(info.unordered),
        rcv_ppid: info.ppid,
        rcv_tsn: info.tsn,
        rcv_cumtsn: info.cumulative_tsn,
        rcv_context: info.context,
        rcv_assoc_id: info.association.0,
        ..Default::default()
    }
}

/// `struct sctp_sndrcvinfo` of a message received.
#[must_use]
pub fn send_receive_info(info: &ReceiveInfo) -> layout::SndRcvInfo {
    layout::SndRcvInfo {
        sinfo_stream: info.stream,
        sinfo_ssn: info.ssn,
        sinfo_flags: unordered_flag(info.unordered),
        sinfo_ppid: info.ppid,
        sinfo_context: info.context,
        sinfo_tsn: info.tsn,
        sinfo_cumtsn: info.cumulative_tsn,
        sinfo_assoc_id: info.association.0,
        ..Default::default()
    }
}

/// `struct sctp_nxtinfo`.
#[must_use]
pub fn next_info(next: &NextInfo) -> layout::NxtInfo {
    let notification = if next.notification { MSG_NOTIFICATION as u16 } else { 0 };
    layout::NxtInfo {
        nxt_sid: next.stream,
        nxt_flags: unordered_flag(next.unordered) | notification | if next.complete { SCTP_COMPLETE } else { 0 },
        nxt_ppid: next.ppid,
        nxt_length: next.length,
        nxt_assoc_id: next.association.0,
    }
}

/// RFC 6458 §5.3.6.
const SCTP_COMPLETE: u16 = 0x20;

/// SCTP_SNDRCV of a send.
///
/// # Errors
///
/// EINVAL for flags that do not exist.
pub fn from_send_receive_info(info: &layout::SndRcvInfo) -> Result<SendInfo, Errno> {
    Ok(SendInfo {
        stream: info.sinfo_stream,
        flags: send_flags(info.sinfo_flags, true)?,
        ppid: info.sinfo_ppid,
        context: info.sinfo_context,
        association: AssocId(info.sinfo_assoc_id),
        lifetime: Some(Duration::from_millis(info.sinfo_timetolive.into())),
    })
}

/// SCTP_SNDINFO.
///
/// # Errors
///
/// EINVAL for flags that do not exist.
pub fn from_send_info(info: &layout::SndInfo) -> Result<SendInfo, Errno> {
    Ok(SendInfo {
        stream: info.snd_sid,
        flags: send_flags(info.snd_flags, false)?,
        ppid: info.snd_ppid,
        context: info.snd_context,
        association: AssocId(info.snd_assoc_id),
        lifetime: None,
    })
}

/// SCTP_PRINFO.
///
/// # Errors
///
/// EINVAL for a policy that does not exist.
pub fn from_reliability(info: &layout::PrInfo) -> Result<PartialReliability, Errno> {
    reliability(info.pr_policy, info.pr_value)
}

/// A policy and its value; no policy has no value.
///
/// # Errors
///
/// EINVAL for a policy that does not exist.
pub fn reliability(policy: u16, value: u32) -> Result<PartialReliability, Errno> {
    if i32::from(policy) & !SCTP_PR_SCTP_MASK != 0 {
        return Err(Errno::INVAL);
    }
    let policy = (policy >> POLICY_SHIFT) as u8;
    Ok(PartialReliability { policy, value: if policy == 0 { 0 } else { value } })
}

/// SCTP_INITMSG and SCTP_INIT.
#[must_use]
pub fn from_init(init: &layout::InitMsg) -> InitParameters {
    InitParameters {
        outbound_streams: init.sinit_num_ostreams,
        inbound_streams: init.sinit_max_instreams,
        attempts: init.sinit_max_attempts,
        timeout_ms: init.sinit_max_init_timeo,
    }
}

/// `sinfo_flags` or `snd_flags`; the policy's bits exist in the first only.
///
/// # Errors
///
/// EINVAL for flags that do not exist.
pub fn send_flags(flags: u16, with_policy: bool) -> Result<SendFlags, Errno> {
    let flags = i32::from(flags);
    let policy_bits = if with_policy { SCTP_PR_SCTP_MASK } else { 0 };
    if flags & !(SEND_FLAGS | policy_bits) != 0 {
        return Err(Errno::INVAL);
    }
    Ok(SendFlags {
        unordered: flags & SCTP_UNORDERED != 0,
        address_over: flags & SCTP_ADDR_OVER != 0,
        abort: flags & SCTP_ABORT != 0,
        end_of_file: flags & SCTP_EOF != 0,
        immediate: flags & SCTP_SACK_IMMEDIATELY != 0,
        send_all: flags & SCTP_SENDALL != 0,
        policy: ((flags & SCTP_PR_SCTP_MASK) >> POLICY_SHIFT) as u8,
    })
}

/// The octets of `sinfo_flags` for flags that were set before.
#[must_use]
pub fn send_flag_bits(flags: SendFlags) -> u16 {
    let bit = |on: bool, bit: i32| if on { bit } else { 0 };
    let bits = bit(flags.unordered, SCTP_UNORDERED)
        | bit(flags.address_over, SCTP_ADDR_OVER)
        | bit(flags.abort, SCTP_ABORT)
        | bit(flags.end_of_file, SCTP_EOF)
        | bit(flags.immediate, SCTP_SACK_IMMEDIATELY)
        | bit(flags.send_all, SCTP_SENDALL)
        | i32::from(flags.policy) << POLICY_SHIFT;
    bits as u16
}

/// Appends one control message of level IPPROTO_SCTP.
pub fn push<T: Plain>(octets: &mut Vec<u8>, kind: i32, data: &T) {
    push_octets(octets, kind, data.octets());
}

/// The same, for data without a structure.
pub fn push_octets(octets: &mut Vec<u8>, kind: i32, data: &[u8]) {
    let len = HEADER_OCTETS + data.len();
    octets.extend_from_slice(&len.to_ne_bytes());
    octets.extend_from_slice(&libc::IPPROTO_SCTP.to_ne_bytes());
    octets.extend_from_slice(&kind.to_ne_bytes());
    octets.extend_from_slice(data);
    octets.resize(octets.len() - len + aligned(len), 0);
}

/// The data of the first control message of level IPPROTO_SCTP that is of this kind.
#[must_use]
pub fn find(mut octets: &[u8], kind: i32) -> Option<&[u8]> {
    loop {
        let header = Header::read(octets)?;
        if header.len < HEADER_OCTETS || header.len > octets.len() {
            return None;
        }
        if (header.level, header.kind) == (libc::IPPROTO_SCTP, kind) {
            return Some(&octets[HEADER_OCTETS..header.len]);
        }
        octets = octets.get(aligned(header.len)..)?;
    }
}

fn decode_item(kind: i32, data: &[u8], items: &mut SendItems) -> Result<(), Errno> {
    match kind {
        SCTP_INIT => items.init = Some(from_init(&exactly(data)?)),
        SCTP_SNDRCV => {
            let info = from_send_receive_info(&exactly(data)?)?;
            // Beside an SCTP_SNDINFO, which has no lifetime, it does not count, wherever it stands.
            if items.info.as_ref().is_none_or(|other| other.lifetime.is_some()) {
                items.info = Some(info);
            }
        }
        SCTP_SNDINFO => items.info = Some(from_send_info(&exactly(data)?)?),
        SCTP_PRINFO => items.reliability = Some(from_reliability(&exactly(data)?)?),
        SCTP_AUTHINFO => items.auth_key = Some(exactly::<layout::AuthInfo>(data)?.auth_keynumber),
        SCTP_DSTADDRV4 | SCTP_DSTADDRV6 => {
            items.further.push(sockaddr::ip(data, kind == SCTP_DSTADDRV6).ok_or(Errno::INVAL)?);
        }
        _ => return Err(Errno::INVAL),
    }
    Ok(())
}

/// Linux wants `cmsg_len` exact.
fn exactly<T: Plain>(data: &[u8]) -> Result<T, Errno> {
    if data.len() == size_of::<T>() { T::read(data).ok_or(Errno::INVAL) } else { Err(Errno::INVAL) }
}

/// `struct cmsghdr`.
pub(crate) struct Header {
    /// With the header.
    pub(crate) len: usize,
    pub(crate) level: i32,
    pub(crate) kind: i32,
}

impl Header {
    /// `sizeof(struct cmsghdr)`.
    pub(crate) const OCTETS: usize = HEADER_OCTETS;

    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        Some(Self {
            len: usize::from_ne_bytes(*octets.first_chunk()?),
            level: i32::from_ne_bytes(*octets.get(8..)?.first_chunk()?),
            kind: i32::from_ne_bytes(*octets.get(12..)?.first_chunk()?),
        })
    }
}

const fn aligned(len: usize) -> usize {
    len.next_multiple_of(size_of::<usize>())
}

fn unordered_flag(unordered: bool) -> u16 {
    if unordered { SCTP_UNORDERED as u16 } else { 0 }
}

/// `sizeof(struct cmsghdr)`.
pub(crate) const HEADER_OCTETS: usize = 16;
const POLICY_SHIFT: u32 = 4;
const SEND_FLAGS: i32 = SCTP_UNORDERED | SCTP_ADDR_OVER | SCTP_SACK_IMMEDIATELY | SCTP_SENDALL | SCTP_ABORT | SCTP_EOF;

#[cfg(test)]
mod tests {
    use usctp_socket::WantedItems;

    use super::*;

    fn item<T: Plain>(kind: i32, data: &T) -> Vec<u8> {
        let mut octets = Vec::new();
        push(&mut octets, kind, data);
        octets
    }

    #[test]
    fn all_items_of_one_send_are_read() {
        let mut octets = item(SCTP_SNDINFO, &layout::SndInfo { snd_sid: 3, snd_ppid: 9, ..Default::default() });
        octets.extend(item(SCTP_PRINFO, &layout::PrInfo { pr_policy: 0x20, pr_value: 4, ..Default::default() }));
        octets.extend(item(SCTP_AUTHINFO, &layout::AuthInfo { auth_keynumber: 7 }));
        octets.extend(item(SCTP_INIT, &layout::InitMsg { sinit_num_ostreams: 5, ..Default::default() }));
        octets.extend(item(SCTP_DSTADDRV4, &layout::SetAdaptation { ssb_adaptation_ind: 0x0100_007f }));
        let items = decode(&octets).expect("good items");
        assert_eq!(items.info.map(|info| (info.stream, info.ppid, info.lifetime)), Some((3, 9, None)));
        assert_eq!(items.reliability, Some(PartialReliability { policy: 2, value: 4 }));
        assert_eq!(items.auth_key, Some(7));
        assert_eq!(items.init.map(|init| init.outbound_streams), Some(5));
        assert_eq!(items.further, ["127.0.0.1".parse::<IpAddr>().expect("an address")]);
    }

    #[test]
    fn the_lifetime_of_sndrcv_is_in_milliseconds() {
        let info = layout::SndRcvInfo { sinfo_timetolive: 1500, sinfo_flags: 0x11, ..Default::default() };
        let info = decode(&item(SCTP_SNDRCV, &info)).expect("good").info.expect("an item");
        assert_eq!(info.lifetime, Some(Duration::from_millis(1500)));
        assert!(info.flags.unordered);
        assert_eq!(info.flags.policy, 1);
        assert_eq!(send_flag_bits(info.flags), 0x11);
    }

    #[test]
    fn items_that_cannot_be_sent_and_wrong_lengths_and_flags_are_invalid() {
        assert_eq!(decode(&item(SCTP_RCVINFO, &layout::RcvInfo::default())), Err(Errno::INVAL));
        assert_eq!(decode(&item(99, &layout::RcvInfo::default())), Err(Errno::INVAL));
        assert_eq!(decode(&item(SCTP_SNDRCV, &layout::SndInfo::default())), Err(Errno::INVAL));
        let flags = layout::SndInfo { snd_flags: 0x10, ..Default::default() };
        assert_eq!(decode(&item(SCTP_SNDINFO, &flags)), Err(Errno::INVAL));
        let mut octets = item(SCTP_SNDINFO, &layout::SndInfo::default());
        octets[0] = 15;
        assert_eq!(decode(&octets), Err(Errno::INVAL));
        octets[0] = 200;
        assert_eq!(decode(&octets), Err(Errno::INVAL));
    }

    #[test]
    fn other_levels_and_a_rest_too_short_for_a_header_are_ignored() {
        let mut octets = item(1, &layout::SndInfo::default());
        octets[8..12].copy_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
        octets.extend([0; 15]);
        assert_eq!(decode(&octets), Ok(SendItems::default()));
    }

    #[test]
    fn only_what_was_asked_for_is_given_in_linuxs_order() {
        let mut received = Received {
            info: Some(ReceiveInfo { stream: 2, ssn: 1, tsn: 7, ..Default::default() }),
            next: Some(NextInfo { notification: true, ..Default::default() }),
            wants: WantedItems { send_receive_info: true, receive_info: true, next_info: true },
            ..Default::default()
        };
        let mut octets = Vec::new();
        encode(&received, &mut octets);
        assert_eq!(octets.len(), 32 + 48 + 48);
        assert_eq!(octets[12], SCTP_NXTINFO as u8);
        assert_eq!(octets[32 + 12], SCTP_RCVINFO as u8);
        assert_eq!(octets[80 + 12], SCTP_SNDRCV as u8);
        received.wants = WantedItems::default();
        octets.clear();
        encode(&received, &mut octets);
        assert!(octets.is_empty());
    }
}
