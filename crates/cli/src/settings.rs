//! The settings of a stack: each is said once, as a flag, and travels as an environment variable.
//!
//! `usctp run` turns flags into variables and starts the program; the shared object reads only the variables. So both
//! ways of saying a setting are equal, and a child inherits what its parent was given.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::failure::{Failure, Status};

/// What every command that opens a stack accepts.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How packets travel: raw IP (needs CAP_NET_RAW), inside UDP (RFC 6951), or raw where allowed and else UDP
    #[arg(long, value_enum, value_name = "LINK")]
    pub(crate) link: Option<LinkChoice>,
    /// Local UDP port for encapsulation; from the first listen() on, 9899 if not given
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) udp_port: Option<u16>,
    /// UDP port of peers that have not sent anything yet; 9899 if not given
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) udp_peer_port: Option<u16>,
    /// Record every packet in FILE, as pcapng
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// Whose choice counts where Linux and RFC 6458 differ; linux for programs that are run
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) personality: Option<PersonalityChoice>,
    /// One of Linux's net.sctp settings, as NAME=VALUE; may be given more than once (docs/settings.md)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_sysctl)]
    pub(crate) sysctl: Vec<String>,
    /// File of such settings, one a line, read again for each new socket
    #[arg(long, value_name = "FILE")]
    pub(crate) sysctl_file: Option<PathBuf>,
    /// What is written to standard error: off, error, warn, info, debug or trace
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,
    /// How long the end of the program may wait for queued data and the shutdown, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) exit_timeout: Option<String>,
}

/// The default carrier of a stack's packets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LinkChoice {
    /// IP protocol 132.
    Raw,
    /// UDP encapsulation, RFC 6951.
    Udp,
    /// Raw where the process may open it, else UDP.
    Auto,
}

/// Whose choice counts where the two differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PersonalityChoice {
    /// What programs written on Linux expect.
    Linux,
    /// What RFC 6458 says.
    Rfc,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing at all.
    Off,
    /// What the stack cannot do.
    Error,
    /// What a user should know; the default.
    Warn,
    /// What was chosen and why.
    Info,
    /// Associations and paths.
    Debug,
    /// Packets.
    Trace,
}

