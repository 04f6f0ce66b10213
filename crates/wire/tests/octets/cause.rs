//! Each error cause.

use usctp_wire::*;

/// `cause` is written as `octets`, padding included, and `octets` are read as `cause`.
#[track_caller]
fn same(cause: &Cause<'_>, octets: &[u8]) {
    let mut written = Vec::new();
    cause.encode(&mut written);
    assert_eq!(written, octets);
    assert_eq!(octets.len(), cause.len().next_multiple_of(4));
    assert_eq!(read(octets), [Ok(cause.clone())]);
}

fn read(octets: &[u8]) -> Vec<Result<Cause<'_>, DecodeError>> {
    Causes::new(octets).map(|raw| raw.and_then(|raw| raw.decode())).collect()
}

/// RFC 9260 §3.3.10.1 to §3.3.10.13.
#[test]
fn those_of_the_base_protocol() {
    same(&Cause::InvalidStream(StreamId(258)), &[0, 1, 0, 8, 1, 2, 0, 0]);
    same(&Cause::MissingParameter(&[0, 7]), &[0, 2, 0, 10, 0, 0, 0, 1, 0, 7, 0, 0]);
    same(&Cause::StaleCookie(0x0102_0304), &[0, 3, 0, 8, 1, 2, 3, 4]);
    same(&Cause::OutOfResource, &[0, 4, 0, 4]);
    same(&Cause::UnresolvableAddress(&[0, 11, 0, 6, b'h', 0]), &[0, 5, 0, 10, 0, 11, 0, 6, b'h', 0, 0, 0]);
    same(&Cause::UnrecognizedChunk(&[0x7f, 0, 0, 4]), &[0, 6, 0, 8, 0x7f, 0, 0, 4]);
    same(&Cause::InvalidParameter, &[0, 7, 0, 4]);
    same(&Cause::UnrecognizedParameters(&[0xff, 0, 0, 4]), &[0, 8, 0, 8, 0xff, 0, 0, 4]);
    same(&Cause::NoUserData(Tsn(0x0102_0304)), &[0, 9, 0, 8, 1, 2, 3, 4]);
    same(&Cause::CookieWhileShuttingDown, &[0, 10, 0, 4]);
    same(&Cause::RestartWithNewAddresses(&[0, 5, 0, 8, 192, 0, 2, 1]), &[0, 11, 0, 12, 0, 5, 0, 8, 192, 0, 2, 1]);
    same(&Cause::UserInitiatedAbort(b"why"), &[0, 12, 0, 7, b'w', b'h', b'y', 0]);
    same(&Cause::ProtocolViolation(b""), &[0, 13, 0, 4]);
}

/// RFC 4895 §4.1, RFC 5061 §4.3; and one that nobody knows.
#[test]
fn those_of_the_extensions() {
    same(&Cause::UnsupportedHmac(2), &[1, 5, 0, 6, 0, 2, 0, 0]);
    same(&Cause::Other(CauseCode::DELETE_LAST_ADDRESS, &[1, 2, 3, 4]), &[0, 0xa0, 0, 8, 1, 2, 3, 4]);
    same(&Cause::Other(CauseCode(0xffff), &[1]), &[0xff, 0xff, 0, 5, 1, 0, 0, 0]);
}

#[test]
fn text_behind_the_fields_of_a_cause_is_not_looked_at() {
    assert_eq!(read(&[0, 4, 0, 8, b't', b'e', b'x', b't']), [Ok(Cause::OutOfResource)]);
    assert_eq!(read(&[0, 1, 0, 6, 0, 9, 0, 0]), [Ok(Cause::InvalidStream(StreamId(9)))]);
    assert_eq!(
        read(&[0, 2, 0, 12, 0, 0, 0, 1, 0, 7, 0, 8]),
        [Ok(Cause::MissingParameter(&[0, 7]))],
        "one is announced, two are there"
    );
}

#[test]
fn fields_cut_short_are_an_error_and_the_next_cause_is_read() {
    for wrong in [
        &[0, 1, 0, 5, 0, 0, 0, 0][..],
        &[0, 2, 0, 4],
        &[0, 2, 0, 10, 0, 0, 0, 2, 0, 7, 0, 0],
        &[0, 2, 0, 8, 0xff, 0xff, 0xff, 0xff],
        &[0, 3, 0, 7, 1, 2, 3, 0],
        &[0, 9, 0, 4],
        &[1, 5, 0, 5, 0, 0, 0, 0],
    ] {
        let octets = [wrong, &[0, 4, 0, 4]].concat();
        assert_eq!(read(&octets), [Err(DecodeError::ParameterLength), Ok(Cause::OutOfResource)]);
    }
    assert_eq!(read(&[0, 4, 0, 3]), [Err(DecodeError::Length)]);
    assert_eq!(read(&[0, 4, 0, 4, 0, 4]), [Ok(Cause::OutOfResource), Err(DecodeError::Length)]);
}

/// The report of a chunk of 65,535 octets.
#[test]
fn a_cause_too_long_for_its_length_field_is_cut() {
    let long = vec![1; 65_535];
    let mut octets = vec![9];
    Cause::UnrecognizedChunk(&long).encode(&mut octets);
    assert_eq!(read(&octets[1..]), [Ok(Cause::UnrecognizedChunk(&long[..65_528]))]);
}
