//! Options of level IPPROTO_SCTP: octets to [`OptionValue`] and back.
//!
//! What may be set and read, and in which lengths, is told by the table in [`super::options`], which is asked before.

use std::{mem::size_of, time::Duration};

use rustix::io::Errno;
use usctp_socket::{
    AssocId, AssociationParameters, DelayedSack, NotificationKind, OptionName, OptionValue, PathParameters,
    PathThresholds, ReconfigurationName, ReconfigurationValue, RtoParameters, Scope, StreamScheduler, Style,
    Subscriptions,
};

use super::{
    sockaddr::{self, from_storage},
    *,
};

/// What a program sets.
///
/// # Errors
///
/// ENOPROTOOPT for options that cannot be set, EINVAL for lengths and addresses that do not fit, EOPNOTSUPP where Linux
/// says so before it looks at the length.
pub fn decode(name: i32, octets: &[u8], style: Style) -> Result<(Scope, OptionValue), Errno> {
    let whole = |value| Ok((Scope::default(), value));
    match name {
        SCTP_NODELAY => whole(OptionValue::NoDelay(flag(octets)?)),
        SCTP_DISABLE_FRAGMENTS => whole(OptionValue::DisableFragments(flag(octets)?)),
        SCTP_I_WANT_MAPPED_V4_ADDR => whole(OptionValue::MappedV4(flag(octets)?)),
        SCTP_RECVRCVINFO => whole(OptionValue::ReceiveInfo(flag(octets)?)),
        SCTP_RECVNXTINFO => whole(OptionValue::NextInfo(flag(octets)?)),
        SCTP_REUSE_PORT if style == Style::OneToMany => Err(Errno::OPNOTSUPP),
        SCTP_REUSE_PORT => whole(OptionValue::ReusePort(flag(octets)?)),
        SCTP_AUTOCLOSE if style == Style::OneToOne => Err(Errno::OPNOTSUPP),
        SCTP_AUTOCLOSE => whole(OptionValue::Autoclose(number(octets)?)),
        SCTP_ADAPTATION_LAYER => whole(OptionValue::AdaptationLayer(number(octets)?)),
        SCTP_FRAGMENT_INTERLEAVE => whole(OptionValue::FragmentInterleave(number(octets)?)),
        SCTP_PARTIAL_DELIVERY_POINT => whole(OptionValue::PartialDeliveryPoint(number(octets)?)),
        SCTP_INITMSG => whole(OptionValue::Init(control::from_init(&exact(octets)?))),
        SCTP_EVENTS => Ok((Scope::default(), events(octets)?)),
        SCTP_EVENT => event(&front(octets)?),
        SCTP_CONTEXT => of_association(octets, OptionValue::Context),
        SCTP_ASCONF_SUPPORTED => of_association(octets, |value| {
            OptionValue::Reconfiguration(ReconfigurationValue::AsconfSupported(value != 0))
        }),
        SCTP_AUTO_ASCONF => whole(OptionValue::Reconfiguration(ReconfigurationValue::AutoAsconf(flag(octets)?))),
        SCTP_SET_PEER_PRIMARY_ADDR => Ok(peer_primary(octets)),
        SCTP_ECN_SUPPORTED => of_association(octets, |value| OptionValue::EcnSupported(value != 0)),
        SCTP_EXPOSE_POTENTIALLY_FAILED_STATE => of_association(octets, OptionValue::ExposePotentiallyFailed),
        SCTP_PR_SUPPORTED => of_association(octets, |value| OptionValue::PartialReliabilitySupported(value != 0)),
        SCTP_INTERLEAVING_SUPPORTED => of_association(octets, |value| OptionValue::InterleavingSupported(value != 0)),
        SCTP_STREAM_SCHEDULER => {
            let value: layout::AssocValue = exact(octets)?;
            let scheduler = scheduler_of(value.assoc_value).ok_or(Errno::INVAL)?;
            Ok((of(value.assoc_id), OptionValue::StreamScheduler(scheduler)))
        }
        SCTP_STREAM_SCHEDULER_VALUE => {
            let value: layout::StreamValue = exact(octets)?;
            let (stream, value_of) = (value.stream_id, value.stream_value);
            Ok((of(value.assoc_id), OptionValue::StreamValue { stream, value: value_of }))
        }
        SCTP_MAXSEG => number_or_of_association(octets, OptionValue::MaximumSegment),
        SCTP_MAX_BURST => number_or_of_association(octets, OptionValue::MaximumBurst),
        SCTP_DEFAULT_SEND_PARAM | SCTP_DEFAULT_SNDINFO | SCTP_DEFAULT_PRINFO => decode_default(name, octets),
        SCTP_RTOINFO | SCTP_ASSOCINFO | SCTP_DELAYED_ACK_TIME => decode_times(name, octets),
        SCTP_PRIMARY_ADDR
        | SCTP_PEER_ADDR_PARAMS
        | SCTP_PEER_ADDR_THLDS
        | SCTP_PEER_ADDR_THLDS_V2
        | SCTP_REMOTE_UDP_ENCAPS_PORT => decode_path(name, octets),
        _ => authentication::decode(name, octets).unwrap_or(Err(Errno::NOPROTOOPT)),
    }
}

