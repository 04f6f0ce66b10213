//! Python's own socket module, with non-blocking sockets in an epoll behind `selectors`.

use std::time::Duration;

use crate::world::{World, on_every_carrier, root};

on_every_carrier! {
    selectors => an_echo_server_on_selectors_serves_three_clients,
}

const LIMIT: Duration = Duration::from_secs(60);

fn an_echo_server_on_selectors_serves_three_clients(world: &World) {
    let script = root().join("crates/cli/tests/programs/python/selectors_echo.py");
    let script = script.to_str().expect("the repository's path is UTF-8");
    // The system's Python: what is first in PATH may be a wrapper.
    let python = "/usr/bin/python3";
    let server = world.start(&[python, script, "server", world.address(), "5020", "3"]);
    server.wait_until("listens", Duration::from_secs(10), |server| server.stdout().contains("listening"));
    let arguments = [python, script, "client", world.address(), "5020", "3000000"];
    let two = [world.start(&arguments), world.start(&arguments)];
    let said = world.client(&arguments, LIMIT).success().stdout;
    assert!(said.contains(&format!("connected from {0} to {0}", world.address())), "{said}");
    for client in two {
        client.finish(LIMIT).success();
    }
    server.finish(LIMIT).success();
}
