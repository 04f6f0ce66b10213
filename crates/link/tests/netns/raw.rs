//! Several raw stacks on one host: whose packet is it?

use std::time::{Duration, Instant};

use usctp_link::{Link, LinkChoice, Links};

use crate::hosts::{Host, RAW, address, nothing, outgoing, packet, packets, pair};

fn claim(host: &Host, links: Links, port: u16) -> (Links, usctp_link::PortClaim) {
    host.run(move || links.claim(port, &[]).map(|claim| (links, claim))).expect("free")
}

fn send(from: &Links, destination: &str, port: u16) {
    let mut outcomes = Vec::new();
    from.send(&[outgoing(RAW, destination, None, &packet(port, 64))], &mut outcomes);
    assert_eq!(outcomes, [usctp_link::SendOutcome::Sent]);
}

/// Lets each stack do what its thread would do, for some time.
fn turn(stacks: &[Links]) {
    let until = Instant::now() + Duration::from_millis(100);
    while Instant::now() < until {
        for links in stacks {
            links.wait(Some(Duration::from_millis(2)));
            links.receive(&mut Vec::new());
        }
    }
}

/// How many of the stacks are given a packet for `port`.
fn receivers(from: &Links, stacks: &[Links], port: u16) -> Vec<usize> {
    turn(stacks);
    let before: Vec<u64> = stacks.iter().map(|links| links.counters().packets_received).collect();
    for destination in ["10.0.0.2", "2001:db8::2"] {
        send(from, destination, port);
    }
    turn(stacks);
    let got = stacks.iter().zip(before).map(|(links, before)| links.counters().packets_received - before);
    got.enumerate()
        .filter(|(_, got)| *got > 0)
        .map(|(index, got)| {
            assert_eq!(got, 2, "one of each family");
            index
        })
        .collect()
}

#[test]
fn the_only_stack_of_a_host_sees_packets_for_ports_that_nobody_holds() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    send(&from, "10.0.0.2", 5000);
    assert_eq!(packets(&to, 1).len(), 1);
    assert!(to.may_answer(5000, address("10.0.0.2")));
    send(&from, "10.0.0.1", 5000);
    assert_eq!(packets(&from, 1).len(), 1, "its own packets as well");
}

#[test]
fn exactly_one_of_several_stacks_sees_packets_for_ports_that_nobody_holds() {
    let Some((a, b)) = pair() else { return };
    let from = a.open(LinkChoice::Raw);
    let mut stacks: Vec<Links> = (0..4).map(|_| b.open(LinkChoice::Raw)).collect();
    while !stacks.is_empty() {
        let seen = receivers(&from, &stacks, 5000);
        assert_eq!(seen.len(), 1, "of {} stacks", stacks.len());
        // The one that answered dies, and another one takes over without being told.
        let dead = stacks.remove(seen[0]);
        b.run(move || drop(dead));
    }
}

#[test]
fn a_packet_for_a_port_goes_to_the_stack_that_holds_it_and_no_other() {
    let Some((a, b)) = pair() else { return };
    let from = a.open(LinkChoice::Raw);
    let mut claims = Vec::new();
    let stacks: Vec<Links> = (0..3)
        .map(|index| {
            let (links, held) = claim(&b, b.open(LinkChoice::Raw), 6000 + index);
            claims.push(held);
            links
        })
        .collect();
    for index in 0..3 {
        assert_eq!(receivers(&from, &stacks, 6000 + index as u16), [index]);
    }
    let leader = receivers(&from, &stacks, 7000);
    let freed = claims.remove(2);
    b.run(move || drop(freed));
    std::thread::park_timeout(Duration::from_millis(30));
    assert_eq!(receivers(&from, &stacks, 6002), leader, "free again, so it is the answering one's");
    assert!(!stacks[0].may_answer(6001, address("10.0.0.2")));
    assert!(stacks[0].may_answer(6000, address("10.0.0.2")));
}

#[test]
fn a_port_on_one_address_leaves_the_others_to_whoever_answers() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    let (leader, holder) = (from, a.open(LinkChoice::Raw));
    let (_claim, holder) = a.run(move || (holder.claim(5000, &[address("10.0.0.11")]).expect("free"), holder));
    send(&to, "10.0.0.11", 5000);
    send(&to, "10.0.0.1", 5000);
    assert_eq!(packets(&holder, 1)[0].destination, address("10.0.0.11"));
    assert_eq!(packets(&leader, 1)[0].destination, address("10.0.0.1"));
    nothing(&holder);
    nothing(&leader);
}

#[test]
fn the_stack_that_answers_is_spared_the_busy_traffic_of_others() {
    let Some((a, b)) = pair() else { return };
    let from = a.open(LinkChoice::Raw);
    let leader = b.open(LinkChoice::Raw);
    let (holder, held) = claim(&b, b.open(LinkChoice::Raw), 5000);
    let octets = packet(5000, 64);
    let burst = vec![outgoing(RAW, "10.0.0.2", None, &octets); 64];
    for _ in 0..20 {
        from.send(&burst, &mut Vec::new());
        leader.wait(Some(Duration::from_millis(20)));
        leader.receive(&mut Vec::new());
        leader.receive(&mut Vec::new());
    }
    let left = leader.counters().left_to_others;
    assert!((64..640).contains(&left), "{left} packets of 1280 were looked at");
    assert_eq!(leader.counters().packets_received, 0);
    // When the holder is gone, the answering one sees the port again soon.
    b.run(move || drop((holder, held)));
    let until = Instant::now() + Duration::from_secs(4);
    while leader.counters().packets_received == 0 {
        assert!(Instant::now() < until, "the port was never seen again");
        send(&from, "10.0.0.2", 5000);
        leader.wait(Some(Duration::from_millis(20)));
        leader.receive(&mut Vec::new());
    }
}