/// What a program asks for: the option, and what it is about. `octets` is the caller's buffer as it came in.
///
/// # Errors
///
/// ENOPROTOOPT for options that cannot be read, EINVAL for a buffer that is too short.
pub fn request(name: i32, octets: &[u8]) -> Result<(OptionName, Scope), Errno> {
    let plain = |wanted: OptionName| {
        if octets.len() < size_of::<i32>() { Err(Errno::INVAL) } else { Ok((wanted, Scope::default())) }
    };
    match name {
        SCTP_NODELAY => plain(OptionName::NoDelay),
        SCTP_DISABLE_FRAGMENTS => plain(OptionName::DisableFragments),
        SCTP_I_WANT_MAPPED_V4_ADDR => plain(OptionName::MappedV4),
        SCTP_RECVRCVINFO => plain(OptionName::ReceiveInfo),
        SCTP_RECVNXTINFO => plain(OptionName::NextInfo),
        SCTP_REUSE_PORT => plain(OptionName::ReusePort),
        SCTP_AUTOCLOSE => plain(OptionName::Autoclose),
        SCTP_ADAPTATION_LAYER => plain(OptionName::AdaptationLayer),
        SCTP_FRAGMENT_INTERLEAVE => plain(OptionName::FragmentInterleave),
        SCTP_PARTIAL_DELIVERY_POINT => plain(OptionName::PartialDeliveryPoint),
        SCTP_GET_ASSOC_NUMBER => plain(OptionName::AssociationNumber),
        SCTP_GET_ASSOC_ID_LIST => plain(OptionName::AssociationIds),
        SCTP_INITMSG => front::<layout::InitMsg>(octets).map(|_| (OptionName::Init, Scope::default())),
        SCTP_EVENTS if octets.is_empty() => Err(Errno::INVAL),
        SCTP_EVENTS => Ok((OptionName::Events, Scope::default())),
        SCTP_EVENT => request_event(&front(octets)?),
        SCTP_CONTEXT => association_first::<layout::AssocValue>(octets, OptionName::Context),
        SCTP_AUTO_ASCONF => plain(OptionName::Reconfiguration(ReconfigurationName::AutoAsconf)),
        SCTP_ASCONF_SUPPORTED => association_first::<layout::AssocValue>(
            octets,
            OptionName::Reconfiguration(ReconfigurationName::AsconfSupported),
        ),
        SCTP_ECN_SUPPORTED => association_first::<layout::AssocValue>(octets, OptionName::EcnSupported),
        SCTP_EXPOSE_POTENTIALLY_FAILED_STATE => {
            association_first::<layout::AssocValue>(octets, OptionName::ExposePotentiallyFailed)
        }
        SCTP_PR_SUPPORTED => association_first::<layout::AssocValue>(octets, OptionName::PartialReliabilitySupported),
        SCTP_INTERLEAVING_SUPPORTED => {
            association_first::<layout::AssocValue>(octets, OptionName::InterleavingSupported)
        }
        SCTP_STREAM_SCHEDULER => association_first::<layout::AssocValue>(octets, OptionName::StreamScheduler),
        SCTP_STREAM_SCHEDULER_VALUE => {
            let value: layout::StreamValue = front(octets)?;
            Ok((OptionName::StreamValue(value.stream_id), of(value.assoc_id)))
        }
        SCTP_PR_ASSOC_STATUS | SCTP_PR_STREAM_STATUS => request_abandoned(name, octets),
        SCTP_MAXSEG => maybe_association(octets, OptionName::MaximumSegment),
        SCTP_MAX_BURST => maybe_association(octets, OptionName::MaximumBurst),
        SCTP_RTOINFO => association_first::<layout::RtoInfo>(octets, OptionName::Rto),
        SCTP_ASSOCINFO => association_first::<layout::AssocParams>(octets, OptionName::Association),
        SCTP_STATUS => association_first::<layout::Status>(octets, OptionName::Status),
        SCTP_GET_ASSOC_STATS => association_first::<layout::SetAdaptation>(octets, OptionName::AssociationStatistics),
        SCTP_DEFAULT_PRINFO => {
            association_first::<layout::DefaultPrInfo>(octets, OptionName::DefaultPartialReliability)
        }
        SCTP_DELAYED_ACK_TIME if octets.len() < 12 && octets.len() != 8 => Err(Errno::INVAL),
        SCTP_DELAYED_ACK_TIME => association_first::<layout::AssocValue>(octets, OptionName::DelayedSack),
        SCTP_DEFAULT_SEND_PARAM => {
            let info: layout::SndRcvInfo = front(octets)?;
            Ok((OptionName::DefaultSendParameters, of(info.sinfo_assoc_id)))
        }
        SCTP_DEFAULT_SNDINFO => {
            let info: layout::SndInfo = front(octets)?;
            Ok((OptionName::DefaultSendInfo, of(info.snd_assoc_id)))
        }
        _ => authentication::request(name, octets).unwrap_or_else(|| request_path(name, octets)),
    }
}

/// What is said to a program whose buffer cannot hold this value, of which the length was not known before.
#[must_use]
pub fn too_small(value: &OptionValue) -> Errno {
    match value {
        OptionValue::Authentication(value) => authentication::too_small(value),
        _ => Errno::INVAL,
    }
}

