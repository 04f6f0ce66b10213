//! The end: shutdown and abort (RFC 9260 §9).

use std::time::Duration;

use usctp_proto::{AssociationConfig, AssociationState, CloseReason, EventKind, SendError};
use usctp_wire::{CauseCode, Chunk, ChunkType, VerificationTag};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z, message},
    peer::{PEER_TAG, PEER_TSN, Peer, sack},
};

// A -- SHUTDOWN ----------> Z
// A <------- SHUTDOWN ACK -- Z
// A -- SHUTDOWN COMPLETE -> Z
#[test]
fn shutdown_takes_three_packets() {
    let mut pair = Pair::connected(Settings::default());
    pair.run_for(Duration::from_millis(50));
    pair.log.clear();
    pair.shutdown(A);
    pair.run_to_the_end();
    let kinds =
        |host| pair.log.sent_by(host).flat_map(|sent| sent.chunks().iter().map(Chunk::kind).collect::<Vec<_>>());
    assert_eq!(kinds(A).collect::<Vec<_>>(), [ChunkType::SHUTDOWN, ChunkType::SHUTDOWN_COMPLETE]);
    assert_eq!(kinds(Z).collect::<Vec<_>>(), [ChunkType::SHUTDOWN_ACK]);
    assert_eq!((pair.closed(A), pair.closed(Z)), (Some(&CloseReason::Shutdown), Some(&CloseReason::Shutdown)));
    assert!(pair.hosts[Z].was_told(|kind| matches!(kind, EventKind::PeerShutdown)));
}

#[test]
fn all_data_arrives_before_the_end() {
    let mut pair = Pair::connected(Settings::default());
    for _ in 0..100 {
        pair.send(A, 0, vec![1; 1000]);
        pair.send(Z, 0, vec![2; 1000]);
    }
    pair.shutdown(A);
    pair.run_to_the_end();
    assert_eq!(pair.received(Z).len(), 100);
    assert_eq!(pair.received(A).len(), 100);
}

#[test]
fn both_ends_may_shut_down_at_once() {
    let mut pair = Pair::connected(Settings::default());
    pair.shutdown(A);
    pair.shutdown(Z);
    pair.run_to_the_end();
    assert_eq!((pair.closed(A), pair.closed(Z)), (Some(&CloseReason::Shutdown), Some(&CloseReason::Shutdown)));
}

#[test]
fn shutdown_survives_the_loss_of_any_of_its_packets() {
    for lost in 0..3 {
        let mut pair = Pair::connected(Settings::default());
        pair.run_for(Duration::from_millis(50));
        pair.log.clear();
        if lost == 0 {
            pair.set_up(0, false);
        }
        pair.shutdown(A);
        let count = move |pair: &Pair| pair.log.sent_by(A).count() + pair.log.sent_by(Z).count();
        pair.run_until("up to the lost one", |pair| count(pair) == lost.max(1));
        pair.set_up(0, false);
        pair.run_until("it is lost", |pair| count(pair) > lost || lost == 0);
        pair.set_up(0, true);
        pair.run_to_the_end();
        assert_eq!(pair.closed(A), Some(&CloseReason::Shutdown), "packet {lost} lost");
    }
}

#[test]
fn nothing_can_be_sent_after_shutdown() {
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, vec![0; 5000]);
    pair.shutdown(A);
    assert_eq!(pair.send_message(A, message(0, &b"late"[..])), Err(SendError::ShuttingDown));
    pair.run_until("Z knows", |pair| pair.hosts[Z].was_told(|kind| matches!(kind, EventKind::PeerShutdown)));
    let sent = pair.send_message(Z, message(0, &b"late"[..]));
    assert!(matches!(sent, Err(SendError::ShuttingDown | SendError::NoAssociation)));
}

#[test]
fn unanswered_shutdown_is_given_up() {
    let config = AssociationConfig { max_retransmissions: 2, ..AssociationConfig::default() };
    let mut peer = Peer::connected_with(config, &[]);
    let key = peer.key();
    peer.endpoint.shutdown(peer.now, key);
    let mut shutdowns = 0;
    while peer.status().is_some() {
        shutdowns +=
            peer.wait(Duration::from_secs(100)).iter().filter(|packet| packet.has(ChunkType::SHUTDOWN)).count();
        assert!(shutdowns < 20);
    }
    assert_eq!(shutdowns, 3);
    assert_eq!(peer.closed(), Some(&CloseReason::TimedOut { during_setup: false }));
}

