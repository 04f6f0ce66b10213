//! `usctp echo`: a server that sends every message back, and a client that checks what comes back.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use usctp::blocking::{SctpAssociation, SctpListener, SctpSocket};
use usctp::{
    AssocId, AssociationChangeState, InitParameters, Notification, NotificationKind, Part, Received, SendOptions,
    Stack, ToSctpAddrs as _,
};

use crate::failure::{Failure, Status};
use crate::settings::Settings;

/// Arguments of `usctp echo`.
#[derive(Args, Debug)]
pub(crate) struct EchoArguments {
    #[command(flatten)]
    settings: Settings,
    /// Serve on ADDRESS:PORT; several addresses of this host are separated by commas, before the port
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["peer", "count"])]
    listen: Option<String>,
    /// Use one socket for all associations (one-to-many, SOCK_SEQPACKET)
    #[arg(long)]
    one_to_many: bool,
    /// Send COUNT messages and check them, rather than the lines of the standard input
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Octets of each message that --count sends
    #[arg(long, value_name = "OCTETS", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    size: u32,
    /// The stream to send on
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    stream: u16,
    /// The server, HOST:PORT; several addresses of one host are separated by commas, before the port
    #[arg(value_name = "HOST:PORT", required_unless_present = "listen")]
    peer: Option<String>,
}

/// How long a message may take to come back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server, which only an error ends, or the client.
pub(crate) fn echo(arguments: &EchoArguments) -> Result<(), Failure> {
    let stack = arguments.settings.open_stack()?;
    match (&arguments.listen, &arguments.peer) {
        (Some(address), _) if arguments.one_to_many => serve_many(&stack, address),
        (Some(address), _) => serve(&stack, address),
        (None, Some(peer)) => {
            let mut line = Line::open(&stack, peer, arguments)?;
            match arguments.count {
                Some(count) => check(&mut line, count, arguments.size)?,
                None => converse(&mut line)?,
            }
            line.close()?;
            stack.finish();
            Ok(())
        }
        (None, None) => Err(Failure::new(Status::Usage, "name a server, HOST:PORT, or be one with --listen")),
    }
}

