//! Real sockets in network namespaces that the tests make: as root. Without root each test says that it is skipped; with
//! `CI=true` that is a failure.

mod checksum;
mod hosts;
mod icmp;
mod packets;
mod ports;
mod raw;
mod udp;
