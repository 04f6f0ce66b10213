//! Random schedules: whatever the peer acknowledges and the network loses, the sums hold, and an honest peer gets all.

use proptest::prelude::*;
use usctp_wire::GapBlock;

use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Send {
        len: usize,
        wish: Option<u8>,
        unordered: bool,
        lifetime: Option<u64>,
    },
    /// Drains packets; bit n of the mask says whether the n-th chunk (modulo 64) arrives.
    Transmit {
        arrives: u64,
    },
    /// A SACK of what has arrived; `forget`: the peer reneges on some of what gap blocks acknowledged.
    Sack {
        a_rwnd: u32,
        forget: bool,
    },
    /// An old or broken SACK.
    Nonsense {
        cumulative: u32,
        blocks: Vec<(u16, u16)>,
    },
    Timer,
    Fail(u8),
    Revive(u8),
    TooBig(u8, u32),
    Pass(u64),
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6000usize, prop::option::of(0..3u8), any::<bool>(), prop::option::of(0..10_000u64))
            .prop_map(|(len, wish, unordered, lifetime)| Step::Send { len, wish, unordered, lifetime }),
        6 => any::<u64>().prop_map(|arrives| Step::Transmit { arrives }),
        2 => Just(Step::Transmit { arrives: u64::MAX }),
        6 => (prop_oneof![Just(0), 0..5000u32, Just(100_000)], prop::bool::weighted(0.1))
            .prop_map(|(a_rwnd, forget)| Step::Sack { a_rwnd, forget }),
        2 => (0..40u32, prop::collection::vec((0..50u16, 0..50u16), 0..6))
            .prop_map(|(cumulative, blocks)| Step::Nonsense { cumulative, blocks }),
        3 => Just(Step::Timer),
        1 => (0..3u8).prop_map(Step::Fail),
        1 => (0..3u8).prop_map(Step::Revive),
        1 => (0..3u8, 0..1600u32).prop_map(|(path, mtu)| Step::TooBig(path, mtu)),
        2 => (0..5000u64).prop_map(Step::Pass),
        1 => Just(Step::Shutdown),
    ]
}

/// The receiving end: which TSNs (counted from the first) have arrived.
#[derive(Default)]
struct Receiver {
    cumulative: u32,
    arrived: std::collections::BTreeSet<u32>,
}

impl Receiver {
    fn receive(&mut self, tsn: u32) {
        if tsn >= self.cumulative {
            self.arrived.insert(tsn);
        }
        while self.arrived.remove(&self.cumulative) {
            self.cumulative += 1;
        }
    }

    fn gaps(&self) -> Vec<(u32, u32)> {
        let mut gaps: Vec<(u32, u32)> = Vec::new();
        for &tsn in &self.arrived {
            match gaps.last_mut() {
                Some((_, last)) if *last + 1 == tsn => *last = tsn,
                _ => gaps.push((tsn, tsn)),
            }
        }
        gaps
    }
}

fn perform(rig: &mut Rig, receiver: &mut Receiver, step: Step) {
    match step {
        Step::Send { len, wish, unordered, lifetime } => {
            let expires = lifetime.map(|milliseconds| rig.now + Duration::from_millis(milliseconds));
            let message = OutgoingMessage { unordered, expires, ..Rig::message(len) };
            rig.send_message(message, wish.map(PathId));
        }
        Step::Transmit { arrives } => {
            for (n, tsn) in rig.tsns().into_iter().enumerate() {
                if arrives & (1 << (n % 64)) != 0 {
                    receiver.receive(tsn);
                }
            }
        }
        Step::Sack { a_rwnd, forget } => {
            if forget {
                receiver.arrived.pop_last();
            }
            rig.sack_with(receiver.cumulative, &receiver.gaps(), a_rwnd);
        }
        Step::Nonsense { cumulative, blocks } => nonsense(rig, receiver, cumulative, &blocks),
        Step::Timer => timers(rig),
        Step::Fail(id) => {
            if rig.path(id).failover.fail().is_some() {
                rig.out.on_path_failed(PathId(id), &mut rig.paths);
            }
        }
        Step::Revive(id) => drop(rig.path(id).on_success()),
        Step::TooBig(id, mtu) => {
            let now = rig.now;
            if rig.path(id).too_big(now, mtu) {
                rig.out.on_packet_too_big(PathId(id), &mut rig.paths);
            }
        }
        Step::Pass(milliseconds) => rig.pass(Duration::from_millis(milliseconds)),
        Step::Shutdown => {
            let cumulative = INITIAL.plus(receiver.cumulative).previous();
            rig.out.handle_shutdown(rig.now, cumulative, &mut rig.paths, &rig.config).unwrap();
        }
    }
    rig.check();
}

