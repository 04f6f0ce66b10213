//! [`Defaults`]: what new sockets of a stack begin with: the settings that it was given, and those in a file that may
//! change while the program runs.

use std::path::PathBuf;

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use usctp_link::StackFd;

use crate::{StackConfig, Sysctls, settings::Settings};

/// The settings given, and the file as it was read last.
pub(crate) struct Defaults {
    given: Sysctls,
    file: Option<PathBuf>,
    read: String,
    /// Made of both.
    settings: Settings,
}

impl Defaults {
    pub(crate) fn new(config: &StackConfig) -> Self {
        let settings = config.sysctls.settings();
        Self { given: config.sysctls.clone(), file: config.sysctl_file.clone(), read: String::new(), settings }
    }

    /// What a socket that is made now begins with.
    pub(crate) fn now(&mut self) -> Settings {
        if let Some(file) = &self.file {
            let text = content(file);
            if text != self.read {
                let mut all = self.given.clone();
                for (line, error) in all.take_lines(&text) {
                    tracing::warn!("{}:{line}: {error}", file.display());
                }
                self.settings = all.settings();
                self.read = text;
            }
        }
        self.settings.clone()
    }
}

/// The local UDP port that the settings or the file name when the stack starts.
pub(crate) fn udp_port(config: &StackConfig) -> Option<u16> {
    let mut all = config.sysctls.clone();
    if let Some(file) = &config.sysctl_file {
        // What is wrong in it is told with the first socket.
        all.take_lines(&content(file));
    }
    all.udp_port()
}

/// What is in a file; nothing if there is none. Not by `std::fs`, which goes through libc.
fn content(file: &PathBuf) -> String {
    let Ok(opened) = rustix::fs::open(file, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty()) else {
        return String::new();
    };
    let Ok(opened) = StackFd::hide(opened) else { return String::new() };
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while text.len() < MOST_OCTETS {
        match rustix::io::read(&opened, &mut piece) {
            Ok(0) => break,
            Ok(len) => text.extend_from_slice(&piece[..len]),
            Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// More than all settings with a comment each.
const MOST_OCTETS: usize = 1 << 16;
