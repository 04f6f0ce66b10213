//! Shared keys while an association lives (RFC 4895 §6.2, RFC 6458 §8.3): several, replaced, retired, one per message.

use std::time::Duration;

use usctp_netsim::Loss;
use usctp_proto::{AssociationConfig, AuthError, EventKind, KeyChange, KeyNews, OutgoingMessage, Secret, SendError};
use usctp_wire::{Chunk, ChunkType, KeyId};

use crate::{
    expect::only,
    pair::{A, Pair, Settings, Z, message, pattern},
    peer::{Peer, sack},
    sealed::{With, checked, config},
};

fn set(key: u16, secret: &[u8]) -> KeyChange {
    KeyChange::Set(KeyId(key), Secret::new(secret))
}

/// Keys 0, 1 and 2, whose secrets are their numbers as text.
fn three_keys(chunks: &[ChunkType]) -> AssociationConfig {
    let mut config = config(chunks, b"0");
    for key in [1, 2] {
        config.auth.change(&set(key, key.to_string().as_bytes())).unwrap();
    }
    config
}

fn secret(key: u16) -> Vec<u8> {
    key.to_string().into_bytes()
}

fn change(peer: &mut Peer, change: &KeyChange) -> Result<(), AuthError> {
    let key = peer.key();
    peer.endpoint.change_keys(peer.now, key, change)
}

fn with_key(key: u16, payload: &'static [u8]) -> OutgoingMessage {
    OutgoingMessage { auth_key: Some(KeyId(key)), ..message(0, payload) }
}

fn told(peer: &Peer, wanted: KeyNews) -> Vec<u16> {
    let of = |kind: &EventKind| match kind {
        EventKind::Key { key, news } if *news == wanted => Some(key.0),
        _ => None,
    };
    peer.events.iter().filter_map(|event| of(&event.kind)).collect()
}

#[test]
fn messages_given_after_a_change_have_the_new_key() {
    // B3-20, R4895-6.2-2, R4895-6.2-4: the id of the AUTH chunk changes with the next send.
    let (mut peer, vectors) = Peer::sealed(three_keys(&[]), &[0]);
    for key in [0, 2, 1, 0] {
        change(&mut peer, &KeyChange::Activate(KeyId(key))).unwrap();
        peer.program_sends(b"x");
        let packet = only(peer.received());
        assert_eq!(checked(&packet, &vectors, secret), Some((key, vec![ChunkType::DATA])));
        let tsn = packet.data()[0].tsn;
        peer.send(&[sack(tsn)]);
        peer.received();
    }
    assert_eq!(change(&mut peer, &KeyChange::Activate(KeyId(9))), Err(AuthError::NoKey));
}

// The program sends three messages at once, with keys 1, 2 and 2:
// A -- AUTH (1), DATA ------> Z
// A -- AUTH (2), DATA, DATA -> Z
#[test]
fn chunks_of_different_keys_are_never_bundled() {
    // B2-8
    let (mut peer, vectors) = Peer::sealed(three_keys(&[]), &[0]);
    let key = peer.key();
    peer.endpoint.configure(peer.now, key, &mut |config| config.no_delay = true);
    for (id, payload) in [(1, &b"one"[..]), (2, b"two"), (2, b"two as well"), (0, b"none")] {
        peer.endpoint.send(peer.now, key, with_key(id, payload)).unwrap();
    }
    let packets = peer.received();
    let keys: Vec<_> = packets.iter().map(|packet| checked(packet, &vectors, secret).unwrap()).collect();
    let data = ChunkType::DATA;
    assert_eq!(keys, [(1, vec![data]), (2, vec![data, data]), (0, vec![data])]);
    // Sent again, they still are not.
    let again = peer.wait(Duration::from_secs(3));
    for packet in &again {
        let (key, kinds) = checked(packet, &vectors, secret).unwrap();
        assert_eq!(kinds.len(), if key == 2 { 2 } else { 1 });
    }
    assert!(!again.is_empty());
}

#[test]
fn fragments_of_a_message_share_its_key() {
    let (mut peer, vectors) = Peer::sealed(three_keys(&[]), &[0]);
    let key = peer.key();
    let long = OutgoingMessage { auth_key: Some(KeyId(2)), ..message(0, pattern(4000)) };
    peer.endpoint.send(peer.now, key, long).unwrap();
    peer.program_sends(b"short");
    let packets = peer.received();
    let keys: Vec<_> = packets.iter().map(|packet| checked(packet, &vectors, secret).unwrap().0).collect();
    assert_eq!(keys[..3], [2, 2, 2]);
    assert!(keys[3..].iter().all(|key| *key == 0));
}

#[test]
fn message_with_a_key_that_is_not_there_is_refused_where_it_matters() {
    let (mut peer, _) = Peer::sealed(three_keys(&[]), &[0]);
    let key = peer.key();
    assert_eq!(peer.endpoint.send(peer.now, key, with_key(7, b"x")), Err(SendError::NoKey));
    change(&mut peer, &KeyChange::Deactivate(KeyId(2))).unwrap();
    assert_eq!(peer.endpoint.send(peer.now, key, with_key(2, b"x")), Err(SendError::NoKey));
    // Without AUTH the key has no effect, as on Linux.
    let mut peer = Peer::connected();
    let key = peer.key();
    assert!(peer.endpoint.send(peer.now, key, with_key(7, b"x")).is_ok());
}

