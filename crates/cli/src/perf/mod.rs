//! `usctp perf`: how fast, how many, how often again.
//!
//! A measurement is an association on which the client first says what it wants (`Plan`, one JSON message), then one
//! side sends messages for the time agreed, then tells how many those were, and the receiving side answers with what
//! it counted (`Tally`). Control and data are told apart by the payload protocol identifier, so that data can use every
//! stream.

mod client;
mod report;
mod server;

use clap::Args;
use serde_json::{Value, json};
use usctp::InitParameters;

use crate::failure::{Failure, Status};
use crate::settings::Settings;

/// Arguments of `usctp perf`.
#[derive(Args, Debug)]
pub(crate) struct PerfArguments {
    #[command(flatten)]
    settings: Settings,
    /// Serve on ADDRESS:PORT; several addresses of this host are separated by commas, before the port
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "peer")]
    listen: Option<String>,
    /// How long to send, in seconds
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    time: u32,
    /// Octets of each message
    #[arg(short, long, value_name = "OCTETS", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    size: u32,
    /// Associations at once
    #[arg(short = 'P', long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    parallel: u16,
    /// Streams to use in turn
    #[arg(short = 'S', long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    streams: u16,
    /// Send unordered
    #[arg(short, long)]
    unordered: bool,
    /// The server sends and the client receives
    #[arg(short, long)]
    reverse: bool,
    /// Socket buffers of both sides, in octets
    #[arg(short, long, value_name = "OCTETS", value_parser = clap::value_parser!(u32).range(4096..=1_073_741_824))]
    buffer: Option<u32>,
    /// Print one JSON object at the end and nothing else; a server prints one for each measurement
    #[arg(long)]
    json: bool,
    /// The server, HOST:PORT; several addresses of one host are separated by commas, before the port
    #[arg(value_name = "HOST:PORT", required_unless_present = "listen")]
    peer: Option<String>,
}

/// Runs the server, which only an error ends, or the client.
pub(crate) fn perf(arguments: &PerfArguments) -> Result<(), Failure> {
    let stack = arguments.settings.open_stack()?;
    match (&arguments.listen, &arguments.peer) {
        (Some(address), _) => server::serve(&stack, address, arguments.json),
        (None, Some(peer)) => client::measure(&stack, peer, arguments),
        (None, None) => Err(Failure::new(Status::Usage, "name a server, HOST:PORT, or be one with --listen")),
    }
}

/// Payload protocol identifiers of this program, from the range that RFC 9260 leaves to users.
const CONTROL: u32 = 0x7573_0001;
const DATA: u32 = 0x7573_0002;
/// The last message of the sending side: how many data messages there were.
const LAST: u32 = 0x7573_0003;

/// What the client wants of one association.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Plan {
    seconds: u32,
    size: u32,
    streams: u16,
    unordered: bool,
    reverse: bool,
    buffer: Option<u32>,
}

/// What the receiving side counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    messages: u64,
    octets: u64,
    seconds: f64,
}

impl Plan {
    fn to_json(self) -> Value {
        json!({
            "seconds": self.seconds, "size": self.size, "streams": self.streams, "unordered": self.unordered,
            "reverse": self.reverse, "buffer": self.buffer,
        })
    }

    /// Reads what a client asks for; limits are checked again, as it comes from the network.
    fn from_json(octets: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(octets).ok()?;
        let number = |name: &str, low: u64, high: u64| value[name].as_u64().filter(|n| (low..=high).contains(n));
        Some(Self {
            seconds: u32::try_from(number("seconds", 1, 86_400)?).ok()?,
            size: u32::try_from(number("size", 1, 1 << 20)?).ok()?,
            streams: u16::try_from(number("streams", 1, 65_535)?).ok()?,
            unordered: value["unordered"].as_bool()?,
            reverse: value["reverse"].as_bool()?,
            buffer: number("buffer", 4096, 1 << 30).and_then(|octets| u32::try_from(octets).ok()),
        })
    }

    fn init(self) -> InitParameters {
        InitParameters { outbound_streams: self.streams, ..InitParameters::default() }
    }
}

impl Tally {
    fn to_json(self) -> Value {
        json!({ "messages": self.messages, "octets": self.octets, "seconds": self.seconds })
    }

    fn from_json(octets: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(octets).ok()?;
        Some(Self {
            messages: value["messages"].as_u64()?,
            octets: value["octets"].as_u64()?,
            seconds: value["seconds"].as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_and_tally_survive_the_way() {
        let plan = Plan { seconds: 3, size: 1200, streams: 8, unordered: true, reverse: false, buffer: Some(1 << 20) };
        assert_eq!(Plan::from_json(plan.to_json().to_string().as_bytes()), Some(plan));
        let tally = Tally { messages: 7, octets: 8400, seconds: 2.5 };
        assert_eq!(Tally::from_json(tally.to_json().to_string().as_bytes()), Some(tally));
    }

    #[test]
    fn a_plan_out_of_bounds_is_no_plan() {
        let mut value =
            Plan { seconds: 3, size: 1, streams: 1, unordered: false, reverse: false, buffer: None }.to_json();
        value["size"] = json!(1_u64 << 40);
        assert_eq!(Plan::from_json(value.to_string().as_bytes()), None);
        assert_eq!(Plan::from_json(b"GET / HTTP/1.1"), None);
    }
}
