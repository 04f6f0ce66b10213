//! What the process may do, and what the host's settings say: asked of the kernel at the moment of the call.

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    thread::CapabilitySet,
};
use usctp_link::StackFd;

use crate::SocketError;

/// EACCES for a privileged port without CAP_NET_BIND_SERVICE.
pub(crate) fn may_use_port(port: u16) -> Result<(), SocketError> {
    if port == 0 || port >= PRIVILEGED_PORTS_END && port >= first_unprivileged_port() {
        return Ok(());
    }
    if has(CapabilitySet::NET_BIND_SERVICE) || port >= first_unprivileged_port() {
        Ok(())
    } else {
        Err(SocketError::AccessDenied)
    }
}

/// Whether buffers may be made larger than the host's limits.
pub(crate) fn may_force_buffers() -> bool {
    has(CapabilitySet::NET_ADMIN)
}

/// Whether settings may be used that are the network's business.
pub(crate) fn may_change_network() -> bool {
    has(CapabilitySet::NET_ADMIN)
}

/// `net.core.rmem_max`.
pub(crate) fn receive_buffer_limit() -> usize {
    setting("/proc/sys/net/core/rmem_max").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(BUFFER_LIMIT)
}

/// `net.core.wmem_max`.
pub(crate) fn send_buffer_limit() -> usize {
    setting("/proc/sys/net/core/wmem_max").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(BUFFER_LIMIT)
}

fn has(capability: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(capability))
}

fn first_unprivileged_port() -> u16 {
    setting("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(PRIVILEGED_PORTS_END)
}

/// The number in a file of /proc. Not by `std::fs`, which goes through libc.
fn setting(path: &str) -> Option<u64> {
    let file = StackFd::hide(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?).ok()?;
    let mut text = [0; 32];
    let len = loop {
        match rustix::io::read(&file, &mut text) {
            Ok(len) => break len,
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    };
    std::str::from_utf8(&text[..len]).ok()?.trim().parse().ok()
}

const PRIVILEGED_PORTS_END: u16 = 1024;
/// Linux's default of both limits.
const BUFFER_LIMIT: usize = 212_992;
