//! The state cookie: all that is remembered of an INIT, kept by the peer (RFC 9260 §5.1.3, §5.1.5).
//!
//! The cookie is not encrypted, so nothing secret is in it: its own tags stand in the INIT and the INIT ACK anyway, and the
//! tie-tags are random numbers that stand for the real tags of an existing association (RFC 9260 §5.2.2).

use std::{net::IpAddr, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use usctp_wire::{Tsn, VerificationTag};

use crate::{
    Address, AuthConfig, Entropy, Time,
    association::{AuthOffer, Authenticator, Capabilities, MAX_PEER_ADDRESSES, PeerParameters},
};

/// What is needed to make an association out of a COOKIE ECHO.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StateCookie {
    pub(crate) created: Time,
    pub(crate) life: Duration,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) local_tag: VerificationTag,
    /// Tie-tags of the association that existed already, (local, peer); zeros when there was none.
    pub(crate) tie_tags: (u32, u32),
    pub(crate) local_initial_tsn: Tsn,
    /// Streams that the INIT ACK offered to send on.
    pub(crate) outbound_streams: u16,
    /// Streams that the INIT ACK accepted.
    pub(crate) inbound_streams: u16,
    /// The peer as its INIT presented it. Its first address is the one that the INIT came from.
    pub(crate) peer: PeerParameters,
    /// What the INIT ACK said about AUTH.
    pub(crate) local_auth: Option<Box<AuthOffer>>,
}

impl StateCookie {
    /// How long the cookie has outlived its life, if it has (RFC 9260 §5.1.5 step 4).
    pub(crate) fn staleness(&self, now: Time) -> Option<Duration> {
        let age = now.saturating_since(self.created);
        (age > self.life).then(|| age.saturating_sub(self.life))
    }

    /// The keys of the association that the cookie leads to, if both sides offered AUTH.
    pub(crate) fn authenticator(&self, config: &AuthConfig) -> Option<Authenticator> {
        Authenticator::new(self.local_auth.as_deref()?, self.peer.auth.as_deref()?, config)
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.created.as_nanos().to_be_bytes());
        let life = u32::try_from(self.life.as_millis()).unwrap_or(u32::MAX);
        let peer = &self.peer;
        for number in [
            life,
            self.local_tag.0,
            peer.tag.0,
            self.tie_tags.0,
            self.tie_tags.1,
            self.local_initial_tsn.0,
            peer.initial_tsn.0,
            peer.rwnd,
            peer.capabilities.zero_checksum.unwrap_or(0),
            peer.capabilities.adaptation.map_or(0, |code| code.0),
        ] {
            to.extend_from_slice(&number.to_be_bytes());
        }
        for number in [
            self.local_port,
            self.peer_port,
            self.outbound_streams,
            self.inbound_streams,
            peer.outbound_streams,
            peer.inbound_streams,
        ] {
            to.extend_from_slice(&number.to_be_bytes());
        }
        to.push(peer.capabilities.flags());
        for offer in [&self.local_auth, &peer.auth] {
            to.push(offer.is_some().into());
            if let Some(offer) = offer {
                offer.write(to);
            }
        }
        for address in &peer.addresses {
            match address.ip {
                IpAddr::V4(v4) => {
                    to.push(4);
                    to.extend_from_slice(&v4.octets());
                }
                IpAddr::V6(v6) => {
                    to.push(6);
                    to.extend_from_slice(&v6.octets());
                    to.extend_from_slice(&address.scope.to_be_bytes());
                }
            }
        }
    }

    /// Only called with what [`Self::write`] wrote, and still without trust: whatever does not fit is no cookie.
    fn read(mut octets: &[u8]) -> Option<Self> {
        let from = &mut octets;
        let created = Time::from_nanos(u64::from_be_bytes(take(from)?));
        let mut words = [0; 10];
        for word in &mut words {
            *word = u32::from_be_bytes(take(from)?);
        }
        let mut shorts = [0; 6];
        for short in &mut shorts {
            *short = u16::from_be_bytes(take(from)?);
        }
        let [life, local_tag, tag, tie_local, tie_peer, local_tsn, initial_tsn, rwnd, zero_checksum, adaptation] =
            words;
        let [local_port, peer_port, outbound_streams, inbound_streams, peer_outbound, peer_inbound] = shorts;
        let [flags] = take(from)?;
        let (local_auth, peer_auth) = (read_offer(from)?, read_offer(from)?);
        Some(Self {
            created,
            life: Duration::from_millis(life.into()),
            local_port,
            peer_port,
            local_tag: VerificationTag(local_tag),
            tie_tags: (tie_local, tie_peer),
            local_initial_tsn: Tsn(local_tsn),
            outbound_streams,
            inbound_streams,
            peer: PeerParameters {
                tag: VerificationTag(tag),
                initial_tsn: Tsn(initial_tsn),
                rwnd,
                outbound_streams: peer_outbound,
                inbound_streams: peer_inbound,
                addresses: read_addresses(from)?,
                capabilities: Capabilities::from_flags(flags, zero_checksum, adaptation),
                auth: peer_auth,
            },
            local_auth,
        })
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*first)
}

