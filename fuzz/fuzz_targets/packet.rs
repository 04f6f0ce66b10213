//! The packet codec: any octets are read to an end, and what was read is written and read the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| usctp_wire::fuzz_packet(octets));
