//! Hosts: threads in network namespaces of their own, joined by veth pairs.

use std::{
    net::TcpStream,
    process::Command,
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::thread::UnshareFlags;
use usctp_link::{Address, Ecn, Icmp, Incoming, Link, LinkChoice, LinkId, LinkSettings, Links, Outgoing, Packet};

/// A host: what is run on it sees its interfaces and opens sockets there.
pub(crate) struct Host {
    jobs: Option<Sender<Box<dyn FnOnce() + Send>>>,
    thread: Option<JoinHandle<()>>,
    tid: i32,
}

impl Host {
    /// A host with a loopback interface. `None`: not allowed here, so the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            assert!(std::env::var_os("CI").is_none(), "network namespaces need root");
            eprintln!("skipped: network namespaces need root");
            return None;
        }
        let (jobs, todo) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let (ready, begun) = mpsc::channel();
        let thread = thread::spawn(move || {
            // SAFETY: a new network namespace for this thread changes nothing that other code relies on.
            #[allow(unsafe_code)]
            let made = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) };
            made.expect("a network namespace");
            ready.send(rustix::thread::gettid().as_raw_nonzero().get()).expect("waited for");
            for job in todo {
                job();
            }
        });
        let tid = begun.recv().expect("the thread lives");
        let host = Self { jobs: Some(jobs), thread: Some(thread), tid };
        host.ip("link set lo up");
        Some(host)
    }

    /// Runs something on the host and waits for its result.
    pub(crate) fn run<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (done, result) = mpsc::channel();
        let job = Box::new(move || drop(done.send(job())));
        self.jobs.as_ref().expect("alive").send(job).expect("the thread lives");
        result.recv().expect("the job did not panic")
    }

    /// Runs `ip` with these words.
    pub(crate) fn ip(&self, words: &str) {
        self.tool("ip", words);
    }

    /// Runs a program with these words.
    pub(crate) fn tool(&self, program: &'static str, words: &str) {
        let words = words.to_owned();
        let output = self.run(move || Command::new(program).args(words.split_whitespace()).output());
        let output = output.unwrap_or_else(|error| panic!("{program}: {error} (Debian: iproute2, procps)"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A veth pair to another host, named by the `name` at both ends.
    pub(crate) fn join(&self, other: &Self, name: &str, addresses: [&[&str]; 2], mtu: u32) {
        self.ip(&format!("link add {name} mtu {mtu} type veth peer name {name} mtu {mtu} netns {}", other.tid));
        for (host, addresses) in [self, other].into_iter().zip(addresses) {
            for address in addresses {
                let family = if address.contains(':') { "-6" } else { "-4" };
                let nodad = if address.contains(':') { "nodad" } else { "" };
                host.ip(&format!("{family} addr add {address} dev {name} {nodad}"));
            }
            host.ip(&format!("link set {name} up"));
        }
    }

    /// Waits until packets get through to an address: interfaces take their time to come up, neighbours to be found.
    pub(crate) fn wait_for(&self, address: &str) {
        let to = std::net::SocketAddr::new(address.parse().expect("an address"), 9);
        let reached = self.run(move || {
            (0..50).any(|_| {
                let refused = TcpStream::connect_timeout(&to, Duration::from_millis(200));
                refused.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            })
        });
        assert!(reached, "{address} is not reachable");
    }

    /// Opens links here.
    pub(crate) fn open(&self, choice: LinkChoice) -> Links {
        self.open_with(LinkSettings { choice, ..LinkSettings::default() })
    }

    /// Opens links here.
    pub(crate) fn open_with(&self, settings: LinkSettings) -> Links {
        self.run(move || Links::open(&settings)).expect("links")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Two hosts side by side: 10.0.0.1, 10.0.0.11, 2001:db8::1 and 10.0.0.2, 2001:db8::2.
pub(crate) fn pair() -> Option<(Host, Host)> {
    let (a, b) = (Host::new()?, Host::new()?);
    let left = ["10.0.0.1/24", "10.0.0.11/24", "2001:db8::1/64"];
    a.join(&b, "veth0", [&left, &["10.0.0.2/24", "2001:db8::2/64"]], 1500);
    for (from, to) in [(&a, "10.0.0.2"), (&a, "2001:db8::2"), (&b, "10.0.0.1"), (&b, "10.0.0.11"), (&b, "2001:db8::1")]
    {
        from.wait_for(to);
    }
    Some((a, b))
}

/// Two hosts with a router between them: 10.0.1.1 and 2001:db8:1::1 with an MTU of 1500 towards the router, 10.0.2.2 and
/// 2001:db8:2::2 behind an MTU of 1300.
pub(crate) fn routed() -> Option<(Host, Host, Host)> {
    let (a, router, b) = (Host::new()?, Host::new()?, Host::new()?);
    a.join(&router, "veth0", [&["10.0.1.1/24", "2001:db8:1::1/64"], &["10.0.1.254/24", "2001:db8:1::fe/64"]], 1500);
    b.join(&router, "veth1", [&["10.0.2.2/24", "2001:db8:2::2/64"], &["10.0.2.254/24", "2001:db8:2::fe/64"]], 1300);
    router.tool("sysctl", "-q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    a.ip("route add default via 10.0.1.254");
    b.ip("route add default via 10.0.2.254");
    a.ip("-6 route add default via 2001:db8:1::fe");
    b.ip("-6 route add default via 2001:db8:2::fe");
    a.wait_for("10.0.2.2");
    a.wait_for("2001:db8:2::2");
    Some((a, router, b))
}

pub(crate) fn address(text: &str) -> Address {
    Address::new(text.parse().expect("an address"), 0)
}

/// Octets with the form of an SCTP packet from port 1000 to `port`, with a right checksum.
pub(crate) fn packet(port: u16, len: usize) -> Vec<u8> {
    let mut packet: Vec<u8> = (0..len).map(|index| index as u8).collect();
    packet[..2].copy_from_slice(&1000_u16.to_be_bytes());
    packet[2..4].copy_from_slice(&port.to_be_bytes());
    packet[8..12].fill(0);
    let sum = crc32c::crc32c(&packet);
    packet[8..12].copy_from_slice(&sum.to_le_bytes());
    packet
}

/// An ordinary outgoing packet.
pub(crate) fn outgoing<'a>(link: LinkId, destination: &str, udp_port: Option<u16>, packet: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        link,
        udp_port,
        source: None,
        destination: address(destination),
        ecn: Ecn::NotEct,
        dscp: 0,
        flow_label: 0,
        priority: 0,
        interface: 0,
        dont_fragment: true,
        packet,
        segment_size: None,
    }
}

/// Receives until `enough` says so, for some seconds at most.
pub(crate) fn receive(links: &Links, mut enough: impl FnMut(&[Incoming]) -> bool) -> Vec<Incoming> {
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut incoming = Vec::new();
    while !enough(&incoming) {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "nothing more came; so far: {incoming:?}, {:?}", links.counters());
        links.wait(Some(left));
        links.receive(&mut incoming);
    }
    incoming
}

/// The next `count` packets.
pub(crate) fn packets(links: &Links, count: usize) -> Vec<Packet> {
    let of = |incoming: &[Incoming]| -> Vec<Packet> {
        incoming
            .iter()
            .filter_map(|one| if let Incoming::Packet(packet) = one { Some(packet.clone()) } else { None })
            .collect()
    };
    of(&receive(links, |incoming| of(incoming).len() >= count))
}

/// The next ICMP error.
pub(crate) fn icmp(links: &Links) -> Icmp {
    let of = |incoming: &[Incoming]| {
        incoming.iter().find_map(|one| if let Incoming::Icmp(icmp) = one { Some(icmp.clone()) } else { None })
    };
    of(&receive(links, |incoming| of(incoming).is_some())).expect("waited for it")
}

/// That no packet comes within a tenth of a second.
pub(crate) fn nothing(links: &Links) {
    let deadline = Instant::now() + Duration::from_millis(100);
    let mut incoming = Vec::new();
    while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        links.wait(Some(left));
        links.receive(&mut incoming);
        assert!(!incoming.iter().any(|one| matches!(one, Incoming::Packet(_))), "{incoming:?}");
    }
}

pub(crate) const RAW: LinkId = LinkId(0);
