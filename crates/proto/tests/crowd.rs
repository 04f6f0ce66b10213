//! Many associations of one endpoint at once.

use std::{collections::BTreeSet, time::Duration};

use usctp_proto::{Address, AssociationKey, Binding, EventKind};

use crate::pair::{A, PORTS, Pair, Settings, Z, message, pattern};

/// `count` associations, each from a port of its own.
fn crowd(count: usize, settings: Settings) -> (Pair, Vec<AssociationKey>) {
    let config = settings.configs[A].clone();
    let mut pair = Pair::new(settings);
    let there = Address::from(pair.hosts[Z].addresses[0]);
    let now = pair.now;
    let mut keys = Vec::new();
    for _ in 0..count {
        let endpoint = &mut pair.hosts[A].endpoint;
        let binding = Binding { port: 0, addresses: Vec::new(), ipv4: true, ipv6: true, share: false };
        let binding = endpoint.bind(binding, &mut |_| true).expect("a free port");
        keys.push(endpoint.connect(now, binding, &[there], PORTS[Z], config.clone()).expect("connected"));
    }
    pair.drain();
    pair.run_for(Duration::from_secs(5));
    let up = pair.hosts[Z].events.iter().filter(|event| matches!(event.kind, EventKind::Established { .. })).count();
    assert_eq!(up, count);
    (pair, keys)
}

#[test]
fn five_hundred_associations_send_and_end_together() {
    let (mut pair, keys) = crowd(500, Settings::default());
    let now = pair.now;
    for (number, &key) in keys.iter().enumerate() {
        for _ in 0..3 {
            pair.hosts[A].endpoint.send(now, key, message(0, pattern(1000 + number))).expect("sent");
        }
    }
    pair.drain();
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.hosts[Z].mailbox.all().len(), 1500);
    let now = pair.now;
    for &key in &keys {
        pair.hosts[A].endpoint.shutdown(now, key);
    }
    pair.drain();
    pair.run_for(Duration::from_secs(5));
    for host in &mut pair.hosts {
        assert_eq!(host.endpoint.poll_timeout(), None);
        let ended = host.events.iter().filter(|event| matches!(event.kind, EventKind::Closed(_))).count();
        assert_eq!(ended, 500);
    }
    assert_eq!(pair.hosts[Z].endpoint.counters().associations_shut_down, 500);
}

#[test]
fn associations_take_turns() {
    let (mut pair, keys) = crowd(20, Settings::default());
    let now = pair.now;
    for &key in &keys {
        for _ in 0..10 {
            pair.hosts[A].endpoint.send(now, key, message(0, pattern(1400))).expect("sent");
        }
    }
    // Each is heard once before one is heard twice.
    let mut buffer = Vec::new();
    let mut ports = BTreeSet::new();
    for _ in 0..keys.len() {
        buffer.clear();
        pair.hosts[A].endpoint.poll_transmit(now, &mut buffer).expect("a packet");
        ports.insert([buffer[0], buffer[1]]);
    }
    assert_eq!(ports.len(), keys.len());
}

#[test]
fn key_of_an_association_that_is_gone_means_nothing() {
    let (mut pair, keys) = crowd(2, Settings::default());
    let now = pair.now;
    pair.hosts[A].endpoint.abort(now, keys[0], bytes::Bytes::new());
    pair.drain();
    pair.run_for(Duration::from_secs(1));
    let endpoint = &mut pair.hosts[A].endpoint;
    assert!(endpoint.status(keys[0]).is_none() && endpoint.status(keys[1]).is_some());
    assert!(endpoint.send(now, keys[0], message(0, &b"x"[..])).is_err());
    endpoint.release(now, keys[0], 1000);
    endpoint.shutdown(now, keys[0]);
    endpoint.abort(now, keys[0], bytes::Bytes::new());
    let there = Address::from(pair.hosts[Z].addresses[0]);
    let endpoint = &mut pair.hosts[A].endpoint;
    assert!(!endpoint.heartbeat(now, keys[0], there) && !endpoint.set_primary(now, keys[0], there));
    let (binding, config) = (pair.hosts[A].binding, usctp_proto::AssociationConfig::default());
    let again = pair.hosts[A].endpoint.connect(now, binding, &[there], PORTS[Z], config).expect("connected");
    assert_ne!(again, keys[0]);
}
