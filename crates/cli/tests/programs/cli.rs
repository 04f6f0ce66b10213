//! `usctp` itself: what it sets, what it refuses, and that it gets out of the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};

use std::time::Duration;

use crate::world::{Family, Link, World, root, usctp};

fn usctp_output(arguments: &[&str]) -> Output {
    Command::new(usctp()).args(arguments).env_remove("LD_PRELOAD").output().expect("usctp starts")
}

/// The only line that `usctp` wrote to standard error, and its status.
fn refusal(arguments: &[&str]) -> (String, Option<i32>) {
    let output = usctp_output(arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    assert!(output.stdout.is_empty());
    (text, output.status.code())
}

#[test]
fn the_exit_status_is_the_programs_own() {
    assert_eq!(usctp_output(&["run", "--", "sh", "-c", "exit 42"]).status.code(), Some(42));
    assert_eq!(usctp_output(&["run", "sh", "-c", "kill -TERM $$"]).status.signal(), Some(15));
}

#[test]
fn a_program_without_sctp_notices_nothing() {
    let output =
        usctp_output(&["run", "--log", "trace", "--", "sh", "-c", "echo out; echo err >&2; ls /proc/$$/task | wc -l"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n1\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "err\n");
}

#[test]
fn the_printed_variables_are_those_that_the_program_gets() {
    let flags =
        ["--link", "udp", "--udp-port", "7000", "--udp-peer-port", "7001", "--log", "info", "--exit-timeout", "2.5"];
    let printed = usctp_output(&[&["run", "--print-env"], &flags[..]].concat());
    let printed = String::from_utf8(printed.stdout).expect("UTF-8");
    let given = usctp_output(&[&["run"], &flags[..], &["--", "env"]].concat());
    let given = String::from_utf8(given.stdout).expect("UTF-8");
    assert_eq!(printed.lines().count(), 6, "{printed}");
    for line in printed.lines() {
        assert!(given.lines().any(|other| other == line), "{line} is missing in\n{given}");
    }
    assert!(printed.contains("USCTP_LINK=udp\nUSCTP_UDP_PORT=7000\nUSCTP_UDP_PEER_PORT=7001\n"), "{printed}");
}

#[test]
fn bad_values_are_answered_in_one_line_that_names_the_good_ones() {
    for (arguments, allowed) in [
        (&["run", "--link", "tcp", "--", "true"][..], "raw, udp, auto"),
        (&["run", "--udp-port", "0", "--", "true"], "1..=65535"),
        (&["run", "--udp-peer-port", "65536", "--", "true"], "1..=65535"),
        (&["run", "--log", "loud", "--", "true"], "off, error, warn, info, debug, trace"),
        (&["run", "--exit-timeout", "-1", "--", "true"], "0 to 86400"),
        (&["run", "--pcap", "/", "--", "true"], "name of a file"),
        (&["run"], "<PROGRAM>"),
        (&["wlak"], "wlak"),
    ] {
        let (line, status) = refusal(arguments);
        assert!(line.contains(allowed), "{arguments:?}: {line}");
        assert_eq!(status, Some(2), "{arguments:?}: {line}");
    }
}

#[test]
fn a_program_that_is_missing_or_no_program_is_named() {
    let (line, status) = refusal(&["run", "--", "no-such-program"]);
    assert!(line.contains("no-such-program"), "{line}");
    assert_eq!(status, Some(127));
    let (line, status) = refusal(&["run", "--", "/etc/passwd"]);
    assert!(line.contains("not executable"), "{line}");
    assert_eq!(status, Some(126));
}

#[test]
fn a_static_or_setuid_program_is_refused_with_the_reason() {
    let folder = std::env::temp_dir().join(format!("usctp-static-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary directory takes a folder");
    let (source, program) = (folder.join("static.c"), folder.join("static"));
    fs::write(&source, "int main(void) { return 0; }\n").expect("the folder takes a file");
    let built = Command::new("cc").arg("-static").arg("-o").args([&program, &source]).status().expect("cc runs");
    assert!(built.success());
    let (line, status) = refusal(&["run", "--", program.to_str().expect("UTF-8")]);
    assert!(line.contains("statically linked"), "{line}");
    assert_eq!(status, Some(126));

    // A setuid program of another user; without root nobody can make one.
    if rustix::process::geteuid().is_root() {
        let copy = folder.join("setuid");
        fs::copy("/bin/true", &copy).expect("true is there");
        std::os::unix::fs::chown(&copy, Some(65_534), None).expect("root may");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).expect("root may");
        let (line, status) = refusal(&["run", "--", copy.to_str().expect("UTF-8")]);
        assert!(line.contains("setuid"), "{line}");
        assert_eq!(status, Some(126));
    }
    fs::remove_dir_all(&folder).expect("ours");
}

#[test]
fn a_wrong_variable_in_the_environment_is_told_before_the_program_starts() {
    for (name, value, allowed) in
        [("USCTP_LINK", "carrier-pigeon", "raw, udp, auto"), ("USCTP_UDP_PORT", "x", "1 to 65535")]
    {
        let output = Command::new(usctp()).args(["run", "--", "true"]).env(name, value).output().expect("usctp starts");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(name) && text.contains(allowed) && text.lines().count() == 1, "{text}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_installed_program_finds_the_installed_shared_object() {
    let prefix = std::env::temp_dir().join(format!("usctp-prefix-{}", std::process::id()));
    let installed = Command::new(root().join("install.sh"))
        .arg(&prefix)
        .env("USCTP_TARGET_DIR", usctp().parent().expect("in a folder"))
        .output()
        .expect("the script runs");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let output = Command::new(prefix.join("bin/usctp")).args(["run", "--print-env"]).output().expect("usctp starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let object = fs::canonicalize(prefix.join("lib/usctp/libsctp.so.1")).expect("installed");
    assert_eq!(printed.trim_end(), format!("LD_PRELOAD={}", object.display()));
    assert!(prefix.join("include/usctp/netinet/sctp.h").exists());

    // Programs are built and linked with nothing but what pkg-config says.
    let build = |package: &str, name: &str, source: &str, more: &[&str]| {
        let flags = Command::new("pkg-config")
            .args(["--cflags", "--libs", package])
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .output()
            .expect("pkg-config runs");
        let flags = String::from_utf8(flags.stdout).expect("UTF-8");
        let program = prefix.join(name);
        let built = Command::new("cc")
            .args(["-O2", "-w", "-o"])
            .arg(&program)
            .args(more)
            .arg(root().join(source))
            .args(flags.split_whitespace())
            .output()
            .expect("cc runs");
        assert!(built.status.success(), "{flags}: {}", String::from_utf8_lossy(&built.stderr));
        program
    };
    build("usctp", "client", "examples/draft-10/echo_client.c", &[]);
    // The static library under its prefix, and nothing preloaded: messages go through.
    let prefixed = ["-DBENCH_PREFIX=usctp_", "-DBENCH_INIT=usctp_init", "-DBENCH_HEADER=\"usctp.h\""];
    let bench = build("usctp-static", "bench", "bench/bench_sctp.c", &prefixed);
    if let Some(world) = World::new(Link::Udp, Family::V4) {
        let bench = bench.to_str().expect("UTF-8");
        // Over UDP on the ports that it sets with usctp_init(), and over raw IP.
        for link in [&[][..], &["-e", "0"]] {
            let run = [&[bench, "-m", "bulk", "-s", "1200", "-t", "1", "-w", "0.2"], link].concat();
            let outcome = world.start_plain(&run).finish(Duration::from_secs(40)).success();
            let report: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
            assert_eq!((&report["server"]["stack"], &report["client"]["stack"]), (&"usctp_".into(), &"usctp_".into()));
            assert!(report["msgps"].as_u64() > Some(0), "{report}");
        }
    }
    // A page for each function of the headers.
    let pages: String = fs::read_dir(prefix.join("share/man/man3"))
        .expect("installed")
        .map(|page| fs::read_to_string(page.expect("readable").path()).expect("UTF-8"))
        .collect();
    for header in ["netinet/sctp.h", "usctp.h"] {
        let text = fs::read_to_string(prefix.join("include/usctp").join(header)).expect("installed");
        let word_before = |at: usize| text[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        let called = text.match_indices('(').filter_map(|(at, _)| word_before(at));
        let functions: Vec<_> = called.filter(|name| name.starts_with("sctp_") || name.starts_with("usctp_")).collect();
        // The draft's form of sctp_connectx, behind a macro: nobody writes its name.
        let functions: Vec<_> = functions.into_iter().filter(|name| *name != "usctp_connectx_of_draft").collect();
        assert!(functions.len() > 15, "{functions:?}");
        for name in functions {
            assert!(pages.contains(&format!("Fn {name}")), "no manual page has {name}()");
        }
    }
    fs::remove_dir_all(&prefix).expect("ours");
}