/// The octets of a value for a buffer of `room` octets: never more than that, but for lists that cannot be cut
/// ([`too_small`]).
#[must_use]
pub fn encode(scope: &Scope, value: &OptionValue, room: usize) -> Vec<u8> {
    match value {
        OptionValue::NoDelay(on)
        | OptionValue::DisableFragments(on)
        | OptionValue::MappedV4(on)
        | OptionValue::ReceiveInfo(on)
        | OptionValue::NextInfo(on)
        | OptionValue::ReusePort(on) => u32::from(*on).to_ne_bytes().to_vec(),
        OptionValue::Autoclose(value)
        | OptionValue::AdaptationLayer(value)
        | OptionValue::FragmentInterleave(value)
        | OptionValue::PartialDeliveryPoint(value)
        | OptionValue::AssociationNumber(value) => value.to_ne_bytes().to_vec(),
        OptionValue::MaximumSegment(value) | OptionValue::MaximumBurst(value) if room < 8 => {
            value.to_ne_bytes().to_vec()
        }
        OptionValue::MaximumSegment(value)
        | OptionValue::MaximumBurst(value)
        | OptionValue::Context(value)
        | OptionValue::ExposePotentiallyFailed(value) => assoc_value(scope, *value),
        OptionValue::EcnSupported(on)
        | OptionValue::PartialReliabilitySupported(on)
        | OptionValue::InterleavingSupported(on) => assoc_value(scope, u32::from(*on)),
        OptionValue::StreamScheduler(scheduler) => assoc_value(scope, scheduler_number(*scheduler)),
        OptionValue::StreamValue { stream, value } => {
            octets(layout::StreamValue { assoc_id: scope.association.0, stream_id: *stream, stream_value: *value })
        }
        OptionValue::DelayedSack(sack) if room < 12 => assoc_value(scope, millis(sack.delay)),
        OptionValue::Event(kind, on) => octets(layout::Event {
            se_assoc_id: scope.association.0,
            se_type: *kind as u16,
            se_on: u8::from(*on),
            ..Default::default()
        }),
        OptionValue::Events { wanted, .. } => {
            NotificationKind::ALL.iter().take(room).map(|kind| u8::from(wanted.has(*kind))).collect()
        }
        OptionValue::AssociationIds(ids) => {
            let fits = room.saturating_sub(4) / 4;
            let number = ids.len().min(fits) as u32;
            let ids = ids.iter().take(fits).flat_map(|id| id.0.to_ne_bytes());
            number.to_ne_bytes().into_iter().chain(ids).collect()
        }
        OptionValue::Reconfiguration(ReconfigurationValue::AutoAsconf(on)) => u32::from(*on).to_ne_bytes().to_vec(),
        OptionValue::Reconfiguration(ReconfigurationValue::AsconfSupported(on)) => assoc_value(scope, u32::from(*on)),
        OptionValue::Authentication(value) => authentication::encode(scope, value),
        _ => encode_structure(scope, value, room),
    }
}

fn encode_structure(scope: &Scope, value: &OptionValue, room: usize) -> Vec<u8> {
    let id = scope.association.0;
    match value {
        OptionValue::Rto(rto) => octets(layout::RtoInfo {
            srto_assoc_id: id,
            srto_initial: millis(rto.initial),
            srto_max: millis(rto.max),
            srto_min: millis(rto.min),
        }),
        OptionValue::Association(association) => octets(layout::AssocParams {
            sasoc_assoc_id: id,
            sasoc_asocmaxrxt: association.max_retransmissions,
            sasoc_number_peer_destinations: association.peer_destinations,
            sasoc_peer_rwnd: association.peer_rwnd,
            sasoc_local_rwnd: association.local_rwnd,
            sasoc_cookie_life: millis(association.cookie_life),
        }),
        OptionValue::Init(init) => octets(layout::InitMsg {
            sinit_num_ostreams: init.outbound_streams,
            sinit_max_instreams: init.inbound_streams,
            sinit_max_attempts: init.attempts,
            sinit_max_init_timeo: init.timeout_ms,
        }),
        OptionValue::DelayedSack(sack) => {
            octets(layout::SackInfo { sack_assoc_id: id, sack_delay: millis(sack.delay), sack_freq: sack.frequency })
        }
        OptionValue::DefaultSendParameters(info) => octets(layout::SndRcvInfo {
            sinfo_stream: info.stream,
            sinfo_flags: control::send_flag_bits(info.flags),
            sinfo_ppid: info.ppid,
            sinfo_context: info.context,
            sinfo_timetolive: info.lifetime.map_or(0, millis),
            sinfo_assoc_id: id,
            ..Default::default()
        }),
        OptionValue::DefaultSendInfo(info) => octets(layout::SndInfo {
            snd_sid: info.stream,
            snd_flags: control::send_flag_bits(info.flags),
            snd_ppid: info.ppid,
            snd_context: info.context,
            snd_assoc_id: id,
        }),
        OptionValue::DefaultPartialReliability(reliability) => octets(layout::DefaultPrInfo {
            pr_assoc_id: id,
            pr_value: reliability.value,
            pr_policy: u16::from(reliability.policy) << 4,
            ..Default::default()
        }),
        OptionValue::Abandoned(abandoned) => octets(layout::PrStatus {
            sprstat_assoc_id: id,
            sprstat_sid: abandoned.stream.unwrap_or(0),
            sprstat_policy: abandoned.policy.map_or(SCTP_PR_SCTP_ALL as u16, |policy| u16::from(policy) << 4),
            sprstat_abandoned_unsent: abandoned.unsent,
            sprstat_abandoned_sent: abandoned.sent,
        }),
        OptionValue::Status(status) => octets(layout::Status {
            sstat_assoc_id: status.association.0,
            sstat_state: status.state,
            sstat_rwnd: status.peer_rwnd,
            sstat_unackdata: status.unacknowledged,
            sstat_penddata: status.pending,
            sstat_instrms: status.inbound_streams,
            sstat_outstrms: status.outbound_streams,
            sstat_fragmentation_point: status.fragmentation_point,
            sstat_primary: paddr_info(&status.primary),
        }),
        OptionValue::PathInfo(info) => octets(paddr_info(info)),
        OptionValue::AssociationStatistics(statistics) => {
            let mut octets = octets(assoc_stats(statistics));
            octets.truncate(room);
            octets
        }
        _ => encode_path(scope, value, room),
    }
}

