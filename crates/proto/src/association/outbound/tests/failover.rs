//! Several paths: choice, failure, removal.

use super::*;
use crate::PathChange;

fn paths_of(packets: &[Vec<Sent>]) -> Vec<u8> {
    packets.iter().flatten().map(|sent| sent.path).collect()
}

#[test]
fn data_takes_the_primary_or_the_path_that_the_program_wishes() {
    let mut rig = Rig::with(2, 1_000_000);
    rig.send(10);
    rig.send_message(Rig::message(10), Some(PathId(1)));
    assert_eq!(paths_of(&rig.packets()), [0, 1]);
    assert!(rig.path(0).t3.is_running() && rig.path(1).t3.is_running());
}

#[test]
fn a_chunk_that_timed_out_is_repeated_on_another_path() {
    let mut rig = Rig::with(2, 1_000_000);
    rig.send(3000);
    rig.packets();
    rig.run_out(0);
    let packets = rig.packets();
    assert_eq!(paths_of(&packets), [1, 1, 1], "as far as that path's window goes");
    assert!(!rig.path(0).t3.is_running());
    assert_eq!((rig.cwnd(0), rig.cwnd(1)), (1468, 4380));
    let outcome = rig.sack(3, &[]);
    assert!(outcome.path_changes.is_empty());
    assert_eq!(rig.path(0).error_count(), 1, "the acknowledgement is the other path's");
}

#[test]
fn a_fast_retransmission_stays_on_its_path() {
    let mut rig = Rig::with(2, 1_000_000);
    for _ in 0..6 {
        rig.send(100);
    }
    rig.packets();
    for last in 1..4 {
        rig.sack(0, &[(1, last)]);
    }
    assert_eq!(paths_of(&rig.packets()), [0]);
}

#[test]
fn when_a_path_fails_what_is_on_its_way_moves() {
    let mut rig = Rig::with(3, 1_000_000);
    rig.send(3000);
    rig.packets();
    assert_eq!(rig.path(0).failover.fail(), Some(PathChange::Unreachable));
    rig.out.on_path_failed(PathId(0), &mut rig.paths);
    rig.check();
    assert_eq!(paths_of(&rig.packets()), [1, 1, 1]);
}

#[test]
fn what_waits_to_be_repeated_on_a_path_that_fails_moves_on() {
    let mut rig = Rig::with(3, 1_000_000);
    rig.send(3000);
    rig.packets();
    rig.run_out(0);
    assert_eq!(rig.path(1).to_retransmit, 3);
    rig.path(1).failover.fail();
    rig.out.on_path_failed(PathId(1), &mut rig.paths);
    rig.check();
    let packets = rig.packets();
    assert!(paths_of(&packets).iter().all(|&path| path == 2), "{packets:?}");
}

#[test]
fn a_removed_path_leaves_nothing_behind() {
    let mut rig = Rig::with(2, 1_000_000);
    rig.send_message(Rig::message(10), Some(PathId(1)));
    rig.packets();
    rig.send_message(Rig::message(10), Some(PathId(1)));
    rig.out.on_path_removed(PathId(1), &mut rig.paths);
    rig.paths.remove(PathId(1));
    rig.check();
    let sent = rig.packets();
    assert_eq!(paths_of(&sent), [0, 0]);
    rig.sack(2, &[]);
    assert!(rig.out.is_empty());
}

#[test]
fn the_primary_is_left_while_it_does_not_work_even_if_only_the_other_is_inactive_too() {
    let mut rig = Rig::with(2, 1_000_000);
    rig.path(0).failover.fail();
    rig.path(1).failover.fail();
    rig.send(10);
    assert_eq!(paths_of(&rig.packets()), [0]);
    rig.run_out(0);
    assert_eq!(paths_of(&rig.packets()), [1], "all are tried in turn");
    rig.run_out(1);
    assert_eq!(paths_of(&rig.packets()), [0]);
}
