//! `usctp echo` and `usctp perf`, against themselves.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::process::{Outcome, Process};
use crate::world::{Family, World, on_every_carrier, until_not_refused};

on_every_carrier! {
    echo => echo_sends_back_what_both_kinds_of_client_send,
    perf => perf_counts_the_same_on_both_sides,
}

const LIMIT: Duration = Duration::from_secs(40);

fn place(world: &World) -> String {
    match world.family {
        Family::V4 => "127.0.0.1:5007".to_owned(),
        Family::V6 => "[::1]:5007".to_owned(),
    }
}

fn start(world: &World, arguments: &[&str]) -> Process {
    let usctp = crate::world::usctp().to_str().expect("UTF-8");
    let (command, rest) = arguments.split_first().expect("a command");
    world.start_plain(&[&[usctp, command, "--link", world.link.name()], rest].concat())
}

fn run(world: &World, arguments: &[&str]) -> Outcome {
    until_not_refused(|| start(world, arguments).finish(LIMIT)).success()
}

fn echo_sends_back_what_both_kinds_of_client_send(world: &World) {
    let place = place(world);
    for server_kind in [&[][..], &["--one-to-many"]] {
        let server = start(world, &[&["echo", "--listen", &place], server_kind].concat());
        server.wait_until("listens", LIMIT, |server| server.stdout().contains("listening on"));
        for client_kind in [&[][..], &["--one-to-many"]] {
            let said =
                run(world, &[&["echo", &place, "--count", "50", "--size", "20000"], client_kind].concat()).stdout;
            assert!(said.contains("50 messages of 20000 octets came back unchanged"), "{said}");
        }
        let mut client = start(world, &["echo", &place, "--stream", "3"]);
        client.write("one line\nund noch eine: ü\n".as_bytes());
        client.close_input();
        assert_eq!(client.finish(LIMIT).success().stdout, "one line\nund noch eine: ü\n");
        server.wait_until("has seen all end", LIMIT, |server| server.stdout().matches("shut down").count() == 3);
        server.signal(Signal::INT);
        assert!(!server.finish(LIMIT).status.success());
    }
}

fn perf_counts_the_same_on_both_sides(world: &World) {
    let place = place(world);
    let server = start(world, &["perf", "--listen", &place, "--json"]);
    for options in [&["--size", "1200"][..], &["--reverse", "-P", "2", "--streams", "4", "--unordered"]] {
        let said = run(world, &[&["perf", &place, "--time", "1", "--json"], options].concat()).stdout;
        let report: Value = serde_json::from_str(&said).expect("one JSON object");
        let octets = report["octets"].as_u64().unwrap_or(0);
        assert!(octets > 1_000_000, "{report:#}");
        assert_eq!(octets, 1200 * report["messages"].as_u64().unwrap_or(0), "{report:#}");
        assert!(report["round_trip_ms"].as_f64().is_some_and(|time| time < 1000.0), "{report:#}");
    }
    server.wait_until("has told of three associations", LIMIT, |server| server.stdout().lines().count() == 3);
    for line in server.stdout().lines() {
        let told: Value = serde_json::from_str(line).expect("each line is a JSON object");
        assert!(told["received"]["octets"].as_u64().is_some_and(|octets| octets > 0), "{told:#}");
    }
    // For people: the same, as text.
    let said = run(world, &["perf", &place, "--time", "1", "--size", "64"]).stdout;
    assert!(said.contains("goodput") && said.contains("messages/s"), "{said}");
}
