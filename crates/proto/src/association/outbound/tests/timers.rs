//! T3-rtx, zero window probes, idleness.

use super::*;

#[test]
fn t3_repeats_one_packet_and_the_rest_as_acknowledgements_come() {
    let mut rig = Rig::new();
    rig.send(4000);
    assert_eq!(rig.tsns(), [0, 1, 2]);
    let outcome = rig.run_out(0);
    assert!(outcome.counts_as_error);
    assert_eq!(rig.cwnd(0), 1468);
    assert_eq!(rig.tsns(), [0]);
    assert_eq!(rig.path(0).t3.deadline(), Some(rig.now + 2 * RTO), "backed off");
    rig.sack(1, &[]);
    assert_eq!(rig.tsns(), [1, 2], "slow start");
}

#[test]
fn while_the_window_is_one_packet_a_sack_is_asked_for_at_once() {
    let mut rig = Rig::new();
    rig.send(10);
    rig.packets();
    rig.run_out(0);
    assert!(rig.packets()[0][0].immediate);
}

#[test]
fn the_timer_starts_again_only_when_the_earliest_is_acknowledged() {
    let mut rig = Rig::new();
    rig.send(4000);
    rig.packets();
    let first = rig.path(0).t3.deadline();
    rig.pass(Duration::from_millis(100));
    rig.sack(0, &[(1, 1)]);
    assert_eq!(rig.path(0).t3.deadline(), first);
    rig.sack(1, &[]);
    let rto = rig.path(0).rtt.rto();
    assert_eq!(rig.path(0).t3.deadline(), Some(rig.now + rto), "measured by now");
    rig.sack(3, &[]);
    assert!(!rig.path(0).t3.is_running());
}

#[test]
fn repeating_the_earliest_starts_the_timer_again() {
    let mut rig = Rig::new();
    for _ in 0..8 {
        rig.send(100);
    }
    rig.packets();
    let first = rig.path(0).t3.deadline();
    rig.pass(Duration::from_millis(100));
    for last in 1..4 {
        rig.sack(0, &[(1, last)]);
    }
    assert_eq!(rig.tsns(), [0]);
    let rto = rig.path(0).rtt.rto();
    assert_eq!(rig.path(0).t3.deadline(), Some(rig.now + rto));
    assert_ne!(rig.path(0).t3.deadline(), first);
}

#[test]
fn the_path_fails_when_its_timeouts_exceed_the_limit() {
    let mut rig = Rig::new();
    rig.send(10);
    for _ in 0..5 {
        rig.packets();
        assert_eq!(rig.run_out(0).change, None);
    }
    rig.packets();
    assert_eq!(rig.run_out(0).change, Some(crate::PathChange::Unreachable));
    assert_eq!(rig.tsns(), [0], "the only path is tried on");
    let outcome = rig.sack(1, &[]);
    assert_eq!(outcome.path_changes, [(PathId(0), crate::PathChange::Available)]);
    assert_eq!(rig.path(0).error_count(), 0);
}

#[test]
fn a_closed_window_is_probed_after_an_rto_and_never_counts_as_an_error() {
    let mut rig = Rig::new();
    rig.send(10);
    rig.packets();
    rig.sack_with(1, &[], 0);
    rig.send(100);
    rig.send(100);
    assert!(rig.packets().is_empty());
    let probe = rig.out.next_timeout().unwrap();
    assert_eq!(probe, rig.now + rig.path(0).rtt.rto());
    rig.now = probe;
    rig.out.handle_timeout(rig.now, &mut rig.paths);
    assert_eq!(rig.tsns(), [1], "one chunk");
    let cwnd = rig.cwnd(0);
    let mut wait = Duration::ZERO;
    for _ in 0..20 {
        rig.sack_with(1, &[], 0);
        let sent = rig.now;
        let outcome = rig.run_out(0);
        assert_eq!((outcome.counts_as_error, outcome.change), (false, None));
        assert!(rig.now.saturating_since(sent) >= wait.min(Duration::from_secs(60)));
        wait = rig.now.saturating_since(sent);
        assert_eq!(rig.tsns(), [1]);
    }
    assert_eq!(rig.cwnd(0), cwnd);
    rig.sack_with(2, &[], 1000);
    assert_eq!(rig.tsns(), [2]);
}

#[test]
fn a_probe_that_nobody_answers_is_an_error() {
    let mut rig = Rig::with(1, 0);
    rig.send(100);
    assert!(rig.packets().is_empty());
    rig.now = rig.out.next_timeout().unwrap();
    rig.out.handle_timeout(rig.now, &mut rig.paths);
    assert_eq!(rig.tsns(), [0]);
    assert!(rig.run_out(0).counts_as_error);
}

#[test]
fn several_chunks_lost_at_a_closed_window_are_probed_one_packet_at_a_time() {
    let mut rig = Rig::new();
    rig.send(4000);
    rig.packets();
    rig.sack_with(0, &[], 0);
    rig.run_out(0);
    assert_eq!(rig.tsns(), [0]);
    rig.sack_with(1, &[], 0);
    assert_eq!(rig.tsns(), [1]);
}

#[test]
fn a_window_too_small_for_the_next_chunk_waits_for_what_is_on_its_way() {
    let mut rig = Rig::with(1, 10_000);
    rig.send(1400);
    rig.packets();
    rig.send(1400);
    rig.sack_with(1, &[], 300);
    assert_eq!(rig.tsns(), [1], "nothing is on its way: it goes");
    rig.send(1400);
    assert!(rig.packets().is_empty());
    assert_eq!(rig.out.next_timeout(), None, "T3-rtx watches over what is on its way");
}

#[test]
fn an_idle_path_loses_half_its_window_per_rto() {
    let mut rig = Rig::new();
    let mut acknowledged = 0;
    while rig.cwnd(0) < 30_000 {
        rig.send(40_000);
        acknowledged += rig.tsns().len() as u32;
        rig.pass(Duration::from_millis(1));
        rig.sack(acknowledged, &[]);
    }
    while !rig.out.is_empty() {
        acknowledged += rig.tsns().len() as u32;
        rig.sack(acknowledged, &[]);
    }
    let before = rig.cwnd(0);
    let rto = rig.path(0).rtt.rto();
    rig.pass(rto + rto / 2);
    rig.send(1);
    rig.packets();
    assert_eq!(rig.cwnd(0), before / 2);
    rig.sack(acknowledged + 1, &[]);
    rig.send(1);
    rig.packets();
    assert_eq!(rig.cwnd(0), before / 2, "once");
}

#[test]
fn an_echo_of_congestion_cuts_the_window_once_per_flight() {
    let mut rig = Rig::new();
    rig.send(400_000);
    let mut acknowledged = 0;
    for _ in 0..6 {
        acknowledged += rig.tsns().len() as u32;
        rig.pass(Duration::from_millis(1));
        rig.sack(acknowledged, &[]);
    }
    let sent = rig.tsns();
    let before = rig.cwnd(0);
    let marked = INITIAL.plus(sent[0]);
    assert!(rig.out.on_congestion_echo(marked, &mut rig.paths));
    assert!(!rig.out.on_congestion_echo(marked, &mut rig.paths));
    assert!(!rig.out.on_congestion_echo(marked.next(), &mut rig.paths));
    assert_eq!(rig.cwnd(0), (before / 2).max(4 * 1468));
    assert!(!rig.out.on_congestion_echo(rig.out.next_tsn(), &mut rig.paths), "never sent");
}
