//! What an INIT or INIT ACK says about the peer that sent it (RFC 9260 §3.3.2, §3.3.3, §5.1.1, §5.1.2).

use std::net::IpAddr;

use usctp_wire::{Cause, Init, Param, Tsn, VerificationTag};

use super::{
    auth::{Announced, AuthOffer},
    capability::Capabilities,
};
use crate::Address;

/// A peer as it presents itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PeerParameters {
    pub(crate) tag: VerificationTag,
    pub(crate) initial_tsn: Tsn,
    /// Window at the beginning, octets.
    pub(crate) rwnd: u32,
    /// Streams that it wants to send on.
    pub(crate) outbound_streams: u16,
    /// Streams that it accepts.
    pub(crate) inbound_streams: u16,
    /// Where it can be reached: the packet's source first, then what the chunk lists; each once.
    pub(crate) addresses: Vec<Address>,
    pub(crate) capabilities: Capabilities,
    /// What it says about AUTH, if that is whole.
    pub(crate) auth: Option<Box<AuthOffer>>,
}

/// What else stands in an INIT or INIT ACK.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct InitExtras {
    /// Address families that it may be answered with, IPv4 and IPv6.
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
    /// Wished longer life of the cookie, milliseconds (RFC 9260 §3.3.2.1.3).
    pub(crate) preservative: Option<u32>,
    /// The cookie of an INIT ACK.
    pub(crate) cookie: Option<Vec<u8>>,
    /// Parameters that are to be reported as unrecognized, whole ones, each padded.
    pub(crate) unrecognized: Vec<u8>,
    /// RANDOM has another length than RFC 4895 §6.1 wants.
    pub(crate) bad_random: bool,
    /// Forward-TSN-Supported was among the parameters.
    pub(crate) forward_tsn: bool,
}

impl InitExtras {
    /// What is wrong only for one who does AUTH.
    pub(crate) fn check(&self, auth: bool) -> Result<(), InitFault> {
        if auth && self.bad_random { Err(InitFault::BadRandom) } else { Ok(()) }
    }

    /// What is switched off here is unrecognized too (RFC 3758 §3.3.2, RFC 9260 §3.2.2).
    pub(crate) fn forget_what_is_not(&mut self, offered: &Capabilities) {
        if self.forward_tsn && !offered.forward_tsn {
            let mut octets = Vec::new();
            Param::ForwardTsnSupported.encode(&mut octets);
            report(&mut self.unrecognized, &octets);
        }
    }
}

/// An INIT or INIT ACK that is answered with ABORT.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum InitFault {
    /// No streams: a mandatory field with a value that it must not have.
    NoStreams,
    /// A window below 1500 octets.
    SmallWindow,
    /// An INIT ACK without a cookie.
    NoCookie,
    /// Host Name Address, deprecated (RFC 9260 §5.1.2 B): the parameter.
    HostName(Vec<u8>),
    /// RANDOM of a wrong length (RFC 4895 §6.1).
    BadRandom,
    /// Parameters that cannot be walked.
    Malformed,
}

impl InitFault {
    /// The cause of the ABORT.
    pub(crate) fn cause(&self) -> Cause<'_> {
        match self {
            Self::NoStreams | Self::SmallWindow => Cause::InvalidParameter,
            Self::NoCookie => Cause::MissingParameter(&[0, 7]),
            Self::HostName(param) => Cause::UnresolvableAddress(param),
            Self::BadRandom => Cause::ProtocolViolation(b"RANDOM is not of 32 octets"),
            Self::Malformed => Cause::ProtocolViolation(b"malformed parameter"),
        }
    }
}

/// Addresses of one peer that are taken at most; the rest of what it lists is passed over. Each costs a path, heartbeats
/// and room in the cookie.
pub(crate) const MAX_PEER_ADDRESSES: usize = 32;

/// Octets of unrecognized parameters that are reported at most: with the cookie they fit one packet of most paths.
pub(crate) const MAX_REPORTED: usize = 1232;

/// The smallest window that a peer may begin with (RFC 9260 §3.3.2).
const MIN_RWND: u32 = 1500;

