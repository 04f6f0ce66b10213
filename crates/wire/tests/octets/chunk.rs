//! Each chunk.

use usctp_wire::*;

use crate::{HEADER, read, same};

/// RFC 9260 §3.3.1.
#[test]
fn data() {
    let data = Data {
        tsn: Tsn(0x0a0b_0c0d),
        stream: StreamId(3),
        ssn: Ssn(9),
        ppid: Ppid([0, 0, 0, 60]),
        unordered: false,
        beginning: true,
        ending: true,
        immediate: true,
        payload: b"hello",
    };
    let octets = [0, 0x0b, 0, 21, 10, 11, 12, 13, 0, 3, 0, 9, 0, 0, 0, 60, b'h', b'e', b'l', b'l', b'o', 0, 0, 0];
    same(&Chunk::Data(data), &octets);

    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 36);
    assert_eq!(builder.room(), 24);
    assert!(builder.push_data(&data), "the fast path writes the same");
    assert!(!builder.push_data(&data), "no room is left");
    assert_eq!(builder.octets_mut()[12..], octets);

    let middle = Data { unordered: true, beginning: false, ending: false, immediate: false, ..data };
    assert!(!middle.is_empty());
    same(
        &Chunk::Data(Data { payload: b"four", ..middle }),
        &[0, 0x04, 0, 20, 10, 11, 12, 13, 0, 3, 0, 9, 0, 0, 0, 60, b'f', b'o', b'u', b'r'],
    );
}

/// RFC 9260 §3.3.10.9: the answer names the TSN, so this must be read.
#[test]
fn data_without_user_data() {
    read(&[0, 3, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0], |chunks| match &chunks[..] {
        [Ok(Chunk::Data(data))] => assert!(data.tsn == Tsn(7) && data.is_empty()),
        other => panic!("{other:?}"),
    });
}

/// RFC 8260 §2.1: the first fragment has the PPID where the others have the FSN.
#[test]
fn i_data() {
    let first = IData {
        tsn: Tsn(1),
        stream: StreamId(2),
        mid: Mid(0x0304_0506),
        ppid: Ppid([0, 0, 0, 51]),
        fsn: Fsn(0),
        unordered: true,
        beginning: true,
        ending: false,
        immediate: false,
        payload: b"ab",
    };
    same(&Chunk::IData(first), &[64, 0x06, 0, 22, 0, 0, 0, 1, 0, 2, 0, 0, 3, 4, 5, 6, 0, 0, 0, 51, b'a', b'b', 0, 0]);
    let last = IData { ppid: Ppid::default(), fsn: Fsn(258), beginning: false, ending: true, immediate: true, ..first };
    same(&Chunk::IData(last), &[64, 0x0d, 0, 22, 0, 0, 0, 1, 0, 2, 0, 0, 3, 4, 5, 6, 0, 0, 1, 2, b'a', b'b', 0, 0]);
}

/// RFC 9260 §3.3.2, §3.2.1: padding stands between the parameters; none is counted behind the last.
#[test]
fn init_and_init_ack() {
    let params = [Param::SupportedExtensions(&[192, 130, 15]), Param::ChunkList(&[193])];
    let init = Init {
        initiate_tag: VerificationTag(7),
        a_rwnd: 65536,
        outbound_streams: 10,
        inbound_streams: 2048,
        initial_tsn: Tsn(1),
        params: Params::Values(&params),
    };
    let mut octets = [
        1, 0, 0, 33, 0, 0, 0, 7, 0, 1, 0, 0, 0, 10, 8, 0, 0, 0, 0, 1, // fixed part
        0x80, 8, 0, 7, 192, 130, 15, 0, // padded
        0x80, 3, 0, 5, 193, 0, 0, 0, // padded, but not counted
    ];
    same(&Chunk::Init(init.clone()), &octets);
    octets[0] = 2;
    same(&Chunk::InitAck(init), &octets);
}

