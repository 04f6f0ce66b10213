//! Programs of Debian's, unmodified, and the draft's own.

mod object;
mod world;

use world::{World, compile, is_there};

#[test]
fn the_drafts_one_to_one_server_echoes() {
    let server = compile("examples/draft-10/appendix_a.c", &["-DECHO_PORT=5001"]);
    let client = compile("crates/capi/tests/c/stream_echo.c", &[]);
    for world in World::both_links() {
        let said = world.with("SERVER", &server).with("CLIENT", &client).script(
            "run stdbuf -oL \"$SERVER\" > said & server=$!
             waits eval 'run \"$CLIENT\" client 2>/dev/null'
             sleep 0.3; kill $server; cat said",
        );
        // It asks for notifications only once it has accepted. (Members that it leaves as they are ask for more of them,
        // of which it says "unknown type".)
        assert!(said.contains("^^^ shutdown event\n"), "{said}");
    }
}

#[test]
fn the_drafts_one_to_many_server_echoes_and_closes_what_is_idle() {
    let server = compile("examples/draft-10/appendix_b.c", &["-DECHO_PORT=5001"]);
    let client = compile("crates/capi/tests/c/stream_echo.c", &[]);
    for world in World::both_links() {
        let said = world.with("SERVER", &server).with("CLIENT", &client).script(
            "run stdbuf -oL \"$SERVER\" > said & server=$!
             waits eval 'run \"$CLIENT\" client 2>/dev/null'
             # A client that stays, and says nothing: it is sent away after 2 s.
             begun=$(date +%s%N)
             run ncat --sctp \"$ADDRESS\" 5001 < <(sleep 10)
             echo idle for $(( ($(date +%s%N) - begun) / 1000000000 ))
             kill $server; cat said",
        );
        assert!(said.contains("^^^ assoc_change: state=0,"), "{said}");
        assert!(said.contains("^^^ shutdown event\n"), "{said}");
        assert!(said.contains("idle for 2") || said.contains("idle for 3"), "{said}");
    }
}

#[test]
fn iperf3_transfers_both_ways() {
    if !is_there("iperf3") {
        return;
    }
    for world in World::both_links() {
        // --nstreams switches iperf3 3.12 to 1 Mbit/s, as for UDP; -b 0 lifts that.
        for arguments in ["", "-R", "-P 4", "-P 4 -R --nstreams 8 -b 0"] {
            let said = world.clone().with("ARGUMENTS", arguments).script(
                "run iperf3 -s -1 --forceflush -B 127.0.0.2 > served & server=$!
                 waits grep -q listening served
                 run iperf3 --sctp -c 127.0.0.2 -t 1 $ARGUMENTS || exit 1
                 wait $server",
            );
            let received = said.lines().rfind(|line| line.contains("receiver")).unwrap_or_else(|| panic!("{said}"));
            assert!(received.contains("MBytes") || received.contains("GBytes"), "{arguments}: {said}");
        }
    }
}

#[test]
fn socat_carries_a_file_both_ways() {
    if !is_there("socat") {
        return;
    }
    for world in World::both_links() {
        world.script(
            "head -c 8000000 /dev/urandom > in
             run socat -u SCTP-LISTEN:7000,bind=127.0.0.3 OPEN:out,creat,trunc & server=$!
             waits eval 'run socat -u OPEN:in SCTP-CONNECT:127.0.0.3:7000 2>/dev/null'
             wait $server && cmp in out || exit 1
             run socat -u OPEN:in SCTP-LISTEN:7001,bind=127.0.0.3 & server=$!
             waits eval 'run socat -u SCTP-CONNECT:127.0.0.3:7001 OPEN:out,creat,trunc 2>/dev/null'
             wait $server; cmp in out",
        );
    }
}

#[test]
fn ncat_talks() {
    if !is_there("ncat") {
        return;
    }
    for world in World::both_links() {
        // SCTP has no half-close: both keep their standard input open.
        let said = world.script(
            "sleep 5 | run ncat --sctp -l 127.0.0.4 7001 > heard &
             sleep 0.5
             (echo from the client; sleep 1) | run ncat --sctp 127.0.0.4 7001
             cat heard",
        );
        assert_eq!(said, "from the client\n");
    }
}

#[test]
fn sctp_test_sends_and_receives() {
    if !is_there("sctp_test") {
        return;
    }
    for world in World::both_links() {
        let said = world.script(
            "run sctp_test -H 127.0.0.7 -P 7004 -l > heard 2>&1 & server=$!
             sleep 0.3
             run sctp_test -H 127.0.0.8 -P 7005 -h 127.0.0.7 -p 7004 -s -x 20 2>&1 || exit 1
             sleep 0.3; kill $server; cat heard",
        );
        assert!(said.contains("COMM_UP") || said.contains("Data 1 bytes"), "{said}");
    }
}

#[test]
fn sctp_darn_sends_and_receives() {
    if !is_there("sctp_darn") {
        return;
    }
    for world in World::both_links() {
        let said = world.script(
            "run stdbuf -oL sctp_darn -H 127.0.0.5 -P 7002 -l > heard 2>&1 & server=$!
             sleep 0.3
             (echo a line of text; sleep 0.5) | run sctp_darn -H 127.0.0.6 -P 7003 -h 127.0.0.5 -p 7002 -s
             sleep 0.3; kill $server; cat heard",
        );
        assert!(said.contains("a line of text"), "{said}");
    }
}

#[test]
fn python_serves_with_selectors_and_starts_programs_meanwhile() {
    if !is_there("python3") {
        return;
    }
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/echo.py");
    for world in World::all() {
        let said = world.with("PROGRAM", program).script("run python3 \"$PROGRAM\"");
        assert!(said.ends_with("all came back\n"), "{said}");
    }
}