impl PeerParameters {
    /// Reads an INIT or INIT ACK that came from `source`. `is_ack` asks for a cookie.
    pub(crate) fn read(init: &Init<'_>, source: Address, is_ack: bool) -> Result<(Self, InitExtras), InitFault> {
        if init.outbound_streams == 0 || init.inbound_streams == 0 {
            return Err(InitFault::NoStreams);
        }
        if init.a_rwnd < MIN_RWND {
            return Err(InitFault::SmallWindow);
        }
        let mut peer = Self {
            tag: init.initiate_tag,
            initial_tsn: init.initial_tsn,
            rwnd: init.a_rwnd,
            outbound_streams: init.outbound_streams,
            inbound_streams: init.inbound_streams,
            addresses: vec![source],
            capabilities: Capabilities::default(),
            auth: None,
        };
        let mut extras = InitExtras::default();
        peer.read_params(init, source, &mut extras)?;
        if is_ack && extras.cookie.is_none() {
            return Err(InitFault::NoCookie);
        }
        if !extras.ipv4 && !extras.ipv6 {
            // RFC 9260 §5.1.2: without Supported Address Types any type is acceptable.
            (extras.ipv4, extras.ipv6) = (true, true);
        } else {
            // RFC 9260 §5.1.2: the families that the peer uses itself count as supported too.
            extras.ipv4 |= peer.addresses.iter().any(Address::is_ipv4);
            extras.ipv6 |= !peer.addresses.iter().all(Address::is_ipv4);
        }
        Ok((peer, extras))
    }

    fn read_params(&mut self, init: &Init<'_>, source: Address, extras: &mut InitExtras) -> Result<(), InitFault> {
        let mut announced = Announced::default();
        for raw in init.params.raw() {
            let raw = raw.map_err(|_| InitFault::Malformed)?;
            let param = raw.decode().map_err(|_| InitFault::Malformed)?;
            announced.note(&param);
            extras.forward_tsn |= matches!(param, Param::ForwardTsnSupported);
            if self.capabilities.note(&param) {
                continue;
            }
            match param {
                Param::Ipv4Address(v4) => self.add(IpAddr::V4(v4), source),
                Param::Ipv6Address(v6) => self.add(IpAddr::V6(v6), source),
                Param::HostNameAddress(_) => return Err(InitFault::HostName(raw.octets.to_vec())),
                Param::StateCookie(cookie) => extras.cookie = Some(cookie.to_vec()),
                Param::CookiePreservative(milliseconds) => extras.preservative = Some(milliseconds),
                Param::SupportedAddressTypes(types) => {
                    for kind in types.as_chunks::<2>().0 {
                        extras.ipv4 |= *kind == [0, 5];
                        extras.ipv6 |= *kind == [0, 6];
                    }
                }
                // Reports about what we sent: we can do without what the peer does not know.
                Param::Unrecognized(_) | Param::Padding(_) => {}
                _ => {
                    let action = raw.kind.unknown_action();
                    if action.report {
                        report(&mut extras.unrecognized, raw.octets);
                    }
                    if !action.skip {
                        break;
                    }
                }
            }
        }
        extras.bad_random = announced.has_bad_random();
        self.auth = announced.offer().map(Box::new);
        Ok(())
    }

    fn add(&mut self, ip: IpAddr, source: Address) {
        let address = Address::new(ip, source.scope);
        let mapped = matches!(ip, IpAddr::V6(_)) && address.is_ipv4();
        // A remote peer's loopback and link-local addresses are not its own when seen from here; one of the same link may
        // list its link-local ones.
        let reachable =
            (!address.is_loopback() || source.is_loopback()) && (!address.is_link_local() || source.is_link_local());
        if !mapped
            && address.is_unicast()
            && reachable
            && self.addresses.len() < MAX_PEER_ADDRESSES
            && !self.addresses.contains(&address)
        {
            self.addresses.push(address);
        }
    }
}

fn report(unrecognized: &mut Vec<u8>, octets: &[u8]) {
    let padded = octets.len().next_multiple_of(4);
    if unrecognized.len() + padded <= MAX_REPORTED {
        unrecognized.extend_from_slice(octets);
        unrecognized.resize(unrecognized.len() + padded - octets.len(), 0);
    }
}

