//! How fast ten megabytes go, for several delays and losses: a change of congestion control shows as a difference here.

use std::{fmt::Write, time::Duration};

use usctp_netsim::{Impairment, LinkConfig, Loss};

use crate::pair::{A, Pair, Settings, pattern};

const OCTETS: usize = 10_000_000;

/// Octets per second, retransmitted chunks and timeouts, over a link of 100 Mbit/s with a queue of its own product.
fn run(delay: u64, loss: f64) -> (f64, u64, u64) {
    let link = LinkConfig {
        delay: Duration::from_millis(delay),
        rate: 12_500_000,
        queue: 12_500 * (2 * delay).max(20),
        impairment: Impairment {
            loss: if loss > 0.0 { Loss::Random(loss) } else { Loss::None },
            ..Impairment::default()
        },
        ..LinkConfig::default()
    };
    let settings = Settings { logged: 100, ..Settings::with_links(1, link) }.configured(|config| {
        config.receive_buffer = 4_000_000;
        config.rto_min = Duration::from_millis(200);
    });
    let mut pair = Pair::connected(settings);
    let began = pair.now;
    for _ in 0..OCTETS / 50_000 {
        pair.send(A, 0, pattern(50_000));
    }
    pair.run_until_acknowledged();
    let counters = pair.status(A).counters;
    let rate = OCTETS as f64 / (pair.now - began).as_secs_f64();
    (rate, counters.retransmitted_chunks, counters.timeouts)
}

#[test]
fn throughput_for_delay_and_loss() {
    let mut table = String::from("delay  loss   Mbit/s  retransmitted  timeouts\n");
    for delay in [1, 10, 50] {
        for loss in [0.0, 0.0001, 0.001, 0.01] {
            let (rate, retransmitted, timeouts) = run(delay, loss);
            let rate = rate * 8.0 / 1e6;
            writeln!(table, "{delay:3} ms {loss:6.4} {rate:7.2} {retransmitted:14} {timeouts:9}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
