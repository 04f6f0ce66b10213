//! Each parameter.

use usctp_wire::*;

/// `param` is written as `octets`, padding included, and `octets` are read as `param`.
#[track_caller]
fn same(param: &Param<'_>, octets: &[u8]) {
    let mut written = Vec::new();
    param.encode(&mut written);
    assert_eq!(written, octets);
    assert_eq!(octets.len(), param.len().next_multiple_of(4));
    assert_eq!(read(octets), [Ok(param.clone())]);
}

fn read(octets: &[u8]) -> Vec<Result<Param<'_>, DecodeError>> {
    Params::Wire(octets).iter().collect()
}

/// RFC 9260 §3.3.2.1, §3.3.3.1, §3.3.5.
#[test]
fn those_of_init_and_heartbeat() {
    same(&Param::HeartbeatInfo(&[1, 2, 3]), &[0, 1, 0, 7, 1, 2, 3, 0]);
    same(&Param::Ipv4Address([192, 0, 2, 1].into()), &[0, 5, 0, 8, 192, 0, 2, 1]);
    same(
        &Param::Ipv6Address("2001:db8::2".parse().unwrap()),
        &[0, 6, 0, 20, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    );
    same(&Param::StateCookie(&[9; 4]), &[0, 7, 0, 8, 9, 9, 9, 9]);
    same(&Param::Unrecognized(&[0xc1, 0, 0, 4]), &[0, 8, 0, 8, 0xc1, 0, 0, 4]);
    same(&Param::CookiePreservative(1000), &[0, 9, 0, 8, 0, 0, 3, 232]);
    same(&Param::HostNameAddress(b"h\0"), &[0, 11, 0, 6, b'h', 0, 0, 0]);
    same(&Param::SupportedAddressTypes(&[0, 5, 0, 6]), &[0, 12, 0, 8, 0, 5, 0, 6]);
    same(&Param::SupportedAddressTypes(&[0, 5]), &[0, 12, 0, 6, 0, 5, 0, 0]);
    same(&Param::EcnCapable, &[0x80, 0, 0, 4]);
    assert_eq!(numbers(&[0, 5, 0, 6]).collect::<Vec<_>>(), [5, 6]);
}

/// RFC 9653, RFC 4895 §3, RFC 4820 §4, RFC 5061 §4.2.6 and §4.2.7, RFC 3758 §3.1.
#[test]
fn those_that_announce_extensions() {
    same(&Param::ZeroChecksum(1), &[0x80, 1, 0, 8, 0, 0, 0, 1]);
    same(&Param::Random(&[7; 5]), &[0x80, 2, 0, 9, 7, 7, 7, 7, 7, 0, 0, 0]);
    same(&Param::ChunkList(&[193, 128]), &[0x80, 3, 0, 6, 193, 128, 0, 0]);
    same(&Param::HmacAlgorithms(&[0, 3, 0, 1]), &[0x80, 4, 0, 8, 0, 3, 0, 1]);
    same(&Param::Padding(3), &[0x80, 5, 0, 7, 0, 0, 0, 0]);
    same(&Param::SupportedExtensions(&[192]), &[0x80, 8, 0, 5, 192, 0, 0, 0]);
    same(&Param::ForwardTsnSupported, &[0xc0, 0, 0, 4]);
    same(&Param::Adaptation(AdaptationCode(0x0102_0304)), &[0xc0, 6, 0, 8, 1, 2, 3, 4]);
    assert_eq!(chunk_types(&[193]).collect::<Vec<_>>(), [ChunkType::ASCONF]);
}

/// RFC 5061 §4.2.1 to §4.2.5.
#[test]
fn those_of_asconf() {
    let id = AsconfSerial(0x0102_0304);
    let (four, six) = ("192.0.2.1".parse().unwrap(), "::1".parse().unwrap());
    same(&Param::AddAddress { id, address: four }, &[0xc0, 1, 0, 16, 1, 2, 3, 4, 0, 5, 0, 8, 192, 0, 2, 1]);
    same(&Param::DeleteAddress { id, address: four }, &[0xc0, 2, 0, 16, 1, 2, 3, 4, 0, 5, 0, 8, 192, 0, 2, 1]);
    same(
        &Param::SetPrimary { id, address: six },
        &[0xc0, 4, 0, 28, 1, 2, 3, 4, 0, 6, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    same(&Param::Success { id }, &[0xc0, 5, 0, 8, 1, 2, 3, 4]);
    let causes = [0, 0xa4, 0, 8, 0xc0, 5, 0, 4];
    let octets = [&[0xc0, 3, 0, 16, 1, 2, 3, 4][..], &causes].concat();
    same(&Param::ErrorCause { id, causes: &causes }, &octets);
}

/// RFC 6525 §4.
#[test]
fn those_of_re_config() {
    let (request, response) = (RequestNumber(1), RequestNumber(2));
    let streams = [StreamId(3), StreamId(4), StreamId(5)];
    let streams = StreamList::Values(&streams);
    same(
        &Param::OutgoingReset { request, response, last_tsn: Tsn(9), streams },
        &[0, 13, 0, 22, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 3, 0, 4, 0, 5, 0, 0],
    );
    same(&Param::IncomingReset { request, streams }, &[0, 14, 0, 14, 0, 0, 0, 1, 0, 3, 0, 4, 0, 5, 0, 0]);
    same(&Param::IncomingReset { request, streams: StreamList::Values(&[]) }, &[0, 14, 0, 8, 0, 0, 0, 1]);
    same(&Param::TsnReset { request }, &[0, 15, 0, 8, 0, 0, 0, 1]);
    same(&Param::ReconfigResponse { response, result: 6, tsns: None }, &[0, 16, 0, 12, 0, 0, 0, 2, 0, 0, 0, 6]);
    let tsns = Some(ReconfigTsns { sender_next: Tsn(7), receiver_next: Tsn(8) });
    same(
        &Param::ReconfigResponse { response, result: 1, tsns },
        &[0, 16, 0, 20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 8],
    );
    same(&Param::AddOutgoing { request, streams: 258 }, &[0, 17, 0, 12, 0, 0, 0, 1, 1, 2, 0, 0]);
    same(&Param::AddIncoming { request, streams: 258 }, &[0, 18, 0, 12, 0, 0, 0, 1, 1, 2, 0, 0]);
}

/// RFC 9260 §3.2.1: the two highest bits say what to do, and a report holds the whole parameter.
#[test]
fn those_of_unknown_types() {
    for (kind, skip, report) in
        [(0x3fff, false, false), (0x7fff, false, true), (0xbfff, true, false), (0xffff, true, true)]
    {
        let kind = ParamType(kind);
        let octets = [&kind.0.to_be_bytes()[..], &[0, 5, 1, 0, 0, 0]].concat();
        let raw = RawParam { kind, value: &octets[4..5], octets: &octets[..5] };
        same(&Param::Unknown(raw), &octets);
        assert_eq!(kind.unknown_action(), UnknownAction { skip, report });
    }
}

#[test]
fn a_parameter_of_a_wrong_length_is_an_error_and_the_next_is_read() {
    for wrong in [
        &[0, 5, 0, 7, 1, 2, 3, 0][..],                       // IPv4 address of three octets
        &[0, 6, 0, 8, 1, 2, 3, 4],                           // IPv6 address of four
        &[0, 9, 0, 4],                                       // cookie preservative of none
        &[0, 12, 0, 5, 0, 0, 0, 0],                          // half an address type
        &[0x80, 4, 0, 7, 0, 1, 0, 0],                        // half an HMAC identifier
        &[0x80, 1, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0],           // two methods
        &[0xc0, 5, 0, 4],                                    // success of nothing
        &[0, 13, 0, 15, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0], // reset request cut short
        &[0, 14, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0],              // half a stream number
        &[0, 16, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], // one TSN of two
        &[0, 17, 0, 8, 0, 0, 0, 1],                          // no number of streams
        &[0xc0, 1, 0, 20, 0, 0, 0, 1, 0, 5, 0, 8, 1, 2, 3, 4, 0, 0, 0, 0], // something behind the address
    ] {
        let octets = [wrong, &[0xc0, 0, 0, 4]].concat();
        assert_eq!(read(&octets), [Err(DecodeError::ParameterLength), Ok(Param::ForwardTsnSupported)]);
        let raw = Params::Wire(&octets).raw().next().unwrap().unwrap();
        assert!(wrong.starts_with(raw.octets), "a report has the parameter that does not decode");
        assert_eq!(Params::Wire(&octets).find(ParamType::FORWARD_TSN_SUPPORTED), Some(Param::ForwardTsnSupported));
        assert_eq!(Params::Wire(&octets).find(raw.kind), None);
    }
}

#[test]
fn a_parameter_without_an_address_to_add_is_an_error() {
    let host_name = [0xc0, 1, 0, 16, 0, 0, 0, 1, 0, 11, 0, 8, b'h', b'o', b's', b't'];
    assert_eq!(read(&host_name), [Err(DecodeError::Value)]);
    assert_eq!(read(&[0xc0, 1, 0, 8, 0, 0, 0, 1]), [Err(DecodeError::Length)]);
}

#[test]
fn a_length_that_cannot_be_ends_the_walk() {
    for wrong in [&[0, 5, 0, 3, 0, 0, 0, 0][..], &[0, 5, 0, 0, 0, 0, 0, 0], &[0, 5, 0, 9, 1, 2, 3, 4], &[0, 5, 0], &[0]]
    {
        let octets = [&[0x80, 0, 0, 4], wrong].concat();
        assert_eq!(read(&octets), [Ok(Param::EcnCapable), Err(DecodeError::Length)]);
    }
}

/// RFC 9260 §3.2, §3.2.1: padding that is missing at the end, or is not zero, does not matter.
#[test]
fn padding_is_read_liberally() {
    let expected = [Ok(Param::SupportedExtensions(&[192])), Ok(Param::ChunkList(&[193]))];
    assert_eq!(read(&[0x80, 8, 0, 5, 192, 0xff, 0xff, 0xff, 0x80, 3, 0, 5, 193]), expected);
    assert_eq!(read(&[0x80, 8, 0, 5, 192, 1, 2, 3, 0x80, 3, 0, 5, 193, 4, 5, 6]), expected);
}

/// A length that its field cannot hold must not make what follows unreadable.
#[test]
fn a_parameter_too_long_for_its_length_field_is_cut_and_never_fits_into_a_chunk() {
    let long = vec![1; 70_000];
    let mut octets = Vec::new();
    Param::StateCookie(&long).encode(&mut octets);
    Param::EcnCapable.encode(&mut octets);
    assert_eq!(read(&octets), [Ok(Param::StateCookie(&long[..65_528])), Ok(Param::EcnCapable)]);

    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, crate::HEADER, usize::MAX);
    assert!(!builder.push(&Chunk::ReConfig { params: Params::Values(&[Param::StateCookie(&long)]) }));
    assert!(builder.is_empty());
}
