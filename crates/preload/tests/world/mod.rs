//! A small world for programs: a network namespace of its own where the test may make one, and a shell in it.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::object::object;

/// Which link the stacks of a test use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    Udp,
    Raw,
}

/// Where a script runs. In it `run PROGRAM ARGS…` starts a program under the shared object.
#[derive(Clone, Debug)]
pub(crate) struct World {
    link: Link,
    address: &'static str,
    variables: Vec<(&'static str, String)>,
}

impl World {
    /// With an address for both ends. `None`, and said aloud, where this needs a privilege that is missing.
    pub(crate) fn new(link: Link, address: &'static str) -> Option<Self> {
        if !is_root() && (link == Link::Raw || address.contains(':')) {
            eprintln!("skipped: {link:?} over {address} needs root and a network namespace");
            return None;
        }
        Some(Self { link, address, variables: Vec::new() })
    }

    /// All links over IPv4 and IPv6 that this user may have.
    pub(crate) fn all() -> Vec<Self> {
        [(Link::Udp, "127.0.3.1"), (Link::Udp, "::1"), (Link::Raw, "127.0.3.1"), (Link::Raw, "::1")]
            .into_iter()
            .filter_map(|(link, address)| Self::new(link, address))
            .collect()
    }

    /// Both links over IPv4.
    pub(crate) fn both_links() -> Vec<Self> {
        Self::all().into_iter().filter(|world| !world.address.contains(':')).collect()
    }

    /// One more variable for the script.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs a script and gives what it wrote to its standard output; it must end with status 0 within a minute. What it
    /// writes to standard error appears when it does not.
    pub(crate) fn script(&self, script: &str) -> String {
        let mut text = String::from("set -u\n");
        if is_root() {
            text += "ip link set lo up || exit 1\n";
        }
        // Killed with the namespace's first process, should a test leave something behind.
        text += "run() { LD_PRELOAD=\"$OBJECT\" \"$@\"; }\n";
        text += "waits() { for _ in $(seq 500); do if \"$@\"; then return 0; fi; sleep 0.01; done; echo \"in vain: $*\" >&2; exit 1; }\n";
        text += script;
        let mut command = if is_root() {
            let mut command = Command::new("unshare");
            command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
            command.args(["timeout", "--kill-after=5", "60", "bash", "-c"]);
            command
        } else {
            let mut command = Command::new("timeout");
            command.args(["--kill-after=5", "60", "bash", "-c"]);
            command
        };
        let directory = own_directory();
        command.arg(&text).current_dir(&directory).env("OBJECT", object());
        command.env("USCTP_LINK", if self.link == Link::Udp { "udp" } else { "raw" });
        command.env("ADDRESS", self.own_address()).env("USCTP_LOG", "warn");
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        let output = command.output().expect("bash, unshare (util-linux) and timeout (coreutils)");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut report = String::new();
        let _ = write!(report, "{self:?}: {}\n{stdout}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{report}");
        let _ = fs::remove_dir_all(directory);
        stdout
    }

    /// Without namespaces, tests that run at the same time have an address each.
    fn own_address(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        if is_root() {
            return self.address.to_owned();
        }
        let number = NEXT.fetch_add(4, Ordering::Relaxed) + std::process::id() * 64;
        format!("127.{}.{}.{}", 64 + number % 190, number / 190 % 250, 1 + number % 4)
    }
}

/// Compiles a C program of `capi/tests/c` or `examples` against our header; gives the binary's path.
pub(crate) fn compile(source: &str, arguments: &[&str]) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = Path::new(source).file_stem().expect("a file name").to_string_lossy();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let binary = scratch_directory().join(format!("{name}-{}-{number}", std::process::id()));
    let output = Command::new("cc")
        .args(["-O1", "-g", "-w", "-pthread", "-I"])
        .arg(manifest.join("../capi/include"))
        .args(arguments)
        .arg("-o")
        .arg(&binary)
        .arg(manifest.join("../..").join(source))
        .arg(object())
        .output()
        .expect("cc");
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    binary.to_string_lossy().into_owned()
}

/// Whether a program is installed; says aloud if not.
pub(crate) fn is_there(program: &str) -> bool {
    let there = Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", program]).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: {program} is not installed (ci/packages.sh)");
    }
    there
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// For the files of one script.
fn own_directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let directory = scratch_directory().join(format!("world-{}-{number}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory for the script");
    directory
}

fn scratch_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}
