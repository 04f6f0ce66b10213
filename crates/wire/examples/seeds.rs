//! Writes the seeds of the fuzz target `packet` into a directory: a valid packet of each kind of chunk, with every
//! parameter and cause, and the captured packets of the tests.
//!
//! `cargo run -p usctp-wire --example seeds -- fuzz/corpus/packet`

use std::{error::Error, fs, path::Path};

use usctp_wire::*;

const CAPTURES: [(&str, &str); 2] = [
    ("auth", include_str!("../tests/capture/auth_reconfig_forward.txt")),
    ("nr-sack", include_str!("../tests/capture/nr_sack_abort.txt")),
];

/// Captured packets beyond this are left out: fuzzing is faster on small inputs.
const LARGEST: usize = 420;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("the directory to write to is missing")?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    for chunk in transfer_chunks().into_iter().chain(control_chunks()) {
        write(directory, &chunk)?;
    }
    write_those_with_elements(directory)?;
    for (name, capture) in CAPTURES {
        let packets =
            capture.lines().filter(|line| line.len() > 24 && line.bytes().all(|octet| octet.is_ascii_hexdigit()));
        for (number, octets) in packets.enumerate().filter(|(_, octets)| octets.len() <= 2 * LARGEST) {
            fs::write(directory.join(format!("usrsctp-{name}-{number:02}")), from_hex(octets)?)?;
        }
    }
    Ok(())
}

/// One packet of `chunk`, in a file with its name.
fn write(directory: &Path, chunk: &Chunk<'_>) -> Result<(), Box<dyn Error>> {
    let header = Header { source_port: 5000, destination_port: 5001, tag: VerificationTag(0x0102_0304) };
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, header, 1452);
    assert!(builder.push(chunk), "a seed fits into a packet");
    builder.finish();
    let name = chunk.kind().to_string().to_lowercase().replace(' ', "-");
    fs::write(directory.join(format!("valid-{name}")), buffer)?;
    Ok(())
}

fn transfer_chunks() -> Vec<Chunk<'static>> {
    const GAPS: GapBlocks<'_> = GapBlocks::Values(&[GapBlock { start: 2, end: 3 }, GapBlock { start: 5, end: 9 }]);
    const DUPLICATES: Duplicates<'_> = Duplicates::Values(&[Tsn(5), Tsn(6)]);
    let (tsn, stream, ppid, payload) = (Tsn(10), StreamId(1), Ppid([0, 0, 0, 51]), b"payload");
    let (unordered, beginning, ending, immediate) = (true, true, true, false);
    let cumulative = Tsn(9);
    vec![
        Chunk::Data(Data { tsn, stream, ssn: Ssn(2), ppid, unordered, beginning, ending, immediate, payload }),
        Chunk::IData(IData {
            tsn,
            stream,
            mid: Mid(3),
            ppid,
            fsn: Fsn(0),
            unordered,
            beginning,
            ending: false,
            immediate,
            payload,
        }),
        Chunk::Sack(Sack { cumulative, a_rwnd: 65536, gaps: GAPS, duplicates: DUPLICATES }),
        Chunk::NrSack(NrSack { cumulative, a_rwnd: 65536, gaps: GAPS, non_renegable: GAPS, duplicates: DUPLICATES }),
        Chunk::ForwardTsn(ForwardTsn { cumulative, skipped: SkippedStreams::Values(&[(StreamId(1), Ssn(2))]) }),
        Chunk::IForwardTsn(IForwardTsn {
            cumulative,
            skipped: SkippedMessages::Values(&[(StreamId(1), true, Mid(2)), (StreamId(1), false, Mid(3))]),
        }),
    ]
}

fn control_chunks() -> Vec<Chunk<'static>> {
    let lowest = Tsn(7);
    let unknown = &[0xff, 1, 0, 7, 1, 2, 3];
    vec![
        Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] },
        Chunk::HeartbeatAck { info: &[0, 1, 0, 8, 1, 2, 3, 4] },
        Chunk::Shutdown { cumulative: Tsn(9) },
        Chunk::ShutdownAck,
        Chunk::ShutdownComplete { tag_reflected: true },
        Chunk::CookieEcho { cookie: &[7; 32] },
        Chunk::CookieAck,
        Chunk::Ecne { lowest },
        Chunk::Cwr { lowest },
        Chunk::Auth(Auth { key: KeyId(1), hmac_id: 3, hmac: &[9; 32] }),
        Chunk::Pad { padding: 13 },
        Chunk::Unknown(RawChunk { kind: ChunkType(0xff), flags: 1, value: &unknown[4..], octets: unknown }),
    ]
}