fn encode_path(scope: &Scope, value: &OptionValue, room: usize) -> Vec<u8> {
    let id = scope.association.0;
    let address = scope.address.as_ref().map(sockaddr::storage).unwrap_or_default();
    match value {
        OptionValue::PrimaryAddress(primary) => {
            octets(layout::Prim { ssp_assoc_id: id, ssp_addr: sockaddr::storage(primary) })
        }
        OptionValue::PathParameters(path) => {
            let mut octets = octets(layout::PaddrParams {
                spp_assoc_id: id,
                spp_address: address,
                spp_hbinterval: millis(path.heartbeat_interval),
                spp_pathmaxrxt: path.max_retransmissions,
                spp_pathmtu: path.mtu,
                spp_sackdelay: millis(path.sack_delay),
                spp_flags: path.flags,
                spp_ipv6_flowlabel: path.flow_label,
                spp_dscp: path.dscp,
                ..Default::default()
            });
            octets.truncate(if room < size_of::<layout::PaddrParams>() { PADDRPARAMS_WITHOUT_DSCP } else { room });
            octets
        }
        OptionValue::PathThresholds(thresholds) => octets(layout::PaddrThldsV2 {
            spt_assoc_id: id,
            spt_address: address,
            spt_pathmaxrxt: thresholds.max_retransmissions,
            spt_pathpfthld: thresholds.potentially_failed,
            // Linux fills this member in the first form too, where it is padding.
            spt_pathcpthld: thresholds.primary_switchover.unwrap_or(u16::MAX),
            ..Default::default()
        }),
        OptionValue::EncapsulationPort(port) => octets(layout::UdpEncaps {
            sue_assoc_id: id,
            sue_address: address,
            sue_port: port.to_be(),
            ..Default::default()
        }),
        _ => Vec::new(),
    }
}

fn decode_default(name: i32, octets: &[u8]) -> Result<(Scope, OptionValue), Errno> {
    match name {
        SCTP_DEFAULT_SEND_PARAM => {
            let info: layout::SndRcvInfo = exact(octets)?;
            default_flags(info.sinfo_flags)?;
            let value = control::from_send_receive_info(&info)?;
            Ok((of(info.sinfo_assoc_id), OptionValue::DefaultSendParameters(value)))
        }
        SCTP_DEFAULT_SNDINFO => {
            let info: layout::SndInfo = exact(octets)?;
            default_flags(info.snd_flags)?;
            let value = control::from_send_info(&info)?;
            Ok((of(info.snd_assoc_id), OptionValue::DefaultSendInfo(value)))
        }
        _ => {
            let info: layout::DefaultPrInfo = exact(octets)?;
            let value = control::reliability(info.pr_policy, info.pr_value)?;
            Ok((of(info.pr_assoc_id), OptionValue::DefaultPartialReliability(value)))
        }
    }
}

/// The flags that are taken as a default; SCTP_SENDALL not by Linux, which the socket layer knows.
fn default_flags(flags: u16) -> Result<(), Errno> {
    let known = SCTP_UNORDERED | SCTP_ADDR_OVER | SCTP_ABORT | SCTP_EOF | SCTP_SENDALL;
    if i32::from(flags) & !known == 0 { Ok(()) } else { Err(Errno::INVAL) }
}

fn decode_times(name: i32, octets: &[u8]) -> Result<(Scope, OptionValue), Errno> {
    match name {
        SCTP_RTOINFO => {
            let rto: layout::RtoInfo = exact(octets)?;
            let value = RtoParameters {
                initial: duration(rto.srto_initial),
                max: duration(rto.srto_max),
                min: duration(rto.srto_min),
            };
            Ok((of(rto.srto_assoc_id), OptionValue::Rto(value)))
        }
        SCTP_ASSOCINFO => {
            let association: layout::AssocParams = exact(octets)?;
            let value = AssociationParameters {
                max_retransmissions: association.sasoc_asocmaxrxt,
                peer_destinations: association.sasoc_number_peer_destinations,
                peer_rwnd: association.sasoc_peer_rwnd,
                local_rwnd: association.sasoc_local_rwnd,
                cookie_life: duration(association.sasoc_cookie_life),
            };
            Ok((of(association.sasoc_assoc_id), OptionValue::Association(value)))
        }
        // The older form, without a frequency: 0 switches the delay off.
        _ if octets.len() == size_of::<layout::AssocValue>() => {
            let value: layout::AssocValue = exact(octets)?;
            let frequency = u32::from(value.assoc_value == 0);
            let sack = DelayedSack { delay: duration(value.assoc_value), frequency };
            Ok((of(value.assoc_id), OptionValue::DelayedSack(sack)))
        }
        _ => {
            let info: layout::SackInfo = exact(octets)?;
            let sack = DelayedSack { delay: duration(info.sack_delay), frequency: info.sack_freq };
            Ok((of(info.sack_assoc_id), OptionValue::DelayedSack(sack)))
        }
    }
}

