//! What the peer has announced beyond the base protocol, and what both agree on.
//!
//! Only what both sides offer is agreed on; chunks of anything else count as unknown (RFC 9260 §3.2).

use usctp_wire::{AdaptationCode, ChunkType, Param, chunk_types};

use crate::AssociationConfig;

/// What a peer's INIT or INIT ACK announces.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Capabilities {
    /// ECN Capable (RFC 9260 Appendix A of its predecessor; parameter 0x8000).
    pub(crate) ecn: bool,
    /// Forward-TSN-Supported (RFC 3758 §3.1), as a parameter or in Supported Extensions.
    pub(crate) forward_tsn: bool,
    /// ASCONF and ASCONF-ACK (RFC 5061 §4.2.7).
    pub(crate) asconf: bool,
    /// AUTH with RANDOM and HMAC-ALGO (RFC 4895 §6.1).
    pub(crate) auth: bool,
    /// RE-CONFIG (RFC 6525 §3).
    pub(crate) reconfig: bool,
    /// I-DATA (RFC 8260 §2.2.1).
    pub(crate) interleaving: bool,
    /// I-FORWARD-TSN (RFC 8260 §2.3.1); once agreed on, `forward_tsn` stands for both.
    pub(crate) i_forward_tsn: bool,
    /// Zero Checksum Acceptable (RFC 9653 §4): the error detection method.
    pub(crate) zero_checksum: Option<u32>,
    /// Adaptation layer indication (RFC 5061 §4.2.6).
    pub(crate) adaptation: Option<AdaptationCode>,
}

impl Capabilities {
    /// What this side offers by its settings.
    pub(crate) fn offered(config: &AssociationConfig) -> Self {
        Self {
            ecn: config.ecn,
            forward_tsn: config.partial_reliability,
            asconf: config.asconf,
            interleaving: config.interleaving,
            ..Self::default()
        }
    }

    /// What both sides have announced: the peer's (`self`), as far as it was `offered`. What only one side announces is
    /// not agreed on, and its chunks count as unknown.
    pub(crate) fn agreed(self, offered: &Self) -> Self {
        let interleaving = self.interleaving && offered.interleaving;
        Self {
            ecn: self.ecn && offered.ecn,
            // RFC 8260 §2.3.1: with I-DATA it is I-FORWARD-TSN that has to be announced; Linux does not, and yet sends it.
            forward_tsn: offered.forward_tsn && (self.forward_tsn || interleaving && self.i_forward_tsn),
            i_forward_tsn: false,
            asconf: self.asconf && offered.asconf,
            auth: self.auth && offered.auth,
            reconfig: self.reconfig && offered.reconfig,
            interleaving,
            ..self
        }
    }

    /// Chunk types for Supported Extensions (RFC 5061 §4.2.7); empty: the parameter is not sent.
    pub(crate) fn extensions(&self, auth: bool) -> Vec<u8> {
        let asconf: &[ChunkType] = if self.asconf { &[ChunkType::ASCONF, ChunkType::ASCONF_ACK] } else { &[] };
        let auth: &[ChunkType] = if auth { &[ChunkType::AUTH] } else { &[] };
        let interleaving: &[ChunkType] = match (self.interleaving, self.forward_tsn) {
            (false, _) => &[],
            (true, false) => &[ChunkType::I_DATA],
            // RFC 8260 §2.3.1: without I-DATA, Forward-TSN-Supported says it.
            (true, true) => &[ChunkType::I_DATA, ChunkType::I_FORWARD_TSN],
        };
        auth.iter().chain(asconf).chain(interleaving).map(|kind| kind.0).collect()
    }

    /// Notes what one parameter announces; false when it announces nothing of this kind.
    pub(crate) fn note(&mut self, param: &Param<'_>) -> bool {
        match *param {
            Param::EcnCapable => self.ecn = true,
            Param::ForwardTsnSupported => self.forward_tsn = true,
            Param::ZeroChecksum(method) => self.zero_checksum = Some(method),
            Param::Adaptation(code) => self.adaptation = Some(code),
            Param::Random(_) | Param::ChunkList(_) => {}
            Param::HmacAlgorithms(_) => self.auth = true,
            Param::SupportedExtensions(types) => {
                for kind in chunk_types(types) {
                    self.note_extension(kind);
                }
            }
            _ => return false,
        }
        true
    }

    /// As one octet of flags, for the cookie; the two values go beside it.
    pub(crate) fn flags(&self) -> u8 {
        [
            self.ecn,
            self.forward_tsn,
            self.asconf,
            self.auth,
            self.reconfig,
            self.interleaving,
            self.zero_checksum.is_some(),
            self.adaptation.is_some(),
        ]
        .iter()
        .enumerate()
        .fold(0, |flags, (bit, on)| flags | u8::from(*on) << bit)
    }

    /// Back from [`Self::flags`] and the values beside it.
    pub(crate) fn from_flags(flags: u8, zero_checksum: u32, adaptation: u32) -> Self {
        let on = |bit: u32| flags & 1 << bit != 0;
        Self {
            ecn: on(0),
            forward_tsn: on(1),
            asconf: on(2),
            auth: on(3),
            reconfig: on(4),
            interleaving: on(5),
            i_forward_tsn: false,
            zero_checksum: on(6).then_some(zero_checksum),
            adaptation: on(7).then_some(AdaptationCode(adaptation)),
        }
    }

    fn note_extension(&mut self, kind: ChunkType) {
        match kind {
            ChunkType::FORWARD_TSN => self.forward_tsn = true,
            ChunkType::ASCONF => self.asconf = true,
            ChunkType::RE_CONFIG => self.reconfig = true,
            ChunkType::I_DATA => self.interleaving = true,
            ChunkType::I_FORWARD_TSN => self.i_forward_tsn = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_sides_offer_is_agreed_on() {
        let all = Capabilities { ecn: true, forward_tsn: true, interleaving: true, ..Capabilities::default() };
        let offered = |ecn, partial_reliability| {
            let config = AssociationConfig { ecn, partial_reliability, ..AssociationConfig::default() };
            all.agreed(&Capabilities::offered(&config))
        };
        let both = offered(true, true);
        assert!(both.ecn && both.forward_tsn && !both.interleaving);
        let neither = offered(false, false);
        assert!(!neither.ecn && !neither.forward_tsn);
        assert!(!Capabilities::default().agreed(&all).forward_tsn);
    }

    #[test]
    fn what_is_announced_survives_the_cookie() {
        let mut all = Capabilities::default();
        assert!(all.note(&Param::EcnCapable));
        assert!(all.note(&Param::Adaptation(AdaptationCode(7))));
        assert!(all.note(&Param::SupportedExtensions(&[192, 193, 128, 130, 64])));
        assert!(!all.note(&Param::CookiePreservative(3)));
        assert!(all.forward_tsn && all.asconf && all.reconfig && all.interleaving && !all.auth);
        assert_eq!(Capabilities::from_flags(all.flags(), 0, 7), all);
        assert_eq!(Capabilities::from_flags(0, 1, 2), Capabilities::default());
    }
}