/// Prints a line. A closed output is no reason to stop serving.
fn tell(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn serve(stack: &Stack, address: &str) -> Result<(), Failure> {
    let listener = SctpListener::bind_on(stack, address)?;
    tell(&format!("listening on {}", listener.local_addr()?));
    loop {
        let (association, peer) = listener.accept()?;
        let begun = thread::Builder::new().name(format!("echo {peer}")).spawn(move || serve_one(&association, peer));
        if let Err(error) = begun {
            tell(&format!("{peer}: turned away: {error}"));
        }
    }
}

fn serve_one(association: &SctpAssociation, peer: SocketAddr) {
    tell(&format!("{peer}: connected"));
    let mut buffer = Vec::new();
    let (mut messages, mut octets) = (0_u64, 0_u64);
    let end = loop {
        match association.recv_message(&mut buffer) {
            Ok(Received::Data(part)) => {
                if let Err(error) = association.send_with(&buffer, &back(&part)) {
                    break error.to_string();
                }
                messages += 1;
                octets += part.len as u64;
            }
            Ok(Received::End) => break "shut down".to_owned(),
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    tell(&format!("{peer}: {messages} messages, {octets} octets; {end}"));
}

fn serve_many(stack: &Stack, address: &str) -> Result<(), Failure> {
    let socket = SctpSocket::bind_on(stack, address)?;
    socket.subscribe(&[NotificationKind::AssociationChange])?;
    socket.listen()?;
    tell(&format!("listening on {}, one-to-many", socket.local_addr()?));
    let mut names: BTreeMap<AssocId, String> = BTreeMap::new();
    let mut buffer = Vec::new();
    loop {
        match socket.recv_message(&mut buffer)? {
            Received::Data(part) => {
                // The association may end between the two calls; the notification tells of it.
                if let Err(error) = socket.send_on(part.association, &buffer, &back(&part)) {
                    tell(&format!("association {}: {error}", part.association.0));
                }
            }
            Received::Notification(Notification::AssociationChange { association, state, .. }) => {
                if state == AssociationChangeState::Up {
                    let peer = socket.peer_addrs(association).ok().and_then(|all| all.first().copied());
                    let name = peer.map_or_else(|| format!("association {}", association.0), |peer| peer.to_string());
                    names.insert(association, name);
                }
                let name = names.get(&association).cloned().unwrap_or_else(|| format!("association {}", association.0));
                tell(&format!("{name}: {}", describe(state)));
                if !matches!(state, AssociationChangeState::Up | AssociationChangeState::Restart) {
                    names.remove(&association);
                }
            }
            _ => {}
        }
    }
}

fn describe(state: AssociationChangeState) -> &'static str {
    match state {
        AssociationChangeState::Up => "connected",
        AssociationChangeState::Lost => "lost",
        AssociationChangeState::Restart => "restarted",
        AssociationChangeState::ShutdownComplete => "shut down",
        AssociationChangeState::CannotStart => "could not be set up",
    }
}

/// A message goes back as it came: same stream, same identifier, same order.
fn back(part: &Part) -> SendOptions {
    let options = SendOptions::new().stream(part.stream).ppid(part.ppid);
    if part.unordered { options.unordered() } else { options }
}

/// The client's socket, of either kind.
enum Line {
    One { association: SctpAssociation, options: SendOptions },
    Many { socket: SctpSocket, association: AssocId, options: SendOptions },
}

impl Line {
    fn open(stack: &Stack, peer: &str, arguments: &EchoArguments) -> Result<Self, Failure> {
        let options = SendOptions::new().stream(arguments.stream);
        if !arguments.one_to_many {
            let streams = arguments.stream.saturating_add(1).max(10);
            let init = InitParameters { outbound_streams: streams, ..InitParameters::default() };
            let association = SctpAssociation::connect_with(stack, peer, init)?;
            association.set_nodelay(true)?;
            association.set_read_timeout(Some(PATIENCE))?;
            return Ok(Self::One { association, options });
        }
        let host = peer.to_sctp_addrs()?;
        let any = if host.candidates().flatten().any(SocketAddr::is_ipv6) { "[::]:0" } else { "0.0.0.0:0" };
        let socket = SctpSocket::bind_on(stack, any)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let association = socket.connect(host)?;
        Ok(Self::Many { socket, association, options })
    }

    fn send(&self, message: &[u8]) -> Result<(), Failure> {
        match self {
            Self::One { association, options } => association.send_with(message, options)?,
            Self::Many { socket, association, options } => socket.send_on(*association, message, options)?,
        }
        Ok(())
    }

    /// Waits for the next message; its octets replace what is in `buffer`.
    fn receive(&self, buffer: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            let received = match self {
                Self::One { association, .. } => association.recv_message(buffer)?,
                Self::Many { socket, .. } => socket.recv_message(buffer)?,
            };
            match received {
                Received::Data(_) => return Ok(()),
                Received::End => return Err(Failure::new(Status::Failed, "the server ended the association")),
                _ => {}
            }
        }
    }

    fn close(&self) -> Result<(), Failure> {
        match self {
            Self::One { association, .. } => association.shutdown()?,
            Self::Many { socket, association, .. } => socket.shutdown(*association)?,
        }
        Ok(())
    }
}

/// Sends the lines of the standard input and prints what comes back.
fn converse(line: &mut Line) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    for text in io::stdin().lock().lines() {
        let text = text.map_err(|error| Failure::new(Status::Failed, format!("cannot read the input: {error}")))?;
        // An SCTP message has at least one octet.
        if text.is_empty() {
            continue;
        }
        line.send(text.as_bytes())?;
        line.receive(&mut buffer)?;
        let mut out = io::stdout().lock();
        let written = out.write_all(&buffer).and_then(|()| out.write_all(b"\n"));
        written.map_err(|error| Failure::new(Status::Failed, format!("cannot print: {error}")))?;
    }
    Ok(())
}

/// Sends `count` messages, one after the other, compares each with what comes back, and prints the times.
fn check(line: &mut Line, count: u32, size: u32) -> Result<(), Failure> {
    let mut times = Vec::new();
    let mut buffer = Vec::new();
    for number in 0..count {
        let message: Vec<u8> = (0..size).map(|index| (index.wrapping_mul(31).wrapping_add(number)) as u8).collect();
        let begun = Instant::now();
        line.send(&message)?;
        line.receive(&mut buffer)?;
        times.push(begun.elapsed());
        if buffer != message {
            let text = format!("message {number} came back changed ({} octets instead of {size})", buffer.len());
            return Err(Failure::new(Status::Failed, text));
        }
    }
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    tell(&format!(
        "{count} messages of {size} octets came back unchanged; round trip {:.3} ms least, {:.3} ms median, {:.3} ms \
         99th percentile, {:.3} ms most",
        at(0),
        at(50),
        at(99),
        at(100)
    ));
    Ok(())
}
