//! The programs of lksctp-tools, written to exercise the kernel: both roles.

use std::time::Duration;

use crate::world::{World, on_every_carrier};

on_every_carrier! {
    sctp_test => sctp_test_sends_every_size_of_message,
    sctp_darn => sctp_darn_sends_lines,
}

const LIMIT: Duration = Duration::from_secs(40);

fn sctp_test_sends_every_size_of_message(world: &World) {
    let server = world.start(&["stdbuf", "-oL", "sctp_test", "-H", world.address(), "-P", "5001", "-l"]);
    server.wait_until("listens", Duration::from_secs(10), |server| server.stdout().contains("Receiving packets"));
    // Case 4: messages of 1 to 32768 octets, in rounds of ten.
    let near = ["sctp_test", "-H", world.address(), "-P", "5002"];
    let far = ["-h", world.address(), "-p", "5001", "-s", "-c", "4", "-x", "5"];
    let client = world.client(&[&near[..], &far[..]].concat(), LIMIT).success();
    let count = |text: &str, word: &str| text.lines().filter(|line| line.contains(word)).count();
    let sent = count(&client.stdout, "sendmsg(");
    assert!(sent >= 50, "{}", client.stdout);
    server.wait_until("sees the end", LIMIT, |server| server.stdout().contains("SHUTDOWN_COMPLETE"));
    let printed = server.stdout();
    assert!(printed.contains("Notification: SCTP_ASSOC_CHANGE(COMMUNICATION_UP)"), "{printed}");
    assert!(printed.contains("Data 32768 bytes") || printed.contains("32768"), "{printed}");
}

fn sctp_darn_sends_lines(world: &World) {
    let server = world.start(&["stdbuf", "-oL", "sctp_darn", "-H", world.address(), "-P", "5003", "-l"]);
    server.wait_until("listens", Duration::from_secs(10), |server| server.stdout().contains("listening"));
    let near = ["stdbuf", "-oL", "sctp_darn", "-H", world.address(), "-P", "5004"];
    let mut client = world.start(&[&near[..], &["-h", world.address(), "-p", "5003", "-s"]].concat());
    client.wait_until("is ready", Duration::from_secs(10), |client| client.stdout().contains("ready to send"));
    for line in ["first line\n", "second line\n"] {
        client.write(line.as_bytes());
        server.wait_until("prints the line", LIMIT, |server| server.stdout().contains(line.trim_end()));
    }
    client.close_input();
    // Its status is that of its last call, whatever that was; what matters is that it ends.
    client.finish(LIMIT);
}
