//! What each side says about AUTH in its INIT or INIT ACK, and the key vectors made of it (RFC 4895 §3, §6.1).

use usctp_wire::{ChunkType, Param, ParamType, chunk_types, numbers};

use super::super::asconf::AUTHENTICATED;
use crate::{
    AssociationConfig, AuthConfig, Entropy,
    auth::{ChunkSet, is_never_authenticated},
};

/// RANDOM, CHUNKS and HMAC-ALGO of one side.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AuthOffer {
    random: [u8; RANDOM_LEN],
    /// The value of CHUNKS; `None`: not sent (RFC 4895 §6.1 lets an empty list be left out).
    chunks: Option<Vec<u8>>,
    /// The value of HMAC-ALGO.
    algorithms: Vec<u8>,
}

impl AuthOffer {
    /// What an association or a listener with these settings offers, with a random number of its own.
    pub(crate) fn of(config: &AssociationConfig, entropy: &mut Entropy) -> Option<Self> {
        // RFC 5061 §4.1.1: ASCONF exists only with AUTH.
        let also: &[ChunkType] = if config.asconf { &AUTHENTICATED } else { &[] };
        (config.auth.is_enabled() || config.asconf).then(|| Self::new(&config.auth, also, entropy.random_number()))
    }

    /// Ours. `also` are chunk types that another extension wants authenticated.
    pub(crate) fn new(config: &AuthConfig, also: &[ChunkType], random: [u8; RANDOM_LEN]) -> Self {
        let mut chunks = config.chunk_set();
        also.iter().for_each(|kind| chunks.insert(*kind));
        let listed: Vec<u8> = chunks.iter().map(|kind| kind.0).collect();
        let algorithms = config.algorithms().iter().flat_map(|id| id.to_be_bytes()).collect();
        Self { random, chunks: (!listed.is_empty()).then_some(listed), algorithms }
    }

    /// The same for another incarnation: the lists stay while the association lives, the random number is new.
    pub(crate) fn renewed(&self, random: [u8; RANDOM_LEN]) -> Self {
        Self { random, ..self.clone() }
    }

    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'_>> {
        let chunks = self.chunks.as_deref().map(Param::ChunkList);
        [Param::Random(&self.random)].into_iter().chain(chunks).chain([Param::HmacAlgorithms(&self.algorithms)])
    }

    /// The types that this side accepts only when authenticated. RFC 4895 §3.2: some are ignored in the list.
    pub(crate) fn chunks(&self) -> ChunkSet {
        chunk_types(self.chunks.as_deref().unwrap_or_default()).filter(|kind| !is_never_authenticated(*kind)).collect()
    }

    /// The algorithms that this side lets the other one use, the preferred first.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = u16> + '_ {
        numbers(&self.algorithms)
    }

    /// The key vector: the parameters in this order, without padding.
    pub(super) fn vector(&self) -> Vec<u8> {
        let mut vector = Vec::new();
        let mut push = |kind: ParamType, value: &[u8]| {
            let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
            vector.extend_from_slice(&kind.0.to_be_bytes());
            vector.extend_from_slice(&length.to_be_bytes());
            vector.extend_from_slice(value);
        };
        push(ParamType::RANDOM, &self.random);
        if let Some(chunks) = &self.chunks {
            push(ParamType::CHUNK_LIST, chunks);
        }
        push(ParamType::HMAC_ALGORITHMS, &self.algorithms);
        vector
    }

    // --- in the cookie ---------------------------------------------------------------------------------------------------

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.random);
        let lists = [self.chunks.as_deref(), Some(&self.algorithms[..])];
        for list in lists {
            // Lengths are bounded where offers are made; 0xffff stands for a list that was not sent.
            let length = list.map_or(NO_LIST, |list| list.len() as u16);
            to.extend_from_slice(&length.to_be_bytes());
            to.extend_from_slice(list.unwrap_or_default());
        }
    }

    pub(crate) fn read(from: &mut &[u8]) -> Option<Self> {
        let (random, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self { random: *random, chunks: read_list(from)?, algorithms: read_list(from)?? })
    }
}

fn read_list(from: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let (length, rest) = from.split_first_chunk()?;
    *from = rest;
    let length = u16::from_be_bytes(*length);
    if length == NO_LIST {
        return Some(None);
    }
    let (list, rest) = from.split_at_checked(length.into())?;
    *from = rest;
    Some(Some(list.to_vec()))
}

/// The peer's parameters, as far as they have been read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Announced {
    random: Option<Vec<u8>>,
    chunks: Option<Vec<u8>>,
    algorithms: Option<Vec<u8>>,
}

