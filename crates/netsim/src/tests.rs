use std::net::Ipv4Addr;

use super::*;

#[derive(Clone, Debug, Eq, PartialEq)]
struct Box {
    number: u32,
    octets: usize,
    marked: bool,
    damaged: bool,
}

impl Payload for Box {
    fn octets(&self) -> usize {
        self.octets
    }

    fn mark(&mut self) -> bool {
        self.marked = true;
        true
    }

    fn corrupt(&mut self, _: u64) {
        self.damaged = true;
    }
}

fn numbered(number: u32, octets: usize) -> Box {
    Box { number, octets, marked: false, damaged: false }
}

fn address(net: u8, host: u8) -> IpAddr {
    Ipv4Addr::new(10, net, 0, host).into()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Two hosts, 10.n.0.1 and 10.n.0.2 on each of `links` links.
fn two_hosts(links: u8, config: LinkConfig) -> (Network<Box>, [HostId; 2], Vec<LinkId>) {
    let mut network = Network::new(Seed(1));
    let hosts = [network.add_host(), network.add_host()];
    let join = |net| {
        let a = network.add_interface(hosts[0], address(net, 1), 1500);
        let b = network.add_interface(hosts[1], address(net, 2), 1500);
        network.connect(a, b, config)
    };
    let links = (0..links).map(join).collect();
    (network, hosts, links)
}

fn drain(network: &mut Network<Box>) -> Vec<(Duration, Box)> {
    let packet = |arrival: Arrival<Box>| match arrival.kind {
        ArrivalKind::Packet { packet, .. } => (arrival.at, packet),
        ArrivalKind::TooBig { .. } => panic!("too big"),
    };
    std::iter::from_fn(|| network.poll(Duration::MAX)).map(packet).collect()
}

#[test]
fn packet_arrives_after_the_delay() {
    let (mut network, [a, b], _) = two_hosts(1, LinkConfig::default());
    let fate = network.send(millis(5), a, address(0, 1), address(0, 2), numbered(1, 100));
    assert_eq!(fate, Fate::Carried(vec![millis(15)]));
    assert_eq!(network.next_arrival(), Some(millis(15)));
    assert!(network.poll(millis(14)).is_none());
    assert_eq!(network.poll(millis(15)).map(|arrival| arrival.host), Some(b));
    assert_eq!(network.next_arrival(), None);
}

#[test]
fn rate_spaces_packets_and_the_queue_overflows() {
    let config = LinkConfig { rate: 100_000, queue: 2_000, mark_above: Some(1_000), ..LinkConfig::default() };
    let (mut network, [a, _], _) = two_hosts(1, config);
    let fates: Vec<_> =
        (0..5).map(|n| network.send(millis(0), a, address(0, 1), address(0, 2), numbered(n, 1_000))).collect();
    assert_eq!(fates[0], Fate::Carried(vec![millis(20)]));
    assert_eq!(fates[2], Fate::Carried(vec![millis(40)]));
    assert_eq!(fates[3], Fate::Lost(LossReason::QueueFull));
    let marked: Vec<_> = drain(&mut network).iter().map(|(_, packet)| packet.marked).collect();
    assert_eq!(marked, [false, false, true]);
}

#[test]
fn link_that_is_down_carries_nothing_and_the_other_does() {
    let (mut network, [a, _], links) = two_hosts(2, LinkConfig::default());
    network.send(millis(0), a, address(0, 1), address(0, 2), numbered(1, 100));
    network.set_up(links[0], false);
    let fate = network.send(millis(0), a, address(0, 1), address(0, 2), numbered(2, 100));
    assert_eq!(fate, Fate::Lost(LossReason::LinkDown));
    network.send(millis(0), a, address(0, 1), address(1, 2), numbered(3, 100));
    let arrived: Vec<_> = drain(&mut network).iter().map(|(_, packet)| packet.number).collect();
    assert_eq!(arrived, [3]);
}

#[test]
fn too_big_is_refused_by_the_interface_or_answered_from_further_on() {
    let (mut network, [a, _], links) = two_hosts(1, LinkConfig::default());
    let send = |network: &mut Network<Box>, octets| {
        network.send(millis(0), a, address(0, 1), address(0, 2), numbered(1, octets))
    };
    assert_eq!(send(&mut network, 1_501), Fate::TooBig(1_500));
    network.configure(links[0], |link| link.mtu = 1_000);
    assert_eq!(send(&mut network, 1_001), Fate::Lost(LossReason::TooBig));
    let answer = network.poll(millis(10)).unwrap();
    assert!(matches!(answer.kind, ArrivalKind::TooBig { mtu: 1_000, .. }) && answer.host == a);
    network.configure(links[0], |link| link.tells_too_big = false);
    send(&mut network, 1_001);
    assert_eq!(network.next_arrival(), None);
}

#[test]
fn jitter_keeps_the_order_and_reordering_does_not() {
    let config = LinkConfig { jitter: millis(5), ..LinkConfig::default() };
    let (mut network, [a, _], links) = two_hosts(1, config);
    let run = |network: &mut Network<Box>| {
        for number in 0..100 {
            network.send(millis(u64::from(number)), a, address(0, 1), address(0, 2), numbered(number, 100));
        }
        drain(network).iter().map(|(_, packet)| packet.number).collect::<Vec<_>>()
    };
    assert!(run(&mut network).is_sorted());
    network.configure(links[0], |link| {
        link.impairment = Impairment { reordering: 0.2, held_back: millis(20), ..Impairment::default() };
    });
    assert!(!run(&mut network).is_sorted());
}

#[test]
fn impairments_come_as_often_as_they_should() {
    for loss in [Loss::Random(0.2), Loss::Burst { begin: 0.05, end: 0.2 }] {
        let impairment = Impairment { loss, duplication: 0.1, corruption: 0.1, ..Impairment::default() };
        let (mut network, [a, _], _) = two_hosts(1, LinkConfig { impairment, ..LinkConfig::default() });
        let (mut lost, mut twice) = (0, 0);
        for number in 0..10_000 {
            match network.send(millis(0), a, address(0, 1), address(0, 2), numbered(number, 100)) {
                Fate::Lost(LossReason::Impairment) => lost += 1,
                Fate::Carried(times) => twice += usize::from(times.len() == 2),
                other => panic!("{other:?}"),
            }
        }
        let damaged = drain(&mut network).iter().filter(|(_, packet)| packet.damaged).count();
        assert!((1_700..2_300).contains(&lost), "{loss:?}: {lost}");
        assert!((700..900).contains(&twice), "{twice}");
        assert!((760..1_000).contains(&damaged), "{damaged}");
    }
}

#[test]
fn same_seed_gives_the_same_run() {
    let run = |seed: &str| {
        let mut rng = Rng::new(seed.parse().unwrap());
        (0..10).map(|_| rng.number()).collect::<Vec<_>>()
    };
    assert_eq!(run("42"), run(&Seed(42).to_string()));
    assert_ne!(run("42"), run("43"));
}
