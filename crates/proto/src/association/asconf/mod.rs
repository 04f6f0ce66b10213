//! Dynamic address reconfiguration (RFC 5061): what is asked of the peer, one ASCONF at a time, until it is acknowledged.
//! What the peer asks is in `receive`.

mod receive;

use std::collections::VecDeque;

use usctp_wire::{Asconf, AsconfSerial, Cause, CauseCode, Causes, Chunk, ChunkType, PacketBuilder, Param, Params};

use super::{Association, Context, PathId, PeerParameters, phase::Phase, timer::Timer};
use crate::{Address, PathChange, PeerPrimaryError, Routing, Time, endpoint::LocalAddresses, fault::PeerFault};

/// One change of our addresses, as the peer is to see them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AddressChange {
    Add(Address),
    Delete(Address),
    SetPrimary(Address),
}

/// Both directions, where both sides do ASCONF.
#[derive(Debug)]
pub(super) struct AddressChanges {
    /// Of the next ASCONF of ours.
    next: AsconfSerial,
    /// Of the next one of the peer's.
    expected: AsconfSerial,
    outstanding: Option<Outstanding>,
    queue: VecDeque<AddressChange>,
    /// Answers to the peer's last ASCONFs, in case they were lost.
    cached: VecDeque<(AsconfSerial, Vec<u8>)>,
    /// The peer knows neither ADD nor DELETE (rule F3a), not SET PRIMARY (F3b).
    refuses_addresses: bool,
    refuses_primary: bool,
}

/// An ASCONF that is not acknowledged; it never changes (rule B4).
#[derive(Debug)]
struct Outstanding {
    serial: AsconfSerial,
    changes: Vec<AddressChange>,
    /// The address that the peer may look us up by.
    lookup: Address,
    /// The source, where it is not the path's own.
    source: Option<Address>,
    path: PathId,
    owed: bool,
    t4: Timer,
}

/// Changes in one ASCONF at most: they fit a packet of any path.
const MAX_CHANGES: usize = 12;
/// Changes that wait at most.
const MAX_WAITING: usize = 128;

impl AddressChange {
    fn param(self, id: AsconfSerial) -> Param<'static> {
        match self {
            Self::Add(address) => Param::AddAddress { id, address: address.ip },
            Self::Delete(address) => Param::DeleteAddress { id, address: address.ip },
            Self::SetPrimary(address) => Param::SetPrimary { id, address: address.ip },
        }
    }
}

impl AddressChanges {
    fn refuses(&self, change: AddressChange) -> bool {
        match change {
            AddressChange::Add(_) | AddressChange::Delete(_) => self.refuses_addresses,
            AddressChange::SetPrimary(_) => self.refuses_primary,
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.outstanding.as_ref().and_then(|outstanding| outstanding.t4.deadline())
    }
}

impl Association {
    /// Whether both sides do ASCONF; RFC 5061 §4.2.7: only with AUTH. Rule A2: serial numbers begin with the initial TSNs.
    pub(super) fn agree_on_asconf(&mut self, peer: &PeerParameters) {
        let agreed = peer.capabilities.asconf && self.authenticator().is_some();
        let waiting = self.asconf.take().map(|old| {
            let asked = old.outstanding.map(|outstanding| outstanding.changes).unwrap_or_default();
            asked.into_iter().chain(old.queue).collect()
        });
        self.asconf = agreed.then(|| {
            Box::new(AddressChanges {
                next: AsconfSerial(self.local_initial_tsn.0),
                expected: AsconfSerial(peer.initial_tsn.0),
                outstanding: None,
                queue: waiting.unwrap_or_default(),
                cached: VecDeque::new(),
                refuses_addresses: false,
                refuses_primary: false,
            })
        });
    }

    /// Whether the peer can be told of changes of our addresses.
    pub(crate) const fn does_asconf(&self) -> bool {
        self.asconf.is_some()
    }

    /// Whether the peer takes SET PRIMARY, as far as is known.
    fn takes_set_primary(&self) -> bool {
        self.asconf.as_ref().is_some_and(|asconf| !asconf.refuses_primary)
    }

