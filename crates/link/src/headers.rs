//! IP and UDP headers for packets whose own ones only the kernel has seen.

use std::net::IpAddr;

use crate::{Ecn, sockets::SCTP};

/// What stands in the headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// Source and destination port, if encapsulated.
    pub(crate) udp: Option<(u16, u16)>,
    pub(crate) ecn: Ecn,
    pub(crate) dscp: u8,
    pub(crate) flow_label: u32,
    pub(crate) dont_fragment: bool,
}

impl Headers {
    /// Appends headers and packet to `into`; nothing if the addresses are of different families or the packet does not
    /// fit an IP packet.
    pub(crate) fn write(&self, packet: &[u8], into: &mut Vec<u8>) {
        let payload = packet.len() + if self.udp.is_some() { UDP } else { 0 };
        let Some(len) = u16::try_from(payload + 20).ok().map(|len| len - 20) else { return };
        let protocol = if self.udp.is_some() { 17 } else { SCTP };
        let traffic_class = self.dscp << 2 | self.ecn.bits();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let begin = into.len();
                into.extend([0x45, traffic_class]);
                into.extend((20 + len).to_be_bytes());
                into.extend([0, 0, if self.dont_fragment { 0x40 } else { 0 }, 0, 64, protocol, 0, 0]);
                into.extend(source.octets());
                into.extend(destination.octets());
                let sum = !fold(add(0, &into[begin..]));
                into[begin + 10..begin + 12].copy_from_slice(&sum.to_be_bytes());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let first = 6 << 28 | u32::from(traffic_class) << 20 | self.flow_label & 0xf_ffff;
                into.extend(first.to_be_bytes());
                into.extend(len.to_be_bytes());
                into.extend([protocol, 64]);
                into.extend(source.octets());
                into.extend(destination.octets());
            }
            _ => return,
        }
        if let Some((source, destination)) = self.udp {
            let begin = into.len();
            into.extend(source.to_be_bytes());
            into.extend(destination.to_be_bytes());
            into.extend(len.to_be_bytes());
            into.extend([0, 0]);
            into.extend(packet);
            let sum = self.udp_checksum(&into[begin..]);
            into[begin + 6..begin + 8].copy_from_slice(&sum.to_be_bytes());
        } else {
            into.extend(packet);
        }
    }

    /// RFC 768, RFC 8200 §8.1.
    fn udp_checksum(&self, datagram: &[u8]) -> u16 {
        let mut sum = 17 + datagram.len() as u64;
        for ip in [self.source, self.destination] {
            sum = match ip {
                IpAddr::V4(v4) => add(sum, &v4.octets()),
                IpAddr::V6(v6) => add(sum, &v6.octets()),
            };
        }
        // Zero would mean that there is none.
        match !fold(add(sum, datagram)) {
            0 => u16::MAX,
            sum => sum,
        }
    }
}

fn add(sum: u64, octets: &[u8]) -> u64 {
    octets
        .chunks(2)
        .fold(sum, |sum, pair| sum + u64::from(pair[0]) * 256 + u64::from(pair.get(1).copied().unwrap_or(0)))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

const UDP: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(source: &str, destination: &str, udp: Option<(u16, u16)>) -> Headers {
        let [source, destination] = [source, destination].map(|text| text.parse().expect("an address"));
        Headers { source, destination, udp, ecn: Ecn::Ect0, dscp: 46, flow_label: 0x12345, dont_fragment: true }
    }

    #[test]
    fn an_ipv4_header_sums_up_to_zero() {
        let mut written = Vec::new();
        headers("10.0.0.1", "10.0.0.2", None).write(&[7; 33], &mut written);
        assert_eq!(written.len(), 53);
        assert_eq!(written[..4], [0x45, 46 << 2 | 2, 0, 53]);
        assert_eq!(fold(add(0, &written[..20])), 0xffff);
    }

    #[test]
    fn a_udp_datagram_sums_up_to_zero_with_its_pseudo_header() {
        let headers = headers("2001:db8::1", "2001:db8::2", Some((9899, 40_000)));
        let mut written = Vec::new();
        headers.write(&[7; 33], &mut written);
        assert_eq!(written[..8], [0x6b, 0xa1, 0x23, 0x45, 0, 41, 17, 64]);
        let sum = add(17 + 41, &written[8..40]);
        assert_eq!(fold(add(sum, &written[40..])), 0xffff);
    }

    #[test]
    fn nothing_is_written_for_what_cannot_be() {
        let mut written = Vec::new();
        headers("2001:db8::1", "10.0.0.1", None).write(&[7; 33], &mut written);
        headers("10.0.0.2", "10.0.0.1", None).write(&[7; 65_530], &mut written);
        assert!(written.is_empty());
    }
}