fn read_offer(from: &mut &[u8]) -> Option<Option<Box<AuthOffer>>> {
    match take(from)? {
        [0] => Some(None),
        [1] => AuthOffer::read(from).map(|offer| Some(Box::new(offer))),
        _ => None,
    }
}

fn read_addresses(from: &mut &[u8]) -> Option<Vec<Address>> {
    let mut addresses = Vec::new();
    while let Some([family]) = take(from) {
        addresses.push(match family {
            4 => Address::new(IpAddr::from(take::<4>(from)?), 0),
            6 => {
                let ip = IpAddr::from(take::<16>(from)?);
                Address::new(ip, u32::from_be_bytes(take(from)?))
            }
            _ => return None,
        });
    }
    (!addresses.is_empty() && addresses.len() <= MAX_PEER_ADDRESSES).then_some(addresses)
}

/// Makes cookies and knows its own again. The secret changes; the one before stays good for the life of the cookies that
/// were made with it.
pub(crate) struct CookieJar {
    secret_life: Duration,
    current: Secret,
    previous: Option<Secret>,
}

struct Secret {
    keyed: Hmac<Sha256>,
    id: u8,
    since: Time,
}

impl std::fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CookieJar").finish_non_exhaustive()
    }
}

const MAC_LEN: usize = 32;

/// A cookie of ours with the most addresses is shorter; nothing longer is hashed.
const MAX_COOKIE: usize = 2048;

impl CookieJar {
    pub(crate) fn new(secret_life: Duration, entropy: &mut Entropy) -> Self {
        Self { secret_life, current: Secret::new(0, Time::ZERO, entropy), previous: None }
    }

    /// The cookie's octets: key id, fields, MAC.
    pub(crate) fn seal(&mut self, now: Time, cookie: &StateCookie, entropy: &mut Entropy) -> Vec<u8> {
        self.rotate(now, entropy);
        let mut octets = vec![self.current.id];
        cookie.write(&mut octets);
        let mac = self.current.mac(&octets).finalize().into_bytes();
        octets.extend_from_slice(&mac);
        octets
    }

    /// The fields of a cookie that was made here, stale or not; `None` for anything else. The MAC is checked before
    /// anything is read.
    pub(crate) fn open(&mut self, now: Time, octets: &[u8], entropy: &mut Entropy) -> Option<StateCookie> {
        self.rotate(now, entropy);
        if octets.len() > MAX_COOKIE {
            return None;
        }
        let (signed, mac) = octets.split_last_chunk::<MAC_LEN>()?;
        let (id, fields) = signed.split_first()?;
        let secret = [Some(&self.current), self.previous.as_ref()].into_iter().flatten().find(|one| one.id == *id)?;
        // Compares in constant time.
        secret.mac(signed).verify_slice(mac).ok()?;
        let cookie = StateCookie::read(fields)?;
        (cookie.created <= now).then_some(cookie)
    }

    /// Changes the secret when its time is over. One that nobody needed for long is changed twice at once, so that the
    /// one before is never older than two lives.
    fn rotate(&mut self, now: Time, entropy: &mut Entropy) {
        let age = now.saturating_since(self.current.since);
        if age < self.secret_life {
            return;
        }
        let next = Secret::new(self.current.id.wrapping_add(1), now, entropy);
        let old = std::mem::replace(&mut self.current, next);
        self.previous = (age < self.secret_life * 2).then_some(old);
    }
}

