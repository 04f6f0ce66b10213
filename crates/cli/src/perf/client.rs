//! The measuring side: a thread for each association, and one that shows how they get on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use usctp::blocking::SctpAssociation;
use usctp::{SctpAddrs, SendOptions, Stack, ToSctpAddrs as _};

use super::report::{Display, Finding};
use super::server::{self, PATIENCE, Progress};
use super::{CONTROL, PerfArguments, Plan};
use crate::failure::{Failure, Status};

/// Measures and prints what was found.
pub(super) fn measure(stack: &Stack, peer: &str, arguments: &PerfArguments) -> Result<(), Failure> {
    let plan = Plan {
        seconds: arguments.time,
        size: arguments.size,
        streams: arguments.streams,
        unordered: arguments.unordered,
        reverse: arguments.reverse,
        buffer: arguments.buffer,
    };
    let host = peer.to_sctp_addrs()?;
    let progress = Arc::new(Progress::default());
    let (sender, receiver) = channel();
    for _ in 0..arguments.parallel {
        let (stack, host, progress, sender) = (stack.clone(), host.clone(), Arc::clone(&progress), sender.clone());
        let run = move || {
            // The receiver is only gone when the measurement has failed already.
            let _ = sender.send(one_association(&stack, &host, &plan, &progress));
        };
        let begun = thread::Builder::new().name("perf".to_owned()).spawn(run);
        begun.map_err(|error| Failure::new(Status::Failed, format!("cannot start a thread: {error}")))?;
    }
    drop(sender);

    let mut display = Display::new(arguments.json, &plan, arguments.parallel);
    let mut findings = Vec::new();
    let mut next = Instant::now() + Duration::from_secs(1);
    loop {
        match receiver.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(finding) => findings.push(finding?),
            Err(RecvTimeoutError::Timeout) => {
                next += Duration::from_secs(1);
                display.second(progress.octets.load(Ordering::Relaxed), progress.messages.load(Ordering::Relaxed));
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    display.summary(&plan, &findings);
    stack.finish();
    Ok(())
}

fn one_association(stack: &Stack, host: &SctpAddrs, plan: &Plan, progress: &Progress) -> Result<Finding, Failure> {
    let association = SctpAssociation::connect_with(stack, host, plan.init())?;
    association.set_read_timeout(Some(PATIENCE))?;
    association.set_write_timeout(Some(PATIENCE))?;
    server::prepare(&association, plan)?;
    association.send_with(plan.to_json().to_string().as_bytes(), &SendOptions::new().ppid(CONTROL))?;
    let tally = if plan.reverse {
        let tally = server::receive_data(&association, progress)?;
        association.send_with(tally.to_json().to_string().as_bytes(), &SendOptions::new().ppid(CONTROL))?;
        tally
    } else {
        server::send_data(&association, plan, progress)?;
        server::tally_of(&server::control_message(&association)?)?
    };
    let finding = Finding { tally, status: association.status()?, counters: association.statistics()? };
    association.shutdown()?;
    Ok(finding)
}
