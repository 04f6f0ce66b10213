//! Owned values out of which chunks, parameters and causes of every kind are made, since these borrow.

use std::net::IpAddr;

use proptest::{arbitrary::StrategyFor, prelude::*, strategy::Map};
use usctp_wire::*;

type Numbers = (u32, u32, u32, u16, u16);
type Lists = (Vec<u8>, Vec<(u16, u16)>, Vec<u32>, Vec<(u16, bool, u32)>);
type ParamSource = (u8, u32, u32, u32, u16, Vec<u8>, IpAddr, Option<(u32, u32)>);

/// What a parameter is made of.
#[derive(Clone, Debug)]
pub(crate) struct ParamMaterial {
    kind: u8,
    numbers: (u32, u32, u32, u16),
    octets: Vec<u8>,
    streams: Vec<StreamId>,
    causes: Vec<u8>,
    address: IpAddr,
    tsns: Option<(u32, u32)>,
    unknown: Vec<u8>,
}

impl Arbitrary for ParamMaterial {
    type Parameters = ();
    type Strategy = Map<StrategyFor<ParamSource>, fn(ParamSource) -> Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        any::<ParamSource>().prop_map(|(kind, a, b, c, d, octets, address, tsns)| {
            let mut causes = Vec::new();
            Cause::ProtocolViolation(&octets).encode(&mut causes);
            // A cause's padding behind the last one is not written.
            causes.truncate(4 + octets.len());
            Self {
                kind,
                numbers: (a, b, c, d),
                streams: octets.iter().map(|&octet| StreamId(u16::from(octet) * 257)).collect(),
                causes,
                address,
                tsns,
                unknown: unknown_octets(&[0x7f, d.to_be_bytes()[1]], &octets),
                octets,
            }
        })
    }
}

impl ParamMaterial {
    pub(crate) fn param(&self) -> Param<'_> {
        let (a, b, c, d) = self.numbers;
        let (octets, id, address) = (&self.octets[..], AsconfSerial(a), self.address);
        let even = octets.get(..octets.len() & !1).unwrap();
        let (request, streams) = (RequestNumber(a), StreamList::Values(&self.streams));
        match self.kind % 29 {
            0 => Param::HeartbeatInfo(octets),
            1 => Param::Ipv4Address(a.into()),
            2 => Param::Ipv6Address(
                [a, b, c, a].map(u32::to_be_bytes).concat().first_chunk::<16>().copied().unwrap().into(),
            ),
            3 => Param::StateCookie(octets),
            4 => Param::Unrecognized(octets),
            5 => Param::CookiePreservative(a),
            6 => Param::HostNameAddress(octets),
            7 => Param::SupportedAddressTypes(even),
            8 => Param::EcnCapable,
            9 => Param::ZeroChecksum(a),
            10 => Param::Random(octets),
            11 => Param::ChunkList(octets),
            12 => Param::HmacAlgorithms(even),
            13 => Param::Padding(d % 100),
            14 => Param::SupportedExtensions(octets),
            15 => Param::ForwardTsnSupported,
            16 => Param::Adaptation(AdaptationCode(a)),
            17 => Param::AddAddress { id, address },
            18 => Param::DeleteAddress { id, address },
            19 => Param::SetPrimary { id, address },
            20 => Param::ErrorCause { id, causes: &self.causes },
            21 => Param::Success { id },
            22 => Param::OutgoingReset { request, response: RequestNumber(b), last_tsn: Tsn(c), streams },
            23 => Param::IncomingReset { request, streams },
            24 => Param::TsnReset { request },
            25 => Param::ReconfigResponse {
                response: RequestNumber(b),
                result: c,
                tsns: self.tsns.map(|(s, r)| ReconfigTsns { sender_next: Tsn(s), receiver_next: Tsn(r) }),
            },
            26 => Param::AddOutgoing { request, streams: d },
            27 => Param::AddIncoming { request, streams: d },
            _ => {
                let kind = ParamType(u16::from_be_bytes([self.unknown[0], self.unknown[1]]));
                Param::Unknown(RawParam { kind, value: &self.unknown[4..], octets: &self.unknown })
            }
        }
    }
}

/// What a cause is made of.
#[derive(Clone, Debug)]
pub(crate) struct CauseMaterial {
    kind: u8,
    number: u32,
    octets: Vec<u8>,
}