fn decode_path(name: i32, octets: &[u8]) -> Result<(Scope, OptionValue), Errno> {
    match name {
        SCTP_PRIMARY_ADDR => {
            let prim: layout::Prim = exact(octets)?;
            let address = sockaddr::decode(&prim.ssp_addr.0)?;
            Ok((at(prim.ssp_assoc_id, &prim.ssp_addr)?, OptionValue::PrimaryAddress(address)))
        }
        SCTP_PEER_ADDR_PARAMS => {
            let path = path_parameters(octets)?;
            let value = PathParameters {
                heartbeat_interval: duration(path.spp_hbinterval),
                max_retransmissions: path.spp_pathmaxrxt,
                mtu: path.spp_pathmtu,
                sack_delay: duration(path.spp_sackdelay),
                flags: path.spp_flags,
                flow_label: path.spp_ipv6_flowlabel,
                dscp: path.spp_dscp,
            };
            let address = path.spp_address;
            Ok((at(path.spp_assoc_id, &address)?, OptionValue::PathParameters(value)))
        }
        SCTP_REMOTE_UDP_ENCAPS_PORT => {
            let encaps: layout::UdpEncaps = exact(octets)?;
            let port = OptionValue::EncapsulationPort(u16::from_be(encaps.sue_port));
            Ok((at(encaps.sue_assoc_id, &encaps.sue_address)?, port))
        }
        _ => {
            let thresholds: layout::PaddrThldsV2 = front(octets)?;
            let second = name == SCTP_PEER_ADDR_THLDS_V2;
            let value = PathThresholds {
                max_retransmissions: thresholds.spt_pathmaxrxt,
                potentially_failed: thresholds.spt_pathpfthld,
                primary_switchover: second.then_some(thresholds.spt_pathcpthld),
            };
            Ok((at(thresholds.spt_assoc_id, &thresholds.spt_address)?, OptionValue::PathThresholds(value)))
        }
    }
}

/// Linux says EPERM before it looks at the length: what does not fit is told as an address that is none.
fn peer_primary(octets: &[u8]) -> (Scope, OptionValue) {
    let prim = exact::<layout::SetPeerPrim>(octets).ok();
    let address = prim.as_ref().and_then(|prim| sockaddr::decode(&prim.sspp_addr.0).ok());
    let id = prim.map_or(0, |prim| prim.sspp_assoc_id);
    (of(id), OptionValue::Reconfiguration(ReconfigurationValue::PeerPrimary(address)))
}

fn request_path(name: i32, octets: &[u8]) -> Result<(OptionName, Scope), Errno> {
    match name {
        SCTP_PRIMARY_ADDR => {
            let prim: layout::Prim = front(octets)?;
            Ok((OptionName::PrimaryAddress, of(prim.ssp_assoc_id)))
        }
        SCTP_PEER_ADDR_PARAMS if octets.len() < PADDRPARAMS_WITHOUT_DSCP => Err(Errno::INVAL),
        SCTP_PEER_ADDR_PARAMS => {
            let path = layout::PaddrParams::read_padded(octets);
            let address = path.spp_address;
            Ok((OptionName::PathParameters, at(path.spp_assoc_id, &address)?))
        }
        SCTP_GET_PEER_ADDR_INFO => {
            let info: layout::PaddrInfo = front(octets)?;
            Ok((OptionName::PathInfo, at(info.spinfo_assoc_id, &info.spinfo_address)?))
        }
        SCTP_PEER_ADDR_THLDS | SCTP_PEER_ADDR_THLDS_V2 => {
            let thresholds: layout::PaddrThldsV2 = front(octets)?;
            Ok((OptionName::PathThresholds, at(thresholds.spt_assoc_id, &thresholds.spt_address)?))
        }
        SCTP_REMOTE_UDP_ENCAPS_PORT => {
            let encaps: layout::UdpEncaps = front(octets)?;
            Ok((OptionName::EncapsulationPort, at(encaps.sue_assoc_id, &encaps.sue_address)?))
        }
        _ => Err(Errno::NOPROTOOPT),
    }
}

/// `enum sctp_sched_type`: Linux's numbers; what Linux lacks is behind them.
const SCHEDULERS: [(u32, StreamScheduler); 6] = [
    (0, StreamScheduler::FirstCome),
    (1, StreamScheduler::Priority),
    (2, StreamScheduler::RoundRobin),
    (3, StreamScheduler::FairBandwidth),
    (4, StreamScheduler::WeightedFair),
    (0x100, StreamScheduler::RoundRobinPacket),
];

fn scheduler_of(number: u32) -> Option<StreamScheduler> {
    SCHEDULERS.iter().find(|(own, _)| *own == number).map(|(_, scheduler)| *scheduler)
}

fn scheduler_number(scheduler: StreamScheduler) -> u32 {
    SCHEDULERS.iter().find(|(_, own)| *own == scheduler).map_or(0, |(number, _)| *number)
}

/// SCTP_PR_ASSOC_STATUS and SCTP_PR_STREAM_STATUS: of one policy, or of all; there is nothing to count of none.
fn request_abandoned(name: i32, octets: &[u8]) -> Result<(OptionName, Scope), Errno> {
    let status: layout::PrStatus = front(octets)?;
    let policy = i32::from(status.sprstat_policy);
    let policy = match policy {
        SCTP_PR_SCTP_ALL => None,
        0 => return Err(Errno::INVAL),
        _ if policy & !SCTP_PR_SCTP_MASK != 0 => return Err(Errno::INVAL),
        _ => Some((policy >> 4) as u8),
    };
    let stream = (name == SCTP_PR_STREAM_STATUS).then_some(status.sprstat_sid);
    Ok((OptionName::Abandoned { stream, policy }, of(status.sprstat_assoc_id)))
}