#[test]
fn peer_that_lives_but_never_answers_shutdown_is_aborted_by_the_guard() {
    // T5-shutdown-guard: 5 × RTO.Max.
    let mut peer = Peer::connected();
    let (key, began) = (peer.key(), peer.now);
    peer.endpoint.shutdown(peer.now, key);
    while peer.status().is_some() {
        peer.received();
        // Clears the error counter each time.
        peer.send(&[Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }]);
        peer.now += Duration::from_millis(500);
        let now = peer.now;
        peer.endpoint.handle_timeout(now);
        assert!(peer.now - began < Duration::from_secs(400));
    }
    assert!(peer.now - began >= Duration::from_secs(299));
    assert!(peer.received().iter().any(|packet| packet.has(ChunkType::ABORT)));
}

#[test]
fn data_in_shutdown_sent_is_answered_with_shutdown_at_once() {
    let mut peer = Peer::connected();
    let key = peer.key();
    peer.endpoint.shutdown(peer.now, key);
    exactly(peer.received(), &[ChunkType::SHUTDOWN]);
    peer.send_data(0, b"x");
    let packet = only(peer.received());
    assert!(packet.has(ChunkType::SHUTDOWN), "{packet}");
    let Some(Chunk::Shutdown { cumulative }) =
        packet.chunks().into_iter().find(|chunk| chunk.kind() == ChunkType::SHUTDOWN)
    else {
        panic!("no SHUTDOWN")
    };
    assert_eq!(cumulative, PEER_TSN);
    // With a gap a SACK goes along.
    peer.tsn = peer.tsn.next();
    peer.send_data(2, b"z");
    let packets = peer.received();
    assert!(packets.iter().any(|packet| packet.has(ChunkType::SACK)));
    assert!(packets.iter().any(|packet| packet.has(ChunkType::SHUTDOWN)));
}

// A <------------- SACK, closed -- Z
// A <---------- SHUTDOWN, SACK ---- Z   Z has read; lost
// A -- DATA (probe) -------------> Z
// A <---------- SHUTDOWN, SACK ---- Z   which tells again that the window is open
#[test]
fn shutdown_does_not_hide_that_the_window_is_open_again() {
    let mut peer =
        Peer::connected_with(AssociationConfig { receive_buffer: 3000, ..AssociationConfig::default() }, &[]);
    for ssn in 0..5 {
        peer.send_data(ssn, &[0; 600]);
    }
    assert_eq!(peer.received().pop().expect("a SACK").sack().a_rwnd, 0);
    let key = peer.key();
    peer.endpoint.shutdown(peer.now, key);
    peer.endpoint.release(peer.now, key, 3000);
    peer.received();
    peer.send_data(5, &[0; 600]);
    let packets = peer.received();
    assert!(packets.iter().any(|packet| packet.has(ChunkType::SHUTDOWN)));
    let sack = packets.iter().find(|packet| packet.has(ChunkType::SACK)).expect("a SACK");
    assert!(sack.sack().a_rwnd > 1500);
}

#[test]
fn shutdown_while_data_is_out_waits_for_it() {
    let mut peer = Peer::connected();
    peer.program_sends(b"data");
    let packet = only(peer.received());
    let tsn = packet.data()[0].tsn;
    let key = peer.key();
    peer.endpoint.shutdown(peer.now, key);
    silence(&peer.received());
    assert_eq!(peer.status().unwrap().state, AssociationState::ShutdownPending);
    peer.send(&[sack(tsn)]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN]);
    peer.send(&[Chunk::ShutdownAck]);
    let packet = exactly(peer.received(), &[ChunkType::SHUTDOWN_COMPLETE]);
    assert_eq!(packet.header().tag, PEER_TAG);
    assert_eq!(peer.closed(), Some(&CloseReason::Shutdown));
}

#[test]
fn shutdown_acknowledges_data_too() {
    let mut peer = Peer::connected();
    peer.program_sends(b"data");
    let tsn = only(peer.received()).data()[0].tsn;
    peer.send(&[Chunk::Shutdown { cumulative: tsn }]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_ACK]);
    assert_eq!(peer.status().unwrap().state, AssociationState::ShutdownAckSent);
    peer.send(&[Chunk::ShutdownComplete { tag_reflected: false }]);
    assert_eq!(peer.closed(), Some(&CloseReason::Shutdown));
}

#[test]
fn lost_shutdown_ack_is_sent_again() {
    let mut peer = Peer::connected();
    peer.send(&[Chunk::Shutdown { cumulative: peer.first_tsn.previous() }]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_ACK]);
    exactly(peer.wait(Duration::from_secs(5)), &[ChunkType::SHUTDOWN_ACK]);
    peer.send(&[Chunk::ShutdownAck]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_COMPLETE]);
    assert!(peer.status().is_none());
}