    /// Asks the peer for these changes, in this order.
    pub(crate) fn change_addresses(&mut self, context: &mut Context<'_>, changes: &[AddressChange]) {
        let Some(asconf) = self.asconf.as_mut().filter(|_| matches!(self.phase, Phase::Established)) else { return };
        let mut sources_change = false;
        for change in changes.iter().copied() {
            if asconf.refuses(change) || asconf.queue.len() >= MAX_WAITING {
                continue;
            }
            match change {
                AddressChange::Add(address) => self.local_side.begin_add(address),
                AddressChange::Delete(address) => {
                    self.local_side.begin_delete(address);
                    sources_change = true;
                }
                AddressChange::SetPrimary(_) => {}
            }
            asconf.queue.push_back(change);
        }
        if sources_change {
            // Rule F4: not used as a source any more.
            self.choose_sources(context.routing);
        }
        self.next_asconf();
    }

    /// Asks the peer to make `address` its primary.
    pub(crate) fn set_peer_primary(
        &mut self,
        context: &mut Context<'_>,
        address: Address,
    ) -> Result<(), PeerPrimaryError> {
        if !self.takes_set_primary() {
            return Err(PeerPrimaryError::NotAgreed);
        }
        if !matches!(self.phase, Phase::Established) {
            return Err(PeerPrimaryError::NotUp);
        }
        // RFC 5061 §5.4: only an address that is part of the association, or will be by what is asked before.
        if !self.local_side.known_to_peer().contains(&address) {
            return Err(PeerPrimaryError::NotOurs);
        }
        self.change_addresses(context, &[AddressChange::SetPrimary(address)]);
        Ok(())
    }

    /// The host's addresses have changed, and the binding follows them (SCTP_AUTO_ASCONF).
    pub(super) fn follow_addresses(&mut self, context: &mut Context<'_>, local: &LocalAddresses) {
        let Some(primary) = self.paths.get(self.paths.primary()).map(|path| path.address) else { return };
        let Some(listed) = self.local_side.all_addresses(local, primary) else { return };
        let told = self.local_side.known_to_peer();
        let added = listed.iter().filter(|address| !told.contains(address));
        let gone: Vec<_> = told.iter().filter(|address| !listed.contains(address)).collect();
        let mut changes: Vec<_> = added.copied().map(AddressChange::Add).collect();
        // Rule F5: not the last one; it goes when another has come.
        if !changes.is_empty() || gone.len() < told.len() {
            changes.extend(gone.into_iter().copied().map(AddressChange::Delete));
        }
        self.change_addresses(context, &changes);
    }

    /// Rule A3: what waits goes when nothing is unacknowledged.
    fn next_asconf(&mut self) {
        let path = self.paths.select_for_data();
        let (usual, local_side) = (self.paths.get(path).and_then(|path| path.source), &self.local_side);
        let Some(asconf) = &mut self.asconf else { return };
        if asconf.outstanding.is_some() || asconf.queue.is_empty() {
            return;
        }
        let count = asconf.queue.len().min(MAX_CHANGES);
        let changes: Vec<_> = asconf.queue.drain(..count).collect();
        // Rules F1 and F6: from an address that stays, or else from one that comes.
        let usable = usual.filter(|source| local_side.may_send_from(*source));
        let coming = changes.iter().find_map(|change| match change {
            AddressChange::Add(address) => Some(*address),
            _ => None,
        });
        let source = if usable.is_some() { None } else { coming };
        // RFC 5061 §5.3.2: one that the peer knows.
        let known = usable.filter(|source| local_side.told.contains(source));
        let lookup = known.or_else(|| local_side.told.first().copied()).or(usual).or(coming);
        let Some(lookup) = lookup else { return };
        let serial = asconf.next;
        asconf.next = serial.next();
        asconf.outstanding =
            Some(Outstanding { serial, changes, lookup, source, path, owed: true, t4: Timer::default() });
    }

    // --- the packet ------------------------------------------------------------------------------------------------------

