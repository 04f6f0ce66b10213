//! The draft's two echo servers, as they stand in its appendices.

use std::time::{Duration, Instant};

use crate::compile::{Against, compile};
use crate::process::Process;
use crate::world::{World, on_both_links};

on_both_links! {
    ten_thousand_messages_one_to_one => ten_thousand_messages_come_back_from_appendix_a,
    ten_thousand_messages_one_to_many => ten_thousand_messages_come_back_from_appendix_b,
    notifications_one_to_one => appendix_a_prints_the_notifications_that_the_kernel_gives,
    notifications_one_to_many => appendix_b_prints_the_notifications_that_the_kernel_gives,
    idle_associations => appendix_b_closes_an_idle_association_after_two_seconds,
}

const PORT: &str = "5007";

/// Starts one of the servers; its output comes line by line although it is a file.
fn server(world: &World, source: &str, against: Against) -> Process {
    let program = compile(world, source, against, &[&format!("-DECHO_PORT={PORT}")]);
    world.start(&["stdbuf", "-oL", &program])
}

fn client(world: &World, against: Against, options: &[&str]) -> String {
    let program = compile(world, "examples/draft-10/echo_client.c", against, &[]);
    let mut arguments = vec![program.as_str()];
    arguments.extend(options);
    arguments.extend([world.address(), PORT]);
    world.client(&arguments, Duration::from_secs(100)).success().stdout
}

/// The lines that tell of notifications, without those about addresses: which of them come, and when, depends on the
/// addresses of the machine.
fn notifications(server: &Process) -> Vec<String> {
    let known = |line: &&str| line.starts_with("^^^") && !line.starts_with("^^^ intf_change");
    server.stdout().lines().filter(known).map(str::to_owned).collect()
}

fn expect_notifications(server: &Process, expected: &[&str]) {
    server.wait_until(&format!("prints {expected:#?}"), Duration::from_secs(10), |server| {
        let printed = notifications(server);
        printed.len() >= expected.len()
    });
    assert_eq!(notifications(server), expected);
}

fn ten_thousand_messages_come_back_from_appendix_a(world: &World) {
    let mut server = server(world, "examples/draft-10/appendix_a.c", Against::Ours);
    let said = client(world, Against::Ours, &["-n", "10000", "-S", "10"]);
    assert!(said.starts_with("10000 messages"), "{said}");
    assert!(server.is_running(), "{}", server.stderr());
}

fn ten_thousand_messages_come_back_from_appendix_b(world: &World) {
    let mut server = server(world, "examples/draft-10/appendix_b.c", Against::Debian);
    let said = client(world, Against::Debian, &["-n", "10000", "-S", "10", "-m"]);
    assert!(said.starts_with("10000 messages"), "{said}");
    assert!(server.is_running(), "{}", server.stderr());
}

/// DA-6, DA-7: what the Linux kernel makes the same programs print. COMM_UP comes before the program has asked for events. After the
/// shutdown event a one-to-one socket is at its end of file, there as here: whether the program still sees the state
/// change depends on which is faster, the last packet or the program.
fn appendix_a_prints_the_notifications_that_the_kernel_gives(world: &World) {
    let server = server(world, "examples/draft-10/appendix_a.c", Against::Debian);
    client(world, Against::Ours, &["-n", "20"]);
    client(world, Against::Ours, &["-n", "1", "-e", "abort"]);
    // 3072 is the cause User Initiated Abort (12) in network order.
    let aborted = "^^^ assoc_change: state=1, error=3072, instr=0 outstr=0";
    server.wait_until("hears of the abort", Duration::from_secs(10), |server| server.stdout().contains(aborted));
    let mut printed = notifications(&server);
    printed.retain(|line| line != "^^^ assoc_change: state=3, error=0, instr=0 outstr=0");
    // Messages whose acknowledgement was still on its way failed: they follow.
    assert_eq!(printed[..2], ["^^^ shutdown event", aborted]);
    assert!(printed[2..].iter().all(|line| line.starts_with("^^^ sendfailed: ")), "{printed:#?}");
}

/// DB-4.
fn appendix_b_prints_the_notifications_that_the_kernel_gives(world: &World) {
    let server = server(world, "examples/draft-10/appendix_b.c", Against::Ours);
    client(world, Against::Debian, &["-n", "20", "-S", "3"]);
    let mut expected = vec![
        "^^^ assoc_change: state=0, error=0, instr=3 outstr=10",
        "^^^ shutdown event",
        "^^^ assoc_change: state=3, error=0, instr=0 outstr=0",
    ];
    expect_notifications(&server, &expected);

    client(world, Against::Debian, &["-n", "1", "-m", "-e", "abort"]);
    expected.push("^^^ assoc_change: state=0, error=0, instr=1 outstr=10");
    server.wait_until("hears of the abort", Duration::from_secs(10), |server| notifications(server).len() > 4);
    let printed = notifications(&server);
    assert_eq!(printed[..4], expected);
    assert_eq!(printed[4], "^^^ assoc_change: state=1, error=3072, instr=0 outstr=0");
}

fn appendix_b_closes_an_idle_association_after_two_seconds(world: &World) {
    let server = server(world, "examples/draft-10/appendix_b.c", Against::Ours);
    // Two at a time: each has an idle time of its own.
    let program = compile(world, "examples/draft-10/echo_client.c", Against::Ours, &[]);
    let arguments = [program.as_str(), "-n", "3", "-e", "wait", world.address(), PORT];
    client(world, Against::Ours, &["-n", "1"]);
    let begun = Instant::now();
    let other = world.start(&arguments);
    client(world, Against::Ours, &["-n", "3", "-m", "-e", "wait"]);
    other.finish(Duration::from_secs(10)).success();
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2), "closed after {took:?}");
    assert!(took < Duration::from_secs(4), "closed after {took:?}");
    let closed = "^^^ assoc_change: state=3, error=0, instr=0 outstr=0";
    server.wait_until("has closed all three", Duration::from_secs(5), |server| {
        notifications(server).iter().filter(|line| *line == closed).count() == 3
    });
}