impl Announced {
    /// Notes a parameter; of several of one type the first counts.
    pub(crate) fn note(&mut self, param: &Param<'_>) {
        let (place, value) = match *param {
            Param::Random(value) => (&mut self.random, value),
            Param::ChunkList(value) => (&mut self.chunks, value),
            Param::HmacAlgorithms(value) => (&mut self.algorithms, value),
            _ => return,
        };
        // What is longer is refused below; there is no need to keep it.
        place.get_or_insert_with(|| value[..value.len().min(MAX_LIST + 1)].to_vec());
    }

    /// RFC 4895 §6.1: a random number of another length ends the set-up.
    pub(crate) fn has_bad_random(&self) -> bool {
        self.random.as_ref().is_some_and(|random| random.len() != RANDOM_LEN)
    }

    /// What the peer offers, if it is whole: AUTH needs RANDOM and HMAC-ALGO, and lists that a sane peer would send.
    pub(crate) fn offer(self) -> Option<AuthOffer> {
        let random = self.random?.try_into().ok()?;
        let algorithms =
            self.algorithms.filter(|list| list.len() <= MAX_ALGORITHM_LIST && list.len().is_multiple_of(2))?;
        let fits = self.chunks.as_ref().is_none_or(|list| list.len() <= MAX_LIST);
        fits.then_some(AuthOffer { random, chunks: self.chunks, algorithms })
    }
}

/// RFC 4895 §6.1.
pub(crate) const RANDOM_LEN: usize = 32;
/// RFC 4895 §3.2: the parameter has at most 260 octets.
const MAX_LIST: usize = 256;
/// Octets of an HMAC-ALGO list that is taken: it stands in the cookie.
const MAX_ALGORITHM_LIST: usize = 64;
const NO_LIST: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(params: &[Param<'_>]) -> Announced {
        let mut announced = Announced::default();
        params.iter().for_each(|param| announced.note(param));
        announced
    }

    #[test]
    fn an_offer_survives_the_cookie() {
        for chunks in [None, Some(Vec::new()), Some(vec![0, 193, 128])] {
            let offer = AuthOffer { random: [9; RANDOM_LEN], chunks, algorithms: vec![0, 3, 0, 1] };
            let mut octets = Vec::new();
            offer.write(&mut octets);
            let mut rest = &octets[..];
            assert_eq!(AuthOffer::read(&mut rest), Some(offer));
            assert!(rest.is_empty());
            for len in 0..octets.len() {
                assert_eq!(AuthOffer::read(&mut &octets[..len]), None);
            }
        }
    }

    #[test]
    fn only_a_whole_offer_counts_and_the_first_of_each_parameter() {
        let random = Param::Random(&[1; 32]);
        let sha1 = Param::HmacAlgorithms(&[0, 1]);
        assert!(announced(&[random.clone(), sha1.clone()]).offer().is_some());
        assert!(announced(std::slice::from_ref(&random)).offer().is_none());
        assert!(announced(std::slice::from_ref(&sha1)).offer().is_none());
        assert!(announced(&[Param::ChunkList(&[0])]).offer().is_none());
        let short = announced(&[Param::Random(&[1; 31]), sha1.clone()]);
        assert!(short.has_bad_random() && short.offer().is_none());
        let long = [0; 300];
        assert!(announced(&[random.clone(), sha1.clone(), Param::ChunkList(&long)]).offer().is_none());
        let twice = [random, sha1, Param::Random(&[2; 32])];
        assert_eq!(announced(&twice).offer().map(|offer| offer.random), Some([1; 32]));
    }

    #[test]
    fn types_that_cannot_be_authenticated_are_ignored_in_a_list() {
        let offer = AuthOffer { random: [0; 32], chunks: Some(vec![0, 1, 2, 14, 15]), algorithms: vec![0, 1] };
        assert_eq!(offer.chunks().iter().collect::<Vec<_>>(), [ChunkType::DATA]);
    }

    #[test]
    fn a_key_vector_has_no_padding_and_leaves_out_what_was_not_sent() {
        let with = AuthOffer { random: [7; 32], chunks: Some(vec![5]), algorithms: vec![0, 1] };
        let vector = [&[0x80, 2, 0, 36][..], &[7; 32], &[0x80, 3, 0, 5, 5], &[0x80, 4, 0, 6, 0, 1]].concat();
        assert_eq!(with.vector(), vector);
        let without = AuthOffer { chunks: None, ..with };
        assert_eq!(without.vector().len(), vector.len() - 5);
    }
}
