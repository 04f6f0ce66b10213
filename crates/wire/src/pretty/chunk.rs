//! Chunks as text.

use core::fmt;

use super::{Octets, list};
use crate::{Causes, Chunk, Data, GapBlock, IData, Init, NrSack, Params, Sack};

impl fmt::Display for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)?;
        match self {
            Self::Data(data) => data.fields(f),
            Self::IData(data) => data.fields(f),
            Self::Init(init) | Self::InitAck(init) => init.fields(f),
            Self::Sack(sack) => sack.fields(f),
            Self::NrSack(sack) => sack.fields(f),
            Self::Heartbeat { info } | Self::HeartbeatAck { info } => write!(f, "[{} octets]", info.len()),
            Self::Abort { tag_reflected, causes } => {
                f.write_str(if *tag_reflected { "[T]" } else { "" })?;
                write_causes(f, causes)
            }
            Self::Error { causes } => write_causes(f, causes),
            Self::Shutdown { cumulative } => write!(f, "[cumulative {cumulative}]"),
            Self::ShutdownComplete { tag_reflected: true } => f.write_str("[T]"),
            Self::ShutdownComplete { tag_reflected: false } | Self::ShutdownAck | Self::CookieAck => Ok(()),
            Self::CookieEcho { cookie } => write!(f, "[{} octets]", cookie.len()),
            Self::Ecne { lowest } | Self::Cwr { lowest } => write!(f, "[lowest {lowest}]"),
            Self::Auth(auth) => write!(f, "[key {} hmac {} {}]", auth.key.0, auth.hmac_id, Octets(auth.hmac)),
            Self::Asconf(asconf) => {
                write!(f, "[serial {} address {}]", asconf.serial, asconf.address)?;
                write_params(f, &asconf.params)
            }
            Self::AsconfAck { serial, params } => {
                write!(f, "[serial {serial}]")?;
                write_params(f, params)
            }
            Self::ReConfig { params } => write_params(f, params),
            Self::ForwardTsn(forward) => {
                write!(f, "[cumulative {} skipped ", forward.cumulative)?;
                list(f, forward.skipped.iter().map(|(stream, ssn)| Pair(stream.0, ssn)))?;
                f.write_str("]")
            }
            Self::IForwardTsn(forward) => {
                write!(f, "[cumulative {} skipped ", forward.cumulative)?;
                let skipped = forward.skipped.iter();
                list(
                    f,
                    skipped
                        .map(|(stream, unordered, mid)| Pair(stream.0, Pair(mid, if unordered { "U" } else { "O" }))),
                )?;
                f.write_str("]")
            }
            Self::Pad { padding } => write!(f, "[{padding} octets]"),
            Self::Unknown(raw) => write!(f, "[flags {:02x} {} octets]", raw.flags, raw.value.len()),
        }
    }
}

impl Data<'_> {
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tsn, stream, ssn, ppid, payload, .. } = self;
        write!(f, "[tsn {tsn} stream {} ssn {ssn} ppid {ppid} ", stream.0)?;
        write_flags(f, [self.immediate, self.unordered, self.beginning, self.ending])?;
        write!(f, " {} octets]", payload.len())
    }
}

impl IData<'_> {
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[tsn {} stream {} mid {} ", self.tsn, self.stream.0, self.mid)?;
        if self.beginning { write!(f, "ppid {} ", self.ppid) } else { write!(f, "fsn {} ", self.fsn) }?;
        write_flags(f, [self.immediate, self.unordered, self.beginning, self.ending])?;
        write!(f, " {} octets]", self.payload.len())
    }
}

impl Init<'_> {
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { initiate_tag, a_rwnd, outbound_streams, inbound_streams, initial_tsn, params } = self;
        write!(
            f,
            "[tag {initiate_tag} a_rwnd {a_rwnd} out {outbound_streams} in {inbound_streams} tsn {initial_tsn}]"
        )?;
        write_params(f, params)
    }
}

impl Sack<'_> {
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[cumulative {} a_rwnd {} gaps ", self.cumulative, self.a_rwnd)?;
        list(f, self.gaps.iter())?;
        f.write_str(" duplicates ")?;
        list(f, self.duplicates.iter())?;
        f.write_str("]")
    }
}

impl NrSack<'_> {
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[cumulative {} a_rwnd {} gaps ", self.cumulative, self.a_rwnd)?;
        list(f, self.gaps.iter())?;
        f.write_str(" non-renegable ")?;
        list(f, self.non_renegable.iter())?;
        f.write_str(" duplicates ")?;
        list(f, self.duplicates.iter())?;
        f.write_str("]")
    }
}

impl fmt::Display for GapBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// Two values that belong to each other.
struct Pair<A, B>(A, B);

impl<A: fmt::Display, B: fmt::Display> fmt::Display for Pair<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

/// Flags of DATA by their letters.
fn write_flags(f: &mut fmt::Formatter<'_>, flags: [bool; 4]) -> fmt::Result {
    flags.iter().zip(["I", "U", "B", "E"]).filter(|(set, _)| **set).try_for_each(|(_, letter)| f.write_str(letter))
}

/// Parameters in a line each if there are lines, otherwise in parentheses.
fn write_params(f: &mut fmt::Formatter<'_>, params: &Params<'_>) -> fmt::Result {
    write_elements(f, params.iter())
}

fn write_causes(f: &mut fmt::Formatter<'_>, causes: &[u8]) -> fmt::Result {
    write_elements(f, Causes::new(causes).map(|raw| raw.and_then(|raw| raw.decode())))
}

fn write_elements<T: fmt::Display, E: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    elements: impl Iterator<Item = Result<T, E>>,
) -> fmt::Result {
    let (mut before, between, behind) = if f.alternate() { ("\n    ", "\n    ", "") } else { (" (", ", ", ")") };
    let mut any = false;
    for element in elements {
        f.write_str(before)?;
        match element {
            Ok(element) => element.fmt(f)?,
            Err(error) => write!(f, "({error})")?,
        }
        before = between;
        any = true;
    }
    f.write_str(if any { behind } else { "" })
}
