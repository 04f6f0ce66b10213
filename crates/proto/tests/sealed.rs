//! A peer driven by hand that can authenticate. Its keys and MACs are worked out here, by RFC 4895 and not by the engine.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use usctp_proto::{AssociationConfig, KeyChange, Secret};
use usctp_wire::{
    Auth, Chunk, ChunkType, HEADER_LEN, Header, Init, KeyId, PacketBuilder, Param, ParamType, Params, VerificationTag,
    crc32c,
};

use crate::{
    expect::{Seen, exactly, only},
    pair::address,
    peer::{COOKIE, OUR_PORT, PEER_TAG, Peer, cookie_of, init},
};

pub(crate) const SHA1: u16 = 1;
pub(crate) const SHA256: u16 = 3;
/// The peer's RANDOM.
pub(crate) const RANDOM: [u8; 32] = [0x5a; 32];

/// Both key vectors, as the peer knows them.
#[derive(Clone, Debug)]
pub(crate) struct Vectors {
    pub(crate) peer: Vec<u8>,
    pub(crate) endpoint: Vec<u8>,
}

/// AUTH on, these chunk types listed, key 0 with this secret.
pub(crate) fn config(chunks: &[ChunkType], secret: &[u8]) -> AssociationConfig {
    let mut config = AssociationConfig::default();
    config.auth.enable(true);
    config.auth.set_chunks(chunks).expect("types that can be listed");
    config.auth.change(&KeyChange::Set(KeyId(0), Secret::new(secret))).expect("a key");
    config
}

/// RANDOM, CHUNKS and HMAC-ALGO of the peer: `chunks` is what it wants authenticated.
pub(crate) fn params<'a>(chunks: &'a [u8], algorithms: &'a [u8]) -> [Param<'a>; 3] {
    [Param::Random(&RANDOM), Param::ChunkList(chunks), Param::HmacAlgorithms(algorithms)]
}

/// The key vector of whoever sent these parameters (RFC 4895 §6.1).
pub(crate) fn vector(params: &Params<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    match params {
        Params::Wire(wire) => octets.extend_from_slice(wire),
        Params::Values(values) => values.iter().for_each(|param| param.encode(&mut octets)),
    }
    let raw: Vec<_> = Params::Wire(&octets).raw().map(|raw| raw.expect("good parameters")).collect();
    let of = |kind| raw.iter().find(|raw| raw.kind == kind).map_or(Vec::new(), |raw| raw.octets.to_vec());
    [ParamType::RANDOM, ParamType::CHUNK_LIST, ParamType::HMAC_ALGORITHMS].map(of).concat()
}

/// The MAC of RFC 4895 §6.2 over `parts`.
pub(crate) fn mac(vectors: &Vectors, secret: &[u8], algorithm: u16, octets: &[u8]) -> Vec<u8> {
    let mut both = [&vectors.peer, &vectors.endpoint];
    both.sort_by_key(|vector| (vector.len(), (*vector).clone()));
    let key = [secret, both[0], both[1]].concat();
    if algorithm == SHA256 {
        Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(octets).finalize().into_bytes().to_vec()
    } else {
        Hmac::<Sha1>::new_from_slice(&key).unwrap().chain_update(octets).finalize().into_bytes().to_vec()
    }
}

/// How a packet is to be authenticated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct With<'a> {
    pub(crate) secret: &'a [u8],
    pub(crate) key: u16,
    pub(crate) algorithm: u16,
}

pub(crate) const EMPTY: With<'static> = With { secret: b"", key: 0, algorithm: SHA1 };

impl<'a> With<'a> {
    pub(crate) const fn secret(secret: &'a [u8]) -> Self {
        Self { secret, ..EMPTY }
    }
}

