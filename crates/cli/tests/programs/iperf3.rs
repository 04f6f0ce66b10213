//! iperf3 with its data over SCTP. Its control connection is TCP, so it also shows that other sockets of the same
//! program are left alone.

use std::time::Duration;

use serde_json::Value;

use crate::world::{World, on_every_carrier};

on_every_carrier! {
    forward => sends_from_client_to_server,
    reverse => sends_from_server_to_client,
    parallel => sends_over_four_associations_and_eight_streams,
}

fn sends_from_client_to_server(world: &World) {
    measure(world, &[]);
}

fn sends_from_server_to_client(world: &World) {
    measure(world, &["-R"]);
}

fn sends_over_four_associations_and_eight_streams(world: &World) {
    // iperf3 3.12 takes the number behind --nstreams for the bit rate as well: 8 bit/s, unless a rate follows.
    let report = measure(world, &["-P", "4", "--nstreams", "8", "--bitrate", "0"]);
    let streams = report["end"]["streams"].as_array().map_or(0, Vec::len);
    assert_eq!(streams, 4, "{report:#}");
}

/// Runs a server and a client and returns the client's report.
fn measure(world: &World, options: &[&str]) -> Value {
    let server = world.start(&["iperf3", "--server", "--one-off"]);
    let mut arguments = vec!["iperf3", "--client", world.address(), "--sctp", "--time", "2", "--json"];
    arguments.extend(options);
    let client = world.client(&arguments, Duration::from_secs(30)).success();
    server.finish(Duration::from_secs(10)).success();
    let report: Value = serde_json::from_str(&client.stdout).expect("iperf3 writes JSON");
    let received = report["end"]["sum_received"]["bytes"].as_u64().unwrap_or(0);
    // Two seconds on loopback: far more on any machine, unless something stalls.
    assert!(received > 1_000_000, "{received} octets in 2 s\n{report:#}");
    report
}