/// RFC 9260 §3.3.2: answered with an ABORT to the initiate tag, which therefore must be read.
#[test]
fn an_init_without_streams_or_window_is_read() {
    read(&[1, 0, 0, 20, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], |chunks| match &chunks[..] {
        [Ok(Chunk::Init(init))] => {
            assert_eq!(init.initiate_tag, VerificationTag(7));
            assert_eq!((init.outbound_streams, init.inbound_streams, init.a_rwnd), (0, 0, 0));
            assert!(init.params.is_empty());
        }
        other => panic!("{other:?}"),
    });
}

/// RFC 9260 §3.3.2: a packet with INIT and the tag 0 is discarded silently; §3.3.3: an INIT ACK with it ends the
/// association.
#[test]
fn the_initiate_tag_zero_is_refused_in_an_init_and_read_in_an_init_ack() {
    let mut octets = [1, 0, 0, 20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1];
    read(&octets, |chunks| assert_eq!(chunks, [Err(DecodeError::Value)]));
    octets[0] = 2;
    read(&octets, |chunks| assert!(matches!(&chunks[..], [Ok(Chunk::InitAck(_))])));
}

/// RFC 9260 §3.3.4.
#[test]
fn sack() {
    let sack = Sack {
        cumulative: Tsn(0x0102_0304),
        a_rwnd: 1500,
        gaps: GapBlocks::Values(&[GapBlock { start: 2, end: 3 }, GapBlock { start: 5, end: 5 }]),
        duplicates: Duplicates::Values(&[Tsn(0x0102_0300)]),
    };
    same(&Chunk::Sack(sack), &[3, 0, 0, 28, 1, 2, 3, 4, 0, 0, 5, 220, 0, 2, 0, 1, 0, 2, 0, 3, 0, 5, 0, 5, 1, 2, 3, 0]);
    let empty = Sack { gaps: GapBlocks::NONE, duplicates: Duplicates::NONE, ..sack };
    same(&Chunk::Sack(empty), &[3, 0, 0, 16, 1, 2, 3, 4, 0, 0, 5, 220, 0, 0, 0, 0]);
}

#[test]
fn nr_sack() {
    let sack = NrSack {
        cumulative: Tsn(1),
        a_rwnd: 2,
        gaps: GapBlocks::Values(&[GapBlock { start: 2, end: 3 }]),
        non_renegable: GapBlocks::Values(&[GapBlock { start: 5, end: 6 }, GapBlock { start: 8, end: 8 }]),
        duplicates: Duplicates::Values(&[Tsn(9)]),
    };
    same(
        &Chunk::NrSack(sack),
        &[
            16, 0, 0, 36, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 2, 0, 1, 0, 0, // counts, reserved
            0, 2, 0, 3, 0, 5, 0, 6, 0, 8, 0, 8, 0, 0, 0, 9,
        ],
    );
}

/// RFC 9260 §3.3.5, §3.3.6: the parameter comes back as it is, whatever it holds.
#[test]
fn heartbeat_and_its_ack() {
    let mut info = Vec::new();
    Param::HeartbeatInfo(&[1, 2, 3, 4, 5]).encode(&mut info);
    same(&Chunk::Heartbeat { info: &info[..9] }, &[4, 0, 0, 13, 0, 1, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0]);
    same(&Chunk::HeartbeatAck { info: &info }, &[5, 0, 0, 16, 0, 1, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0]);
    same(&Chunk::HeartbeatAck { info: &[] }, &[5, 0, 0, 4]);
}

/// RFC 9260 §3.3.7, §3.3.10; §3.2: padding behind the last cause is not counted.
#[test]
fn abort_and_error() {
    let mut causes = Vec::new();
    Cause::InvalidStream(StreamId(9)).encode(&mut causes);
    Cause::UserInitiatedAbort(b"bye").encode(&mut causes);
    assert_eq!(causes.len(), 16);
    let octets = [6, 1, 0, 19, 0, 1, 0, 8, 0, 9, 0, 0, 0, 12, 0, 7, b'b', b'y', b'e', 0];
    same(&Chunk::Abort { tag_reflected: true, causes: &causes[..15] }, &octets);
    same(&Chunk::Abort { tag_reflected: false, causes: &[] }, &[6, 0, 0, 4]);
    let mut error = octets;
    (error[0], error[1]) = (9, 0);
    same(&Chunk::Error { causes: &causes[..15] }, &error);

    // With the padding that `encode` writes, it is the same.
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 100);
    builder.push(&Chunk::Abort { tag_reflected: true, causes: &causes });
    assert_eq!(builder.octets_mut()[12..], octets);
}