impl Arbitrary for CauseMaterial {
    type Parameters = ();
    type Strategy = Map<StrategyFor<(u8, u32, Vec<u8>)>, fn((u8, u32, Vec<u8>)) -> Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        any::<(u8, u32, Vec<u8>)>().prop_map(|(kind, number, octets)| Self { kind, number, octets })
    }
}

impl CauseMaterial {
    pub(crate) fn cause(&self) -> Cause<'_> {
        let (octets, [low, high, ..]) = (&self.octets[..], self.number.to_be_bytes());
        let small = u16::from_be_bytes([low, high]);
        match self.kind % 16 {
            0 => Cause::InvalidStream(StreamId(small)),
            1 => Cause::MissingParameter(octets.get(..octets.len() & !1).unwrap()),
            2 => Cause::StaleCookie(self.number),
            3 => Cause::OutOfResource,
            4 => Cause::UnresolvableAddress(octets),
            5 => Cause::UnrecognizedChunk(octets),
            6 => Cause::InvalidParameter,
            7 => Cause::UnrecognizedParameters(octets),
            8 => Cause::NoUserData(Tsn(self.number)),
            9 => Cause::CookieWhileShuttingDown,
            10 => Cause::RestartWithNewAddresses(octets),
            11 => Cause::UserInitiatedAbort(octets),
            12 => Cause::ProtocolViolation(octets),
            13 => Cause::UnsupportedHmac(small),
            14 => Cause::Other(CauseCode::NO_AUTHORIZATION, octets),
            _ => Cause::Other(CauseCode(0x7000 | small), octets),
        }
    }
}

type ChunkSource = (u8, Numbers, u8, Lists, (Vec<ParamMaterial>, Vec<CauseMaterial>), IpAddr);

/// What a chunk is made of.
#[derive(Clone, Debug)]
pub(crate) struct ChunkMaterial {
    kind: u8,
    numbers: Numbers,
    flags: u8,
    octets: Vec<u8>,
    gaps: Vec<GapBlock>,
    tsns: Vec<Tsn>,
    streams: Vec<(StreamId, Ssn)>,
    messages: Vec<(StreamId, bool, Mid)>,
    params: Vec<ParamMaterial>,
    causes: Vec<CauseMaterial>,
    address: IpAddr,
    unknown: Vec<u8>,
}

impl Arbitrary for ChunkMaterial {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let lists = (
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(any::<(u16, u16)>(), 0..20),
            prop::collection::vec(any::<u32>(), 0..20),
            prop::collection::vec(any::<(u16, bool, u32)>(), 0..20),
        );
        let elements =
            (prop::collection::vec(any::<ParamMaterial>(), 0..4), prop::collection::vec(any::<CauseMaterial>(), 0..4));
        (any::<u8>(), any::<Numbers>(), any::<u8>(), lists, elements, any::<IpAddr>())
            .prop_map(Self::from_source)
            .boxed()
    }
}

impl ChunkMaterial {
    fn from_source((kind, numbers, flags, lists, (params, causes), address): ChunkSource) -> Self {
        let (octets, pairs, tsns, messages) = lists;
        Self {
            kind,
            numbers,
            flags,
            gaps: pairs.iter().map(|&(start, end)| GapBlock { start, end }).collect(),
            tsns: tsns.into_iter().map(Tsn).collect(),
            streams: pairs.iter().map(|&(stream, ssn)| (StreamId(stream), Ssn(ssn))).collect(),
            messages: messages
                .into_iter()
                .map(|(stream, unordered, mid)| (StreamId(stream), unordered, Mid(mid)))
                .collect(),
            params,
            causes,
            address,
            unknown: unknown_octets(&[0xe0 | (kind >> 4), flags], &octets),
            octets,
        }
    }

