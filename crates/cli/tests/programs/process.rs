//! [`Process`]: a program that was started, what it wrote, and how it ended; never waited for without a limit.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// A running program. It is killed when the value goes.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a program ended and what it wrote.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts `command`; its output goes to files in `folder`, its input is a pipe.
    pub(crate) fn start(mut command: Command, name: &str, folder: &Path) -> Self {
        let place = |kind: &str| folder.join(format!("{}.{kind}", name.replace('/', "_")));
        let (stdout, stderr) = (place("out"), place("err"));
        let child = command
            .stdin(Stdio::piped())
            .stdout(File::create(&stdout).expect("the test's folder takes a file"))
            .stderr(File::create(&stderr).expect("the test's folder takes a file"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let mut process = Self { name: name.to_owned(), child, stdin: None, stdout, stderr };
        process.stdin = process.child.stdin.take();
        process
    }

    /// What the program has written to its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    /// What the program has written to its standard error so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    /// The file behind the standard output.
    pub(crate) fn stdout_file(&self) -> &Path {
        &self.stdout
    }

    /// Writes to the program's input and leaves it open.
    pub(crate) fn write(&mut self, octets: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is still open");
        stdin.write_all(octets).and_then(|()| stdin.flush()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Ends the program's input.
    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until `done` says so; panics with everything the program wrote if it does not within `limit`.
    pub(crate) fn wait_until(&self, what: &str, limit: Duration, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + limit;
        while !done(self) {
            assert!(
                Instant::now() < end,
                "{}: {what}: not within {limit:?}\n--- stdout\n{}\n--- stderr\n{}",
                self.name,
                tail(&self.stdout()),
                tail(&self.stderr())
            );
            pause();
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        // It may have ended by itself; its status will tell.
        let _ = rustix::process::kill_process(pid, signal);
    }

    /// True while the program has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits for the end; kills the program and panics if it does not come within `limit`.
    pub(crate) fn finish(mut self, limit: Duration) -> Outcome {
        let end = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if Instant::now() >= end {
                let _ = self.child.kill();
                panic!(
                    "{} did not end within {limit:?}\n--- stdout\n{}\n--- stderr\n{}",
                    self.name,
                    tail(&self.stdout()),
                    tail(&self.stderr())
                );
            }
            pause();
        };
        Outcome { name: self.name.clone(), status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outcome {
    /// The outcome, if the program ended with status 0; panics with all that it wrote if not.
    pub(crate) fn success(self) -> Self {
        assert!(
            self.status.success(),
            "{}: {}\n--- stdout\n{}\n--- stderr\n{}",
            self.name,
            self.status,
            tail(&self.stdout),
            tail(&self.stderr)
        );
        self
    }

    /// True if the program says that its connection was refused. Its status may still be 0: iperf3 puts it in its report.
    pub(crate) fn was_refused(&self) -> bool {
        let said = |text: &str| text.to_ascii_lowercase().contains("refused");
        said(&self.stdout) || said(&self.stderr)
    }
}

/// The end of a long text.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A short pause between two looks at another process, of which nothing tells us.
pub(crate) fn pause() {
    let timeout = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    let _ = rustix::event::poll(&mut [], Some(&timeout));
}