/// RFC 9260 §3.3.8, §3.3.9, §3.3.13.
#[test]
fn shutdown_in_three_steps() {
    same(&Chunk::Shutdown { cumulative: Tsn(0x0102_0304) }, &[7, 0, 0, 8, 1, 2, 3, 4]);
    same(&Chunk::ShutdownAck, &[8, 0, 0, 4]);
    same(&Chunk::ShutdownComplete { tag_reflected: false }, &[14, 0, 0, 4]);
    same(&Chunk::ShutdownComplete { tag_reflected: true }, &[14, 1, 0, 4]);
}

/// RFC 9260 §3.3.11, §3.3.12.
#[test]
fn cookie_echo_and_ack() {
    same(&Chunk::CookieEcho { cookie: &[1, 2, 3, 4, 5] }, &[10, 0, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0]);
    same(&Chunk::CookieAck, &[11, 0, 0, 4]);
}

/// RFC 2960 Appendix A; the numbers are kept by RFC 9260.
#[test]
fn ecne_and_cwr() {
    same(&Chunk::Ecne { lowest: Tsn(0x0102_0304) }, &[12, 0, 0, 8, 1, 2, 3, 4]);
    same(&Chunk::Cwr { lowest: Tsn(0x0102_0304) }, &[13, 0, 0, 8, 1, 2, 3, 4]);
}

/// RFC 4895 §5.1.
#[test]
fn auth() {
    let auth = Auth { key: KeyId(5), hmac_id: 1, hmac: &[0xaa; 20] };
    let mut octets = vec![15, 0, 0, 28, 0, 5, 0, 1];
    octets.extend([0xaa; 20]);
    same(&Chunk::Auth(auth), &octets);
    read(&[15, 0, 0, 8, 0, 5, 0, 1], |chunks| assert!(matches!(&chunks[..], [Ok(Chunk::Auth(_))])));
}

/// RFC 4895 §6.2: the HMAC covers the packet from the AUTH chunk on.
#[test]
fn what_an_hmac_covers_is_what_is_left_to_walk() {
    let octets = crate::packet_octets(&[11, 0, 0, 4, 15, 0, 0, 8, 0, 0, 0, 1, 14, 0, 0, 4]);
    let mut chunks = Packet::decode(&octets).unwrap().chunks();
    assert_eq!(chunks.next().unwrap().unwrap().kind, ChunkType::COOKIE_ACK);
    let covered = chunks.rest();
    assert_eq!(chunks.next().unwrap().unwrap().kind, ChunkType::AUTH);
    assert_eq!(covered, &octets[16..]);
}