fn request_event(event: &layout::Event) -> Result<(OptionName, Scope), Errno> {
    let kind = NotificationKind::from_number(event.se_type).ok_or(Errno::INVAL)?;
    Ok((OptionName::Event(kind), of(event.se_assoc_id)))
}

fn event(event: &layout::Event) -> Result<(Scope, OptionValue), Errno> {
    let kind = NotificationKind::from_number(event.se_type).ok_or(Errno::INVAL)?;
    Ok((of(event.se_assoc_id), OptionValue::Event(kind, event.se_on != 0)))
}

fn events(octets: &[u8]) -> Result<OptionValue, Errno> {
    let (known, further) = octets.split_at(octets.len().min(NotificationKind::ALL.len()));
    if further.iter().any(|octet| *octet != 0) {
        return Err(Errno::INVAL);
    }
    let mut wanted = Subscriptions::default();
    for (kind, octet) in NotificationKind::ALL.iter().zip(known) {
        wanted.set(*kind, *octet != 0);
    }
    Ok(OptionValue::Events { wanted, len: known.len() })
}

/// The form with flow label and DSCP, or the older one without them.
fn path_parameters(octets: &[u8]) -> Result<layout::PaddrParams, Errno> {
    if octets.len() == PADDRPARAMS_WITHOUT_DSCP {
        let mut path = layout::PaddrParams::read_padded(octets);
        // Two octets of the flow label lie within the older form's length, as its padding.
        path.spp_ipv6_flowlabel = 0;
        path.spp_flags &= !(PathParameters::FLOW_LABEL | PathParameters::DSCP);
        return Ok(path);
    }
    exact(octets)
}

fn paddr_info(info: &usctp_socket::PathInfo) -> layout::PaddrInfo {
    layout::PaddrInfo {
        spinfo_assoc_id: info.association.0,
        spinfo_address: sockaddr::storage(&info.address),
        spinfo_state: info.state,
        spinfo_cwnd: info.cwnd,
        spinfo_srtt: millis(info.srtt),
        spinfo_rto: millis(info.rto),
        spinfo_mtu: info.mtu,
    }
}

fn assoc_stats(statistics: &usctp_socket::AssociationStatistics) -> layout::AssocStats {
    let counters = &statistics.counters;
    layout::AssocStats {
        sas_assoc_id: statistics.association.0,
        sas_obs_rto_ipaddr: statistics.max_rto_address.as_ref().map(sockaddr::storage).unwrap_or_default(),
        sas_maxrto: u64::try_from(counters.max_rto_seen.as_millis()).unwrap_or(u64::MAX),
        sas_isacks: counters.sacks_in,
        sas_osacks: counters.sacks_out,
        sas_opackets: counters.packets_out,
        sas_ipackets: counters.packets_in,
        sas_rtxchunks: counters.retransmitted_chunks,
        sas_outofseqtsns: counters.out_of_sequence_tsns,
        sas_idupchunks: counters.duplicates_in,
        sas_gapcnt: counters.gaps_in,
        sas_ouodchunks: counters.data_chunks_out_unordered,
        sas_iuodchunks: counters.data_chunks_in_unordered,
        sas_oodchunks: counters.data_chunks_out_ordered,
        sas_iodchunks: counters.data_chunks_in_ordered,
        sas_octrlchunks: counters.control_chunks_out,
        sas_ictrlchunks: counters.control_chunks_in,
        ..Default::default()
    }
}

fn of_association(octets: &[u8], make: impl FnOnce(u32) -> OptionValue) -> Result<(Scope, OptionValue), Errno> {
    let value: layout::AssocValue = exact(octets)?;
    Ok((of(value.assoc_id), make(value.assoc_value)))
}

/// SCTP_MAXSEG and SCTP_MAX_BURST: an `int` once, a value of an association since.
fn number_or_of_association(
    octets: &[u8],
    make: impl FnOnce(u32) -> OptionValue,
) -> Result<(Scope, OptionValue), Errno> {
    match number(octets) {
        Ok(value) if octets.len() == size_of::<u32>() => Ok((Scope::default(), make(value))),
        _ => of_association(octets, make),
    }
}

fn maybe_association(octets: &[u8], name: OptionName) -> Result<(OptionName, Scope), Errno> {
    if octets.len() == size_of::<u32>() {
        return Ok((name, Scope::default()));
    }
    association_first::<layout::AssocValue>(octets, name)
}

/// For structures that begin with the association id.
pub(super) fn association_first<T: Plain>(octets: &[u8], name: OptionName) -> Result<(OptionName, Scope), Errno> {
    if octets.len() < size_of::<T>() {
        return Err(Errno::INVAL);
    }
    let id: layout::SetAdaptation = front(octets)?;
    Ok((name, of(id.ssb_adaptation_ind.cast_signed())))
}

pub(super) fn of(id: i32) -> Scope {
    Scope { association: AssocId(id), address: None }
}

fn at(id: i32, address: &SockaddrStorage) -> Result<Scope, Errno> {
    Ok(Scope { association: AssocId(id), address: from_storage(address)? })
}

fn flag(octets: &[u8]) -> Result<bool, Errno> {
    octets.first_chunk().map(|octets| u32::from_ne_bytes(*octets) != 0).ok_or(Errno::INVAL)
}

/// An `int` of exactly its length.
fn number(octets: &[u8]) -> Result<u32, Errno> {
    octets.try_into().map(u32::from_ne_bytes).map_err(|_| Errno::INVAL)
}

