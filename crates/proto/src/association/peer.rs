//! The peer's half: its tag, what it can do, its addresses, and the data that it sends.

use usctp_wire::VerificationTag;

use super::{
    Association, Authenticator, Capabilities, Context,
    ecn::CongestionMarks,
    inbound::{Inbound, InboundConfig},
    parameters::PeerParameters,
    path::PathId,
};
use crate::{Address, Carrier, endpoint::ReturnAddress};

/// What is known of the peer since its INIT or INIT ACK.
#[derive(Debug)]
pub(super) struct PeerSide {
    pub(super) tag: VerificationTag,
    pub(super) inbound: Inbound,
    /// What both sides can do.
    pub(super) capabilities: Capabilities,
    /// Where AUTH was agreed on.
    pub(super) auth: Option<Box<Authenticator>>,
}

impl Association {
    /// Takes over what the peer's INIT (from a cookie) or INIT ACK says.
    pub(super) fn adopt_peer(
        &mut self,
        context: &mut Context<'_>,
        peer: &PeerParameters,
        back: &ReturnAddress,
        outbound_streams: u16,
        inbound_streams: u16,
    ) {
        let inbound = Inbound::new(InboundConfig {
            initial_tsn: peer.initial_tsn,
            streams: inbound_streams,
            receive_buffer: self.config.receive_buffer,
            overhead: self.config.receive_overhead,
            partial_delivery_point: self.config.partial_delivery_point,
            interleaving: peer.capabilities.interleaving,
        });
        self.peer = Some(PeerSide { tag: peer.tag, inbound, capabilities: peer.capabilities, auth: None });
        self.agree_on_auth(peer.auth.as_deref(), peer.capabilities.asconf);
        self.agree_on_asconf(peer);
        self.marks = CongestionMarks::new(peer.capabilities.ecn);
        self.outbound.agree_on_forward_tsn(peer.capabilities.forward_tsn);
        self.outbound.agree_on_interleaving(peer.capabilities.interleaving, &mut self.paths);
        self.outbound.set_streams(outbound_streams);
        self.outbound.set_peer_rwnd(peer.rwnd);
        self.adopt_addresses(context, &peer.addresses, back);
    }

    /// RFC 9260 §5.1.2: the peer's addresses are those of the chunk and its source, no others.
    fn adopt_addresses(&mut self, context: &mut Context<'_>, addresses: &[Address], back: &ReturnAddress) {
        for address in addresses {
            self.adopt_address(context, *address, back);
        }
        let gone: Vec<PathId> =
            self.paths.iter().filter(|(_, path)| !addresses.contains(&path.address)).map(|(id, _)| id).collect();
        // Something must stay; a list that holds none of our carriers' addresses cannot take the path that works.
        if gone.len() < self.paths.len() {
            for id in gone {
                self.outbound.on_path_removed(id, &mut self.paths);
                self.paths.remove(id);
            }
        }
        self.peers_changed = true;
    }

    fn adopt_address(&mut self, context: &mut Context<'_>, address: Address, back: &ReturnAddress) {
        let here = address == back.destination;
        if let Some(path) = self.paths.find(address).and_then(|id| self.paths.get_mut(id)) {
            if here {
                path.carrier = back.carrier;
            }
            return;
        }
        // Where the packet came from can be reached the way it came.
        let carrier = if here { Some(back.carrier) } else { self.carrier_for(context, address, back.carrier) };
        let Some(carrier) = carrier.filter(|_| here || self.local_side.reaches(address)) else { return };
        let (source, mtu) = self.local_side.source_for(address, context.routing);
        let source = if here { back.source } else { source };
        self.paths.add(address, source, carrier, mtu, &self.config, false);
    }

    /// RFC 6951 §5.4: other addresses of a peer are assumed behind the same UDP port until a packet shows another.
    pub(super) fn carrier_for(&self, context: &Context<'_>, address: Address, like: Carrier) -> Option<Carrier> {
        context.routing.carrier(address, self.local_port, Some(like.udp_port.unwrap_or(0)))
    }

    /// Whether a path to `address` could be made and does not exist.
    pub(super) fn is_new_address(&self, context: &Context<'_>, address: Address) -> bool {
        let like = self.paths.get(self.paths.primary()).map(|path| path.carrier);
        !self.has_peer(address)
            && self.local_side.reaches(address)
            && like.is_some_and(|like| self.carrier_for(context, address, like).is_some())
    }
}
