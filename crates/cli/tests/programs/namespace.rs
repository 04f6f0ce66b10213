//! [`Namespace`]: a network of a test's own, gone when the test is.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A network namespace, held open by a process that ends when this value or this whole process does.
///
/// It has no name, so nothing is left behind, even by a test that was killed.
pub(crate) struct Namespace {
    holder: Child,
    privileged: bool,
}

impl Namespace {
    /// A namespace with the loopback device up; the reason if this machine allows none.
    pub(crate) fn new() -> Result<Self, String> {
        let privileged = rustix::process::geteuid().is_root();
        let mut unshare = Command::new("unshare");
        unshare.arg("--net");
        if !privileged {
            unshare.args(["--user", "--map-root-user"]);
        }
        // `read` ends at the end of its input, that is when this process is gone.
        let script = "ip link set lo up && echo ready && read -r _";
        let mut holder = unshare
            .args(["--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run unshare: {error}"))?;
        let mut line = String::new();
        let read = BufReader::new(holder.stdout.take().expect("piped")).read_line(&mut line);
        if read.is_err() || line != "ready\n" {
            let _ = holder.wait();
            return Err("no network namespace can be made here (needs root, or user namespaces)".to_owned());
        }
        Ok(Self { holder, privileged })
    }

    /// Two namespaces joined by a wire: 10.9.0.1 and fd09::1 on the first, 10.9.0.2 and fd09::2 on the second.
    pub(crate) fn pair() -> Result<(Self, Self), String> {
        let (one, two) = (Self::new()?, Self::new()?);
        if !one.privileged {
            return Err("joining two network namespaces needs root".to_owned());
        }
        let far = two.holder.id().to_string();
        one.must("ip", &["link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", &far]);
        for (namespace, host) in [(&one, 1), (&two, 2)] {
            namespace.must("ip", &["addr", "add", &format!("10.9.0.{host}/24"), "dev", "wire"]);
            namespace.must("ip", &["addr", "add", &format!("fd09::{host}/64"), "dev", "wire", "nodad"]);
            namespace.must("ip", &["link", "set", "wire", "up"]);
        }
        Ok((one, two))
    }

    /// `program`, to be run inside.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--net"]);
        if !self.privileged {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--", program]);
        command
    }

    /// Moves the calling thread inside, for sockets that the test itself opens. Only root can.
    pub(crate) fn enter(&self) -> Result<(), String> {
        let path = format!("/proc/{}/ns/net", self.holder.id());
        let file = std::fs::File::open(&path).map_err(|error| format!("{path}: {error}"))?;
        let kind = Some(rustix::thread::LinkNameSpaceType::Network);
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), kind)
            .map_err(|error| format!("entering a network namespace needs root: {error}"))
    }

    /// Runs a program inside that has to succeed.
    pub(crate) fn must(&self, program: &str, arguments: &[&str]) {
        let status = self.command(program).args(arguments).status().expect("nsenter runs");
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