#[test]
fn deactivated_key_is_free_when_nothing_on_its_way_needs_it() {
    // B3-21, B3-22, attack A3
    let (mut peer, _) = Peer::sealed(three_keys(&[]), &[0]);
    let key = peer.key();
    assert_eq!(change(&mut peer, &KeyChange::Deactivate(KeyId(0))), Err(AuthError::KeyInUse), "it is active");
    assert_eq!(change(&mut peer, &KeyChange::Deactivate(KeyId(9))), Err(AuthError::NoKey));
    change(&mut peer, &KeyChange::Deactivate(KeyId(2))).unwrap();
    peer.received();
    assert_eq!(told(&peer, KeyNews::Free), [2], "at once: it was not in use");
    peer.endpoint.send(peer.now, key, with_key(1, b"needs it")).unwrap();
    let packet = only(peer.received());
    assert_eq!(change(&mut peer, &KeyChange::Delete(KeyId(1))), Err(AuthError::KeyInUse));
    change(&mut peer, &KeyChange::Deactivate(KeyId(1))).unwrap();
    peer.received();
    assert_eq!(change(&mut peer, &KeyChange::Delete(KeyId(1))), Err(AuthError::KeyInUse));
    assert_eq!(told(&peer, KeyNews::Free), [2]);
    let tsn = packet.data()[0].tsn;
    peer.send(&[sack(tsn)]);
    assert_eq!(told(&peer, KeyNews::Free), [2, 1]);
    change(&mut peer, &KeyChange::Delete(KeyId(1))).unwrap();
    assert_eq!(change(&mut peer, &KeyChange::Delete(KeyId(1))), Err(AuthError::NoKey));
    assert_eq!(told(&peer, KeyNews::Free).len(), 2, "each once");
}

#[test]
fn key_that_the_peer_uses_for_the_first_time_is_told_once() {
    // B4-1
    let (mut peer, vectors) = Peer::sealed(three_keys(&[ChunkType::DATA]), &[]);
    for (ssn, key) in [0, 1, 1, 2, 0, 1].into_iter().enumerate() {
        let data = peer.next_data(ssn as u16, b"x");
        let secret = secret(key);
        peer.send_sealed(&vectors, With { key, ..With::secret(&secret) }, &[Chunk::Data(data)]);
    }
    assert_eq!(told(&peer, KeyNews::New), [1, 2], "the active key needs no telling");
    let first = |wanted: fn(&EventKind) -> bool| peer.events.iter().position(|event| wanted(&event.kind));
    let second = peer.events.iter().filter(|event| matches!(event.kind, EventKind::Delivered(_))).count();
    assert_eq!(second, 6);
    assert!(
        first(|kind| matches!(kind, EventKind::Key { .. })) > first(|kind| matches!(kind, EventKind::Delivered(_)))
    );
    // A key that is not known is told by nobody.
    let data = peer.next_data(9, b"x");
    peer.send_sealed(&vectors, With { key: 5, ..With::secret(b"5") }, &[Chunk::Data(data)]);
    assert_eq!(told(&peer, KeyNews::New).len(), 2);
}

#[test]
fn replaced_secret_counts_from_then_on() {
    // D7.1.19-5, B3-19
    let (mut peer, vectors) = Peer::sealed(three_keys(&[ChunkType::DATA]), &[0]);
    change(&mut peer, &set(0, b"new")).unwrap();
    let data = peer.next_data(0, b"x");
    peer.send_sealed(&vectors, With::secret(b"0"), &[Chunk::Data(data)]);
    assert!(!peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
    peer.send_sealed(&vectors, With::secret(b"new"), &[Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
    peer.program_sends(b"y");
    assert_eq!(checked(&only(peer.received()), &vectors, |_| b"new".to_vec()).map(|(key, _)| key), Some(0));
}

// While both ends send as fast as they can over a lossy link, each gets key after key, in its own time, and retires the
// one before.
#[test]
fn keys_are_replaced_under_load() {
    let config = config(&[ChunkType::DATA, ChunkType::SACK], b"first");
    let mut settings = Settings { configs: [config.clone(), config], ..Settings::default() };
    settings.links[0].impairment.loss = Loss::Random(0.03);
    let mut pair = Pair::connected(settings);
    for next in 1..8u16 {
        for host in [A, Z] {
            for _ in 0..10 {
                pair.send(host, next % 5, pattern(3000));
            }
        }
        pair.run_for(Duration::from_millis(40));
        let secret = format!("secret {next}");
        for host in [A, Z] {
            let (now, key) = (pair.now, pair.key(host));
            let endpoint = &mut pair.hosts[host].endpoint;
            endpoint.change_keys(now, key, &set(next, secret.as_bytes())).unwrap();
            endpoint.change_keys(now, key, &KeyChange::Activate(KeyId(next))).unwrap();
            endpoint.change_keys(now, key, &KeyChange::Deactivate(KeyId(next - 1))).unwrap();
            pair.drain();
            pair.run_for(Duration::from_millis(7));
        }
    }
    pair.run_until_acknowledged();
    for host in [A, Z] {
        assert_eq!(pair.received(host).len(), 70);
        let news = |wanted| {
            let is = |event: &&usctp_proto::Event| matches!(event.kind, EventKind::Key { news, .. } if news == wanted);
            pair.hosts[host].events.iter().filter(is).count()
        };
        assert_eq!(news(KeyNews::Free), 7, "every key but the last is free again");
        assert_eq!(news(KeyNews::New), 7);
    }
}
