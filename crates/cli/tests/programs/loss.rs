//! A file through a network that loses 5 % of the packets, doubles 1 %, reorders some, and takes 20 ms each way.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use crate::compile::{Against, compile};
use crate::relay::{Impairment, Relay};
use crate::world::{Family, Link, World, is_long, skip};

const BAD: Impairment =
    Impairment { lost_per_mille: 50, doubled_per_mille: 10, reordered_per_mille: 20, delay: Duration::from_millis(20) };

#[test]
fn a_file_comes_back_intact_over_a_bad_network() {
    let Some(world) = World::new(Link::Udp, Family::V4) else { return };
    let server = compile(&world, "examples/draft-10/appendix_a.c", Against::Ours, &["-DECHO_PORT=5007"]);
    let client = compile(&world, "examples/draft-10/echo_client.c", Against::Ours, &[]);
    let relay = match relay(&world) {
        Ok(relay) => relay,
        Err(reason) => return skip(&reason).unwrap_or(()),
    };
    let _server = world.start(&["stdbuf", "-oL", &server]);
    let sent = world.random_file("sent", if is_long() { 32 << 20 } else { 3 << 20 });
    let back = world.file("back");
    let limit = Duration::from_secs(if is_long() { 550 } else { 100 });
    let arguments = [&client, "-f", &sent, "-s", "16384", "-o", &back, "127.0.0.1", "5007"];
    let said = world.client_with(&["--udp-peer-port", "9900"], &arguments, limit).success().stdout;
    assert!(fs::read(&sent).expect("is there") == fs::read(&back).expect("is there"), "the file came back changed");
    let (passed, lost) = relay.counts();
    assert!(lost * 10 > passed / 4, "the relay lost {lost} and passed {passed}");

    // A chunk that is lost with each of its retransmissions waits 1, 2, 4 s (RFC 9260 §6.3.3); longer than all three
    // together would need a fourth loss in a row of the same packet.
    let pause: f64 = said
        .rsplit_once("longest pause ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or_else(|| panic!("the client tells its longest pause: {said}"));
    assert!(pause < 7.5, "{said}");
}

fn relay(world: &World) -> Result<Relay, String> {
    let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    Relay::start(&world.namespace, address(9900), address(9899), BAD, 0x5eed)
}
