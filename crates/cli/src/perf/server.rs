//! The serving side: one thread for each association; and the two halves, sending and receiving, that both sides use.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use usctp::blocking::{SctpAssociation, SctpListener};
use usctp::{Received, SendOptions, Stack};

use super::{CONTROL, DATA, LAST, Plan, Tally};
use crate::failure::{Failure, Status};

/// Counts while a measurement runs, for whoever shows them.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) octets: AtomicU64,
    pub(super) messages: AtomicU64,
}

/// Serves measurements until an error ends it.
pub(super) fn serve(stack: &Stack, address: &str, json: bool) -> Result<(), Failure> {
    let listener = SctpListener::bind_on(stack, address)?;
    if !json {
        tell(&format!("listening on {}", listener.local_addr()?));
    }
    loop {
        let (association, peer) = listener.accept()?;
        let begun = thread::Builder::new().name(format!("perf {peer}")).spawn(move || {
            let result = serve_one(&association);
            report(peer, &result, json);
        });
        if let Err(error) = begun {
            tell(&format!("{peer}: turned away: {error}"));
        }
    }
}

/// Prints a line. A closed output is no reason to stop serving.
fn tell(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn report(peer: SocketAddr, result: &Result<(Plan, Tally), Failure>, json: bool) {
    match result {
        Ok((plan, tally)) if json => {
            tell(&json!({ "peer": peer.to_string(), "plan": plan.to_json(), "received": tally.to_json() }).to_string());
        }
        Ok((plan, tally)) => {
            let rate = tally.octets as f64 / tally.seconds.max(1e-9) / 1e6;
            let direction = if plan.reverse { "sent" } else { "received" };
            tell(&format!("{peer}: {direction} {} messages, {} octets, {rate:.2} MB/s", tally.messages, tally.octets));
        }
        Err(failure) if json => tell(&json!({ "peer": peer.to_string(), "error": failure.to_string() }).to_string()),
        Err(failure) => tell(&format!("{peer}: {failure}")),
    }
}

fn serve_one(association: &SctpAssociation) -> Result<(Plan, Tally), Failure> {
    association.set_read_timeout(Some(PATIENCE))?;
    association.set_write_timeout(Some(PATIENCE))?;
    let plan = Plan::from_json(&control_message(association)?)
        .ok_or_else(|| Failure::new(Status::Failed, "the client asked for something else than a measurement"))?;
    prepare(association, &plan)?;
    let progress = Progress::default();
    let tally = if plan.reverse {
        send_data(association, &plan, &progress)?;
        tally_of(&control_message(association)?)?
    } else {
        let tally = receive_data(association, &progress)?;
        association.send_with(tally.to_json().to_string().as_bytes(), &SendOptions::new().ppid(CONTROL))?;
        tally
    };
    // The client shuts down; wait for that, so that what we sent last is not cut off.
    let mut rest = Vec::new();
    while !matches!(association.recv_message(&mut rest), Ok(Received::End) | Err(_)) {}
    Ok((plan, tally))
}

/// How long a silent peer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Sets what the plan says about the socket.
pub(super) fn prepare(association: &SctpAssociation, plan: &Plan) -> Result<(), Failure> {
    association.set_nodelay(true)?;
    if let Some(octets) = plan.buffer {
        association.set_send_buffer(octets as usize)?;
        association.set_receive_buffer(octets as usize)?;
    }
    Ok(())
}

/// Sends messages for the time of the plan, then how many they were.
pub(super) fn send_data(association: &SctpAssociation, plan: &Plan, progress: &Progress) -> Result<(), Failure> {
    let message = vec![0x55; plan.size as usize];
    let streams = association.status()?.outbound_streams.min(plan.streams).max(1);
    let mut options = SendOptions::new().ppid(DATA);
    if plan.unordered {
        options = options.unordered();
    }
    let end = Instant::now() + Duration::from_secs(u64::from(plan.seconds));
    let mut count = 0_u64;
    while Instant::now() < end {
        // A look at the clock costs little, but not nothing beside a small message.
        for _ in 0..16 {
            let stream = u16::try_from(count % u64::from(streams)).unwrap_or(0);
            association.send_with(&message, &options.stream(stream))?;
            count += 1;
            progress.octets.fetch_add(u64::from(plan.size), Ordering::Relaxed);
            progress.messages.fetch_add(1, Ordering::Relaxed);
        }
    }
    association.send_with(&count.to_be_bytes(), &SendOptions::new().ppid(LAST))?;
    Ok(())
}

/// Receives messages until all that the sender told of have come.
pub(super) fn receive_data(association: &SctpAssociation, progress: &Progress) -> Result<Tally, Failure> {
    let mut buffer = vec![0; 1 << 20];
    let mut tally = Tally::default();
    let mut expected = None;
    let mut begun = None;
    while expected != Some(tally.messages) {
        match association.recv(&mut buffer)? {
            Received::Data(part) if part.ppid == DATA => {
                let begun = *begun.get_or_insert_with(Instant::now);
                tally.octets += part.len as u64;
                progress.octets.fetch_add(part.len as u64, Ordering::Relaxed);
                if part.complete {
                    tally.messages += 1;
                    progress.messages.fetch_add(1, Ordering::Relaxed);
                    tally.seconds = begun.elapsed().as_secs_f64();
                }
            }
            Received::Data(part) if part.ppid == LAST => {
                let count = buffer.get(..part.len).and_then(|octets| octets.try_into().ok());
                expected = Some(count.map(u64::from_be_bytes).ok_or_else(out_of_turn)?);
            }
            Received::Data(_) => return Err(out_of_turn()),
            Received::End => return Err(Failure::new(Status::Failed, "the peer ended the association too early")),
            _ => {}
        }
    }
    Ok(tally)
}

/// Waits for a control message.
pub(super) fn control_message(association: &SctpAssociation) -> Result<Vec<u8>, Failure> {
    let mut buffer = Vec::new();
    match association.recv_message(&mut buffer)? {
        Received::Data(part) if part.ppid == CONTROL => Ok(buffer),
        Received::End => Err(Failure::new(Status::Failed, "the peer ended the association too early")),
        _ => Err(out_of_turn()),
    }
}

/// Reads what the other side counted.
pub(super) fn tally_of(octets: &[u8]) -> Result<Tally, Failure> {
    Tally::from_json(octets).ok_or_else(out_of_turn)
}

fn out_of_turn() -> Failure {
    Failure::new(Status::Failed, "the peer sent something out of turn: is it `usctp perf`?")
}
