//! Packets as text, where captures have none.

use usctp_wire::*;

use crate::packet_octets;

#[test]
fn a_packet_in_several_lines() {
    let octets = packet_octets(&[
        193, 0, 0, 24, 0, 0, 0, 1, 0, 5, 0, 8, 192, 0, 2, 1, 0xc0, 5, 0, 8, 0, 0, 0, 2, // ASCONF
        9, 0, 0, 18, 0, 2, 0, 10, 0, 0, 0, 1, 0, 7, 0, 0, 0, 1, 0, 0, // ERROR
        0x7f, 1, 0, 5, 9, 0, 0, 0, // unknown
        7, 0, 0, 4, // no TSN
        11, 0, 0, 3, // wrong length
    ]);
    let packet = Packet::decode(&octets).unwrap();
    let expected = "\
5000 > 38412 tag 01020304
  ASCONF[serial 1 address 192.0.2.1]
    Success Indication id 2
  ERROR
    Missing Mandatory Parameter State Cookie
    (length field below its header or beyond the end)
  chunk type 127[flags 01 1 octets]
  (chunk cut short)
  (length field below its header or beyond the end)";
    assert_eq!(format!("{packet:#}"), expected);
}

#[test]
fn long_lists_are_cut_and_octets_are_text_where_they_can() {
    let tsns: Vec<Tsn> = (0..20).map(Tsn).collect();
    let sack = Sack { cumulative: Tsn(1), a_rwnd: 2, gaps: GapBlocks::NONE, duplicates: Duplicates::Values(&tsns) };
    assert_eq!(
        Chunk::Sack(sack).to_string(),
        "SACK[cumulative 1 a_rwnd 2 gaps none duplicates 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,… 4 more]"
    );
    assert_eq!(Cause::ProtocolViolation(b"a \"b\"").to_string(), r#"Protocol Violation "a \"b\"""#);
    assert_eq!(
        Cause::ProtocolViolation(&[0; 20]).to_string(),
        format!("Protocol Violation {}… (20 octets)", "0".repeat(32))
    );
    assert_eq!(Cause::Other(CauseCode(999), b"").to_string(), "cause code 999 ");
    let skipped = [(StreamId(1), true, Mid(2)), (StreamId(1), false, Mid(3))];
    let forward = IForwardTsn { cumulative: Tsn(1), skipped: SkippedMessages::Values(&skipped) };
    assert_eq!(Chunk::IForwardTsn(forward).to_string(), "I-FORWARD-TSN[cumulative 1 skipped 1:2:U,1:3:O]");
}
