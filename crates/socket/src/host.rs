//! Between the engine and the links, which do not know each other: addresses and packets of the one as those of the
//! other, and the routing table that the engine asks.

use std::sync::Arc;

use usctp_link::{self as link, Link};
use usctp_proto::{self as proto, Address, Carrier, LinkId, LocalAddress, Route, Time, Transmit};

/// The routing table of the host behind a link.
pub(crate) struct HostRouting(pub(crate) Arc<dyn Link>);

impl proto::Routing for HostRouting {
    fn route(&self, destination: Address) -> Option<Route> {
        let route = self.0.route(to_link(destination))?;
        Some(Route { source: to_proto(route.source), mtu: route.mtu, interface: route.interface })
    }

    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        let carrier = self.0.carrier(to_link(destination), local_port, udp_port)?;
        Some(Carrier { link: LinkId(carrier.link.0), udp_port: carrier.udp_port })
    }
}

pub(crate) fn to_link(address: Address) -> link::Address {
    link::Address { ip: address.ip, scope: address.scope }
}

pub(crate) fn to_proto(address: link::Address) -> Address {
    Address { ip: address.ip, scope: address.scope }
}

/// The host's addresses.
pub(crate) fn local_addresses(link: &dyn Link) -> Vec<LocalAddress> {
    link.local_addresses()
        .into_iter()
        .map(|local| LocalAddress { address: to_proto(local.address), interface: local.interface })
        .collect()
}

/// A polled packet as the link wants it.
pub(crate) fn outgoing<'a>(transmit: &Transmit, packet: &'a [u8]) -> link::Outgoing<'a> {
    link::Outgoing {
        link: link::LinkId(transmit.carrier.link.0),
        udp_port: transmit.carrier.udp_port,
        source: transmit.source.map(to_link),
        destination: to_link(transmit.destination),
        ecn: link::Ecn::from_bits(match transmit.ecn {
            proto::Ecn::NotEct => 0,
            proto::Ecn::Ect1 => 1,
            proto::Ecn::Ect0 => 2,
            proto::Ecn::Ce => 3,
        }),
        dscp: transmit.dscp,
        flow_label: transmit.flow_label,
        priority: transmit.priority,
        interface: transmit.interface,
        dont_fragment: transmit.dont_fragment,
        packet,
        segment_size: transmit.segment_size,
    }
}

/// Gives the engine what came in. Whether addresses have changed is left to the caller.
pub(crate) fn handle_incoming(endpoint: &mut proto::Endpoint, now: Time, incoming: link::Incoming) -> Changed {
    match incoming {
        link::Incoming::Packet(packet) => endpoint.handle_packet(now, received(packet)),
        link::Incoming::Icmp(icmp) => endpoint.handle_icmp(now, icmp_error(icmp)),
        link::Incoming::AddressesChanged => return Changed::Addresses,
    }
    Changed::Nothing
}

/// Whether something of the host has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Changed {
    Nothing,
    Addresses,
}

fn received(packet: link::Packet) -> proto::Received {
    proto::Received {
        source: to_proto(packet.source),
        destination: to_proto(packet.destination),
        link: LinkId(packet.link.0),
        udp_port: packet.udp_port,
        ecn: match packet.ecn {
            link::Ecn::NotEct => proto::Ecn::NotEct,
            link::Ecn::Ect0 => proto::Ecn::Ect0,
            link::Ecn::Ect1 => proto::Ecn::Ect1,
            link::Ecn::Ce => proto::Ecn::Ce,
        },
        checksum: match packet.checksum {
            link::ChecksumState::Unknown => proto::ChecksumState::Unknown,
            link::ChecksumState::Trusted => proto::ChecksumState::Trusted,
        },
        packet: packet.packet,
    }
}

fn icmp_error(icmp: link::Icmp) -> proto::IcmpError {
    proto::IcmpError {
        destination: to_proto(icmp.destination),
        link: LinkId(icmp.link.0),
        udp_port: icmp.udp_port,
        kind: match icmp.kind {
            link::IcmpKind::PacketTooBig(mtu) => proto::IcmpKind::PacketTooBig(mtu),
            link::IcmpKind::ProtocolUnreachable => proto::IcmpKind::ProtocolUnreachable,
            link::IcmpKind::Unreachable => proto::IcmpKind::Unreachable,
        },
        quoted: icmp.quoted,
    }
}
