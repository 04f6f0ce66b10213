//! ncat over SCTP. Its standard input stays open: SCTP has no half-close, so ncat would end the association with it.

use std::fs;
use std::time::Duration;

use crate::process::Process;
use crate::world::{Family, World, on_every_carrier};

on_every_carrier! {
    both_ways => carries_a_file_in_either_direction,
}

const PORT: &str = "5011";

fn carries_a_file_in_either_direction(world: &World) {
    let family = if world.family == Family::V6 { "-6" } else { "-4" };
    let mut server = world.start(&["ncat", "-v", family, "--sctp", "-l", world.address(), PORT]);
    server.wait_until("listens", Duration::from_secs(10), |server| server.stderr().contains("Listening on"));
    let mut client = world.start(&["ncat", "-v", family, "--sctp", world.address(), PORT]);
    client.wait_until("connects", Duration::from_secs(10), |client| client.stderr().contains("Connected to"));

    let content = fs::read(world.random_file("sent", 4 << 20)).expect("just made");
    carry(&mut client, &server, &content);
    carry(&mut server, &client, &content);

    // The client goes: the server ends by itself.
    client.close_input();
    client.finish(Duration::from_secs(10)).success();
    server.finish(Duration::from_secs(10)).success();
}

fn carry(from: &mut Process, to: &Process, content: &[u8]) {
    from.write(content);
    let arrived = |to: &Process| fs::metadata(to.stdout_file()).map_or(0, |file| file.len()) >= content.len() as u64;
    to.wait_until("all has arrived", Duration::from_secs(30), arrived);
    assert!(fs::read(to.stdout_file()).expect("can be read") == content, "what arrived differs");
}
