//! Recorded packets, read by tshark.

use std::{path::PathBuf, process::Command};

use usctp_link::{Address, Ecn, Link, LinkChoice, LinkId, LinkSettings, Links, MemoryHub, Outgoing, Tap};

fn address(text: &str) -> Address {
    Address::new(text.parse().expect("an address"), 0)
}

/// A file of this test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("usctp-{}-{name}.pcapng", std::process::id())))
    }

    /// What tshark prints for some fields, a line for each packet. `None`: it is not here, so the test is skipped.
    fn read(&self, fields: &[&str]) -> Option<Vec<String>> {
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(&self.0).args(["-o", "sctp.checksum:CRC 32c", "-o", "udp.check_checksum:TRUE"]);
        tshark.args(["-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"]);
        tshark.args(fields.iter().flat_map(|field| ["-e", field]));
        let output = match tshark.output() {
            Ok(output) => output,
            Err(error) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: tshark: {error} (Debian: tshark)");
                return None;
            }
            Err(error) => panic!("tshark: {error} (Debian: tshark)"),
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A COOKIE ACK from port 1000 to 5000, with a checksum.
fn cookie_ack() -> Vec<u8> {
    let mut packet = vec![3, 232, 19, 136, 1, 2, 3, 4, 0, 0, 0, 0, 11, 0, 0, 4];
    let sum = crc32c::crc32c(&packet);
    packet[8..12].copy_from_slice(&sum.to_le_bytes());
    packet
}

fn outgoing<'a>(link: LinkId, destination: &str, udp_port: Option<u16>, packet: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        link,
        udp_port,
        source: None,
        destination: address(destination),
        ecn: Ecn::Ect0,
        dscp: 46,
        flow_label: 0x12345,
        priority: 0,
        interface: 0,
        dont_fragment: true,
        packet,
        segment_size: None,
    }
}

const FIELDS: [&str; 7] = [
    "frame.protocols",
    "sctp.checksum.status",
    "ip.checksum.status",
    "udp.checksum.status",
    "_ws.malformed",
    "_ws.expert.severity",
    "frame.len",
];

#[test]
fn raw_packets_are_recorded_with_ip_headers() {
    let file = File::new("raw");
    let hub = MemoryHub::new();
    let (a, b) =
        (hub.attach(&["10.0.0.1", "2001:db8::1"].map(address)), hub.attach(&["10.0.0.2", "2001:db8::2"].map(address)));
    let (a, b) = (Tap::new(a, &file.0).expect("a file"), Tap::new(b, &file.0).expect("the same file"));
    let packet = cookie_ack();
    for destination in ["10.0.0.2", "2001:db8::2"] {
        a.send(&[outgoing(LinkId(0), destination, None, &packet)], &mut Vec::new());
        b.receive(&mut Vec::new());
    }
    // Read while it is still being written, as after the death of the program.
    let Some(lines) = file.read(&FIELDS) else { return };
    assert_eq!(
        lines,
        ["raw:ip:sctp|1|1||||36", "raw:ip:sctp|1|1||||36", "raw:ipv6:sctp|1|||||56", "raw:ipv6:sctp|1|||||56"]
    );
    let marks = ["ip.dsfield.dscp", "ip.dsfield.ecn", "ipv6.flow", "ipv6.tclass.ecn"];
    assert_eq!(file.read(&marks).expect("tshark")[0], "46|2||");
    assert_eq!(file.read(&marks).expect("tshark")[2], "||0x012345|2");
    drop((a, b));
    // A later run begins the file anew.
    drop(Tap::new(hub.attach(&[]), &file.0).expect("a file"));
    assert_eq!(file.read(&FIELDS).expect("tshark").len(), 0);
}

#[test]
fn encapsulated_packets_are_recorded_with_udp_headers() {
    let file = File::new("udp");
    let settings = LinkSettings { choice: LinkChoice::Udp, pcap: Some(file.0.clone()), ..LinkSettings::default() };
    let links = Links::open(&settings).expect("links");
    let carrier = links.carrier(address("127.0.0.1"), 1000, Some(9899)).expect("a link");
    let own = links.udp_port(carrier.link).expect("a UDP port");
    let packet = [cookie_ack(), cookie_ack(), cookie_ack()].concat();
    for destination in ["127.0.0.1", "::1"] {
        // To itself, from a port that tshark would not know.
        let sent = Outgoing { segment_size: Some(16), ..outgoing(carrier.link, destination, Some(own), &packet) };
        links.send(&[sent], &mut Vec::new());
        let mut incoming = Vec::new();
        while incoming.len() < 3 {
            links.wait(Some(std::time::Duration::from_secs(5)));
            links.receive(&mut incoming);
        }
        // And to the one that it does.
        links.send(&[outgoing(carrier.link, destination, Some(9899), &packet[..16])], &mut Vec::new());
    }
    let Some(lines) = file.read(&FIELDS) else { return };
    assert_eq!(lines.len(), 2 * (3 + 3 + 1), "{lines:?}");
    assert_eq!(lines[6], "raw:ip:udp:sctp|1|1|1|||44");
    assert_eq!(lines[13], "raw:ipv6:udp:sctp|1||1|||64");
    assert!(lines.iter().all(|line| line.contains("|1|||")), "{lines:?}");
}