    pub(crate) fn params(&self) -> Vec<Param<'_>> {
        self.params.iter().map(ParamMaterial::param).collect()
    }

    /// The causes' octets without padding behind the last, as they are read back.
    pub(crate) fn causes(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut end = 0;
        for cause in self.causes.iter().map(CauseMaterial::cause) {
            end = octets.len() + cause.len();
            cause.encode(&mut octets);
        }
        octets.truncate(end);
        octets
    }

    pub(crate) fn chunk<'a>(&'a self, params: &'a [Param<'a>], causes: &'a [u8]) -> Chunk<'a> {
        let (a, b, c, d, e) = self.numbers;
        let (octets, params) = (&self.octets[..], Params::Values(params));
        let tag_reflected = self.flags & 1 != 0;
        match self.kind % 25 {
            0 => Chunk::Data(self.data()),
            1 => Chunk::IData(self.i_data()),
            2 => Chunk::Init(self.init(a | 1, params)),
            3 => Chunk::InitAck(self.init(a, params)),
            4 => Chunk::Sack(Sack {
                cumulative: Tsn(a),
                a_rwnd: b,
                gaps: GapBlocks::Values(&self.gaps),
                duplicates: Duplicates::Values(&self.tsns),
            }),
            5 => Chunk::NrSack(NrSack {
                cumulative: Tsn(a),
                a_rwnd: b,
                gaps: GapBlocks::Values(&self.gaps),
                non_renegable: GapBlocks::Values(self.gaps.get(..self.gaps.len() / 2).unwrap()),
                duplicates: Duplicates::Values(&self.tsns),
            }),
            6 => Chunk::Heartbeat { info: octets },
            7 => Chunk::HeartbeatAck { info: octets },
            8 => Chunk::Abort { tag_reflected, causes },
            9 => Chunk::Error { causes },
            10 => Chunk::Shutdown { cumulative: Tsn(a) },
            11 => Chunk::ShutdownAck,
            12 => Chunk::ShutdownComplete { tag_reflected },
            13 => Chunk::CookieEcho { cookie: octets },
            14 => Chunk::CookieAck,
            15 => Chunk::Ecne { lowest: Tsn(a) },
            16 => Chunk::Cwr { lowest: Tsn(a) },
            17 => Chunk::Auth(Auth { key: KeyId(d), hmac_id: e, hmac: octets }),
            18 => Chunk::Asconf(Asconf { serial: AsconfSerial(c), address: self.address, params }),
            19 => Chunk::AsconfAck { serial: AsconfSerial(c), params },
            20 => Chunk::ReConfig { params },
            21 => Chunk::ForwardTsn(ForwardTsn { cumulative: Tsn(a), skipped: SkippedStreams::Values(&self.streams) }),
            22 => {
                Chunk::IForwardTsn(IForwardTsn { cumulative: Tsn(a), skipped: SkippedMessages::Values(&self.messages) })
            }
            23 => Chunk::Pad { padding: d % 500 },
            _ => Chunk::Unknown(RawChunk {
                kind: ChunkType(self.unknown[0]),
                flags: self.unknown[1],
                value: &self.unknown[4..],
                octets: &self.unknown,
            }),
        }
    }

    fn data(&self) -> Data<'_> {
        let (a, b, _, d, e) = self.numbers;
        let [unordered, beginning, ending, immediate] = self.flags();
        let (tsn, stream, ssn, ppid) = (Tsn(a), StreamId(d), Ssn(e), Ppid(b.to_be_bytes()));
        Data { tsn, stream, ssn, ppid, unordered, beginning, ending, immediate, payload: &self.octets }
    }

    fn i_data(&self) -> IData<'_> {
        let (a, b, c, d, _) = self.numbers;
        let [unordered, beginning, ending, immediate] = self.flags();
        // One field holds both.
        let (ppid, fsn) = if beginning { (Ppid(b.to_be_bytes()), Fsn(0)) } else { (Ppid::default(), Fsn(b)) };
        let (tsn, stream, mid) = (Tsn(a), StreamId(d), Mid(c));
        IData { tsn, stream, mid, ppid, fsn, unordered, beginning, ending, immediate, payload: &self.octets }
    }

    fn init<'a>(&'a self, tag: u32, params: Params<'a>) -> Init<'a> {
        let (_, a_rwnd, c, outbound_streams, inbound_streams) = self.numbers;
        let (initiate_tag, initial_tsn) = (VerificationTag(tag), Tsn(c));
        Init { initiate_tag, a_rwnd, outbound_streams, inbound_streams, initial_tsn, params }
    }

    fn flags(&self) -> [bool; 4] {
        [1, 2, 4, 8].map(|bit| self.flags & bit != 0)
    }
}

/// An element of an unknown type: the two octets in front of its length, the length, `value`.
fn unknown_octets(kind: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    [kind, &length.to_be_bytes()[..], value].concat()
}
