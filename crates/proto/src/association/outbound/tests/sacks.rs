//! Acknowledgements: cumulative, by gaps, stale, malformed, taken back; fast retransmit and recovery.

use usctp_wire::GapBlock;

use super::*;
use crate::fault::PeerFault;

/// Chunks 0 to 9 in flight, each of 1000 octets, in a window that holds them.
fn in_flight() -> Rig {
    let mut rig = Rig::new();
    rig.path(0).congestion = wide(20_000);
    for _ in 0..10 {
        rig.send(1000);
    }
    assert_eq!(rig.tsns(), (0..10).collect::<Vec<_>>());
    rig
}

#[test]
fn the_cumulative_tsn_releases_what_gap_blocks_do_not() {
    let mut rig = in_flight();
    let outcome = rig.sack(0, &[(2, 4)]);
    assert!(outcome.newly_acknowledged && !outcome.cumulative_advanced);
    assert_eq!((rig.out.buffered(), rig.out.unacknowledged_chunks()), (10_000, 10));
    rig.sack(3, &[(4, 4)]);
    assert_eq!((rig.out.buffered(), rig.out.unacknowledged_chunks()), (7000, 7));
    rig.sack(10, &[]);
    assert_eq!((rig.out.buffered(), rig.out.has_outstanding()), (0, false));
}

#[test]
fn a_stale_sack_changes_nothing() {
    let mut rig = in_flight();
    rig.sack(5, &[]);
    let outcome = rig.sack_with(3, &[], 0);
    assert!(outcome.stale);
    assert!(rig.out.peer_rwnd() > 0);
}

#[test]
fn acknowledging_what_was_never_sent_is_a_fault() {
    let mut rig = in_flight();
    let beyond = INITIAL.plus(10);
    assert_eq!(rig.sack_raw(beyond, 1000, &[]).unwrap_err(), PeerFault::AcknowledgedUnsent(beyond));
    assert_eq!(rig.out.unacknowledged_chunks(), 10);
}

#[test]
fn gap_blocks_beyond_what_was_sent_are_cut_and_senseless_ones_ignored() {
    let mut rig = in_flight();
    let blocks = [(0, 0), (9, 3), (8, u16::MAX), (4, 6), (5, 9)].map(|(start, end)| GapBlock { start, end });
    rig.sack_raw(INITIAL.previous(), 100_000, &blocks).unwrap();
    assert_eq!(rig.out.in_flight.outstanding_chunks(), 3);
    assert_eq!(rig.out.unacknowledged_chunks(), 10);
}

#[test]
fn the_third_report_repeats_a_missing_chunk_at_once_and_halves_the_window() {
    let mut rig = in_flight();
    let before = rig.cwnd(0);
    assert_eq!(rig.sack(0, &[(1, 1)]).fast_retransmit, 0);
    assert_eq!(rig.sack(0, &[(1, 2)]).fast_retransmit, 0);
    assert!(rig.tsns().is_empty());
    assert_eq!(rig.sack(0, &[(1, 3)]).fast_retransmit, 1);
    assert_eq!(rig.cwnd(0), (before / 2).max(4 * 1468));
    assert_eq!(rig.tsns(), [0]);
    for last in 4..9 {
        assert_eq!(rig.sack(0, &[(1, last)]).fast_retransmit, 0, "a second time only T3-rtx repeats it");
    }
    assert!(rig.tsns().is_empty());
}

#[test]
fn the_same_sack_again_is_no_further_report() {
    let mut rig = in_flight();
    for _ in 0..10 {
        assert_eq!(rig.sack(0, &[(1, 1)]).fast_retransmit, 0);
    }
}

#[test]
fn only_chunks_below_the_highest_newly_acknowledged_are_missing() {
    let mut rig = in_flight();
    rig.sack(0, &[(6, 6)]);
    // 1 and 2 arrive late: that tells of 0 only.
    rig.sack(0, &[(1, 1), (6, 6)]);
    let outcome = rig.sack(0, &[(1, 2), (6, 6)]);
    assert_eq!(outcome.fast_retransmit, 1);
    assert_eq!(rig.tsns(), [0]);
    let misses = [3, 4, 5].map(|index| rig.out.in_flight.chunk(index).unwrap().misses);
    assert_eq!(misses, [1, 1, 1]);
}

#[test]
fn one_window_is_cut_once_and_recovery_ends_with_it() {
    let mut rig = in_flight();
    for last in 2..5 {
        rig.sack(0, &[(1, 1), (3, last)]);
    }
    let cut = rig.cwnd(0);
    assert_eq!(rig.tsns(), [0]);
    // Chunk 2 has been missed twice; the third report comes while recovering.
    let outcome = rig.sack(0, &[(1, 1), (3, 5)]);
    assert_eq!(rig.out.counters().fast_retransmitted, 2, "{outcome:?}");
    assert_eq!(rig.cwnd(0), cut);
    assert_eq!(rig.tsns(), [2]);
    assert!(rig.out.recovery.is_some());
    rig.sack(9, &[]);
    assert!(rig.out.recovery.is_some());
    rig.sack(10, &[]);
    assert!(rig.out.recovery.is_none());
    assert_eq!(rig.cwnd(0), cut, "nothing grows while recovering");
}

