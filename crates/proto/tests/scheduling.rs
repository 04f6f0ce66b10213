//! Whose message goes next, as the peer sees it (RFC 8260 §3).

use usctp_proto::{AssociationConfig, StreamScheduler};
use usctp_wire::StreamId;

use crate::{
    expect::Seen,
    pair::message,
    peer::{Peer, sack},
};

fn peer_with(scheduler: StreamScheduler) -> Peer {
    Peer::connected_with(AssociationConfig { scheduler, ..AssociationConfig::default() }, &[])
}

fn send(peer: &mut Peer, stream: u16, len: usize) {
    peer.endpoint.send(peer.now, peer.key(), message(stream, vec![0; len])).expect("sent");
}

/// Streams of the chunks of each packet, in order.
fn streams(packets: &[Seen]) -> Vec<Vec<u16>> {
    packets.iter().map(|packet| packet.data().iter().map(|data| data.stream.0).collect()).collect()
}

/// Acknowledges until nothing more comes.
fn drain(peer: &mut Peer) -> Vec<Vec<u16>> {
    let mut all = Vec::new();
    loop {
        let packets = peer.received();
        let Some(last) = packets.iter().flat_map(|packet| packet.data().last().map(|data| data.tsn)).last() else {
            return all;
        };
        all.extend(streams(&packets));
        peer.send(&[sack(last)]);
    }
}

/// B8-4.
#[test]
fn messages_of_streams_take_turns_by_the_scheduler() {
    let order = |scheduler| {
        let mut peer = peer_with(scheduler);
        for (stream, value) in [(1, 3), (2, 2), (3, 1)] {
            assert!(peer.endpoint.set_stream_value(peer.now, peer.key(), StreamId(stream), value));
        }
        for stream in [1, 1, 1, 2, 2, 3] {
            send(&mut peer, stream, 2000);
        }
        let mut chunks = drain(&mut peer).concat();
        // Each message is two chunks, next to each other.
        assert!(chunks.chunks(2).all(|message| message[0] == message[1]), "{chunks:?}");
        chunks.dedup();
        chunks
    };
    assert_eq!(order(StreamScheduler::FirstCome), [1, 2, 3]);
    assert_eq!(order(StreamScheduler::RoundRobin), [1, 2, 3, 1, 2, 1]);
    assert_eq!(order(StreamScheduler::Priority), [3, 2, 1]);
    assert_eq!(order(StreamScheduler::FairBandwidth), [1, 2, 3, 1, 2, 1]);
}

#[test]
fn packet_holds_one_stream_where_that_is_wished() {
    let mut peer = peer_with(StreamScheduler::RoundRobinPacket);
    for number in 0..60 {
        send(&mut peer, number % 3, 100);
    }
    let packets = drain(&mut peer);
    assert!(packets.iter().all(|packet| packet.windows(2).all(|pair| pair[0] == pair[1])), "{packets:?}");
    assert_eq!(packets.concat().len(), 60);
    assert!(packets.iter().any(|packet| packet.len() > 5), "still bundled: {packets:?}");
}

/// B8-4: switched while messages wait.
#[test]
fn scheduler_and_values_can_be_changed_at_any_time() {
    let mut peer = peer_with(StreamScheduler::FirstCome);
    for stream in [1, 1, 1, 1, 1, 1, 2, 2] {
        send(&mut peer, stream, 1400);
    }
    let first = peer.received();
    assert!(streams(&first).concat().iter().all(|stream| *stream == 1));
    let (now, key) = (peer.now, peer.key());
    peer.endpoint.configure(now, key, &mut |config| config.scheduler = StreamScheduler::Priority);
    assert_eq!(peer.endpoint.stream_value(key, StreamId(1)), Some(0));
    assert!(peer.endpoint.set_stream_value(now, key, StreamId(1), 7));
    assert_eq!(peer.endpoint.stream_value(key, StreamId(1)), Some(7));
    let last = first.last().expect("packets").data()[0].tsn;
    peer.send(&[sack(last)]);
    let rest = drain(&mut peer).concat();
    assert_eq!(rest[..2], [2, 2], "{rest:?}");
    assert!(!peer.endpoint.set_stream_value(now, key, StreamId(10), 1), "no such stream");
    assert_eq!(peer.endpoint.stream_value(key, StreamId(10)), None);
}
