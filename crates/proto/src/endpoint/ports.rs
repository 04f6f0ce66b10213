//! Bindings: who holds which port on which addresses, and which of them listens.

use std::collections::BTreeMap;

use slab::Slab;

use crate::{Address, AssociationConfig, BindError, Binding, BindingKey, Entropy, LocalAddress};

/// The addresses of this host. Before the layer below has told them, every address counts as one.
#[derive(Debug, Default)]
pub(crate) struct LocalAddresses {
    known: Option<Vec<LocalAddress>>,
}

impl LocalAddresses {
    pub(crate) fn set(&mut self, addresses: &[LocalAddress]) {
        self.known = Some(addresses.to_vec());
    }

    pub(crate) fn contains(&self, address: Address) -> bool {
        // All of 127.0.0.0/8 is this host's, although interfaces list only one address of it.
        address.is_loopback() || self.known.as_ref().is_none_or(|all| all.iter().any(|one| one.address == address))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &LocalAddress> {
        self.known.iter().flatten()
    }
}

/// All bindings of an endpoint.
#[derive(Debug)]
pub(crate) struct PortTable {
    bindings: Slab<Bound>,
    by_port: BTreeMap<u16, Vec<u32>>,
    next_generation: u32,
}

/// One binding.
#[derive(Debug)]
pub(crate) struct Bound {
    generation: u32,
    pub(crate) binding: Binding,
    /// What its associations begin with.
    pub(crate) config: AssociationConfig,
    /// `Some(room)`: listens.
    pub(crate) room: Option<usize>,
}

impl PortTable {
    pub(crate) const fn new() -> Self {
        Self { bindings: Slab::new(), by_port: BTreeMap::new(), next_generation: 0 }
    }

    /// Claims a port; see [`crate::Endpoint::bind`].
    pub(crate) fn bind(
        &mut self,
        mut binding: Binding,
        local: &LocalAddresses,
        entropy: &mut Entropy,
        is_free: &mut dyn FnMut(u16) -> bool,
    ) -> Result<BindingKey, BindError> {
        if binding.addresses.iter().any(|address| !local.contains(*address)) {
            return Err(BindError::NotLocal);
        }
        if binding.port == 0 {
            binding.port = self.ephemeral(&binding, entropy, is_free).ok_or(BindError::NoPort)?;
        } else if self.conflicts(binding.port, &binding, None) || !is_free(binding.port) {
            return Err(BindError::InUse);
        }
        Ok(self.insert(binding, AssociationConfig::default()))
    }

    /// A second binding of the same port and addresses.
    pub(crate) fn bind_like(&mut self, key: BindingKey) -> Option<BindingKey> {
        let bound = self.get(key)?;
        let (binding, config) = (bound.binding.clone(), bound.config.clone());
        Some(self.insert(binding, config))
    }

    pub(crate) fn unbind(&mut self, key: BindingKey) {
        if self.get(key).is_none() {
            return;
        }
        let bound = self.bindings.remove(key.slot as usize);
        if let Some(slots) = self.by_port.get_mut(&bound.binding.port) {
            slots.retain(|slot| *slot != key.slot);
            if slots.is_empty() {
                self.by_port.remove(&bound.binding.port);
            }
        }
    }

