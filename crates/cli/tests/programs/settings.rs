//! Linux's `net.sctp` settings, by flag, by variable and by a file that changes while the program runs.

use std::time::Duration;

use crate::world::{Family, Link, World};

/// Prints RTO.Initial of new sockets; before the second and the third the file is written, before the fourth it is gone.
const READER: &str = "
import os, socket, struct, sys
def rto():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
    return struct.unpack('iIII', s.getsockopt(132, 0, 16))[1]
seen = [rto()]
for text in ('# later\\nnet.sctp.rto_initial = 700\\n', 'rto_initial=800\\nspeed=9\\nrto_initial=900'):
    with open(sys.argv[1], 'w') as file:
        file.write(text)
    seen.append(rto())
os.remove(sys.argv[1])
seen.append(rto())
print(*seen)
";

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_file_changes_what_new_sockets_begin_with() {
    let Some(world) = World::new(Link::Udp, Family::V4) else { return };
    let file = world.file("sysctl.conf");
    let flags = ["--sysctl", "rto_initial=600", "--sysctl", "net.sctp.rto_min=1", "--sysctl-file", &file];
    let outcome = world.client_with(&flags, &["/usr/bin/python3", "-c", READER, &file], LIMIT).success();
    assert_eq!(outcome.stdout.trim(), "600 700 900 600");
    let warned = format!("{file}:2: speed: no such setting");
    assert!(outcome.stderr.contains(&warned), "{}", outcome.stderr);
}

#[test]
fn a_bad_setting_starts_nothing_and_says_what_is_allowed() {
    let Some(world) = World::new(Link::Udp, Family::V4) else { return };
    let file = world.file("sysctl.conf");
    std::fs::write(&file, "rto_initial=500\nsack_timeout=501\n").expect("the test's folder takes a file");
    for (flags, text) in [
        (["--sysctl", "rto_initial=0"], "rto_initial=0: allowed are 1 to 86400000"),
        (["--sysctl", "speed=9"], "no such setting"),
        (["--sysctl", "rto_min=70000"], "allowed is a minimum that is not above the maximum"),
        (["--sysctl-file", &file], ":2: sack_timeout=501: allowed are 1 to 500"),
    ] {
        let outcome = world.start_with(&flags, &["/bin/true"]).finish(LIMIT);
        assert_eq!(outcome.status.code(), Some(2), "{flags:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(text), "{flags:?}: {}", outcome.stderr);
    }
}
