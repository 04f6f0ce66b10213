//! The settings of the process's stack, from the environment: what `usctp run` sets, and what can be set by hand.

use std::{borrow::Cow, ffi::CStr, ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf, str::FromStr, time::Duration};

use tracing::level_filters::LevelFilter;
use usctp_socket::{LinkChoice, Personality, StackConfig};

/// Everything that the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stack's own settings.
    pub stack: StackConfig,
    /// The personality, if it is said: the default depends on the functions that are called.
    pub personality: Option<Personality>,
    /// How much is written to standard error.
    pub log: LevelFilter,
}

/// A variable whose value cannot be used. Its text is one line that says what is allowed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name}={value}: {allowed}")]
pub struct BadVariable {
    name: &'static str,
    value: String,
    allowed: Cow<'static, str>,
}

impl Settings {
    /// Reads the variables through `lookup`. An empty value is as good as none.
    ///
    /// # Errors
    ///
    /// The first variable with a value that cannot be used.
    pub fn read(lookup: impl Fn(&'static str) -> Option<Vec<u8>>) -> Result<Self, BadVariable> {
        let variable = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let mut stack = StackConfig::default();
        if let Some(value) = variable("USCTP_LINK") {
            stack.link = match value.as_slice() {
                b"auto" => LinkChoice::Auto,
                b"raw" => LinkChoice::Raw,
                b"udp" => LinkChoice::Udp,
                _ => return Err(bad("USCTP_LINK", &value, "allowed are raw, udp, auto")),
            };
        }
        if let Some(value) = variable("USCTP_UDP_PORT") {
            stack.udp_port = Some(port("USCTP_UDP_PORT", &value)?);
        }
        if let Some(value) = variable("USCTP_UDP_PEER_PORT") {
            stack.udp_peer_port = port("USCTP_UDP_PEER_PORT", &value)?;
        }
        stack.pcap = variable("USCTP_PCAP").map(|value| PathBuf::from(OsStr::from_bytes(&value)));
        if let Some(value) = variable("USCTP_EXIT_TIMEOUT") {
            stack.exit_timeout = Some(seconds("USCTP_EXIT_TIMEOUT", &value)?);
        }
        if let Some(value) = variable("USCTP_SYSCTL") {
            let text = String::from_utf8_lossy(&value);
            stack.sysctls.take_list(&text).map_err(|error| bad("USCTP_SYSCTL", &value, error.to_string()))?;
        }
        stack.sysctl_file = variable("USCTP_SYSCTL_FILE").map(|value| PathBuf::from(OsStr::from_bytes(&value)));
        let personality = match variable("USCTP_PERSONALITY").as_deref() {
            None => None,
            Some(b"linux") => Some(Personality::Linux),
            Some(b"rfc") => Some(Personality::Rfc),
            Some(value) => return Err(bad("USCTP_PERSONALITY", value, "allowed are linux, rfc")),
        };
        let log = match variable("USCTP_LOG") {
            Some(value) => level("USCTP_LOG", &value)?,
            None => LevelFilter::WARN,
        };
        Ok(Self { stack, personality, log })
    }
}

/// A variable of the process's environment, by libc's own function: std's takes a lock, which the child of a fork might
/// find taken for ever.
#[must_use]
pub fn environment(name: &'static str) -> Option<Vec<u8>> {
    let mut terminated = [0_u8; 32];
    terminated.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    // SAFETY: a C string; the answer is copied before anything can change the environment again.
    let value = unsafe { libc::getenv(terminated.as_ptr().cast()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv gives C strings.
    Some(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
}

fn port(name: &'static str, value: &[u8]) -> Result<u16, BadVariable> {
    parse(value).filter(|port| *port != 0).ok_or_else(|| bad(name, value, "allowed are port numbers, 1 to 65535"))
}

fn seconds(name: &'static str, value: &[u8]) -> Result<Duration, BadVariable> {
    parse::<f64>(value)
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| bad(name, value, "allowed are seconds from 0 to 86400, with a fraction if you like"))
}

fn level(name: &'static str, value: &[u8]) -> Result<LevelFilter, BadVariable> {
    match value {
        b"off" => Ok(LevelFilter::OFF),
        b"error" => Ok(LevelFilter::ERROR),
        b"warn" => Ok(LevelFilter::WARN),
        b"info" => Ok(LevelFilter::INFO),
        b"debug" => Ok(LevelFilter::DEBUG),
        b"trace" => Ok(LevelFilter::TRACE),
        _ => Err(bad(name, value, "allowed are off, error, warn, info, debug, trace")),
    }
}

fn parse<T: FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn bad(name: &'static str, value: &[u8], allowed: impl Into<Cow<'static, str>>) -> BadVariable {
    BadVariable { name, value: String::from_utf8_lossy(value).into_owned(), allowed: allowed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&'static str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_bytes().to_vec()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let settings = with(&[]).expect("defaults");
        assert_eq!(settings.stack.link, LinkChoice::Auto);
        assert_eq!(settings.stack.udp_port, None);
        assert_eq!(settings.stack.udp_peer_port, 9899);
        assert_eq!(settings.stack.exit_timeout, None);
        assert_eq!(settings.personality, None);
        assert_eq!(settings.log, LevelFilter::WARN);
    }

    #[test]
    fn every_variable_is_taken_and_an_empty_one_is_none() {
        let settings = with(&[
            ("USCTP_LINK", "udp"),
            ("USCTP_UDP_PORT", "5000"),
            ("USCTP_UDP_PEER_PORT", ""),
            ("USCTP_PCAP", "/tmp/x"),
            ("USCTP_LOG", "debug"),
            ("USCTP_PERSONALITY", "rfc"),
            ("USCTP_SYSCTL", "net.sctp.udp_port=7, rto_min=5"),
            ("USCTP_SYSCTL_FILE", "/tmp/y"),
            ("USCTP_EXIT_TIMEOUT", "2.5"),
        ])
        .expect("good values");
        assert_eq!(settings.stack.link, LinkChoice::Udp);
        assert_eq!(settings.stack.udp_port, Some(5000));
        assert_eq!(settings.stack.udp_peer_port, 9899);
        assert_eq!(settings.stack.pcap, Some(PathBuf::from("/tmp/x")));
        assert_eq!(settings.stack.exit_timeout, Some(Duration::from_millis(2500)));
        assert_eq!(settings.log, LevelFilter::DEBUG);
        assert_eq!(settings.personality, Some(Personality::Rfc));
        assert_eq!(settings.stack.sysctls.udp_port(), Some(7));
        assert_eq!(settings.stack.sysctl_file, Some(PathBuf::from("/tmp/y")));
    }

    #[test]
    fn a_bad_value_is_one_line_that_says_what_is_allowed() {
        assert_eq!(with(&[("USCTP_LINK", "tcp")]).unwrap_err(), "USCTP_LINK=tcp: allowed are raw, udp, auto");
        let text = with(&[("USCTP_SYSCTL", "rto_min=0")]).unwrap_err();
        assert_eq!(text, "USCTP_SYSCTL=rto_min=0: rto_min=0: allowed are 1 to 86400000");
        for (name, value) in [
            ("USCTP_UDP_PORT", "0"),
            ("USCTP_UDP_PORT", "65536"),
            ("USCTP_UDP_PEER_PORT", "-1"),
            ("USCTP_LOG", "loud"),
            ("USCTP_PERSONALITY", "bsd"),
            ("USCTP_EXIT_TIMEOUT", "nan"),
            ("USCTP_EXIT_TIMEOUT", "-1"),
        ] {
            let text = with(&[(name, value)]).unwrap_err();
            assert!(text.starts_with(&format!("{name}={value}: allowed are ")), "{text}");
        }
    }
}
