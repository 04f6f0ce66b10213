//! Our side's addresses: which the peer is told, which packets may come to, and which a path's packets leave from.

use crate::{
    Address, Binding, Routing,
    endpoint::{LocalAddresses, covers},
};

/// The addresses of our end of an association.
#[derive(Clone, Debug)]
pub(crate) struct LocalSide {
    /// What the binding was when the association began; it outlives it.
    binding: Box<Binding>,
    /// What the peer has been told.
    pub(crate) told: Vec<Address>,
    /// The peer has been asked to take these, and has not answered (RFC 5061 §5.3 F1): packets may come to them.
    adding: Vec<Address>,
    /// The peer has been asked to forget these (F4): packets may still come to them, none leaves from them.
    leaving: Vec<Address>,
}

impl LocalSide {
    pub(crate) fn new(binding: &Binding, told: Vec<Address>) -> Self {
        Self { binding: Box::new(binding.clone()), told, adding: Vec::new(), leaving: Vec::new() }
    }

    // --- ASCONF ----------------------------------------------------------------------------------------------------------

    pub(crate) fn begin_add(&mut self, address: Address) {
        self.leaving.retain(|other| *other != address);
        if !self.adding.contains(&address) {
            self.adding.push(address);
        }
    }

    pub(crate) fn begin_delete(&mut self, address: Address) {
        if !self.leaving.contains(&address) {
            self.leaving.push(address);
        }
    }

    /// The peer has taken an address, or has not.
    pub(crate) fn end_add(&mut self, address: Address, done: bool) {
        self.adding.retain(|other| *other != address);
        if !done {
            return;
        }
        if !self.told.contains(&address) {
            self.told.push(address);
        }
        if !self.binding.addresses.is_empty() && !self.binding.addresses.contains(&address) {
            self.binding.addresses.push(address);
        }
    }

    /// The peer has forgotten an address, or has not.
    pub(crate) fn end_delete(&mut self, address: Address, done: bool) {
        self.leaving.retain(|other| *other != address);
        if !done {
            return;
        }
        self.told.retain(|other| *other != address);
        if self.binding.addresses.len() > 1 {
            self.binding.addresses.retain(|other| *other != address);
        }
    }

    /// Whether the peer has been asked to forget the address.
    pub(crate) fn is_leaving(&self, address: Address) -> bool {
        self.leaving.contains(&address)
    }

    /// Whether packets may leave from the address: the peer knows it, and will go on to.
    pub(crate) fn may_send_from(&self, address: Address) -> bool {
        covers(&self.binding, address) && !self.adding.contains(&address) && !self.leaving.contains(&address)
    }

    /// What the peer knows or will know when all is answered.
    pub(crate) fn known_to_peer(&self) -> Vec<Address> {
        let stays = self.told.iter().filter(|address| !self.leaving.contains(address));
        stays.chain(&self.adding).copied().collect()
    }

    /// What is told to a peer at `peer` where all addresses of the host are bound; `None`: only some are.
    pub(crate) fn all_addresses(&self, local: &LocalAddresses, peer: Address) -> Option<Vec<Address>> {
        let all = self.binding.addresses.is_empty();
        all.then(|| listed_addresses(&self.binding, local, peer, (true, true)))
    }

    // --- sources and destinations --------------------------------------------------------------------------------------

    /// Whether packets to `address` belong to this association.
    pub(crate) fn accepts(&self, address: Address) -> bool {
        covers(&self.binding, address) || self.adding.contains(&address) || self.leaving.contains(&address)
    }

    /// Whether another end with `binding` would have an address in common.
    pub(crate) fn overlaps(&self, binding: &Binding) -> bool {
        self.told.iter().any(|address| covers(binding, *address))
            || binding.addresses.iter().any(|address| self.accepts(*address))
            || (self.binding.addresses.is_empty() && binding.addresses.is_empty())
    }

    /// Whether paths to addresses of the family of `peer` are possible at all.
    pub(crate) fn reaches(&self, peer: Address) -> bool {
        let same_family = |address: &Address| address.is_ipv4() == peer.is_ipv4();
        match &self.binding.addresses[..] {
            [] if peer.is_ipv4() => self.binding.ipv4,
            [] => self.binding.ipv6,
            addresses => addresses.iter().any(same_family),
        }
    }