/// A packet of the peer: `open` chunks, AUTH, `sealed` chunks.
pub(crate) fn packet(
    vectors: &Vectors,
    tag: VerificationTag,
    open: &[Chunk<'_>],
    with: With<'_>,
    sealed: &[Chunk<'_>],
) -> Vec<u8> {
    let header = Header { source_port: crate::peer::PEER_PORT, destination_port: OUR_PORT, tag };
    let mut octets = Vec::new();
    let mut builder = PacketBuilder::new(&mut octets, header, 65_000);
    open.iter().for_each(|chunk| assert!(builder.push(chunk)));
    let at = builder.len();
    let zeros = vec![0; if with.algorithm == SHA256 { 32 } else { 20 }];
    assert!(builder.push(&Chunk::Auth(Auth { key: KeyId(with.key), hmac_id: with.algorithm, hmac: &zeros })));
    sealed.iter().for_each(|chunk| assert!(builder.push(chunk)));
    builder.finish();
    reseal(&mut octets, at, vectors, with);
    octets
}

/// Writes the right MAC into the AUTH chunk at `at`, whose MAC must be zeros, and the checksum.
pub(crate) fn reseal(octets: &mut [u8], at: usize, vectors: &Vectors, with: With<'_>) {
    let mac = mac(vectors, with.secret, with.algorithm, &octets[at..]);
    octets[at + 8..at + 8 + mac.len()].copy_from_slice(&mac);
    crc32c::fill_in(octets);
}

/// Which key authenticates a packet of the endpoint, and what stands behind AUTH; panics if the MAC is wrong.
pub(crate) fn checked(
    seen: &Seen,
    vectors: &Vectors,
    secret: impl Fn(u16) -> Vec<u8>,
) -> Option<(u16, Vec<ChunkType>)> {
    let mut octets = seen.octets.clone();
    let packet = usctp_wire::Packet::decode(&seen.octets).expect("our own packet");
    let mut chunks = packet.chunks();
    loop {
        let at = seen.octets.len() - chunks.rest().len();
        let raw = chunks.next()?.expect("our own chunk");
        if raw.kind != ChunkType::AUTH {
            continue;
        }
        let Ok(Chunk::Auth(auth)) = raw.decode() else { panic!("our own AUTH") };
        octets[at + 8..at + 8 + auth.hmac.len()].fill(0);
        assert_eq!(mac(vectors, &secret(auth.key.0), auth.hmac_id, &octets[at..]), auth.hmac, "the MAC in {seen}");
        return Some((auth.key.0, chunks.map(|raw| raw.expect("our own chunk").kind).collect()));
    }
}

impl Peer {
    /// An association that the peer has begun, with AUTH: it wants `chunks` authenticated.
    pub(crate) fn sealed(config: AssociationConfig, chunks: &[u8]) -> (Self, Vectors) {
        let mut peer = Self::with(config);
        let (vectors, cookie) = peer.sealed_cookie(&params(chunks, &[0, 1]));
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
        (peer, vectors)
    }

    /// Sends an INIT with these parameters; gives the key vectors and the cookie.
    pub(crate) fn sealed_cookie(&mut self, params: &[Param<'_>]) -> (Vectors, Vec<u8>) {
        self.send_with_tag(VerificationTag(0), &[Chunk::Init(init(params))]);
        let packet = exactly(self.received(), &[ChunkType::INIT_ACK]);
        let init_ack = packet.init();
        (self.tag, self.first_tsn) = (init_ack.initiate_tag, init_ack.initial_tsn);
        let vectors = Vectors { peer: vector(&Params::Values(params)), endpoint: vector(&init_ack.params) };
        (vectors, cookie_of(&init_ack))
    }

    /// The endpoint has sent INIT with AUTH, and the peer answers with INIT ACK; what the endpoint answers to that.
    pub(crate) fn sealed_echo(config: AssociationConfig, chunks: &[u8]) -> (Self, Vectors, Seen) {
        let mut peer = Self::with(config);
        peer.connect();
        let packet = exactly(peer.received(), &[ChunkType::INIT]);
        let ours = packet.init();
        (peer.tag, peer.first_tsn) = (ours.initiate_tag, ours.initial_tsn);
        let offer = params(chunks, &[0, 1]);
        let vectors = Vectors { peer: vector(&Params::Values(&offer)), endpoint: vector(&ours.params) };
        let all = [&[Param::StateCookie(COOKIE)], &offer[..]].concat();
        peer.send(&[Chunk::InitAck(Init { initiate_tag: PEER_TAG, params: Params::Values(&all), ..init(&[]) })]);
        let echo = only(peer.received());
        (peer, vectors, echo)
    }

    /// Sends chunks behind AUTH.
    pub(crate) fn send_sealed(&mut self, vectors: &Vectors, with: With<'_>, chunks: &[Chunk<'_>]) {
        let octets = packet(vectors, self.tag, &[], with, chunks);
        self.send_octets(address(false, 0, 2), octets);
    }

    /// Chunks that were dropped because they were not authenticated.
    pub(crate) fn unauthenticated(&self) -> u64 {
        self.endpoint.counters().dropped_unauthenticated
    }
}

/// Where the body of a packet begins.
pub(crate) const BODY: usize = HEADER_LEN;
