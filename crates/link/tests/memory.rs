//! The memory link.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use usctp_link::{Address, Ecn, IcmpKind, Incoming, Link, LinkId, MemoryHub, MemoryLink, Outgoing, SendOutcome};
use usctp_netsim::{Loss, Seed};

fn address(text: &str) -> Address {
    Address::new(text.parse().expect("an address"), 0)
}

fn outgoing<'a>(destination: &str, packet: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        link: LinkId(0),
        udp_port: None,
        source: None,
        destination: address(destination),
        ecn: Ecn::Ect0,
        dscp: 0,
        flow_label: 0,
        priority: 0,
        interface: 0,
        dont_fragment: true,
        packet,
        segment_size: None,
    }
}

fn hosts(hub: &MemoryHub) -> [MemoryLink; 2] {
    [["10.0.0.1", "2001:db8::1"], ["10.0.0.2", "2001:db8::2"]].map(|own| hub.attach(&own.map(address)))
}

fn send(from: &MemoryLink, packet: Outgoing<'_>) -> SendOutcome {
    let mut outcomes = Vec::new();
    from.send(&[packet], &mut outcomes);
    outcomes[0]
}

fn received(links: &MemoryLink) -> Vec<usize> {
    let mut incoming = Vec::new();
    links.receive(&mut incoming);
    incoming.iter().map(|one| if let Incoming::Packet(packet) = one { packet.packet.len() } else { 0 }).collect()
}

#[test]
fn packets_reach_the_other_host_at_once_and_the_own_one_as_well() {
    let [a, b] = hosts(&MemoryHub::new());
    assert_eq!(send(&a, outgoing("10.0.0.2", &[1; 100])), SendOutcome::Sent);
    assert_eq!(send(&a, Outgoing { segment_size: Some(60), ..outgoing("2001:db8::2", &[1; 100]) }), SendOutcome::Sent);
    assert_eq!(send(&a, outgoing("10.0.0.1", &[1; 20])), SendOutcome::Sent);
    assert_eq!(received(&b), [100, 60, 40]);
    assert_eq!(received(&a), [20]);
    assert!(matches!(send(&a, outgoing("10.0.0.3", &[1; 20])), SendOutcome::Refused(_)));
}

#[test]
fn a_delayed_packet_wakes_its_receiver_when_it_is_due() {
    let hub = MemoryHub::new();
    let [a, b] = hosts(&hub);
    hub.configure(|config| config.delay = Duration::from_millis(30));
    let begun = Instant::now();
    let waiting = thread::spawn(move || {
        b.wait(Some(Duration::from_secs(10)));
        (begun.elapsed(), received(&b))
    });
    thread::park_timeout(Duration::from_millis(5));
    send(&a, outgoing("10.0.0.2", &[1; 100]));
    let (waited, got) = waiting.join().expect("no panic");
    assert_eq!(got, [100]);
    assert!((Duration::from_millis(30)..Duration::from_secs(5)).contains(&waited), "{waited:?}");
}

#[test]
fn a_wait_ends_on_time_or_when_it_is_woken() {
    let [a, _b] = hosts(&MemoryHub::new());
    let begun = Instant::now();
    a.wait(Some(Duration::from_millis(5)));
    assert!(begun.elapsed() >= Duration::from_millis(5));
    a.wake();
    a.wait(None);
}

#[test]
fn losses_come_from_the_seed_and_time_from_the_test() {
    let run = || {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let hub = MemoryHub::with_clock(Seed(7), move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        let [a, b] = hosts(&hub);
        hub.configure(|config| {
            config.delay = Duration::from_millis(20);
            config.impairment.loss = Loss::Random(0.3);
        });
        for len in 12..112 {
            send(&a, outgoing("10.0.0.2", &vec![1; len]));
        }
        assert_eq!(received(&b), [], "still under way");
        assert_eq!(hub.next_arrival(), Some(Duration::from_millis(20)));
        now.store(20, Ordering::Relaxed);
        let mut got = received(&b);
        got.extend(received(&b));
        got
    };
    let got = run();
    assert!((50..90).contains(&got.len()), "{}", got.len());
    assert_eq!(got, run());
}

#[test]
fn what_is_too_big_is_refused_and_what_a_test_filters_is_lost() {
    let hub = MemoryHub::new();
    let [a, b] = hosts(&hub);
    hub.set_mtu(1300);
    assert_eq!(send(&a, outgoing("10.0.0.2", &[1; 1281])), SendOutcome::TooBig { mtu: 1300 });
    assert_eq!(send(&a, Outgoing { dont_fragment: false, ..outgoing("10.0.0.2", &[1; 1281]) }), SendOutcome::Sent);
    hub.set_filter(|packet| packet.packet.len() > 50);
    send(&a, outgoing("10.0.0.2", &[1; 50]));
    send(&a, outgoing("10.0.0.2", &[1; 51]));
    assert_eq!(received(&b), [1281, 51]);
    a.inject_icmp(address("10.0.0.2"), IcmpKind::Unreachable, vec![0; 8].into());
    let mut incoming = Vec::new();
    a.receive(&mut incoming);
    assert!(matches!(&incoming[..], [Incoming::Icmp(icmp)] if icmp.kind == IcmpKind::Unreachable));
}

#[test]
fn addresses_come_and_go() {
    let [a, b] = hosts(&MemoryHub::new());
    b.set_addresses(&[address("10.0.0.3")]);
    assert_eq!(received(&b), [0], "the change is told");
    send(&a, outgoing("10.0.0.3", &[1; 30]));
    assert_eq!(received(&b), [30]);
    assert!(matches!(send(&a, outgoing("10.0.0.2", &[1; 30])), SendOutcome::Refused(_)));
    drop(b);
    send(&a, outgoing("10.0.0.3", &[1; 30]));
}