/// A variable and its value.
pub(crate) type Variable = (&'static str, OsString);

/// The variables that the shared object reads, and what each may hold.
const LINK: &str = "USCTP_LINK";
const UDP_PORT: &str = "USCTP_UDP_PORT";
const UDP_PEER_PORT: &str = "USCTP_UDP_PEER_PORT";
const PCAP: &str = "USCTP_PCAP";
const PERSONALITY: &str = "USCTP_PERSONALITY";
const SYSCTL: &str = "USCTP_SYSCTL";
const SYSCTL_FILE: &str = "USCTP_SYSCTL_FILE";
const LOG: &str = "USCTP_LOG";
const EXIT_TIMEOUT: &str = "USCTP_EXIT_TIMEOUT";

impl Settings {
    /// The variables for what was said on the command line.
    ///
    /// A relative capture file is made absolute, because the program may change its directory before it opens a socket.
    pub(crate) fn variables(&self) -> Result<Vec<Variable>, Failure> {
        let mut variables: Vec<Variable> = Vec::new();
        if let Some(link) = self.link {
            variables.push((LINK, value_name(link).into()));
        }
        if let Some(port) = self.udp_port {
            variables.push((UDP_PORT, port.to_string().into()));
        }
        if let Some(port) = self.udp_peer_port {
            variables.push((UDP_PEER_PORT, port.to_string().into()));
        }
        if let Some(file) = &self.pcap {
            let absolute = std::path::absolute(file).map_err(|error| {
                Failure::new(Status::Usage, format!("--pcap {}: {error}; give the name of a file", file.display()))
            })?;
            if absolute.is_dir() {
                let text = format!("--pcap {}: this is a directory; give the name of a file", file.display());
                return Err(Failure::new(Status::Usage, text));
            }
            variables.push((PCAP, absolute.into()));
        }
        if let Some(personality) = self.personality {
            variables.push((PERSONALITY, value_name(personality).into()));
        }
        if !self.sysctl.is_empty() {
            // Together they may contradict each other.
            sysctls(&self.sysctl.join(","), "--sysctl")?;
            variables.push((SYSCTL, self.sysctl.join(",").into()));
        }
        if let Some(file) = &self.sysctl_file {
            variables.push((SYSCTL_FILE, sysctl_file(file)?.into()));
        }
        if let Some(level) = self.log {
            variables.push((LOG, value_name(level).into()));
        }
        if let Some(seconds) = &self.exit_timeout {
            variables.push((EXIT_TIMEOUT, seconds.into()));
        }
        Ok(variables)
    }
}

/// What is said by flag, or else by variable: for the commands that open a stack in this process.
///
/// The log level has no effect here: what these commands have to tell, they print.
impl Settings {
    /// A stack with these settings.
    pub(crate) fn open_stack(&self) -> Result<usctp::Stack, Failure> {
        check_environment()?;
        let mut builder = usctp::Stack::builder();
        let said: Vec<Variable> = self.variables()?;
        let value = |name: &str| {
            let flag = said.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            flag.or_else(|| env::var_os(name)).filter(|value| !value.is_empty())
        };
        let text = |name: &str| value(name).map(|value| value.to_string_lossy().into_owned());
        if let Some(link) = text(LINK).and_then(|name| LinkChoice::from_str(&name, false).ok()) {
            builder = builder.link(link.into());
        }
        if let Some(port) = text(UDP_PORT).and_then(|port| port.parse().ok()) {
            builder = builder.udp_port(port);
        }
        if let Some(port) = text(UDP_PEER_PORT).and_then(|port| port.parse().ok()) {
            builder = builder.udp_peer_port(port);
        }
        if let Some(file) = value(PCAP) {
            builder = builder.pcap(file);
        }
        if let Some(seconds) = text(EXIT_TIMEOUT).and_then(|seconds| seconds.parse().ok()) {
            builder = builder.exit_timeout(std::time::Duration::from_secs_f64(seconds));
        }
        if let Some(name) = text(PERSONALITY).and_then(|name| PersonalityChoice::from_str(&name, false).ok()) {
            builder = builder.personality(name.into());
        }
        for setting in text(SYSCTL).unwrap_or_default().split(',').filter(|setting| !setting.trim().is_empty()) {
            builder = builder.sysctl(setting).map_err(|error| Failure::new(Status::Usage, error.to_string()))?;
        }
        if let Some(file) = value(SYSCTL_FILE) {
            builder = builder.sysctl_file(file);
        }
        Ok(builder.build()?)
    }
}

impl From<LinkChoice> for usctp::LinkChoice {
    fn from(choice: LinkChoice) -> Self {
        match choice {
            LinkChoice::Raw => Self::Raw,
            LinkChoice::Udp => Self::Udp,
            LinkChoice::Auto => Self::Auto,
        }
    }
}

impl From<PersonalityChoice> for usctp::Personality {
    fn from(choice: PersonalityChoice) -> Self {
        match choice {
            PersonalityChoice::Linux => Self::Linux,
            PersonalityChoice::Rfc => Self::Rfc,
        }
    }
}

/// Checks the variables that this process was itself started with, so that a mistake is told here, once, and not by
/// every program of a pipeline.
pub(crate) fn check_environment() -> Result<(), Failure> {
    type Check = fn(&OsStr) -> Option<String>;
    let checks: [(&str, Check); 7] = [
        (LINK, |value| one_of::<LinkChoice>(value)),
        (UDP_PORT, port),
        (UDP_PEER_PORT, port),
        (PERSONALITY, |value| one_of::<PersonalityChoice>(value)),
        (SYSCTL, |value| sysctls(&value.to_string_lossy(), SYSCTL).err().map(|failure| failure.to_string())),
        (LOG, |value| one_of::<LogLevel>(value)),
        (EXIT_TIMEOUT, |value| parse_seconds(&value.to_string_lossy()).err()),
    ];
    for (name, check) in checks {
        // An empty value is as good as none: scripts unset variables that way.
        let Some(value) = env::var_os(name).filter(|value| !value.as_bytes().is_empty()) else { continue };
        if let Some(allowed) = check(&value) {
            let text = format!("the environment has {name}={}: {allowed}", value.to_string_lossy());
            return Err(Failure::new(Status::Usage, text));
        }
    }
    Ok(())
}

/// What is allowed instead, if the value is not the name of a variant.
fn one_of<T: ValueEnum>(value: &OsStr) -> Option<String> {
    let known = value.to_str().is_some_and(|text| T::from_str(text, false).is_ok());
    let names: Vec<String> = T::value_variants().iter().cloned().map(value_name).collect();
    (!known).then(|| format!("allowed are {}", names.join(", ")))
}

/// What is allowed instead, if the value is not a port.
fn port(value: &OsStr) -> Option<String> {
    let known = value.to_str().and_then(|text| text.parse::<u16>().ok()).is_some_and(|port| port != 0);
    (!known).then(|| "allowed are port numbers, 1 to 65535".to_owned())
}

fn parse_seconds(text: &str) -> Result<String, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && (0.0..=86_400.0).contains(&seconds) => Ok(text.to_owned()),
        _ => Err("allowed are seconds from 0 to 86400, with a fraction if you like".to_owned()),
    }
}