    /// Where the ASCONF that is owed goes, and from where.
    pub(super) fn asconf_destination(&mut self) -> Option<(PathId, Option<Address>)> {
        // Rule C4.
        let allowed = matches!(
            self.phase,
            Phase::Established | Phase::ShutdownPending(_) | Phase::ShutdownReceived(_) | Phase::ShutdownSent(_)
        );
        let outstanding =
            self.asconf.as_mut()?.outstanding.as_mut().filter(|outstanding| outstanding.owed && allowed)?;
        if self.paths.get(outstanding.path).is_none() {
            outstanding.path = self.paths.select_for_data();
        }
        Some((outstanding.path, outstanding.source))
    }

    /// Writes the ASCONF that is owed to `id`, and starts T4 (rule A4).
    pub(super) fn write_asconf(&mut self, now: Time, id: PathId, packet: &mut PacketBuilder<'_>) -> bool {
        let Some(outstanding) = self.asconf.as_mut().and_then(|asconf| asconf.outstanding.as_mut()) else {
            return false;
        };
        if !outstanding.owed || outstanding.path != id {
            return false;
        }
        outstanding.owed = false;
        let params: Vec<_> =
            outstanding.changes.iter().zip(1..).map(|(change, number)| change.param(AsconfSerial(number))).collect();
        let chunk = Chunk::Asconf(Asconf {
            serial: outstanding.serial,
            address: outstanding.lookup.ip,
            params: Params::Values(&params),
        });
        let rto = self.paths.get(id).map_or(self.config.rto_initial, |path| path.rtt.rto());
        outstanding.t4.set(now + rto);
        packet.push(&chunk)
    }

    /// T4 ran out (rules B1 to B5).
    pub(super) fn handle_t4(&mut self, context: &mut Context<'_>) {
        let Some(outstanding) = self.asconf.as_mut().and_then(|asconf| asconf.outstanding.as_mut()) else { return };
        if !outstanding.t4.expired(context.now) {
            return;
        }
        outstanding.t4.stop();
        outstanding.owed = true;
        let failed = outstanding.path;
        self.counters.timeouts += 1;
        let mut change = None;
        if let Some(path) = self.paths.get_mut(failed) {
            change = path.on_error();
            path.rtt.back_off(&self.config);
        }
        if change == Some(PathChange::Unreachable) {
            self.outbound.on_path_failed(failed, &mut self.paths);
        }
        self.emit_path_change(context, failed, change);
        outstanding_of(&mut self.asconf, |outstanding| outstanding.path = self.paths.select_for_retransmission(failed));
        self.count_error(context);
    }

    // --- the answer ------------------------------------------------------------------------------------------------------

    /// An ASCONF-ACK came (rules A5 to A8, F0, F2, F3).
    pub(super) fn handle_asconf_ack(
        &mut self,
        context: &mut Context<'_>,
        serial: AsconfSerial,
        params: &Params<'_>,
    ) -> Result<(), PeerFault> {
        let Some(asconf) = &mut self.asconf else { return Ok(()) };
        if serial.is_at_or_after(asconf.next) {
            // Rule F0, RFC 5061 §4.3.4.
            return Err(PeerFault::IllegalAsconfAck);
        }
        let Some(outstanding) = asconf.outstanding.take_if(|outstanding| outstanding.serial == serial) else {
            return Ok(());
        };
        // RFC 9260 §8.1, §8.2.
        self.errors = 0;
        let change = self.paths.get_mut(outstanding.path).and_then(|path| path.on_success());
        self.emit_path_change(context, outstanding.path, change);
        let answers = Answers::read(params, outstanding.changes.len());
        for (number, change) in outstanding.changes.iter().enumerate() {
            self.end_change(*change, &answers, number);
        }
        self.choose_sources(context.routing);
        self.next_asconf();
        Ok(())
    }

    fn end_change(&mut self, change: AddressChange, answers: &Answers, number: usize) {
        let done = answers.succeeded(number);
        match change {
            AddressChange::Add(address) => self.local_side.end_add(address, done),
            AddressChange::Delete(address) => self.local_side.end_delete(address, done),
            AddressChange::SetPrimary(_) => {}
        }
        let Some(asconf) = &mut self.asconf else { return };
        if answers.codes.get(number) == Some(&Some(CauseCode::UNRECOGNIZED_PARAMETERS)) {
            match change {
                AddressChange::SetPrimary(_) => asconf.refuses_primary = true,
                _ => asconf.refuses_addresses = true,
            }
        }
    }

