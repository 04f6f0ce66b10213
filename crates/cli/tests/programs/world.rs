//! [`World`]: where a test's programs run: a namespace, a link, an address family, a folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::process::{Outcome, Process, pause};

/// How packets travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    Raw,
    Udp,
}

/// Which loopback address is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// One test's surroundings.
pub(crate) struct World {
    pub(crate) namespace: Namespace,
    pub(crate) link: Link,
    pub(crate) family: Family,
    folder: PathBuf,
}

impl World {
    /// Surroundings for a test; `None` if this machine cannot give them, after saying so.
    pub(crate) fn new(link: Link, family: Family) -> Option<Self> {
        match Namespace::new() {
            Ok(namespace) => Some(Self::inside(namespace, link, family)),
            Err(reason) => skip(&reason),
        }
    }

    /// Surroundings in a namespace that is there already.
    pub(crate) fn inside(namespace: Namespace, link: Link, family: Family) -> Self {
        Self { namespace, link, family, folder: new_folder() }
    }

    /// The loopback address.
    pub(crate) fn address(&self) -> &'static str {
        match self.family {
            Family::V4 => "127.0.0.1",
            Family::V6 => "::1",
        }
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The same path, as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// A file of `octets` octets that no compressor would make smaller.
    pub(crate) fn random_file(&self, name: &str, octets: usize) -> String {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut content = Vec::with_capacity(octets + 8);
        while content.len() < octets {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            content.extend_from_slice(&state.to_le_bytes());
        }
        content.truncate(octets);
        fs::write(self.path(name), content).expect("the test's folder takes a file");
        self.file(name)
    }

    /// Starts a program on our stack.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_with(&[], arguments)
    }

    /// Starts a program on our stack, with more flags for `usctp run`.
    pub(crate) fn start_with(&self, flags: &[&str], arguments: &[&str]) -> Process {
        let mut command = self.namespace.command(usctp().to_str().expect("the target directory is UTF-8"));
        command.args(["run", "--link", self.link.name()]).args(flags).arg("--").args(arguments);
        Process::start(command, &unique(arguments[0]), &self.folder)
    }

    /// Starts a program as it is, without our stack.
    pub(crate) fn start_plain(&self, arguments: &[&str]) -> Process {
        let mut command = self.namespace.command(arguments[0]);
        command.args(&arguments[1..]);
        Process::start(command, &unique(arguments[0]), &self.folder)
    }

    /// Runs a client on our stack to its end. A server says nothing when it begins to listen, so a client that was
    /// refused in the first seconds is run again.
    pub(crate) fn client(&self, arguments: &[&str], limit: Duration) -> Outcome {
        self.client_with(&[], arguments, limit)
    }

    /// The same, with more flags for `usctp run`.
    pub(crate) fn client_with(&self, flags: &[&str], arguments: &[&str], limit: Duration) -> Outcome {
        until_not_refused(|| {
            let mut process = self.start_with(flags, arguments);
            process.close_input();
            process.finish(limit)
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test's files are in {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Link {
    /// What `--link` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Udp => "udp",
        }
    }
}

/// Runs `client` until it is not refused any more, for at most ten seconds.
pub(crate) fn until_not_refused(mut client: impl FnMut() -> Outcome) -> Outcome {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let outcome = client();
        if !outcome.was_refused() || Instant::now() > end {
            return outcome;
        }
        pause();
    }
}

/// Says why a test does not run. Where everything should run, that is a failure.
pub(crate) fn skip<T>(reason: &str) -> Option<T> {
    assert!(env::var_os("CI").is_none(), "cannot run here: {reason}");
    eprintln!("skipped: {reason}");
    None
}

/// True for the long versions of tests, `.ci/long`.
pub(crate) fn is_long() -> bool {
    env::var_os("USCTP_LONG").is_some_and(|value| value == "1")
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/cli is two levels deep")
}

/// The `usctp` of the release build, with the shared object beside it: what users install. Built here, unless
/// `USCTP_TARGET_DIR` says where it is.
pub(crate) fn usctp() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(folder) = env::var_os("USCTP_TARGET_DIR") {
            return PathBuf::from(folder).join("usctp");
        }
        let packages = ["build", "--release", "--locked", "-p", "usctp-cli", "-p", "usctp-preload"];
        let status = Command::new(env!("CARGO")).args(packages).current_dir(root()).status().expect("cargo runs");
        assert!(status.success(), "cargo build --release failed");
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        target.join("release/usctp")
    })
}

/// A new folder for one test.
fn new_folder() -> PathBuf {
    let folder = env::temp_dir().join(unique("usctp-test"));
    fs::create_dir_all(&folder).expect("the temporary directory takes a folder");
    folder
}

fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or("program");
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Makes one test for each link and address family.
macro_rules! on_every_carrier {
    ($($name:ident => $test:ident),* $(,)?) => {
        $(mod $name {
            use crate::world::{Family, Link, World};

            #[test]
            fn over_udp_and_ipv4() {
                let Some(world) = World::new(Link::Udp, Family::V4) else { return };
                super::$test(&world);
            }

            #[test]
            fn over_udp_and_ipv6() {
                let Some(world) = World::new(Link::Udp, Family::V6) else { return };
                super::$test(&world);
            }

            #[test]
            fn over_raw_ipv4() {
                let Some(world) = World::new(Link::Raw, Family::V4) else { return };
                super::$test(&world);
            }

            #[test]
            fn over_raw_ipv6() {
                let Some(world) = World::new(Link::Raw, Family::V6) else { return };
                super::$test(&world);
            }
        })*
    };
}
pub(crate) use on_every_carrier;

/// Makes one test for each link, for programs that know only IPv4.
macro_rules! on_both_links {
    ($($name:ident => $test:ident),* $(,)?) => {
        $(mod $name {
            use crate::world::{Family, Link, World};

            #[test]
            fn over_udp() {
                let Some(world) = World::new(Link::Udp, Family::V4) else { return };
                super::$test(&world);
            }

            #[test]
            fn over_raw_ip() {
                let Some(world) = World::new(Link::Raw, Family::V4) else { return };
                super::$test(&world);
            }
        })*
    };
}
pub(crate) use on_both_links;