#[cfg(test)]
mod tests {
    use usctp_wire::Params;

    use super::*;

    fn init<'a>(params: &'a [u8]) -> Init<'a> {
        Init {
            initiate_tag: VerificationTag(1),
            a_rwnd: 1500,
            outbound_streams: 1,
            inbound_streams: 1,
            initial_tsn: Tsn(0),
            params: Params::Wire(params),
        }
    }

    fn source() -> Address {
        IpAddr::from([192, 0, 2, 1]).into()
    }

    fn read(params: &[Param<'_>]) -> Result<(PeerParameters, InitExtras), InitFault> {
        let mut octets = Vec::new();
        for param in params {
            param.encode(&mut octets);
        }
        PeerParameters::read(&init(&octets), source(), false)
    }

    #[test]
    fn the_source_counts_and_foreign_loopback_does_not() {
        let (peer, _) = read(&[
            Param::Ipv4Address([127, 0, 0, 1].into()),
            Param::Ipv4Address([169, 254, 0, 1].into()),
            Param::Ipv4Address([224, 0, 0, 1].into()),
            Param::Ipv4Address([192, 0, 2, 1].into()),
            Param::Ipv4Address([192, 0, 2, 2].into()),
        ])
        .unwrap();
        assert_eq!(peer.addresses, [source(), IpAddr::from([192, 0, 2, 2]).into()]);
    }

    #[test]
    fn a_peer_lists_no_more_addresses_than_are_taken() {
        let many: Vec<_> = (0..255).map(|last| Param::Ipv4Address([198, 51, 100, last].into())).collect();
        assert_eq!(read(&many).unwrap().0.addresses.len(), MAX_PEER_ADDRESSES);
    }

    #[test]
    fn host_names_windows_and_streams_are_refused() {
        assert!(matches!(read(&[Param::HostNameAddress(b"a\0")]), Err(InitFault::HostName(_))));
        for (bad, fault) in [
            (Init { a_rwnd: 1499, ..init(&[]) }, InitFault::SmallWindow),
            (Init { outbound_streams: 0, ..init(&[]) }, InitFault::NoStreams),
            (Init { inbound_streams: 0, ..init(&[]) }, InitFault::NoStreams),
        ] {
            assert_eq!(PeerParameters::read(&bad, source(), false), Err(fault));
        }
        assert_eq!(PeerParameters::read(&init(&[]), source(), true), Err(InitFault::NoCookie));
        assert_eq!(PeerParameters::read(&init(&[0x80, 0, 0, 3]), source(), false), Err(InitFault::Malformed));
    }

    #[test]
    fn unknown_parameters_follow_their_two_highest_bits() {
        // Skip and report; skip silently; an address behind them counts.
        let octets = [0xff, 0, 0, 5, 9, 0, 0, 0, 0xbf, 0, 0, 4, 0, 5, 0, 8, 192, 0, 2, 9];
        let (peer, extras) = PeerParameters::read(&init(&octets), source(), false).unwrap();
        assert_eq!(extras.unrecognized, [0xff, 0, 0, 5, 9, 0, 0, 0]);
        assert_eq!(peer.addresses.len(), 2);
        // Stop and report; stop silently: the address behind them does not count.
        for (kind, reported) in [(0x7f, true), (0x3f, false)] {
            let octets = [kind, 0, 0, 4, 0, 5, 0, 8, 192, 0, 2, 9];
            let (peer, extras) = PeerParameters::read(&init(&octets), source(), false).unwrap();
            assert_eq!((peer.addresses.len(), !extras.unrecognized.is_empty()), (1, reported));
        }
    }

    #[test]
    fn the_families_that_a_peer_uses_count_as_supported() {
        let (_, extras) = read(&[]).unwrap();
        assert!(extras.ipv4 && extras.ipv6);
        let (_, extras) = read(&[Param::SupportedAddressTypes(&[0, 6])]).unwrap();
        assert!(extras.ipv4 && extras.ipv6);
        let (_, extras) = read(&[Param::SupportedAddressTypes(&[0, 5])]).unwrap();
        assert!(extras.ipv4 && !extras.ipv6);
    }
}