/// RFC 5061 §4.1.1, §4.1.2.
#[test]
fn asconf_and_its_ack() {
    let id = AsconfSerial(1);
    let params = [Param::AddAddress { id, address: "192.0.2.9".parse().unwrap() }];
    let asconf = Asconf {
        serial: AsconfSerial(0x0102_0304),
        address: "192.0.2.1".parse().unwrap(),
        params: Params::Values(&params),
    };
    same(
        &Chunk::Asconf(asconf),
        &[
            193, 0, 0, 32, 1, 2, 3, 4, 0, 5, 0, 8, 192, 0, 2, 1, // serial, address
            0xc0, 1, 0, 16, 0, 0, 0, 1, 0, 5, 0, 8, 192, 0, 2, 9,
        ],
    );
    let lookup_by_six =
        Asconf { serial: AsconfSerial(1), address: "2001:db8::1".parse().unwrap(), params: Params::NONE };
    same(
        &Chunk::Asconf(lookup_by_six),
        &[193, 0, 0, 28, 0, 0, 0, 1, 0, 6, 0, 20, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    let success = [Param::Success { id }];
    same(
        &Chunk::AsconfAck { serial: AsconfSerial(0x0102_0304), params: Params::Values(&success) },
        &[128, 0, 0, 16, 1, 2, 3, 4, 0xc0, 5, 0, 8, 0, 0, 0, 1],
    );
    same(&Chunk::AsconfAck { serial: id, params: Params::NONE }, &[128, 0, 0, 8, 0, 0, 0, 1]);
}

/// RFC 5061 §4.1.1: an address is mandatory, a host name is not one.
#[test]
fn an_asconf_without_an_address_is_refused() {
    for (octets, error) in [
        (&[193, 0, 0, 8, 0, 0, 0, 1][..], DecodeError::Length),
        (&[193, 0, 0, 16, 0, 0, 0, 1, 0, 11, 0, 8, b'h', b'o', b's', b't'], DecodeError::Value),
        (&[193, 0, 0, 16, 0, 0, 0, 1, 0, 5, 0, 7, 1, 2, 3, 0], DecodeError::ParameterLength),
        (&[193, 0, 0, 12, 0, 0, 0, 1, 0, 5, 0, 8], DecodeError::Length),
        (&[193, 0, 0, 4], DecodeError::ChunkTooShort),
    ] {
        read(octets, |chunks| assert_eq!(chunks, [Err(error)]));
    }
}

/// RFC 6525 §3.1.
#[test]
fn re_config() {
    let params = [
        Param::ReconfigResponse { response: RequestNumber(1), result: 1, tsns: None },
        Param::OutgoingReset {
            request: RequestNumber(2),
            response: RequestNumber(1),
            last_tsn: Tsn(3),
            streams: StreamList::Values(&[StreamId(7)]),
        },
    ];
    same(
        &Chunk::ReConfig { params: Params::Values(&params) },
        &[
            130, 0, 0, 34, 0, 16, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1, // response
            0, 13, 0, 18, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 7, 0, 0, // reset, not counted padding
        ],
    );
}

/// RFC 3758 §3.2.
#[test]
fn forward_tsn() {
    let skipped = [(StreamId(1), Ssn(2)), (StreamId(3), Ssn(0xffff))];
    same(
        &Chunk::ForwardTsn(ForwardTsn { cumulative: Tsn(9), skipped: SkippedStreams::Values(&skipped) }),
        &[192, 0, 0, 16, 0, 0, 0, 9, 0, 1, 0, 2, 0, 3, 0xff, 0xff],
    );
    same(
        &Chunk::ForwardTsn(ForwardTsn { cumulative: Tsn(9), skipped: SkippedStreams::Values(&[]) }),
        &[192, 0, 0, 8, 0, 0, 0, 9],
    );
}

/// RFC 8260 §2.3.1.
#[test]
fn i_forward_tsn() {
    let skipped = [(StreamId(1), false, Mid(2)), (StreamId(3), true, Mid(0x0102_0304))];
    same(
        &Chunk::IForwardTsn(IForwardTsn { cumulative: Tsn(9), skipped: SkippedMessages::Values(&skipped) }),
        &[194, 0, 0, 24, 0, 0, 0, 9, 0, 1, 0, 0, 0, 0, 0, 2, 0, 3, 0, 1, 1, 2, 3, 4],
    );
}

/// RFC 4820 §3.
#[test]
fn pad() {
    same(&Chunk::Pad { padding: 5 }, &[132, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
    same(&Chunk::Pad { padding: 0 }, &[132, 0, 0, 4]);
}

/// RFC 9260 §3.2: the two highest bits say what to do, and a report holds the whole chunk.
#[test]
fn chunks_of_unknown_types() {
    for (kind, skip, report) in [(0x3f, false, false), (0x7f, false, true), (0xbf, true, false), (0xff, true, true)] {
        let octets = [kind, 0x5a, 0, 7, 1, 2, 3, 0];
        let (kind, value) = (ChunkType(kind), &octets[4..7]);
        same(&Chunk::Unknown(RawChunk { kind, flags: 0x5a, value, octets: &octets[..7] }), &octets);
        assert_eq!(kind.unknown_action(), UnknownAction { skip, report });
    }
}