#[test]
fn while_recovering_an_advance_reports_all_missing_chunks() {
    let mut rig = in_flight();
    for last in 3..6 {
        rig.sack(0, &[(1, last)]);
    }
    assert_eq!(rig.tsns(), [0]);
    rig.sack(0, &[(1, 5), (7, 7)]);
    // The repetition arrives: the cumulative TSN goes on, but nothing above 6 is newly acknowledged.
    rig.sack(6, &[(7, 7)]);
    assert!(rig.out.recovery.is_some());
    assert_eq!(rig.out.in_flight.chunk(0).unwrap().misses, 2);
}

#[test]
fn a_peer_may_take_back_what_only_gap_blocks_acknowledged() {
    let mut rig = in_flight();
    rig.sack(0, &[(1, 9)]);
    assert_eq!(rig.path(0).flight, 1016);
    rig.sack(0, &[(1, 4)]);
    assert_eq!(rig.path(0).flight, 6 * 1016);
    let grown = rig.cwnd(0);
    let again = rig.sack(0, &[(1, 9)]);
    assert!(!again.newly_acknowledged, "acknowledged before");
    assert_eq!(rig.cwnd(0), grown);
    // Taken back three times: lost.
    for _ in 0..3 {
        rig.sack(0, &[(1, 8)]);
        rig.sack(0, &[(1, 9)]);
    }
    rig.sack(0, &[(1, 8)]);
    assert!(rig.out.in_flight.chunk(9).unwrap().misses >= 1);
}

#[test]
fn reneging_on_everything_starts_the_timer_again() {
    let mut rig = Rig::new();
    rig.send(100);
    rig.send(100);
    rig.packets();
    rig.sack(0, &[(0, 1)]);
    assert!(!rig.path(0).t3.is_running());
    rig.sack(0, &[]);
    assert!(rig.path(0).t3.is_running());
}

#[test]
fn the_window_counts_what_is_on_its_way() {
    let mut rig = in_flight();
    rig.sack_with(2, &[(4, 5)], 10_000);
    assert_eq!(rig.out.peer_rwnd(), 10_000 - 6000);
    rig.sack_with(2, &[(4, 5)], 100);
    assert_eq!(rig.out.peer_rwnd(), 0);
}

#[test]
fn what_was_acknowledged_before_a_repetition_says_nothing_about_it() {
    let mut rig = in_flight();
    rig.run_out(0);
    assert_eq!(rig.tsns(), [0], "one packet");
    // Late news of the first transmissions: 1 to 4 had arrived.
    for last in 1..5 {
        assert_eq!(rig.sack(0, &[(1, last)]).fast_retransmit, 0);
    }
}

#[test]
fn a_round_trip_is_measured_once_and_never_with_a_repetition() {
    let mut rig = in_flight();
    let rtt = Duration::from_millis(1500);
    rig.pass(rtt);
    rig.sack(1, &[]);
    assert_eq!(rig.path(0).rtt.srtt(), rtt);
    rig.pass(rtt);
    rig.sack(9, &[]);
    assert_eq!(rig.path(0).rtt.srtt(), rtt, "one measurement per round trip");
    rig.run_out(0);
    rig.packets();
    rig.pass(Duration::from_millis(1));
    rig.sack(10, &[]);
    assert_eq!(rig.path(0).rtt.srtt(), rtt, "Karn");
}

#[test]
fn duplicates_are_counted() {
    let mut rig = in_flight();
    let duplicates = [INITIAL; 3];
    let sack =
        Sack { cumulative: INITIAL, a_rwnd: 1000, gaps: GapBlocks::NONE, duplicates: Duplicates::Values(&duplicates) };
    rig.out.handle_sack(rig.now, &sack, &mut rig.paths, &rig.config).unwrap();
    assert_eq!(rig.out.counters().duplicates_reported, 3);
}

#[test]
fn a_shutdown_acknowledges_but_neither_moves_gaps_nor_the_window() {
    let mut rig = in_flight();
    rig.sack_with(0, &[(4, 5)], 50_000);
    rig.out.handle_shutdown(rig.now, INITIAL.plus(1), &mut rig.paths, &rig.config).unwrap();
    rig.check();
    assert_eq!(rig.out.unacknowledged_chunks(), 8);
    assert_eq!(rig.out.in_flight.outstanding_chunks(), 6);
    let ahead = rig.out.handle_shutdown(rig.now, INITIAL.plus(99), &mut rig.paths, &rig.config);
    assert!(ahead.is_err());
}

#[test]
fn the_window_grows_only_while_it_is_full() {
    let mut rig = Rig::new();
    rig.send(1000);
    rig.packets();
    rig.sack(1, &[]);
    assert_eq!(rig.cwnd(0), 4380);
    rig.send(10_000);
    rig.packets();
    rig.pass(Duration::from_millis(1));
    rig.sack(3, &[]);
    assert_eq!(rig.cwnd(0), 4380 + 1468);
}

#[test]
fn split_acknowledgements_gain_nothing() {
    let mut rig = Rig::new();
    for _ in 0..44 {
        rig.send(84);
    }
    rig.packets();
    let before = rig.cwnd(0);
    for cumulative in 1..=44 {
        rig.pass(Duration::from_micros(1));
        rig.sack(cumulative, &[]);
    }
    assert!(rig.cwnd(0) - before <= 1468);
}
