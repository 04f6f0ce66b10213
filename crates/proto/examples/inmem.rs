//! Transfer between two endpoints in memory, on one thread, without sockets: what is measured is the protocol code of
//! both ends together (chunking, queues, SACKs, CRC32c, reassembly, delivery).
//!
//! `cargo run --release -p usctp-proto --example inmem -- --size 1200 --secs 3 --mtu 1500`
//!
//! It is also the shortest loop that drives two [`Endpoint`]s.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it measures: the caller of the engine has a clock"
)]

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use usctp_proto::{
    Address, AssociationConfig, AssociationKey, Binding, Carrier, ChecksumState, Ecn, Endpoint, EndpointConfig,
    EventKind, LinkId, LocalAddress, OutgoingMessage, Received, Route, Routing, Time, Transmit,
};
use usctp_wire::{Ppid, StreamId};

struct Settings {
    size: usize,
    secs: f64,
    mtu: u32,
    unordered: bool,
    no_delay: bool,
    max_burst: u32,
}

struct Direct {
    source: Address,
    mtu: u32,
}

impl Routing for Direct {
    fn route(&self, _destination: Address) -> Option<Route> {
        Some(Route { source: self.source, mtu: self.mtu, interface: 1 })
    }

    fn carrier(&self, _destination: Address, _local_port: u16, _udp_port: Option<u16>) -> Option<Carrier> {
        Some(Carrier { link: LinkId(0), udp_port: None })
    }
}

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const Z: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

fn endpoint(ip: IpAddr, settings: &Settings) -> Endpoint {
    let source = Address::from(ip);
    let mut endpoint =
        Endpoint::new(EndpointConfig::default(), [7; 32], Box::new(Direct { source, mtu: settings.mtu }));
    endpoint.handle_local_addresses(Time::ZERO, &[LocalAddress { address: source, interface: 1 }]);
    endpoint
}

fn config(settings: &Settings) -> AssociationConfig {
    AssociationConfig {
        no_delay: settings.no_delay,
        max_burst: settings.max_burst,
        receive_buffer: 1 << 20,
        ..AssociationConfig::default()
    }
}

fn binding(port: u16) -> Binding {
    Binding { port, addresses: Vec::new(), ipv4: true, ipv6: false, share: false }
}

/// Moves all packets that `from` has to `to`; how many.
fn pump(now: Time, from: &mut Endpoint, to: &mut Endpoint, source: IpAddr, buffer: &mut Vec<u8>) -> u64 {
    let mut packets = 0;
    loop {
        buffer.clear();
        let Some(transmit) = from.poll_transmit(now, buffer) else { return packets };
        let all = Bytes::copy_from_slice(buffer);
        for packet in split(&transmit, all) {
            packets += 1;
            to.handle_packet(
                now,
                Received {
                    source: source.into(),
                    destination: transmit.destination,
                    link: LinkId(0),
                    udp_port: None,
                    ecn: Ecn::NotEct,
                    checksum: ChecksumState::Unknown,
                    packet,
                },
            );
        }
    }
}

fn split(transmit: &Transmit, mut all: Bytes) -> impl Iterator<Item = Bytes> {
    let size = transmit.segment_size.unwrap_or(transmit.len);
    std::iter::from_fn(move || (!all.is_empty()).then(|| all.split_to(size.min(all.len()))))
}

struct Meter {
    octets: u64,
    messages: u64,
}

fn drain(now: Time, endpoint: &mut Endpoint, meter: &mut Meter, free: &mut usize) {
    while let Some(event) = endpoint.poll_event() {
        match event.kind {
            EventKind::Delivered(delivery) => {
                meter.octets += delivery.data.iter().map(|part| part.len() as u64).sum::<u64>();
                meter.messages += u64::from(delivery.ending);
                endpoint.release(now, event.association, delivery.charge);
            }
            EventKind::SendSpace { released } => *free += released,
            EventKind::Closed(reason) => panic!("the association ended: {reason:?}"),
            _ => {}
        }
    }
}

fn run(settings: &Settings) {
    let (mut a, mut z) = (endpoint(A, settings), endpoint(Z, settings));
    let listener = z.bind(binding(5000), &mut |_| true).expect("a new endpoint has every port free");
    z.configure_binding(listener, config(settings));
    z.listen(listener, Some(1));
    let client = a.bind(binding(0), &mut |_| true).expect("a new endpoint has every port free");
    let key: AssociationKey =
        a.connect(Time::ZERO, client, &[Z.into()], 5000, config(settings)).expect("there is a route");

    let payload = Bytes::from(vec![7; settings.size]);
    let mut free: usize = 4 << 20;
    let mut ignored = 0;
    let mut meter = Meter { octets: 0, messages: 0 };
    let (mut buffer, mut packets) = (Vec::with_capacity(1 << 17), 0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs_f64(settings.secs) {
        let now = Time::from_nanos(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        a.handle_timeout(now);
        z.handle_timeout(now);
        while free >= settings.size {
            free -= a.send_charge(key, settings.size);
            let message = OutgoingMessage {
                stream: StreamId(0),
                ppid: Ppid([0; 4]),
                unordered: settings.unordered,
                immediate: false,
                context: 0,
                expires: None,
                reliability: usctp_proto::Reliability::Full,
                destination: None,
                payload: payload.clone(),
                auth_key: None,
            };
            a.send(now, key, message).expect("the association is there");
        }
        for _ in 0..64 {
            let moved = pump(now, &mut a, &mut z, A, &mut buffer);
            drain(now, &mut z, &mut meter, &mut ignored);
            let back = pump(now, &mut z, &mut a, Z, &mut buffer);
            drain(now, &mut a, &mut meter, &mut free);
            packets += moved + back;
            if moved + back == 0 {
                break;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{{\"bench\":\"inmem\",\"stack\":\"usctp\",\"size\":{},\"mtu\":{},\"MBps\":{:.2},\"msgps\":{:.0},\"pktps\":{:.0}}}",
        settings.size,
        settings.mtu,
        meter.octets as f64 / seconds / 1e6,
        meter.messages as f64 / seconds,
        packets as f64 / seconds
    );
}

fn main() {
    let mut settings = Settings { size: 1200, secs: 3.0, mtu: 1500, unordered: false, no_delay: true, max_burst: 0 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().expect("a value behind the option");
        match name.as_str() {
            "--size" => settings.size = value().parse().expect("octets"),
            "--secs" => settings.secs = value().parse().expect("seconds"),
            "--mtu" => settings.mtu = value().parse().expect("octets"),
            "--burst" => settings.max_burst = value().parse().expect("packets"),
            "--unordered" => settings.unordered = true,
            "--nagle" => settings.no_delay = false,
            other => panic!("unknown option {other}: --size --secs --mtu --burst --unordered --nagle"),
        }
    }
    run(&settings);
}
