//! Without any privilege: UDP encapsulation is what remains, and it is chosen by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::compile::{Against, compile};
use crate::process::Process;
use crate::world::{Family, Link, World, skip, until_not_refused, usctp};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_user_without_rights_gets_udp_by_itself() {
    if !rustix::process::geteuid().is_root() {
        return skip("giving up root needs root").unwrap_or(());
    }
    let Some(world) = World::new(Link::Udp, Family::V4) else { return };
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
    // The build may be in a folder that only root can read.
    for file in ["usctp", "libsctp.so"] {
        fs::copy(usctp().with_file_name(file), world.path(file)).expect("built");
    }
    let server = compile(&world, "examples/draft-10/appendix_a.c", Against::Debian, &["-DECHO_PORT=5007"]);
    let client = compile(&world, "examples/draft-10/echo_client.c", Against::Debian, &[]);
    let run = |arguments: &[&str]| -> Process {
        let user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"];
        let usctp = world.file("usctp");
        world.start_plain(&[&user[..], &[&usctp, "run", "--log", "info", "--"], arguments].concat())
    };
    let server = run(&[&server]);
    let client = || run(&[&client, "-n", "200", "127.0.0.1", "5007"]).finish(LIMIT);
    until_not_refused(client).success();
    assert!(server.stderr().to_ascii_lowercase().contains("udp"), "the log tells what was chosen: {}", server.stderr());
}