#[test]
fn shutdown_complete_out_of_turn_is_dropped() {
    let mut peer = Peer::connected();
    peer.send(&[Chunk::ShutdownComplete { tag_reflected: false }]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    silence(&peer.received());
}

#[test]
fn shutdown_in_cookie_wait_and_cookie_echoed_is_dropped() {
    for mut peer in [Peer::connecting(AssociationConfig::default()), Peer::echoed(AssociationConfig::default())] {
        let before = peer.status().unwrap().state;
        peer.send(&[Chunk::Shutdown { cumulative: peer.first_tsn.previous() }]);
        silence(&peer.received());
        assert_eq!(peer.status().unwrap().state, before);
    }
}

#[test]
fn shutdown_ack_while_connecting_is_answered_out_of_the_blue() {
    // RFC 9260 §8.5.1 E.
    let mut peer = Peer::connecting(AssociationConfig::default());
    let tag = VerificationTag(0x99);
    peer.send_with_tag(tag, &[Chunk::ShutdownAck]);
    let packet = exactly(peer.received(), &[ChunkType::SHUTDOWN_COMPLETE]);
    assert_eq!(packet.header().tag, tag);
    assert!(matches!(packet.chunks()[0], Chunk::ShutdownComplete { tag_reflected: true }));
    assert_eq!(peer.status().unwrap().state, AssociationState::CookieWait);
}

#[test]
fn abort_ends_both_ends_at_once_and_says_why() {
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, vec![0; 50_000]);
    pair.abort(A, b"had enough");
    pair.run_to_the_end();
    assert!(matches!(pair.closed(A), Some(CloseReason::Aborted { by_user: true, during_setup: false, .. })));
    let Some(CloseReason::AbortedByPeer { code, causes, during_setup: false }) = pair.closed(Z) else {
        panic!("not aborted by the peer")
    };
    assert_eq!(*code, CauseCode::USER_INITIATED_ABORT.0);
    assert!(causes.ends_with(b"had enough"));
    let abort = pair.log.sent_with(A, ChunkType::ABORT).next().unwrap();
    assert!(!abort.has(ChunkType::DATA));
    // What was not acknowledged is given back.
    assert!(pair.hosts[A].was_told(|kind| matches!(kind, EventKind::SendFailed(_))));
}

#[test]
fn abort_with_the_wrong_tag_is_dropped() {
    let mut peer = Peer::connected();
    let tag = peer.tag;
    for (tag, tag_reflected) in [(VerificationTag(tag.0 ^ 1), false), (tag, true), (PEER_TAG, false)] {
        peer.send_with_tag(tag, &[Chunk::Abort { tag_reflected, causes: &[] }]);
        assert_eq!(peer.status().unwrap().state, AssociationState::Established, "{tag:?} {tag_reflected}");
        silence(&peer.received());
    }
    peer.send_with_tag(PEER_TAG, &[Chunk::Abort { tag_reflected: true, causes: &[] }]);
    assert!(matches!(peer.closed(), Some(CloseReason::AbortedByPeer { .. })));
    silence(&peer.received());
}

#[test]
fn autoclose_ends_an_idle_association() {
    let mut settings = Settings::default();
    settings.configs[A].autoclose = Duration::from_secs(5);
    let mut pair = Pair::connected(settings);
    pair.run_for(Duration::from_secs(3));
    pair.send(Z, 0, &b"still here"[..]);
    pair.run_for(Duration::from_secs(3));
    assert!(pair.closed(A).is_none());
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.closed(A), Some(&CloseReason::Shutdown));
}

#[test]
fn forgotten_association_is_gone_without_a_word() {
    let mut pair = Pair::connected(Settings::default());
    pair.run_for(Duration::from_millis(50));
    pair.log.clear();
    let key = pair.key(A);
    pair.hosts[A].endpoint.forget(key);
    pair.drain();
    assert_eq!(pair.log.sent_by(A).count(), 0);
    // The other end learns it from the answer to its next packet.
    pair.send(Z, 0, &b"anyone?"[..]);
    pair.run_until("Z has closed", |pair| pair.closed(Z).is_some());
    assert!(matches!(pair.closed(Z), Some(CloseReason::AbortedByPeer { .. })));
}

#[test]
fn end_of_the_peer_is_noticed_by_silence() {
    let mut pair = Pair::connected(Settings::default().configured(|config| config.max_retransmissions = 3));
    pair.set_up(0, false);
    pair.send(A, 0, &b"anyone?"[..]);
    pair.run_until("A has closed", |pair| pair.closed(A).is_some());
    assert_eq!(pair.closed(A), Some(&CloseReason::TimedOut { during_setup: false }));
    assert!(pair.hosts[A].was_told(|kind| matches!(kind, EventKind::SendFailed(failure) if failure.sent)));
}
