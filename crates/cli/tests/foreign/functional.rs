//! The functional tests of lksctp-tools, written for the kernel, which passes all of them: 33 programs, ten of them for
//! IPv6 as well (`interop/lksctp-tools/build`).
//!
//! Each has both ends in one process, and expects that what it has sent to itself has arrived when the call returns. They
//! are run in the personality `linux`.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::world::{Family, Link, World, root, skip};

/// Runs of a program at most.
const ATTEMPTS: u32 = 4;
/// Some sleep for several seconds by themselves.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes the two tests of each program.
macro_rules! programs {
    ($($name:ident)*) => {
        /// Every program that has tests.
        const ALL: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            use crate::world::Link;

            #[test]
            fn over_udp() {
                super::passes(stringify!($name), Link::Udp);
            }

            #[test]
            fn over_raw_ip() {
                super::passes(stringify!($name), Link::Raw);
            }
        })*
    };
}

programs! {
    test_1_to_1_accept_close
    test_1_to_1_addrs
    test_1_to_1_connect
    test_1_to_1_connectx
    test_1_to_1_events
    test_1_to_1_initmsg_connect
    test_1_to_1_nonblock
    test_1_to_1_recvfrom
    test_1_to_1_recvmsg
    test_1_to_1_rtoinfo
    test_1_to_1_send
    test_1_to_1_sendmsg
    test_1_to_1_sendto
    test_1_to_1_shutdown
    test_1_to_1_socket_bind_listen
    test_1_to_1_sockopt
    test_1_to_1_threads
    test_assoc_abort
    test_assoc_shutdown
    test_autoclose
    test_basic
    test_basic_v6
    test_connect
    test_connectx
    test_fragments
    test_fragments_v6
    test_getname
    test_getname_v6
    test_inaddr_any
    test_inaddr_any_v6
    test_peeloff
    test_peeloff_v6
    test_recvmsg
    test_sctp_sendrecvmsg
    test_sctp_sendrecvmsg_v6
    test_sctp_sendvrecvv
    test_sctp_sendvrecvv_v6
    test_sockopt
    test_sockopt_v6
    test_tcp_style
    test_tcp_style_v6
    test_timetolive
    test_timetolive_v6
}

/// The folder of the built programs; they are built by the first test that asks. `None`, after saying so, where the
/// source is not to be had.
fn programs() -> Option<&'static str> {
    static FOLDER: OnceLock<Result<String, String>> = OnceLock::new();
    let built = FOLDER.get_or_init(|| {
        let output =
            Command::new(root().join("interop/lksctp-tools/build")).output().map_err(|error| error.to_string())?;
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    });
    match built {
        Ok(folder) => Some(folder),
        Err(reason) => skip(&format!("interop/lksctp-tools/build: {reason}")),
    }
}

/// Runs a program. Each case reports a line; one that fails ends the program.
fn passes(name: &str, link: Link) {
    let (Some(folder), Some(world)) = (programs(), World::new(link, Family::V4)) else { return };
    let program = format!("{folder}/{name}");
    // One of them hands over memory that it has only allocated, and expects that there is no address in it. Where nothing
    // has used its heap before that is so; here it is by order.
    let zeros = "GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0";
    let run = || world.start_with(&["--personality", "linux"], &["env", zeros, &program]).finish(LIMIT);
    // Some look for a packet in the next call after the one that sent it. Ours travels over the loopback, where a busy
    // host may put it off: then once more.
    let mut outcome = run();
    for _ in 1..ATTEMPTS {
        if outcome.status.success() {
            break;
        }
        outcome = run();
    }
    let outcome = outcome.success();
    let cases = outcome.stdout.lines().filter(|line| line.contains(" PASS : ")).count();
    assert!(cases > 0, "{}", outcome.stdout);
    assert!(!outcome.stdout.contains(" BROK : "), "{}", outcome.stdout);
}

#[test]
fn every_program_of_the_suite_has_its_tests() {
    let Some(folder) = programs() else { return };
    let files = std::fs::read_dir(folder).expect("built").map(|file| file.expect("readable").file_name());
    let mut built: Vec<_> = files.filter_map(|name| name.into_string().ok()).collect();
    built.retain(|name| name.starts_with("test_"));
    built.sort();
    assert_eq!(built, ALL);
    assert_eq!(built.len(), 43);
}
