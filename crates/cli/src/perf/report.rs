//! What a measurement shows: a line each second, a bar on a terminal, a summary, JSON.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use usctp::{Statistics, Status};

use super::{Plan, Tally};

/// What one association found.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) tally: Tally,
    pub(super) status: Status,
    pub(super) counters: Statistics,
}

/// Shows a measurement while it runs.
pub(super) struct Display {
    json: bool,
    bar: Option<ProgressBar>,
    seconds: Vec<(u64, u64)>,
    last: (u64, u64),
}

impl Display {
    pub(super) fn new(json: bool, plan: &Plan, parallel: u16) -> Self {
        let bar = (!json && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {bar:30} {pos:>3}/{len} s  {msg}");
            let bar = ProgressBar::new(u64::from(plan.seconds));
            // The template is a constant; without it the bar still works.
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        if !json {
            let direction = if plan.reverse { "receiving" } else { "sending" };
            tell(&format!(
                "{direction} messages of {} octets for {} s on {parallel} association(s), {} stream(s){}",
                plan.size,
                plan.seconds,
                plan.streams,
                if plan.unordered { ", unordered" } else { "" }
            ));
        }
        Self { json, bar, seconds: Vec::new(), last: (0, 0) }
    }

    /// Another second has passed; the arguments count from the beginning.
    pub(super) fn second(&mut self, octets: u64, messages: u64) {
        let rate = (octets - self.last.0, messages - self.last.1);
        self.last = (octets, messages);
        self.seconds.push(rate);
        if self.json {
            return;
        }
        let number = self.seconds.len();
        let line = format!("{number:>4} s  {:>9.2} MB/s  {:>9} messages/s", rate.0 as f64 / 1e6, rate.1);
        match &self.bar {
            Some(bar) => {
                bar.println(line);
                bar.set_position(number as u64);
                bar.set_message(format!("{:.2} MB/s", rate.0 as f64 / 1e6));
            }
            None => tell(&line),
        }
    }

    /// The end: everything in one place.
    pub(super) fn summary(&mut self, plan: &Plan, findings: &[Finding]) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let summary = Summary::of(findings);
        if self.json {
            tell(&summary.to_json(plan, &self.seconds, findings).to_string());
        } else {
            tell(&summary.to_text());
        }
    }
}

/// All associations together.
#[derive(Debug, Default, PartialEq)]
struct Summary {
    octets: u64,
    messages: u64,
    seconds: f64,
    retransmissions: u64,
    timeouts: u64,
    data_chunks: u64,
    round_trip: Duration,
}

impl Summary {
    fn of(findings: &[Finding]) -> Self {
        let mut summary = Self::default();
        for finding in findings {
            summary.octets += finding.tally.octets;
            summary.messages += finding.tally.messages;
            summary.seconds = summary.seconds.max(finding.tally.seconds);
            summary.retransmissions += finding.counters.retransmitted_chunks;
            summary.timeouts += finding.counters.timeouts;
            summary.data_chunks += finding.counters.data_chunks_out;
            summary.round_trip = summary.round_trip.max(finding.status.primary.round_trip);
        }
        summary
    }

    fn goodput(&self) -> f64 {
        self.octets as f64 / self.seconds.max(1e-9)
    }

    fn to_text(&self) -> String {
        format!(
            "goodput {:.2} MB/s ({:.0} messages/s), {} octets in {} messages within {:.2} s\n\
             {} of {} chunks retransmitted by this side, {} time-outs; smoothed round trip {:.3} ms",
            self.goodput() / 1e6,
            self.messages as f64 / self.seconds.max(1e-9),
            self.octets,
            self.messages,
            self.seconds,
            self.retransmissions,
            self.data_chunks,
            self.timeouts,
            self.round_trip.as_secs_f64() * 1e3
        )
    }

    fn to_json(&self, plan: &Plan, seconds: &[(u64, u64)], findings: &[Finding]) -> Value {
        let each = |finding: &Finding| {
            json!({
                "received": finding.tally.to_json(),
                "peer": finding.status.primary.address.to_string(),
                "round_trip_ms": finding.status.primary.round_trip.as_secs_f64() * 1e3,
                "congestion_window": finding.status.primary.congestion_window,
                "mtu": finding.status.primary.mtu,
                "retransmitted_chunks": finding.counters.retransmitted_chunks,
                "timeouts": finding.counters.timeouts,
                "packets_in": finding.counters.packets_in,
                "packets_out": finding.counters.packets_out,
            })
        };
        json!({
            "plan": plan.to_json(),
            "goodput_octets_per_second": self.goodput(),
            "messages_per_second": self.messages as f64 / self.seconds.max(1e-9),
            "octets": self.octets,
            "messages": self.messages,
            "seconds": self.seconds,
            "retransmitted_chunks": self.retransmissions,
            "data_chunks_sent": self.data_chunks,
            "timeouts": self.timeouts,
            "round_trip_ms": self.round_trip.as_secs_f64() * 1e3,
            "each_second": seconds.iter().map(|(octets, messages)| json!({ "octets": octets, "messages": messages }))
                .collect::<Vec<_>>(),
            "associations": findings.iter().map(each).collect::<Vec<_>>(),
        })
    }
}

/// Prints to the standard output; whoever closed it does not want to read.
fn tell(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
