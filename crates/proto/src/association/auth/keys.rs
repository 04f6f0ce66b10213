//! Authentication as the association sees it: which chunks of a packet count, whether a COOKIE ECHO does, and the changes of
//! its keys (RFC 4895 §6.3, RFC 6458 §8.3).

use usctp_wire::{Cause, ChunkType, KeyId, RawChunk};

use super::{
    super::{Association, Context, asconf::AUTHENTICATED, control::Towards},
    AuthFault, AuthOffer, AuthPart, Authenticator,
};
use crate::{AuthError, EventKind, KeyChange, KeyNews, endpoint::StateCookie};

/// Whether the chunks of a packet that are still to come are authenticated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Seal {
    /// No AUTH chunk so far.
    #[default]
    Open,
    /// Behind a good AUTH chunk.
    Good(KeyId),
}

/// What happens to a chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Admission {
    Take,
    /// It had to be authenticated and is not, or is the AUTH chunk itself: on to the next.
    Pass,
    /// Nothing behind it counts.
    Stop,
}

/// Whether a packet with a COOKIE ECHO, behind AUTH if there is a `part`, may be looked at.
pub(crate) fn check_cookie_echo(auth: Option<&Authenticator>, part: Option<&AuthPart<'_>>) -> Result<Seal, AuthFault> {
    match (auth, part) {
        (Some(auth), Some(part)) => auth.verify(part).map(Seal::Good),
        (Some(auth), None) if auth.demands(ChunkType::COOKIE_ECHO) => Err(AuthFault::Wrong),
        // An AUTH chunk that was not agreed on ends its packet, as its type says (RFC 9260 §3.2).
        (None, Some(_)) => Err(AuthFault::Malformed),
        (_, None) => Ok(Seal::Open),
    }
}

impl Association {
    pub(crate) fn authenticator(&self) -> Option<&Authenticator> {
        self.peer.as_ref()?.auth.as_deref()
    }

    fn authenticator_mut(&mut self) -> Option<&mut Authenticator> {
        self.peer.as_mut()?.auth.as_deref_mut()
    }

    /// Which types we accept only when authenticated, as the peer was told; `None`: AUTH was not agreed on.
    pub(crate) fn demanded_chunks(&self) -> Option<Vec<ChunkType>> {
        self.authenticator()?;
        Some(self.local_auth.as_ref()?.chunks().iter().collect())
    }

    /// Both sides' parameters are known: AUTH is agreed on, or not.
    pub(in crate::association) fn agree_on_auth(&mut self, offer: Option<&AuthOffer>, asconf: bool) {
        let mut agreed = self
            .local_auth
            .as_ref()
            .zip(offer)
            .and_then(|(local, peer)| Authenticator::new(local, peer, &self.config.auth));
        if let Some(auth) = agreed.as_mut().filter(|_| asconf) {
            AUTHENTICATED.iter().for_each(|kind| auth.require(*kind));
        }
        let of_data = |auth: &Authenticator| auth.requires(ChunkType::DATA) || auth.requires(ChunkType::I_DATA);
        self.paths.reserve = agreed.as_ref().map_or(0, |auth| auth.reserve() as u16);
        self.outbound.separate_keys(agreed.as_ref().is_some_and(of_data));
        if let Some(peer) = &mut self.peer {
            peer.auth = agreed.map(Box::new);
        }
    }

    /// Looks at one chunk before it is read; `behind` is the rest of its packet.
    pub(in crate::association) fn admit(
        &mut self,
        context: &mut Context<'_>,
        towards: Towards,
        seal: &mut Seal,
        raw: RawChunk<'_>,
        behind: &[u8],
    ) -> Admission {
        let Some(auth) = self.authenticator() else { return Admission::Take };
        if raw.kind != ChunkType::AUTH {
            // RFC 4895 §6.3: silently discarded.
            let admitted = *seal != Seal::Open || !auth.demands(raw.kind);
            context.counters.dropped_unauthenticated += u64::from(!admitted);
            // RFC 5061 §5.2 D5: with an ASCONF, what follows it, too.
            let refused = if AUTHENTICATED.contains(&raw.kind) { Admission::Stop } else { Admission::Pass };
            return if admitted { Admission::Take } else { refused };
        }
        // RFC 4895 §5.1: not more than once.
        let verdict =
            if *seal == Seal::Open { auth.verify(&AuthPart::new(raw, behind)) } else { Err(AuthFault::Wrong) };
        self.counters.control_chunks_in += 1;
        match verdict {
            Ok(key) => {
                *seal = Seal::Good(key);
                self.note_key(context, *seal);
                Admission::Pass
            }
            Err(fault) => {
                context.counters.dropped_unauthenticated += 1;
                if let AuthFault::Algorithm(id) = fault {
                    self.control.owe_error(towards, &Cause::UnsupportedHmac(id));
                }
                Admission::Stop
            }
        }
    }

    /// Whether a packet with a COOKIE ECHO for this association may be looked at. RFC 4895 §6.3: by the keys of the
    /// association, not those that the cookie would lead to, so that nobody who does not know them can restart it.
    pub(crate) fn check_cookie_echo(
        &self,
        cookie: &StateCookie,
        part: Option<&AuthPart<'_>>,
    ) -> Result<Seal, AuthFault> {
        match self.authenticator() {
            Some(auth) => check_cookie_echo(Some(auth), part),
            None => check_cookie_echo(cookie.authenticator(&self.config.auth).as_ref(), part),
        }
    }

    /// Tells of a key that the peer uses for the first time (RFC 6458 §6.1.8).
    pub(in crate::association) fn note_key(&mut self, context: &mut Context<'_>, seal: Seal) {
        let Seal::Good(key) = seal else { return };
        if self.authenticator_mut().is_some_and(|auth| auth.note_use(key)) {
            self.emit(context, EventKind::Key { key, news: KeyNews::New });
        }
    }

    /// Tells of deactivated keys that nothing on its way needs any more.
    pub(in crate::association) fn tell_free_keys(&mut self, context: &mut Context<'_>) {
        let Some(auth) = self.peer.as_mut().and_then(|peer| peer.auth.as_mut()) else { return };
        if !auth.awaits_free() {
            return;
        }
        for key in auth.take_free(|key| self.outbound.uses_key(key)) {
            self.emit(context, EventKind::Key { key, news: KeyNews::Free });
        }
    }

    /// Changes the keys of this association.
    pub(crate) fn change_keys(&mut self, context: &mut Context<'_>, change: &KeyChange) -> Result<(), AuthError> {
        if let KeyChange::Delete(key) = change
            && self.outbound.uses_key(*key)
        {
            return Err(AuthError::KeyInUse);
        }
        self.config.auth.change(change)?;
        let agreed = self.authenticator_mut().map(|auth| auth.apply(change)).is_some();
        match change {
            // Nothing was ever authenticated with it.
            KeyChange::Deactivate(key) if !agreed => {
                self.emit(context, EventKind::Key { key: *key, news: KeyNews::Free });
            }
            _ => self.tell_free_keys(context),
        }
        Ok(())
    }

    /// The key that a message is sent with; an error: it names one that cannot be used, where that matters.
    pub(in crate::association) fn key_for(&self, wish: Option<KeyId>) -> Result<KeyId, AuthError> {
        let auth = &self.config.auth;
        let matters = self.authenticator().is_some_and(|auth| auth.requires(ChunkType::DATA));
        match wish {
            Some(key) if auth.is_usable(key) => Ok(key),
            Some(_) if matters => Err(AuthError::NoKey),
            _ => Ok(auth.active()),
        }
    }
}
