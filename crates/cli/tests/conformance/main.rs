//! The rows of the conformance tables (`docs/conformance/draft-10`, `docs/conformance/beyond-draft`), shown by C programs
//! under `usctp run`.
//!
//! Each program beside this file is a list of cases (`conform.h`), each of which names the rows that it shows and reports
//! one line. A program runs in a network namespace of its own, in each personality.

#[path = "../programs/compile.rs"]
#[allow(dead_code, reason = "shared with the other programs' tests")]
mod compile;
#[path = "../programs/namespace.rs"]
#[allow(dead_code, reason = "shared with the other programs' tests")]
mod namespace;
#[path = "../programs/process.rs"]
#[allow(dead_code, reason = "shared with the other programs' tests")]
mod process;
mod report;
#[path = "../programs/world.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the other programs' tests")]
mod world;

use std::time::Duration;

use crate::compile::{Against, compile};
use crate::report::Personality;
use crate::world::{Family, Link, World, root};

/// Makes the tests of each program: in both personalities, over UDP encapsulation.
macro_rules! programs {
    ($($name:ident)*) => {
        $(mod $name {
            use crate::report::Personality;
            use crate::world::Link;

            #[test]
            fn as_linux() {
                super::passes(stringify!($name), Link::Udp, Personality::Linux);
            }

            #[test]
            fn as_rfc() {
                super::passes(stringify!($name), Link::Udp, Personality::Rfc);
            }
        })*
    };
}

// One line for each program, in the order of the sections.
programs! {
    b1
    b5
    b10
    calls
    d1
    d3_1
    d3_1_4
    d3_1_5
    d3_3
    d4_1
    d4_1_5
    d5_2
    d5_3
    d6
    d7
    d7_1
    d7_1_6
    d7_2
    d8_1
    b3_options
    d8_2
    d9
    da
    db
    notifications
}

/// The same over raw IP, where that could make a difference.
mod over_raw_ip {
    use crate::report::Personality;
    use crate::world::Link;

    #[test]
    fn d1() {
        super::passes("d1", Link::Raw, Personality::Linux);
    }
}

/// What every program is compiled with.
const PARTS: [&str; 5] = ["conform.c", "messages.c", "peer.c", "sockets.c", "wire.c"];

/// More than all cases of a program take, each of which has its own limit.
const LIMIT: Duration = Duration::from_secs(300);

fn passes(name: &str, link: Link, personality: Personality) {
    let Some(world) = World::new(link, Family::V4) else { return };
    for host in 1..=4 {
        world.namespace.must("ip", &["addr", "add", &format!("fd0c::{host}/128"), "dev", "lo", "nodad"]);
    }
    let folder = "crates/cli/tests/conformance";
    let source = format!("{folder}/{name}.c");
    let parts = PARTS.map(|part| root().join(folder).join(part).to_str().expect("UTF-8").to_owned());
    let mut flags: Vec<&str> = parts.iter().map(String::as_str).collect();
    flags.push("-pthread");
    let program = compile(&world, &source, Against::Ours, &flags);
    let outcome = world.start_with(&["--personality", personality.name()], &[&program]).finish(LIMIT);
    let text = std::fs::read_to_string(root().join(&source)).expect("the source is there");
    if let Err(complaint) = report::check(&text, personality, &outcome.stdout) {
        panic!("{complaint}\n--- {name}, {}: {}\n{}", personality.name(), outcome.status, outcome.stderr);
    }
    outcome.success();
}
