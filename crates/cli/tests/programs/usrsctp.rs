//! Against usrsctp, another userspace stack, on a host of its own: each as server and as client, over raw IP and UDP,
//! with both ways to end an association.

use std::time::Duration;

use crate::compile::{Against, compile};
use crate::namespace::Namespace;
use crate::process::{Outcome, Process};
use crate::world::{Family, Link, World, root, skip, until_not_refused};

const LIMIT: Duration = Duration::from_secs(60);

/// Two hosts joined by a wire: ours and the one of usrsctp.
struct Hosts {
    ours: World,
    theirs: World,
    peer: String,
}

impl Hosts {
    fn new(link: Link, family: Family) -> Option<Self> {
        let (ours, theirs) = match Namespace::pair() {
            Ok(pair) => pair,
            Err(reason) => return skip(&reason),
        };
        let ours = World::inside(ours, link, family);
        let theirs = World::inside(theirs, link, family);
        let peer = theirs.file("peer");
        let source = root().join("interop/usrsctp/peer.c");
        let built = std::process::Command::new("cc")
            .args(["-O2", "-w", "-o", &peer])
            .arg(source)
            .args(["-lusrsctp", "-lpthread"])
            .status()
            .expect("a C compiler is there");
        assert!(built.success(), "interop/usrsctp/peer.c");
        Some(Self { ours, theirs, peer })
    }

    fn address(&self, host: u8) -> String {
        match self.ours.family {
            Family::V4 => format!("10.9.0.{host}"),
            Family::V6 => format!("fd09::{host}"),
        }
    }

    /// The program of usrsctp in one of its roles.
    fn peer(&self, role: &str, host: u8, more: &[&str]) -> Process {
        let udp = if self.ours.link == Link::Udp { "9899" } else { "0" };
        let address = self.address(host);
        let arguments = [&[self.peer.as_str(), role, address.as_str(), "5007", udp, udp], more].concat();
        self.theirs.start_plain(&arguments)
    }
}

/// Ours connects: 2,000 messages there and back, an orderly end; then a second association, aborted.
fn is_a_client_of_usrsctp(link: Link, family: Family) {
    let Some(hosts) = Hosts::new(link, family) else { return };
    let server = hosts.peer("echo", 2, &[]);
    server.wait_until("listens", LIMIT, |server| server.stdout().contains("listening"));
    let client = compile(&hosts.ours, "examples/draft-10/echo_client.c", Against::Ours, &[]);
    let peer = hosts.address(2);
    for (end, heard) in [("shutdown", "then shutdown"), ("abort", "then Connection reset by peer")] {
        let arguments = [client.as_str(), "-n", "2000", "-S", "4", "-e", end, &peer, "5007"];
        hosts.ours.client(&arguments, LIMIT).success();
        let expected = format!("2000 messages, {heard}");
        server.wait_until(&expected, LIMIT, |server| server.stdout().contains(&expected));
    }
}

/// usrsctp connects to the draft's one-to-many server, which only knows IPv4.
fn is_a_server_of_usrsctp(link: Link) {
    let Some(hosts) = Hosts::new(link, Family::V4) else { return };
    let source = "examples/draft-10/appendix_b.c";
    let program = compile(&hosts.ours, source, Against::Ours, &["-DECHO_PORT=5007"]);
    let server = hosts.ours.start(&["stdbuf", "-oL", &program]);
    for (end, heard) in [("shutdown", "assoc_change: state=3"), ("abort", "assoc_change: state=1")] {
        let outcome: Outcome = until_not_refused(|| hosts.peer("client", 1, &["2000", end]).finish(LIMIT));
        let said = outcome.success().stdout;
        assert!(said.contains("2000 messages came back unchanged"), "{said}");
        server.wait_until(heard, LIMIT, |server| server.stdout().contains(heard));
    }
}

#[test]
fn client_over_udp_and_ipv4() {
    is_a_client_of_usrsctp(Link::Udp, Family::V4);
}

#[test]
fn client_over_udp_and_ipv6() {
    is_a_client_of_usrsctp(Link::Udp, Family::V6);
}

#[test]
fn client_over_raw_ipv4() {
    is_a_client_of_usrsctp(Link::Raw, Family::V4);
}

#[test]
fn client_over_raw_ipv6() {
    is_a_client_of_usrsctp(Link::Raw, Family::V6);
}

#[test]
fn server_over_udp() {
    is_a_server_of_usrsctp(Link::Udp);
}

#[test]
fn server_over_raw_ip() {
    is_a_server_of_usrsctp(Link::Raw);
}
