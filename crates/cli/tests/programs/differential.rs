//! The same sequences of socket calls here and on a Linux kernel.
//!
//! `tests/differential/traces` holds sequences with what a kernel answered to each call (`interop/differential` records
//! them anew). Here they run on our stack. Every answer must be the kernel's, or stand in `differences.txt` with a
//! reason; and every line there must still be needed.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::compile::{Against, compile};
use crate::world::{Family, Link, World, root};

const LIMIT: Duration = Duration::from_secs(300);

/// Sequences that run at a time: they wait more than they work.
const AT_A_TIME: &str = "8";

/// How many times longer than usual a sequence waits when it is tried again: what a slow machine did not finish in time
/// is no difference.
const PATIENCE: [&str; 3] = ["1", "4", "12"];

/// A sequence and what each of its calls gave: lines `CALL -> RESULT`.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Sequence {
    name: String,
    lines: Vec<String>,
}

/// A line of `differences.txt`: where, and what the two sides answer. `*` stands for anything.
struct Excuse {
    text: String,
    sequence: String,
    call: String,
    kernel: String,
    ours: String,
}

/// An answer of ours that is not the kernel's.
struct Difference<'a> {
    sequence: &'a str,
    call: &'a str,
    kernel: &'a str,
    ours: &'a str,
}

impl Excuse {
    fn covers(&self, difference: &Difference<'_>) -> bool {
        matches(&self.sequence, difference.sequence)
            && matches(&self.call, difference.call)
            && matches(&self.kernel, difference.kernel)
            && matches(&self.ours, difference.ours)
    }
}

fn folder() -> PathBuf {
    root().join("crates/cli/tests/differential")
}

/// The sequences of a trace.
fn sequences(text: &str) -> Vec<Sequence> {
    let parts = text.split("\n== ").skip(1);
    parts
        .map(|part| {
            let mut lines = part.lines().map(str::to_owned).filter(|line| !line.is_empty());
            Sequence { name: lines.next().unwrap_or_default(), lines: lines.collect() }
        })
        .collect()
}

/// The lines of `differences.txt`: `SEQUENCE | CALL | KERNEL | OURS`; the lines before them, without bars, say why.
fn excuses() -> Vec<Excuse> {
    let text = fs::read_to_string(folder().join("differences.txt")).expect("the list is there");
    let lines = text.lines().filter(|line| line.starts_with("  "));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [sequence, call, kernel, ours] = fields[..] else { panic!("differences.txt: four fields: {line}") };
            let text = line.trim().to_owned();
            Excuse { text, sequence: sequence.into(), call: call.into(), kernel: kernel.into(), ours: ours.into() }
        })
        .collect()
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}

/// Where our answers are not the kernel's.
fn compare<'a>(kernel: &'a Sequence, ours: &'a Sequence) -> Vec<Difference<'a>> {
    let count = kernel.lines.len().max(ours.lines.len());
    let answer = |sequence: &'a Sequence, at: usize| -> (&'a str, &'a str) {
        let line = sequence.lines.get(at).map_or("", String::as_str);
        line.split_once(" -> ").unwrap_or((line, ""))
    };
    let pairs = (0..count).map(|at| (answer(kernel, at), answer(ours, at))).filter(|(kernel, ours)| kernel != ours);
    pairs
        .map(|((call, kernel_answer), (_, our_answer))| Difference {
            sequence: &kernel.name,
            call,
            kernel: kernel_answer,
            ours: our_answer,
        })
        .collect()
}

/// Runs the sequences of one trace here and compares.
fn is_as_recorded(topic: &str) {
    let Some(world) = World::new(Link::Raw, Family::V4) else { return };
    let program = compile(&world, "crates/cli/tests/differential/calls.c", Against::Debian, &[]);
    let path = folder().join("traces").join(format!("{topic}.txt"));
    let recorded = sequences(&fs::read_to_string(&path).expect("the trace is there"));
    let path = path.to_str().expect("UTF-8");
    let excuses = excuses();
    let mut used = BTreeSet::new();
    let mut left = recorded.clone();
    let mut found = String::new();
    for patience in PATIENCE {
        found.clear();
        let mut arguments = vec![program.as_str(), "-j", AT_A_TIME, "-p", patience];
        // The first time all; then what differed, one by one.
        let mut runs = Vec::new();
        if left.len() == recorded.len() {
            arguments.push(path);
            runs.push(world.start(&arguments).finish(LIMIT).success().stdout);
        } else {
            for sequence in &left {
                let one = [&arguments[..], &["-s", &sequence.name, path]].concat();
                runs.push(world.start(&one).finish(LIMIT).success().stdout);
            }
        }
        let ours: Vec<Sequence> = runs.iter().flat_map(|run| sequences(run)).collect();
        assert_eq!(ours.len(), left.len(), "{topic}: every sequence runs");
        left = left
            .iter()
            .zip(&ours)
            .filter(|(kernel, ours)| {
                let mut differs = false;
                for difference in compare(kernel, ours) {
                    if let Some(excuse) = excuses.iter().find(|excuse| excuse.covers(&difference)) {
                        used.insert(excuse.text.clone());
                        continue;
                    }
                    differs = true;
                    let Difference { sequence, call, kernel, ours } = difference;
                    found += &format!("{sequence}: {call}\n    kernel {kernel}\n    ours   {ours}\n");
                }
                differs
            })
            .map(|(kernel, _)| kernel.clone())
            .collect();
        if left.is_empty() {
            break;
        }
    }
    assert!(left.is_empty(), "{topic}: {} sequences differ\n{found}", left.len());
    let own = |excuse: &&Excuse| excuse.sequence.split('/').next() == Some(topic);
    let unused: Vec<&str> =
        excuses.iter().filter(own).filter(|excuse| !used.contains(&excuse.text)).map(|excuse| &*excuse.text).collect();
    assert!(unused.is_empty(), "differences.txt: no longer needed: {unused:#?}");
}

/// One test for each trace.
macro_rules! traces {
    ($($name:ident),* $(,)?) => {
        const TRACES: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { is_as_recorded(stringify!($name)); })*
    };
}

traces!(addresses, basic, messages, options, peeloff, random1, readiness, shutdown);

#[test]
fn every_trace_has_a_test() {
    let files = fs::read_dir(folder().join("traces")).expect("the traces are there");
    let topics: BTreeSet<String> =
        files.map(|file| file.expect("readable").file_name().to_string_lossy().replace(".txt", "")).collect();
    assert_eq!(topics, TRACES.iter().map(|&name| name.to_owned()).collect());
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text) in [("*", ""), ("a*", "abc"), ("a*c", "abc"), ("*b*", "abc"), ("a*b*c", "aXbYc")] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a", "ab"), ("a*d", "abc"), ("*x*", "abc"), ("a*b*c", "acb")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
