//! Languages with an SCTP of their own, which they reach through libsctp and libc: Java's `com.sun.nio.sctp` and Erlang's
//! `gen_sctp`. Each program has both ends in one process and ends with `all is well`.

use std::path::Path;
use std::time::Duration;

use crate::world::{World, on_every_carrier, root, skip};

on_every_carrier! {
    java => channels_of_java_talk,
    erlang => sockets_of_erlang_talk,
}

const LIMIT: Duration = Duration::from_secs(60);

/// One-to-one channels in a selector, and one-to-many ones with a branch.
fn channels_of_java_talk(world: &World) {
    says_all_is_well(world, "/usr/bin/java", "java/Echo.java");
}

/// One-to-many sockets with a branch, one-to-one ones, orderly and other ends.
fn sockets_of_erlang_talk(world: &World) {
    says_all_is_well(world, "/usr/bin/escript", "erlang/echo.escript");
}

fn says_all_is_well(world: &World, interpreter: &str, program: &str) {
    if !Path::new(interpreter).exists() {
        return skip(&format!("{interpreter} is not installed (ci/packages.sh)")).unwrap_or(());
    }
    let program = root().join("crates/cli/tests/foreign").join(program);
    let arguments = [interpreter, program.to_str().expect("the repository's path is UTF-8"), world.address()];
    let outcome = world.start(&arguments).finish(LIMIT).success();
    assert!(outcome.stdout.contains("all is well"), "{}{}", outcome.stdout, outcome.stderr);
}
