//! An association that is up: any script of packets, time and commands leaves it whole, bounded and, in the end, at rest.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| usctp_proto::fuzz_association(octets));