    pub(crate) fn get(&self, key: BindingKey) -> Option<&Bound> {
        self.bindings.get(key.slot as usize).filter(|bound| bound.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: BindingKey) -> Option<&mut Bound> {
        self.bindings.get_mut(key.slot as usize).filter(|bound| bound.generation == key.generation)
    }

    /// Adds addresses to a binding, all or none.
    pub(crate) fn add(
        &mut self,
        key: BindingKey,
        addresses: &[Address],
        local: &LocalAddresses,
    ) -> Result<(), BindError> {
        let Some(bound) = self.get(key) else { return Err(BindError::NotLocal) };
        if addresses.iter().any(|address| !local.contains(*address)) {
            return Err(BindError::NotLocal);
        }
        let wished = Binding { addresses: addresses.to_vec(), ..bound.binding.clone() };
        if self.conflicts(wished.port, &wished, Some(key.slot)) {
            return Err(BindError::InUse);
        }
        if let Some(bound) = self.get_mut(key) {
            for address in addresses {
                if !bound.binding.addresses.contains(address) {
                    bound.binding.addresses.push(*address);
                }
            }
        }
        Ok(())
    }

    /// Removes addresses from a binding, all or none; the last one cannot go.
    pub(crate) fn remove(&mut self, key: BindingKey, addresses: &[Address]) -> Result<(), BindError> {
        let Some(bound) = self.get_mut(key) else { return Err(BindError::NotLocal) };
        let held = &mut bound.binding.addresses;
        let rest: Vec<_> = held.iter().copied().filter(|address| !addresses.contains(address)).collect();
        if rest.is_empty() || addresses.iter().any(|address| !held.contains(address)) {
            return Err(BindError::NotLocal);
        }
        *held = rest;
        Ok(())
    }

    /// Whether any binding holds `port` on `address`.
    pub(crate) fn holds(&self, port: u16, address: Address) -> bool {
        self.on_port(port).any(|(_, bound)| covers(&bound.binding, address))
    }

    /// The binding that listens on `port` at `address`: one bound to the address goes before one bound to all, and `share`
    /// picks among equals, the same one for the INIT and the COOKIE ECHO of one peer.
    pub(crate) fn listener(&self, port: u16, address: Address, share: u64) -> Option<BindingKey> {
        let listening = |explicit: bool| {
            self.on_port(port).filter(move |(_, bound)| {
                bound.room.is_some()
                    && covers(&bound.binding, address)
                    && bound.binding.addresses.is_empty() != explicit
            })
        };
        [true, false].into_iter().find_map(|explicit| {
            let count = listening(explicit).count() as u64;
            let index = share.checked_rem(count)?;
            listening(explicit).nth(usize::try_from(index).ok()?).map(|(key, _)| key)
        })
    }

    fn insert(&mut self, binding: Binding, config: AssociationConfig) -> BindingKey {
        let generation = self.next_generation;
        self.next_generation = self.next_generation.wrapping_add(1);
        let port = binding.port;
        let index = self.bindings.insert(Bound { generation, binding, config, room: None });
        let slot = u32::try_from(index).unwrap_or(u32::MAX);
        self.by_port.entry(port).or_default().push(slot);
        BindingKey { slot, generation }
    }

    fn on_port(&self, port: u16) -> impl Iterator<Item = (BindingKey, &Bound)> {
        self.by_port.get(&port).into_iter().flatten().filter_map(|slot| {
            let bound = self.bindings.get(*slot as usize)?;
            Some((BindingKey { slot: *slot, generation: bound.generation }, bound))
        })
    }

    fn conflicts(&self, port: u16, wished: &Binding, but: Option<u32>) -> bool {
        self.on_port(port).any(|(key, held)| {
            Some(key.slot) != but && overlap(&held.binding, wished) && !(held.binding.share && wished.share)
        })
    }

    /// A free port of 49152–65535 (RFC 6335 §6), from a random one on: an attacker cannot tell which comes next
    /// (RFC 6056 §3.3.1).
    fn ephemeral(&self, wished: &Binding, entropy: &mut Entropy, is_free: &mut dyn FnMut(u16) -> bool) -> Option<u16> {
        let count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
        let first = entropy.below(count);
        let alone = Binding { share: false, ..wished.clone() };
        (0..count)
            .filter_map(|step| u16::try_from(EPHEMERAL_FIRST + (first + step) % count).ok())
            .find(|port| !self.conflicts(*port, &alone, None) && is_free(*port))
    }
}

const EPHEMERAL_FIRST: u32 = 49152;
const EPHEMERAL_LAST: u32 = 65535;

/// Whether packets to `address` belong to `binding`.
pub(crate) fn covers(binding: &Binding, address: Address) -> bool {
    if binding.addresses.is_empty() {
        if address.is_ipv4() { binding.ipv4 } else { binding.ipv6 }
    } else {
        binding.addresses.contains(&address)
    }
}

fn overlap(one: &Binding, other: &Binding) -> bool {
    match (one.addresses.is_empty(), other.addresses.is_empty()) {
        (true, true) => one.ipv4 && other.ipv4 || one.ipv6 && other.ipv6,
        (true, false) => other.addresses.iter().any(|address| covers(one, *address)),
        (false, _) => one.addresses.iter().any(|address| covers(other, *address)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(last: u8) -> Address {
        IpAddr::from([10, 0, 0, last]).into()
    }

    fn local() -> LocalAddresses {
        let mut local = LocalAddresses::default();
        local.set(&[1, 2].map(|last| LocalAddress { address: at(last), interface: 1 }));
        local
    }

    fn wish(port: u16, addresses: &[Address]) -> Binding {
        Binding { port, addresses: addresses.to_vec(), ipv4: true, ipv6: false, share: false }
    }

    fn bind(table: &mut PortTable, binding: Binding) -> Result<BindingKey, BindError> {
        table.bind(binding, &local(), &mut Entropy::new([7; 32]), &mut |_| true)
    }

    #[test]
    fn a_port_is_held_once_per_address() {
        let mut table = PortTable::new();
        bind(&mut table, wish(5000, &[at(1)])).unwrap();
        assert_eq!(bind(&mut table, wish(5000, &[at(1)])), Err(BindError::InUse));
        assert_eq!(bind(&mut table, wish(5000, &[])), Err(BindError::InUse));
        bind(&mut table, wish(5000, &[at(2)])).unwrap();
        bind(&mut table, wish(5001, &[at(1)])).unwrap();
        assert_eq!(bind(&mut table, wish(5002, &[at(9)])), Err(BindError::NotLocal));
    }

    #[test]
    fn families_do_not_overlap() {
        let mut table = PortTable::new();
        bind(&mut table, wish(5000, &[])).unwrap();
        let six = Binding { ipv4: false, ipv6: true, ..wish(5000, &[]) };
        bind(&mut table, six.clone()).unwrap();
        assert_eq!(bind(&mut table, Binding { ipv4: true, ..six }), Err(BindError::InUse));
    }

    #[test]
    fn who_shares_may_bind_beside_who_shares() {
        let mut table = PortTable::new();
        let shared = Binding { share: true, ..wish(5000, &[]) };
        bind(&mut table, shared.clone()).unwrap();
        bind(&mut table, shared).unwrap();
        assert_eq!(bind(&mut table, wish(5000, &[])), Err(BindError::InUse));
    }

    #[test]
    fn an_unbound_port_is_free_and_its_key_dead() {
        let mut table = PortTable::new();
        let key = bind(&mut table, wish(5000, &[])).unwrap();
        let like = table.bind_like(key).unwrap();
        table.unbind(key);
        assert_eq!(bind(&mut table, wish(5000, &[])), Err(BindError::InUse));
        table.unbind(like);
        let again = bind(&mut table, wish(5000, &[])).unwrap();
        assert!(table.get(key).is_none() && table.get(again).is_some());
    }

    #[test]
    fn ephemeral_ports_keep_out_of_what_others_hold() {
        let mut table = PortTable::new();
        let free = |port: u16| port == 50_123;
        let key = table.bind(wish(0, &[]), &local(), &mut Entropy::new([7; 32]), &mut { free }).unwrap();
        assert_eq!(table.get(key).unwrap().binding.port, 50_123);
        let none = table.bind(wish(0, &[]), &local(), &mut Entropy::new([7; 32]), &mut { free });
        assert_eq!(none, Err(BindError::NoPort));
    }

    #[test]
    fn a_listener_on_the_address_goes_before_one_on_all() {
        let mut table = PortTable::new();
        let shared = |addresses: &[Address]| Binding { share: true, ..wish(5000, addresses) };
        let all = bind(&mut table, shared(&[])).unwrap();
        let one = bind(&mut table, shared(&[at(1)])).unwrap();
        assert_eq!(table.listener(5000, at(1), 3), None);
        table.get_mut(all).unwrap().room = Some(5);
        assert_eq!(table.listener(5000, at(1), 3), Some(all));
        table.get_mut(one).unwrap().room = Some(0);
        assert_eq!(table.listener(5000, at(1), 3), Some(one));
        assert_eq!(table.listener(5000, at(2), 3), Some(all));
        assert_eq!(table.listener(5000, "::1".parse::<IpAddr>().unwrap().into(), 3), None);
    }

    #[test]
    fn the_last_address_of_a_binding_stays() {
        let mut table = PortTable::new();
        let key = bind(&mut table, wish(5000, &[at(1)])).unwrap();
        table.add(key, &[at(2)], &local()).unwrap();
        table.remove(key, &[at(1)]).unwrap();
        assert_eq!(table.remove(key, &[at(2)]), Err(BindError::NotLocal));
        assert!(table.holds(5000, at(2)) && !table.holds(5000, at(1)));
    }
}
