//! A connect to a port that nobody holds is refused at once, whoever else runs on the host.

use std::time::{Duration, Instant};

use crate::process::Process;
use crate::world::{World, on_every_carrier};

on_every_carrier! {
    alone => with_no_other_process,
    beside_one => with_one_other_process,
    beside_three => with_three_other_processes,
}

fn with_no_other_process(world: &World) {
    is_refused_at_once(world);
}

fn with_one_other_process(world: &World) {
    let _others = listeners(world, 1);
    is_refused_at_once(world);
}

fn with_three_other_processes(world: &World) {
    let _others = listeners(world, 3);
    is_refused_at_once(world);
}

/// Processes with stacks of their own, each listening on a port of its own. Over UDP only one of them can have port
/// 9899 of an address, so each has its own.
fn listeners(world: &World, count: u16) -> Vec<Process> {
    let family = if world.address() == "::1" { "AF_INET6" } else { "AF_INET" };
    let start = |index: u16| {
        let (sctp_port, udp_port) = (6000 + index, (9899 + index).to_string());
        let script = format!(
            "import socket, time\n\
             s = socket.socket(socket.{family}, socket.SOCK_STREAM, 132)\n\
             s.bind(('{}', {sctp_port}))\n\
             s.listen()\n\
             print('listening', flush=True)\n\
             time.sleep(60)",
            world.address()
        );
        let process = world.start_with(&["--udp-port", &udp_port], &["/usr/bin/python3", "-c", &script]);
        process.wait_until("listens", Duration::from_secs(10), |process| process.stdout().contains("listening"));
        process
    };
    (0..count).map(start).collect()
}

fn is_refused_at_once(world: &World) {
    let family = if world.address() == "::1" { "AF_INET6" } else { "AF_INET" };
    let script = format!(
        "import socket, sys, time\n\
         s = socket.socket(socket.{family}, socket.SOCK_STREAM, 132)\n\
         begun = time.monotonic()\n\
         try:\n    s.connect(('{}', 6999))\n\
         except OSError as error:\n    print(type(error).__name__, time.monotonic() - begun)\n    sys.exit(0)\n\
         sys.exit('connected')",
        world.address()
    );
    let begun = Instant::now();
    let client = world.start(&["/usr/bin/python3", "-c", &script]).finish(Duration::from_secs(20)).success();
    let said: Vec<&str> = client.stdout.split_whitespace().collect();
    assert_eq!(said[0], "ConnectionRefusedError", "{}", client.stdout);
    let seconds: f64 = said[1].parse().expect("a number of seconds");
    assert!(seconds < 0.5, "refused after {seconds} s (the whole client took {:?})", begun.elapsed());
}
