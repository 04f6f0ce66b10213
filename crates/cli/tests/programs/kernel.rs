//! Against the Linux kernel's own SCTP, in a User Mode Linux guest (`interop/linux-kernel`).
//!
//! Our programs run in the network namespace at the other end of the guest's links; each test has a guest of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::compile::{Against, compile};
use crate::namespace::Namespace;
use crate::process::{Outcome, Process};
use crate::world::{Family, Link, World, root, until_not_refused};

const LIMIT: Duration = Duration::from_secs(60);

/// A running guest, and a world for what must be compiled for it.
struct Guest {
    scripts: PathBuf,
    name: String,
    world: World,
    processes: std::cell::Cell<u32>,
    _only: MutexGuard<'static, ()>,
}

/// One guest at a time in a process: each takes half a gigabyte, and its name is the process's.
static ONLY: Mutex<()> = Mutex::new(());

impl Guest {
    /// Starts a guest; `None`, after saying so, where none has been built: only some machines can.
    fn start(link: Link) -> Option<Self> {
        let scripts = root().join("interop/linux-kernel");
        let cache = env::var_os("SCTP_PEER_CACHE").map(PathBuf::from).unwrap_or_else(|| {
            let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            base.unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache"))
                .join("sctp-peer")
        });
        if !cache.join("root/init").exists() || !rustix::process::geteuid().is_root() {
            eprintln!("skipped: no kernel peer (interop/linux-kernel/build, as root)");
            return None;
        }
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("usctp-{}", std::process::id());
        // The programs are compiled outside of any namespace; this one only gives the world its folder.
        let world = World::inside(Namespace::new().expect("root may"), link, Family::V4);
        let guest = Self { scripts, name, world, processes: std::cell::Cell::new(0), _only: only };
        let up = guest.script("up").output().expect("the script runs");
        assert!(up.status.success(), "up: {}", String::from_utf8_lossy(&up.stderr));
        Some(guest)
    }

    fn script(&self, script: &str) -> Command {
        let mut command = Command::new(self.scripts.join(script));
        command.env("SCTP_PEER_NAME", &self.name);
        command
    }

    /// Runs a program in the guest.
    fn inside(&self, arguments: &[&str]) -> Process {
        let mut command = self.script("run");
        command.args(arguments);
        self.spawn(command, "guest")
    }

    /// Runs a program on our stack, at the other end of the guest's links.
    fn outside(&self, arguments: &[&str]) -> Process {
        let mut command = self.script("host");
        command.arg(crate::world::usctp()).args(["run", "--link", self.world.link.name(), "--"]).args(arguments);
        self.spawn(command, "host")
    }

    fn spawn(&self, command: Command, kind: &str) -> Process {
        self.processes.set(self.processes.get() + 1);
        let folder = self.world.path("");
        Process::start(command, &format!("{kind}-{}", self.processes.get()), &folder)
    }

    /// Runs a client in the guest, with the program's own path there, until it is not refused.
    fn client_inside(&self, arguments: &[&str]) -> Outcome {
        until_not_refused(|| {
            let mut process = self.inside(arguments);
            process.close_input();
            process.finish(LIMIT)
        })
    }

    /// Runs a client on our stack until it is not refused.
    fn client_outside(&self, arguments: &[&str]) -> Outcome {
        until_not_refused(|| self.outside(arguments).finish(LIMIT))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.script("down").output();
    }
}

/// Where the guest sees a file of the host.
fn seen_inside(path: &str) -> String {
    Path::new("/host").join(path.trim_start_matches('/')).to_str().expect("UTF-8").to_owned()
}

/// A server of the draft in the guest, our client: messages both ways, an orderly end, then an abort.
fn is_a_client_of_the_kernel(link: Link, address: &str) {
    let Some(guest) = Guest::start(link) else { return };
    let flag = "-DECHO_PORT=5007";
    let server = seen_inside(&compile(&guest.world, "examples/draft-10/appendix_b.c", Against::Debian, &[flag]));
    let client = compile(&guest.world, "examples/draft-10/echo_client.c", Against::Ours, &[]);
    let server = guest.inside(&["socat", "-u", &format!("EXEC:{server},pty,raw"), "-"]);
    for (end, heard) in [("shutdown", "assoc_change: state=3"), ("abort", "assoc_change: state=1, error=3072")] {
        guest.client_outside(&[&client, "-n", "500", "-S", "4", "-e", end, address, "5007"]).success();
        server.wait_until(heard, LIMIT, |server| server.stdout().contains(heard));
    }
}

/// A server of the draft on our stack, a client on the kernel's.
fn is_a_server_of_the_kernel(link: Link) {
    let Some(guest) = Guest::start(link) else { return };
    let server = compile(&guest.world, "examples/draft-10/appendix_b.c", Against::Ours, &["-DECHO_PORT=5007"]);
    let client = seen_inside(&compile(&guest.world, "examples/draft-10/echo_client.c", Against::Debian, &[]));
    let server = guest.outside(&["stdbuf", "-oL", &server]);
    if link == Link::Udp {
        // For what the kernel sends first; it answers encapsulated what comes encapsulated.
        guest.inside(&["sysctl", "-qw", "net.sctp.encap_port=9899"]).finish(LIMIT).success();
    }
    for (end, heard) in [("shutdown", "assoc_change: state=3"), ("abort", "assoc_change: state=1, error=3072")] {
        guest.client_inside(&[&client, "-n", "500", "-S", "4", "-e", end, "10.77.0.1", "5007"]).success();
        server.wait_until(heard, LIMIT, |server| server.stdout().contains(heard));
    }
}

#[test]
fn client_over_udp() {
    is_a_client_of_the_kernel(Link::Udp, "10.77.0.2");
}

#[test]
fn client_over_raw_ip() {
    is_a_client_of_the_kernel(Link::Raw, "10.77.0.2");
}

#[test]
fn server_over_udp() {
    is_a_server_of_the_kernel(Link::Udp);
}

#[test]
fn server_over_raw_ip() {
    is_a_server_of_the_kernel(Link::Raw);
}

/// lksctp-tools in both roles, the other side being the kernel.
#[test]
fn sctp_test_over_raw_ipv6_in_both_roles() {
    let Some(guest) = Guest::start(Link::Raw) else { return };
    let listen = |address| ["sctp_test", "-H", address, "-P", "5001", "-l"];
    let send = |near, far| ["sctp_test", "-H", near, "-P", "5002", "-h", far, "-p", "5001", "-s", "-c", "4", "-x", "3"];
    let done = |server: &Process| server.stdout().contains("SHUTDOWN_COMPLETE");

    let server = guest.inside(&["socat", "-u", &format!("EXEC:'{}',pty,raw", listen("fd77::2").join(" ")), "-"]);
    let listens = |server: &Process| server.stdout().contains("Receiving packets");
    server.wait_until("listens", LIMIT, listens);
    guest.client_outside(&send("fd77::1", "fd77::2")).success();
    server.wait_until("sees the end", LIMIT, done);

    let server = guest.outside(&[&["stdbuf", "-oL"][..], &listen("fd77::1")[..]].concat());
    server.wait_until("listens", LIMIT, listens);
    guest.client_inside(&send("fd77::2", "fd77::1")).success();
    server.wait_until("sees the end", LIMIT, done);
}