/// Chunks that hold parameters or causes, each with all that may stand in it.
fn write_those_with_elements(directory: &Path) -> Result<(), Box<dyn Error>> {
    let init = init_params();
    let init = Init {
        initiate_tag: VerificationTag(7),
        a_rwnd: 131_072,
        outbound_streams: 10,
        inbound_streams: 2048,
        initial_tsn: Tsn(1),
        params: Params::Values(&init),
    };
    write(directory, &Chunk::Init(init.clone()))?;
    write(directory, &Chunk::InitAck(init))?;

    let (id, address) = (AsconfSerial(1), "192.0.2.1".parse()?);
    let six = "2001:db8::1".parse()?;
    let changes = [
        Param::AddAddress { id, address: six },
        Param::DeleteAddress { id, address },
        Param::SetPrimary { id, address },
        Param::Adaptation(AdaptationCode(4)),
    ];
    write(directory, &Chunk::Asconf(Asconf { serial: id, address, params: Params::Values(&changes) }))?;
    let answers = [Param::Success { id }, Param::ErrorCause { id, causes: &[0, 0xa4, 0, 8, 0xc0, 1, 0, 4] }];
    write(directory, &Chunk::AsconfAck { serial: id, params: Params::Values(&answers) })?;
    write(directory, &Chunk::ReConfig { params: Params::Values(&reconfig_params()) })?;

    let mut causes = Vec::new();
    all_causes().iter().for_each(|cause| cause.encode(&mut causes));
    write(directory, &Chunk::Error { causes: &causes })?;
    write(directory, &Chunk::Abort { tag_reflected: true, causes: &causes })
}

fn init_params() -> Vec<Param<'static>> {
    let unknown = &[0xff, 0xf0, 0, 5, 1];
    vec![
        Param::Ipv4Address([192, 0, 2, 1].into()),
        Param::Ipv6Address([0x20; 16].into()),
        Param::StateCookie(&[1; 5]),
        Param::Unrecognized(&[0xc0, 9, 0, 4]),
        Param::CookiePreservative(1000),
        Param::HostNameAddress(b"host\0"),
        Param::SupportedAddressTypes(&[0, 5, 0, 6]),
        Param::EcnCapable,
        Param::ZeroChecksum(1),
        Param::Random(&[2; 32]),
        Param::ChunkList(&[193, 128]),
        Param::HmacAlgorithms(&[0, 3, 0, 1]),
        Param::Padding(3),
        Param::SupportedExtensions(&[64, 130, 192, 193]),
        Param::ForwardTsnSupported,
        Param::Adaptation(AdaptationCode(5)),
        Param::HeartbeatInfo(&[3; 3]),
        Param::Unknown(RawParam { kind: ParamType(0xfff0), value: &unknown[4..], octets: unknown }),
    ]
}

fn reconfig_params() -> [Param<'static>; 7] {
    let (request, response) = (RequestNumber(1), RequestNumber(2));
    let streams = StreamList::Values(&[StreamId(1), StreamId(2), StreamId(3)]);
    let tsns = Some(ReconfigTsns { sender_next: Tsn(1), receiver_next: Tsn(2) });
    [
        Param::OutgoingReset { request, response, last_tsn: Tsn(3), streams },
        Param::IncomingReset { request, streams },
        Param::TsnReset { request },
        Param::ReconfigResponse { response, result: 1, tsns: None },
        Param::ReconfigResponse { response, result: 1, tsns },
        Param::AddOutgoing { request, streams: 4 },
        Param::AddIncoming { request, streams: 5 },
    ]
}

fn all_causes() -> [Cause<'static>; 15] {
    [
        Cause::InvalidStream(StreamId(9)),
        Cause::MissingParameter(&[0, 7, 0, 8]),
        Cause::StaleCookie(1),
        Cause::OutOfResource,
        Cause::UnresolvableAddress(&[0, 11, 0, 6, b'h', 0]),
        Cause::UnrecognizedChunk(&[0x7f, 0, 0, 4]),
        Cause::InvalidParameter,
        Cause::UnrecognizedParameters(&[0xff, 0, 0, 4]),
        Cause::NoUserData(Tsn(4)),
        Cause::CookieWhileShuttingDown,
        Cause::RestartWithNewAddresses(&[0, 5, 0, 8, 192, 0, 2, 1]),
        Cause::UserInitiatedAbort(b"why"),
        Cause::ProtocolViolation(b"what"),
        Cause::UnsupportedHmac(2),
        Cause::Other(CauseCode::NO_AUTHORIZATION, &[0xc0, 1, 0, 4]),
    ]
}

fn from_hex(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    (0..text.len() / 2).map(|place| Ok(u8::from_str_radix(&text[2 * place..2 * place + 2], 16)?)).collect()
}