    /// The source address for packets to `peer`, and the MTU of the way. `None` as the source where there is no route now.
    pub(crate) fn source_for(&self, peer: Address, routing: &dyn Routing) -> (Option<Address>, u32) {
        let route = routing.route(peer);
        let mtu = route.map_or(DEFAULT_MTU, |route| route.mtu);
        let chosen = route.map(|route| route.source).filter(|source| self.may_send_from(*source));
        // The host's own choice is not one of ours: take one of ours of the same kind, so that the peer knows it.
        let own = || {
            let fits = |address: &&Address| {
                address.is_ipv4() == peer.is_ipv4() && (address.is_loopback() == peer.is_loopback())
            };
            // While addresses come and go the host may choose one that the peer is to forget.
            let changing = !self.adding.is_empty() || !self.leaving.is_empty();
            let all = self.binding.addresses.is_empty() && changing;
            let addresses = if all { &self.told } else { &self.binding.addresses };
            let same_family = |address: &&Address| address.is_ipv4() == peer.is_ipv4() && self.may_send_from(**address);
            let fits = |address: &&Address| fits(address) && self.may_send_from(**address);
            addresses.iter().find(fits).or_else(|| addresses.iter().find(same_family)).copied()
        };
        (chosen.or_else(own), mtu)
    }

    pub(crate) const fn families(&self) -> (bool, bool) {
        (self.binding.ipv4, self.binding.ipv6)
    }
}

/// Of a way that no route is known for: the Ethernet's.
const DEFAULT_MTU: u32 = 1500;

/// The addresses to list in an INIT or INIT ACK for a peer at `peer`, of the families that it takes. Where there is
/// only one the caller leaves it out: the packet's source says it.
pub(crate) fn listed_addresses(
    binding: &Binding,
    local: &LocalAddresses,
    peer: Address,
    (ipv4, ipv6): (bool, bool),
) -> Vec<Address> {
    let candidates: Vec<Address> = if binding.addresses.is_empty() {
        local.iter().map(|local| local.address).collect()
    } else {
        binding.addresses.clone()
    };
    let mut listed: Vec<Address> = Vec::new();
    for address in candidates {
        let family = if address.is_ipv4() { binding.ipv4 && ipv4 } else { binding.ipv6 && ipv6 };
        // A loopback address means something else on the peer's host, a link-local one on another link.
        let in_scope = (!address.is_loopback() || peer.is_loopback())
            && (!address.is_link_local() || (peer.is_link_local() && address.scope == peer.scope))
            // As on Linux: a private address leads nowhere for a peer out in the Internet.
            && (!address.is_private() || !peer.is_global());
        if family && in_scope && !listed.contains(&address) && listed.len() < MAX_LISTED {
            listed.push(address);
        }
    }
    listed
}

/// Addresses listed at most: those that fit an INIT beside the rest.
const MAX_LISTED: usize = 32;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::LocalAddress;

    fn at(text: &str, scope: u32) -> Address {
        Address::new(text.parse::<IpAddr>().unwrap(), scope)
    }

    fn all() -> LocalAddresses {
        let mut local = LocalAddresses::default();
        let addresses = [
            at("127.0.0.1", 0),
            at("::1", 0),
            at("192.0.2.1", 0),
            at("2001:db8::1", 0),
            at("fe80::1", 2),
            at("fe80::2", 3),
        ];
        local.set(&addresses.map(|address| LocalAddress { address, interface: 1 }));
        local
    }

    fn wildcard(ipv4: bool, ipv6: bool) -> Binding {
        Binding { port: 1, addresses: vec![], ipv4, ipv6, share: false }
    }

    #[test]
    fn a_remote_peer_is_not_told_of_loopback_and_link_local_addresses() {
        let listed = listed_addresses(&wildcard(true, true), &all(), at("198.51.100.1", 0), (true, true));
        assert_eq!(listed, [at("192.0.2.1", 0), at("2001:db8::1", 0)]);
        let listed = listed_addresses(&wildcard(true, true), &all(), at("198.51.100.1", 0), (true, false));
        assert_eq!(listed, [at("192.0.2.1", 0)]);
    }

    #[test]
    fn a_peer_on_this_host_is_told_of_loopback() {
        let listed = listed_addresses(&wildcard(true, false), &all(), at("127.0.0.1", 0), (true, true));
        assert_eq!(listed, [at("127.0.0.1", 0), at("192.0.2.1", 0)]);
    }

    #[test]
    fn a_peer_on_the_link_is_told_of_that_link_only() {
        let listed = listed_addresses(&wildcard(false, true), &all(), at("fe80::9", 3), (true, true));
        assert_eq!(listed, [at("2001:db8::1", 0), at("fe80::2", 3)]);
    }

    #[test]
    fn only_bound_addresses_are_told() {
        let binding = Binding { addresses: vec![at("192.0.2.1", 0), at("127.0.0.1", 0)], ..wildcard(true, true) };
        assert_eq!(listed_addresses(&binding, &all(), at("198.51.100.1", 0), (true, true)), [at("192.0.2.1", 0)]);
    }
}