/// A SACK with a cumulative TSN that is not above what has arrived, and any gap blocks. What it acknowledges above that is
/// a lie, which the peer takes back with its next honest SACK.
fn nonsense(rig: &mut Rig, receiver: &Receiver, cumulative: u32, blocks: &[(u16, u16)]) {
    let blocks: Vec<_> = blocks.iter().map(|&(start, end)| GapBlock { start, end }).collect();
    let cumulative = INITIAL.plus(cumulative.min(receiver.cumulative)).previous();
    rig.sack_raw(cumulative, 100_000, &blocks).unwrap();
    let unsent = rig.out.next_tsn();
    assert!(rig.sack_raw(unsent, 0, &[]).is_err());
}

/// Lets the earliest timer run out.
fn timers(rig: &mut Rig) {
    let next = earliest([rig.out.next_timeout(), rig.paths.next_timeout()]);
    let Some(next) = next else { return };
    rig.now = rig.now.max(next);
    rig.out.handle_timeout(rig.now, &mut rig.paths);
    for id in 0..3 {
        rig.out.handle_t3(rig.now, PathId(id), &mut rig.paths, &rig.config);
        let now = rig.now;
        rig.path(id).mtu.handle_timeout(now);
    }
}

/// From now on nothing is lost and the peer is honest: everything arrives.
fn finish(rig: &mut Rig, receiver: &mut Receiver) {
    for _ in 0..2000 {
        if rig.out.is_empty() {
            break;
        }
        perform(rig, receiver, Step::Transmit { arrives: u64::MAX });
        perform(rig, receiver, Step::Sack { a_rwnd: 100_000, forget: false });
        if rig.out.next_data_path(rig.now, &mut rig.paths, &rig.config).is_none() {
            perform(rig, receiver, Step::Timer);
        }
    }
    assert!(rig.out.is_empty(), "{:?}", rig.out);
    assert_eq!(rig.out.buffered(), 0);
    assert_eq!(rig.out.queue.octets(), 0);
    for (_, path) in rig.paths.iter() {
        assert_eq!((path.flight, path.to_retransmit, path.t3.is_running()), (0, 0, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_sums_hold_and_everything_arrives(
        steps in prop::collection::vec(step(), 0..150),
        paths in 3..4u8,
        no_delay in any::<bool>(),
        max_burst in 0..5u32,
        overhead in prop_oneof![Just(0), Just(300u32)],
    ) {
        let mut rig = Rig::with(paths, 50_000);
        rig.config.no_delay = no_delay;
        rig.config.max_burst = max_burst;
        rig.out.set_overhead(overhead);
        let mut receiver = Receiver::default();
        let mut charged = 0;
        let mut released = 0;
        for step in steps {
            if let Step::Send { len, .. } = step {
                charged += rig.out.send_charge(len, rig.paths.fragmentation_point(&rig.config));
            }
            perform(&mut rig, &mut receiver, step);
        }
        finish(&mut rig, &mut receiver);
        for outcome in rig.outcomes() {
            if let OutboundOutcome::SendSpace { released: octets } = outcome {
                released += octets;
            }
        }
        prop_assert_eq!(released, charged);
    }
}