impl Secret {
    fn new(id: u8, since: Time, entropy: &mut Entropy) -> Self {
        let keyed = Hmac::new_from_slice(&entropy.secret()).expect("HMAC takes a key of any length");
        Self { keyed, id, since }
    }

    fn mac(&self, octets: &[u8]) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(octets)
    }
}

#[cfg(test)]
mod tests {
    use usctp_wire::AdaptationCode;

    use super::*;

    fn offer(random: u8) -> Box<AuthOffer> {
        let mut auth = AuthConfig::default();
        auth.set_chunks(&[usctp_wire::ChunkType::DATA]).unwrap();
        Box::new(AuthOffer::new(&auth, &[], [random; 32]))
    }

    fn cookie() -> StateCookie {
        StateCookie {
            created: Time::from_nanos(5),
            life: Duration::from_secs(60),
            local_port: 1,
            peer_port: 2,
            local_tag: VerificationTag(3),
            tie_tags: (4, 5),
            local_initial_tsn: Tsn(6),
            outbound_streams: 7,
            inbound_streams: 8,
            peer: PeerParameters {
                tag: VerificationTag(9),
                initial_tsn: Tsn(10),
                rwnd: 11_111,
                outbound_streams: 12,
                inbound_streams: 13,
                addresses: vec![
                    IpAddr::from([192, 0, 2, 1]).into(),
                    Address::new("fe80::1".parse().unwrap(), 3),
                    Address::new("2001:db8::1".parse().unwrap(), 0),
                ],
                capabilities: Capabilities {
                    ecn: true,
                    adaptation: Some(AdaptationCode(14)),
                    ..Capabilities::default()
                },
                auth: Some(offer(2)),
            },
            local_auth: Some(offer(1)),
        }
    }

    fn jar() -> (CookieJar, Entropy) {
        let mut entropy = Entropy::new([1; 32]);
        (CookieJar::new(Duration::from_secs(600), &mut entropy), entropy)
    }

    fn seconds(seconds: u64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_cookie_comes_back_as_it_was() {
        let (mut jar, mut entropy) = jar();
        let octets = jar.seal(seconds(1), &cookie(), &mut entropy);
        assert_eq!(jar.open(seconds(2), &octets, &mut entropy), Some(cookie()));
    }

    #[test]
    fn no_changed_or_cut_cookie_opens() {
        let (mut jar, mut entropy) = jar();
        let octets = jar.seal(seconds(1), &cookie(), &mut entropy);
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            assert_eq!(jar.open(seconds(1), &changed, &mut entropy), None, "octet {at}");
            assert_eq!(jar.open(seconds(1), &octets[..at], &mut entropy), None, "length {at}");
        }
        let longer = [&octets[..], &[0]].concat();
        assert_eq!(jar.open(seconds(1), &longer, &mut entropy), None);
        assert_eq!(jar.open(seconds(1), &[0; 4000], &mut entropy), None);
    }

    #[test]
    fn a_cookie_of_another_endpoint_does_not_open() {
        let (mut jar, mut entropy) = jar();
        let mut other = CookieJar::new(Duration::from_secs(600), &mut Entropy::new([2; 32]));
        let octets = other.seal(seconds(1), &cookie(), &mut entropy);
        assert_eq!(jar.open(seconds(1), &octets, &mut entropy), None);
    }

    #[test]
    fn the_secret_before_is_good_and_the_one_before_that_is_not() {
        let (mut jar, mut entropy) = jar();
        let octets = jar.seal(seconds(1), &cookie(), &mut entropy);
        assert!(jar.open(seconds(700), &octets, &mut entropy).is_some());
        assert!(jar.open(seconds(1299), &octets, &mut entropy).is_some());
        assert!(jar.open(seconds(1301), &octets, &mut entropy).is_none());
        let octets = jar.seal(seconds(1301), &cookie(), &mut entropy);
        assert!(jar.open(seconds(9000), &octets, &mut entropy).is_none());
    }

    #[test]
    fn a_cookie_is_stale_after_its_life() {
        let cookie = cookie();
        assert_eq!(cookie.staleness(seconds(60)), None);
        let stale = Time::from_nanos(5) + Duration::from_secs(61);
        assert_eq!(cookie.staleness(stale), Some(Duration::from_secs(1)));
    }
}