/// A structure of its length, or of a longer one that ends in zeros: a newer header's.
fn exact<T: Plain>(octets: &[u8]) -> Result<T, Errno> {
    match octets.get(size_of::<T>()..) {
        Some(further) if further.iter().all(|octet| *octet == 0) => T::read(octets).ok_or(Errno::INVAL),
        _ => Err(Errno::INVAL),
    }
}

fn front<T: Plain>(octets: &[u8]) -> Result<T, Errno> {
    T::read(octets).ok_or(Errno::INVAL)
}

fn octets<T: Plain>(value: T) -> Vec<u8> {
    value.octets().to_vec()
}

fn assoc_value(scope: &Scope, value: u32) -> Vec<u8> {
    octets(layout::AssocValue { assoc_id: scope.association.0, assoc_value: value })
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn duration(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

/// `sizeof(struct sctp_paddrparams)` before Linux 4.19.
const PADDRPARAMS_WITHOUT_DSCP: usize = 152;

#[cfg(test)]
mod tests {
    use usctp_socket::AbandonedMessages;

    use super::*;

    fn set(name: i32, octets: &[u8]) -> Result<(Scope, OptionValue), Errno> {
        decode(name, octets, Style::OneToMany)
    }

    /// What was set, read back, is the same octets.
    #[track_caller]
    fn same_again<T: Plain>(name: i32, value: T) {
        let (scope, typed) = set(name, value.octets()).expect("a good value");
        request(name, value.octets()).expect("a good request");
        assert_eq!(encode(&scope, &typed, value.octets().len()), value.octets(), "option {name}");
    }

    #[test]
    fn structures_come_back_as_they_went() {
        same_again(SCTP_RTOINFO, layout::RtoInfo { srto_assoc_id: 3, srto_initial: 1, srto_max: 2, srto_min: 4 });
        same_again(
            SCTP_ASSOCINFO,
            layout::AssocParams { sasoc_assoc_id: 1, sasoc_cookie_life: 9, ..Default::default() },
        );
        same_again(SCTP_INITMSG, layout::InitMsg { sinit_num_ostreams: 5, ..Default::default() });
        same_again(SCTP_DELAYED_ACK_TIME, layout::SackInfo { sack_assoc_id: 3, sack_delay: 300, sack_freq: 4 });
        same_again(SCTP_CONTEXT, layout::AssocValue { assoc_id: 3, assoc_value: 7 });
        same_again(SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, layout::AssocValue { assoc_id: 3, assoc_value: 2 });
        same_again(SCTP_PR_SUPPORTED, layout::AssocValue { assoc_id: 3, assoc_value: 1 });
        same_again(SCTP_MAXSEG, layout::AssocValue { assoc_id: 3, assoc_value: 700 });
        same_again(SCTP_MAXSEG, layout::SetAdaptation { ssb_adaptation_ind: 700 });
        same_again(SCTP_EVENT, layout::Event { se_assoc_id: 3, se_type: 0x8001, se_on: 1, ..Default::default() });
        let info = layout::SndRcvInfo { sinfo_stream: 3, sinfo_flags: 1, sinfo_timetolive: 8, ..Default::default() };
        same_again(SCTP_DEFAULT_SEND_PARAM, info);
        same_again(SCTP_DEFAULT_SNDINFO, layout::SndInfo { snd_sid: 3, snd_assoc_id: 4, ..Default::default() });
        let info = layout::DefaultPrInfo { pr_assoc_id: 5, pr_value: 6, pr_policy: 0x20, ..Default::default() };
        same_again(SCTP_DEFAULT_PRINFO, info);
        let spp_address = sockaddr::storage(&"127.0.0.1:7".parse().expect("an address"));
        let path =
            layout::PaddrParams { spp_address, spp_pathmtu: 1280, spp_flags: 0x29, spp_dscp: 8, ..Default::default() };
        same_again(SCTP_PEER_ADDR_PARAMS, path);
        let encaps = layout::UdpEncaps { sue_address: spp_address, sue_port: 9899_u16.to_be(), ..Default::default() };
        same_again(SCTP_REMOTE_UDP_ENCAPS_PORT, encaps);
        same_again(SCTP_PRIMARY_ADDR, layout::Prim { ssp_assoc_id: 4, ssp_addr: spp_address });
    }

    #[test]
    fn events_are_taken_in_every_length_that_headers_ever_had() {
        for len in 0..=14 {
            let octets = vec![1_u8; len];
            let Ok((_, OptionValue::Events { wanted, len: taken })) = set(SCTP_EVENTS, &octets) else {
                panic!("{len} octets are refused")
            };
            assert_eq!(taken, len);
            assert!(NotificationKind::ALL[..len].iter().all(|kind| wanted.has(*kind)));
            assert!(!NotificationKind::ALL[len..].iter().any(|kind| wanted.has(*kind)));
            if len > 0 {
                let all = OptionValue::Events { wanted, len };
                assert_eq!(encode(&Scope::default(), &all, len), octets);
            }
        }
        assert!(set(SCTP_EVENTS, &[0; 20]).is_ok());
        assert_eq!(set(SCTP_EVENTS, &[1; 15]), Err(Errno::INVAL));
        assert_eq!(request(SCTP_EVENTS, &[]), Err(Errno::INVAL));
    }

    #[test]
    fn the_short_form_of_the_path_parameters_leaves_label_and_dscp_alone() {
        let path = layout::PaddrParams { spp_flags: 0x329, spp_hbinterval: 5, ..Default::default() };
        let (_, value) = set(SCTP_PEER_ADDR_PARAMS, &path.octets()[..152]).expect("the older form");
        let OptionValue::PathParameters(value) = value else { panic!("another option") };
        assert_eq!(value.flags, 0x29);
        let octets = encode(&Scope::default(), &OptionValue::PathParameters(value), 155);
        assert_eq!(octets.len(), 152);
        assert_eq!(request(SCTP_PEER_ADDR_PARAMS, &[0; 151]), Err(Errno::INVAL));
    }

    #[test]
    fn lengths_are_linuxs() {
        for name in [SCTP_NODELAY, SCTP_RECVRCVINFO, SCTP_I_WANT_MAPPED_V4_ADDR] {
            assert!(set(name, &[0; 9]).is_ok());
            assert_eq!(set(name, &[0; 3]), Err(Errno::INVAL));
            assert_eq!(request(name, &[0; 3]), Err(Errno::INVAL));
        }
        for name in [SCTP_AUTOCLOSE, SCTP_ADAPTATION_LAYER, SCTP_FRAGMENT_INTERLEAVE, SCTP_PARTIAL_DELIVERY_POINT] {
            assert!(set(name, &[0; 4]).is_ok());
            assert_eq!(set(name, &[0; 5]), Err(Errno::INVAL));
        }
        assert_eq!(set(SCTP_RTOINFO, &[0; 15]), Err(Errno::INVAL));
        assert!(set(SCTP_RTOINFO, &[0; 20]).is_ok(), "a newer header's, with nothing in the new members");
        assert_eq!(set(SCTP_RTOINFO, &[1; 20]), Err(Errno::INVAL));
        assert_eq!(request(SCTP_STATUS, &[0; 175]), Err(Errno::INVAL));
        assert_eq!(request(SCTP_DELAYED_ACK_TIME, &[0; 10]), Err(Errno::INVAL));
    }

    /// B8-4, B8-5.
    #[test]
    fn schedulers_have_linuxs_numbers_and_unknown_ones_are_invalid() {
        for number in [0, 1, 2, 3, 4, 0x100] {
            same_again(SCTP_STREAM_SCHEDULER, layout::AssocValue { assoc_id: 3, assoc_value: number });
        }
        for number in [5, 0xff, 0x101, u32::MAX] {
            let value = layout::AssocValue { assoc_id: 3, assoc_value: number };
            assert_eq!(set(SCTP_STREAM_SCHEDULER, value.octets()), Err(Errno::INVAL));
        }
        same_again(SCTP_STREAM_SCHEDULER_VALUE, layout::StreamValue { assoc_id: 3, stream_id: 5, stream_value: 7 });
    }

    /// B7-4, B7-5.
    #[test]
    fn abandoned_messages_are_asked_for_by_policy() {
        let status = |policy| layout::PrStatus { sprstat_sid: 5, sprstat_policy: policy, ..Default::default() };
        for (policy, expected) in [(0x10, Some(1)), (0x20, Some(2)), (0x30, Some(3)), (0x80, None)] {
            let name = request(SCTP_PR_STREAM_STATUS, status(policy).octets()).expect("a good request").0;
            assert_eq!(name, OptionName::Abandoned { stream: Some(5), policy: expected });
            let name = request(SCTP_PR_ASSOC_STATUS, status(policy).octets()).expect("a good request").0;
            assert_eq!(name, OptionName::Abandoned { stream: None, policy: expected });
        }
        for policy in [0, 0x90, 0x40, 1] {
            assert_eq!(request(SCTP_PR_ASSOC_STATUS, status(policy).octets()), Err(Errno::INVAL));
        }
        assert_eq!(request(SCTP_PR_ASSOC_STATUS, &[0; 23]), Err(Errno::INVAL));
        let value = AbandonedMessages { stream: Some(5), policy: None, unsent: 7, sent: 9 };
        let octets = encode(&of(3), &OptionValue::Abandoned(value), 24);
        assert_eq!(octets, [&[3, 0, 0, 0, 5, 0, 0x80, 0, 7][..], &[0; 7], &[9], &[0; 7]].concat());
        assert_eq!(set(SCTP_PR_STREAM_STATUS, &[0; 24]), Err(Errno::NOPROTOOPT));
    }

    #[test]
    fn what_linux_looks_at_before_the_length() {
        assert_eq!(decode(SCTP_AUTOCLOSE, &[], Style::OneToOne), Err(Errno::OPNOTSUPP));
        assert_eq!(decode(SCTP_REUSE_PORT, &[], Style::OneToMany), Err(Errno::OPNOTSUPP));
        assert_eq!(set(SCTP_STATUS, &[0; 200]), Err(Errno::NOPROTOOPT));
        assert_eq!(set(999, &[0; 200]), Err(Errno::NOPROTOOPT));
        assert_eq!(request(999, &[0; 200]), Err(Errno::NOPROTOOPT));
    }

    #[test]
    fn a_default_may_not_ask_for_a_sack_at_once() {
        let info = layout::SndInfo { snd_flags: 0x8, ..Default::default() };
        assert_eq!(set(SCTP_DEFAULT_SNDINFO, info.octets()), Err(Errno::INVAL));
    }

    #[test]
    fn a_list_of_ids_is_cut_to_the_room() {
        let ids = OptionValue::AssociationIds(vec![AssocId(3), AssocId(4)]);
        assert_eq!(encode(&Scope::default(), &ids, 100).len(), 12);
        let cut = encode(&Scope::default(), &ids, 11);
        assert_eq!(cut.len(), 8);
        assert_eq!(cut[0], 1);
    }
}
