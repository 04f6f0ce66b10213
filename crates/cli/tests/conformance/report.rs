//! What a program of cases has to report, read from its source, and what it did report.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Where Linux and RFC 6458 differ, cases belong to one of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Personality {
    Linux,
    Rfc,
}

impl Personality {
    /// What `--personality` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Rfc => "rfc",
        }
    }
}

/// Checks that all cases of `source` that belong to the personality have reported `ok`, and nothing else was said.
pub(crate) fn check(source: &str, personality: Personality, printed: &str) -> Result<(), String> {
    let expected = cases(source, personality);
    let mut complaint = String::new();
    if expected.is_empty() {
        complaint.push_str("the program has no cases\n");
    }
    let mut passed = BTreeSet::new();
    for line in printed.lines() {
        match line.strip_prefix("ok ") {
            Some(case) => drop(passed.insert(case.to_owned())),
            None => drop(writeln!(complaint, "{line}")),
        }
    }
    for case in expected.symmetric_difference(&passed) {
        let what = if passed.contains(case) { "is not in the source" } else { "did not pass" };
        let _ = writeln!(complaint, "{what}: {case}");
    }
    if complaint.is_empty() { Ok(()) } else { Err(complaint) }
}

/// The cases of a source: `IDS text`.
fn cases(source: &str, personality: Personality) -> BTreeSet<String> {
    let other = match personality {
        Personality::Linux => "RFC_CASE(",
        Personality::Rfc => "LINUX_CASE(",
    };
    let mut found = BTreeSet::new();
    for line in source.lines() {
        let line = line.trim_start();
        let Some((_, arguments)) = line.split_once("CASE(\"").filter(|(name, _)| name.len() <= "LINUX_".len()) else {
            continue;
        };
        if line.starts_with(other) {
            continue;
        }
        let mut strings = arguments.split('"');
        if let (Some(ids), Some(text)) = (strings.next(), strings.nth(1)) {
            found.insert(format!("{ids} {text}"));
        }
    }
    found
}

#[test]
fn a_case_that_fails_or_says_nothing_is_told() {
    let source = "CASE(\"X1-1\", \"one\") {\n\tLINUX_CASE(\"X1-2 X1-3\", \"two\") {\n RFC_CASE(\"X1-2\", \"three\") {";
    assert_eq!(check(source, Personality::Linux, "ok X1-1 one\nok X1-2 X1-3 two\n"), Ok(()));
    assert_eq!(check(source, Personality::Rfc, "ok X1-1 one\nok X1-2 three\n"), Ok(()));
    let missing = check(source, Personality::Rfc, "ok X1-1 one\n").unwrap_err();
    assert_eq!(missing, "did not pass: X1-2 three\n");
    let failed = check(source, Personality::Rfc, "ok X1-1 one\nnot ok X1-2 three: d.c:1 x\n").unwrap_err();
    assert_eq!(failed, "not ok X1-2 three: d.c:1 x\ndid not pass: X1-2 three\n");
    assert!(check(source, Personality::Rfc, "ok X1-1 one\nok X1-2 three\nok X1-9 x\n").is_err());
    assert_eq!(check("", Personality::Rfc, "").unwrap_err(), "the program has no cases\n");
}