fn parse_sysctl(text: &str) -> Result<String, String> {
    usctp::Sysctls::default().take(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

/// Checks settings with commas between them.
fn sysctls(list: &str, whence: &str) -> Result<(), Failure> {
    let checked = usctp::Sysctls::default().take_list(list);
    checked.map_err(|error| Failure::new(Status::Usage, format!("{whence}: {error}")))
}

/// Checks a file of settings, which may be missing, and makes its name absolute.
fn sysctl_file(file: &Path) -> Result<PathBuf, Failure> {
    let usage = |text: String| Failure::new(Status::Usage, format!("--sysctl-file {}{text}", file.display()));
    let absolute = std::path::absolute(file).map_err(|error| usage(format!(": {error}; give the name of a file")))?;
    if let Ok(content) = std::fs::read_to_string(&absolute)
        && let Some((line, error)) = usctp::Sysctls::default().take_lines(&content).into_iter().next()
    {
        return Err(usage(format!(":{line}: {error}")));
    }
    Ok(absolute)
}

fn value_name<T: ValueEnum>(value: T) -> String {
    value.to_possible_value().map(|name| name.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_variables_and_nothing_else_is_set() {
        let settings = Settings {
            link: Some(LinkChoice::Udp),
            udp_port: Some(5000),
            pcap: Some("x.pcapng".into()),
            ..Settings::default()
        };
        let variables = settings.variables().expect("all values are good");
        assert_eq!(variables[0], ("USCTP_LINK", "udp".into()));
        assert_eq!(variables[1], ("USCTP_UDP_PORT", "5000".into()));
        assert_eq!(variables[2].0, "USCTP_PCAP");
        assert!(PathBuf::from(&variables[2].1).is_absolute());
        assert_eq!(variables.len(), 3);
    }

    #[test]
    fn a_bad_value_is_answered_with_the_good_ones() {
        assert_eq!(one_of::<LinkChoice>(OsStr::new("tcp")), Some("allowed are raw, udp, auto".to_owned()));
        assert_eq!(one_of::<LinkChoice>(OsStr::new("raw")), None);
        assert!(port(OsStr::new("0")).is_some());
        assert!(port(OsStr::new("65536")).is_some());
        assert_eq!(port(OsStr::new("9899")), None);
        assert!(parse_seconds("-1").is_err());
        assert!(parse_seconds("nan").is_err());
        assert!(parse_seconds("2.5").is_ok());
    }
}