    /// The peer reports that it does not know ASCONF (rule A9): none is sent any more.
    pub(super) fn asconf_not_understood(&mut self, context: &Context<'_>) {
        let Some(asconf) = &mut self.asconf else { return };
        asconf.refuses_addresses = true;
        asconf.refuses_primary = true;
        let asked = asconf.outstanding.take().map(|outstanding| outstanding.changes).unwrap_or_default();
        for change in asked.into_iter().chain(std::mem::take(&mut asconf.queue)) {
            match change {
                AddressChange::Add(address) => self.local_side.end_add(address, false),
                AddressChange::Delete(address) => self.local_side.end_delete(address, false),
                AddressChange::SetPrimary(_) => {}
            }
        }
        self.choose_sources(context.routing);
    }

    /// Each path leaves from an address that may be a source.
    fn choose_sources(&mut self, routing: &dyn Routing) {
        for (_, path) in self.paths.iter_mut() {
            if path.source.is_some_and(|source| self.local_side.may_send_from(source)) {
                continue;
            }
            let (source, mtu) = self.local_side.source_for(path.address, routing);
            path.reroute(source, mtu, &self.config);
        }
    }
}

fn outstanding_of(asconf: &mut Option<Box<AddressChanges>>, act: impl FnOnce(&mut Outstanding)) {
    if let Some(outstanding) = asconf.as_mut().and_then(|asconf| asconf.outstanding.as_mut()) {
        act(outstanding);
    }
}

/// What an ASCONF-ACK says about each change.
#[derive(Debug)]
struct Answers {
    /// The cause of a refusal.
    codes: Vec<Option<CauseCode>>,
    succeeded: Vec<bool>,
}

impl Answers {
    fn read(params: &Params<'_>, count: usize) -> Self {
        let mut answers = Self { codes: vec![None; count], succeeded: vec![false; count] };
        for param in params.iter().flatten() {
            match param {
                Param::Success { id } => {
                    if let Some(place) = answers.succeeded.get_mut((id.0 as usize).wrapping_sub(1)) {
                        *place = true;
                    }
                }
                Param::ErrorCause { id, causes } => {
                    let code = Causes::new(causes).flatten().next().map_or(CauseCode(0), |cause| cause.code);
                    if let Some(place) = answers.codes.get_mut((id.0 as usize).wrapping_sub(1)) {
                        *place = Some(code);
                    }
                }
                _ => {}
            }
        }
        answers
    }

    /// Rules A7 and A8.
    fn succeeded(&self, number: usize) -> bool {
        let failed = self.codes.get(number).is_some_and(Option::is_some);
        let told = self.succeeded.get(number).copied().unwrap_or(false);
        let all_well_before = self.codes.iter().take(number).all(Option::is_none);
        !failed && (told || all_well_before)
    }
}

/// A cause of RFC 5061 §4.3 with the parameter that it is about.
const fn refusal(code: CauseCode, param: &[u8]) -> Cause<'_> {
    Cause::Other(code, param)
}

/// The chunk types that must always be authenticated (RFC 5061 §4.1.1, §4.1.2).
pub(super) const AUTHENTICATED: [ChunkType; 2] = [ChunkType::ASCONF, ChunkType::ASCONF_ACK];

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(params: &[Param<'_>]) -> Vec<bool> {
        let answers = Answers::read(&Params::Values(params), 4);
        (0..4).map(|number| answers.succeeded(number)).collect()
    }

    // R5061-5.1-A7, R5061-5.1-A8
    #[test]
    fn silence_is_success_up_to_the_first_refusal() {
        let refused = |id| Param::ErrorCause { id: AsconfSerial(id), causes: &[0, 0xa1, 0, 4] };
        let done = |id| Param::Success { id: AsconfSerial(id) };
        assert_eq!(answers(&[]), [true; 4]);
        assert_eq!(answers(&[refused(2)]), [true, false, false, false]);
        assert_eq!(answers(&[refused(2), done(4)]), [true, false, false, true]);
        assert_eq!(answers(&[refused(1), done(1)]), [false; 4]);
        assert_eq!(answers(&[refused(9), refused(0), done(77)]), [true; 4]);
    }
}
