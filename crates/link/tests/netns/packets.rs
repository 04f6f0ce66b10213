//! Packets out and in, over both links and both families.

use usctp_link::{ChecksumState, Ecn, Incoming, Link, LinkChoice, LinkSettings, Outgoing, SendOutcome};

use crate::hosts::{RAW, address, nothing, outgoing, packet, packets, pair, receive};

/// Families and the addresses of the two hosts of [`pair`].
const BOTH: [(&str, &str); 2] = [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")];

#[test]
fn a_raw_packet_arrives_with_its_addresses_and_marks() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    let to = std::sync::Arc::new(to);
    for (source, destination) in BOTH {
        let octets = packet(5000, 200);
        let sent =
            Outgoing { ecn: Ecn::Ect0, dscp: 46, flow_label: 0x12345, ..outgoing(RAW, destination, None, &octets) };
        let mut outcomes = Vec::new();
        from.send(&[sent], &mut outcomes);
        assert_eq!(outcomes, [SendOutcome::Sent]);
        let got = packets(&to, 1).remove(0);
        assert_eq!((got.source, got.destination), (address(source), address(destination)));
        assert_eq!((got.link, got.udp_port, got.ecn), (RAW, None, Ecn::Ect0));
        assert_eq!(got.packet, octets);
        assert_eq!(got.checksum, ChecksumState::Trusted);
    }
}

#[test]
fn a_wrong_checksum_is_not_trusted() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    let mut octets = packet(5000, 64);
    octets[20] ^= 1;
    from.send(&[outgoing(RAW, "10.0.0.2", None, &octets)], &mut Vec::new());
    assert_eq!(packets(&to, 1)[0].checksum, ChecksumState::Unknown);
}

#[test]
fn the_source_address_is_chosen_with_each_packet() {
    let Some((a, b)) = pair() else { return };
    let (raw, udp) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Udp));
    let (to_raw, to_udp) = (b.open(LinkChoice::Raw), b.open(LinkChoice::Udp));
    b.run(move || {
        to_udp.listen(5000, &[]).expect("a free port");
        let octets = packet(5000, 64);
        let carrier = udp.carrier(address("10.0.0.2"), 1000, None).expect("a link");
        for source in ["10.0.0.11", "10.0.0.1", "10.0.0.11"] {
            for (from, to, link) in [(&raw, &to_raw, RAW), (&udp, &to_udp, carrier.link)] {
                let sent =
                    Outgoing { source: Some(address(source)), ..outgoing(link, "10.0.0.2", Some(9899), &octets) };
                let mut outcomes = Vec::new();
                from.send(&[sent], &mut outcomes);
                assert_eq!(outcomes, [SendOutcome::Sent]);
                assert_eq!(packets(to, 1)[0].source, address(source));
            }
        }
        let strange = Outgoing { source: Some(address("10.9.9.9")), ..outgoing(RAW, "10.0.0.2", None, &octets) };
        let mut outcomes = Vec::new();
        raw.send(&[strange], &mut outcomes);
        assert!(matches!(outcomes[0], SendOutcome::Refused(_)), "{outcomes:?}");
    });
}

/// Packets that a class of the queue has sent.
fn sent_by_class(host: &crate::hosts::Host, class: &str) -> u64 {
    let output = host.run(|| std::process::Command::new("tc").args(["-s", "class", "show", "dev", "veth0"]).output());
    let text = String::from_utf8(output.expect("tc (Debian: iproute2)").stdout).expect("plain text");
    let of_class = text.split("class ").find(|part| part.starts_with(class)).expect("the class is there");
    let words: Vec<_> = of_class.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "bytes").expect("a count of octets");
    words[at + 1].parse().expect("a count of packets")
}

/// HTB takes a priority that names one of its classes for the choice of the class.
#[test]
fn the_hosts_queues_see_the_priority_of_each_packet() {
    let Some((a, b)) = pair() else { return };
    a.tool("tc", "qdisc replace dev veth0 root handle 1: htb default 99");
    for class in ["1:10", "1:20", "1:99"] {
        a.tool("tc", &format!("class add dev veth0 parent 1: classid {class} htb rate 1gbit"));
    }
    let (raw, udp) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Udp));
    let (raw, udp) = (std::sync::Arc::new(raw), std::sync::Arc::new(udp));
    let kinds =
        [(0x1_0010, 0, "htb 1:10"), (0x1_0020, 46, "htb 1:20"), (0x1_0010, 46, "htb 1:10"), (0, 46, "htb 1:99")];
    for (_, destination) in BOTH {
        for (priority, dscp, class) in kinds {
            for (links, link) in [(&raw, Some(RAW)), (&udp, None)] {
                let before = sent_by_class(&a, class);
                let links = std::sync::Arc::clone(links);
                a.run(move || {
                    let octets = packet(5000, 200);
                    let link = link.or_else(|| links.carrier(address(destination), 1000, None).map(|found| found.link));
                    let plain = outgoing(link.expect("a link"), destination, Some(9899), &octets);
                    let sent = Outgoing { priority, dscp, ecn: Ecn::Ect0, ..plain };
                    let mut outcomes = Vec::new();
                    links.send(&[sent; 20], &mut outcomes);
                    assert_eq!(outcomes, [SendOutcome::Sent; 20]);
                });
                let more = sent_by_class(&a, class) - before;
                assert!(more >= 20, "{more} packets of priority {priority:#x} to {destination} in {class}");
            }
        }
    }
    drop(b);
}

#[test]
fn packets_leave_through_the_interface_that_they_are_tied_to() {
    let Some((a, b)) = pair() else { return };
    a.ip("link add elsewhere type veth peer name nowhere");
    a.ip("link set elsewhere up");
    a.ip("link set nowhere up");
    // For IPv6 the interface is a choice among the routes of one metric.
    a.ip("-6 route append 2001:db8::/64 dev elsewhere metric 256");
    let (raw, udp) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Udp));
    let (to_raw, to_udp) = (b.open(LinkChoice::Raw), b.open(LinkChoice::Udp));
    let to_udp = b.run(move || to_udp.listen(5000, &[]).map(|()| to_udp)).expect("a free port");
    let index = |name: &'static str| -> u32 {
        let text = a.run(move || {
            let output = std::process::Command::new("ip").args(["-o", "link", "show", "dev", name]).output();
            String::from_utf8(output.expect("ip").stdout).expect("plain text")
        });
        text.split(':').next().and_then(|number| number.trim().parse().ok()).expect("an index")
    };
    let (there, elsewhere) = (index("veth0"), index("elsewhere"));
    a.run(move || {
        let octets = packet(5000, 64);
        for (source, destination) in BOTH {
            let carrier = udp.carrier(address(destination), 1000, None).expect("a link");
            for (from, to, link) in [(&raw, &to_raw, RAW), (&udp, &to_udp, carrier.link)] {
                let to_peer =
                    Outgoing { source: Some(address(source)), ..outgoing(link, destination, Some(9899), &octets) };
                let mut outcomes = Vec::new();
                from.send(&[Outgoing { interface: elsewhere, ..to_peer }], &mut outcomes);
                nothing(to);
                outcomes.clear();
                from.send(&[Outgoing { interface: there, ..to_peer }], &mut outcomes);
                assert_eq!(outcomes, [SendOutcome::Sent]);
                assert_eq!(packets(to, 1)[0].source, address(source));
            }
        }
    });
}

#[test]
fn encapsulated_packets_are_cut_and_joined_by_the_kernel() {
    let Some((a, b)) = pair() else { return };
    let to = b.open(LinkChoice::Udp);
    let to = b.run(move || to.listen(5000, &[]).map(|()| to)).expect("a free port");
    for (source, destination) in BOTH {
        let from = a.open(LinkChoice::Udp);
        let before = to.counters().packets_received;
        let from = a.run(move || (from.carrier(address(destination), 1000, None), from));
        let (Some(carrier), from) = from else { panic!("no link") };
        // 40 packets of 1,200 octets and a shorter one.
        let mut burst: Vec<u8> = (0..40).flat_map(|_| packet(5000, 1200)).collect();
        burst.extend(packet(5000, 700));
        let sent = Outgoing {
            segment_size: Some(1200),
            ecn: Ecn::Ect1,
            ..outgoing(carrier.link, destination, carrier.udp_port, &burst)
        };
        let mut outcomes = Vec::new();
        from.send(&[sent], &mut outcomes);
        assert_eq!(outcomes, [SendOutcome::Sent]);
        let got = packets(&to, 41);
        assert_eq!(got.iter().map(|one| one.packet.len()).sum::<usize>(), 40 * 1200 + 700);
        assert!(got[..40].iter().all(|one| one.packet == packet(5000, 1200)));
        assert_eq!(got[40].packet, packet(5000, 700));
        assert_eq!((got[3].source, got[3].destination), (address(source), address(destination)));
        assert_eq!((got[3].ecn, got[3].checksum), (Ecn::Ect1, ChecksumState::Unknown));
        assert_eq!(got[3].udp_port, from.udp_port(carrier.link));
        let counters = from.counters();
        assert_eq!((counters.send_calls, counters.packets_sent), (1, 41));
        assert_eq!(counters.octets_sent, burst.len() as u64);
        assert_eq!(to.counters().packets_received - before, 41);
    }
}

#[test]
fn raw_segments_are_packets_of_their_own() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    let burst: Vec<u8> = (0..100).flat_map(|_| packet(5000, 1000)).collect();
    let sent = Outgoing { segment_size: Some(1000), ..outgoing(RAW, "2001:db8::2", None, &burst) };
    let mut outcomes = Vec::new();
    from.send(&[sent, outgoing(RAW, "10.0.0.2", None, &burst[..1000])], &mut outcomes);
    assert_eq!(outcomes, [SendOutcome::Sent, SendOutcome::Sent]);
    let got = packets(&to, 101);
    assert!(got.iter().all(|one| one.packet == packet(5000, 1000)));
    assert_eq!(from.counters().send_calls, 3, "64 and 36 over IPv6, 1 over IPv4");
}

#[test]
fn packets_of_any_size_arrive_whole() {
    let Some((a, _b)) = pair() else { return };
    for (choice, largest) in [(LinkChoice::Raw, 65_515), (LinkChoice::Udp, 65_507)] {
        let links = a.open(choice);
        let (carrier, links) = a.run(move || {
            links.listen(5000, &[]).expect("a free port");
            (links.carrier(address("127.0.0.1"), 5000, None).expect("a link"), links)
        });
        for len in [12, 511, 2028, 2029, 9000, 16_364, 16_365, 30_000, largest, 1400, 12] {
            let octets = packet(5000, len);
            let mut outcomes = Vec::new();
            links.send(&[outgoing(carrier.link, "127.0.0.1", carrier.udp_port, &octets)], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent], "{len} octets");
            assert_eq!(packets(&links, 1)[0].packet, octets, "{len} octets");
        }
    }
}

#[test]
fn what_the_interface_does_not_take_is_told_and_what_may_be_cut_is_cut() {
    let Some((a, b)) = pair() else { return };
    let to_udp = b.open(LinkChoice::Udp);
    let to_udp = b.run(move || to_udp.listen(5000, &[]).map(|()| to_udp)).expect("a free port");
    for (_, destination) in BOTH {
        let (raw, to_raw) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
        let udp = a.open(LinkChoice::Udp);
        let (carrier, udp) = a.run(move || (udp.carrier(address(destination), 1000, None).expect("a link"), udp));
        let octets = packet(5000, 3000);
        for (from, to, link) in [(&raw, &to_raw, RAW), (&udp, &to_udp, carrier.link)] {
            let whole = outgoing(link, destination, Some(9899), &octets);
            let small = outgoing(link, destination, Some(9899), &octets[..100]);
            let mut outcomes = Vec::new();
            from.send(&[small, whole, small], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent, SendOutcome::TooBig { mtu: 1500 }, SendOutcome::Sent]);
            assert_eq!(packets(to, 2)[0].packet, octets[..100]);
            from.send(&[Outgoing { dont_fragment: false, ..whole }], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent]);
            assert_eq!(packets(to, 1)[0].packet, octets);
            from.send(&[whole], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::TooBig { mtu: 1500 }], "as before");
        }
    }
}

#[test]
fn segments_that_are_too_large_are_told_like_single_packets() {
    let Some((a, _b)) = pair() else { return };
    let udp = a.open(LinkChoice::Udp);
    let (carrier, udp) = a.run(move || (udp.carrier(address("10.0.0.2"), 1000, None).expect("a link"), udp));
    let burst = vec![0; 8000];
    let sent = Outgoing { segment_size: Some(2000), ..outgoing(carrier.link, "10.0.0.2", carrier.udp_port, &burst) };
    let mut outcomes = Vec::new();
    udp.send(&[sent], &mut outcomes);
    assert_eq!(outcomes, [SendOutcome::TooBig { mtu: 1500 }]);
}

#[test]
fn what_a_full_buffer_drops_is_counted() {
    let Some((a, _b)) = pair() else { return };
    let links = a.open(LinkChoice::Raw);
    let octets = packet(5000, 1400);
    let burst = vec![outgoing(RAW, "127.0.0.1", None, &octets); 64];
    let mut outcomes = Vec::new();
    for _ in 0..200 {
        links.send(&burst, &mut outcomes);
    }
    let mut incoming = Vec::new();
    let mut got = 0;
    loop {
        incoming.clear();
        links.receive(&mut incoming);
        if incoming.is_empty() {
            break;
        }
        // Beside packets, news of the new namespace's addresses may come.
        got += incoming.iter().filter(|one| matches!(one, Incoming::Packet(_))).count() as u64;
    }
    // The count comes with the next packet after the loss.
    links.send(&burst[..1], &mut outcomes);
    got += packets(&links, 1).len() as u64;
    let counters = links.counters();
    assert!(got > 100 && counters.overflowed > 0, "{counters:?}");
    assert_eq!(got + counters.overflowed, counters.packets_sent, "{counters:?}");
}

#[test]
fn nothing_leaves_where_no_route_leads() {
    let Some((a, _b)) = pair() else { return };
    let links = a.open(LinkChoice::Raw);
    let octets = packet(5000, 64);
    let mut outcomes = Vec::new();
    links
        .send(&[outgoing(RAW, "203.0.113.1", None, &octets), outgoing(RAW, "127.0.0.1", None, &octets)], &mut outcomes);
    assert_eq!(outcomes[0], SendOutcome::Refused(101), "ENETUNREACH");
    assert_eq!(outcomes[1], SendOutcome::Sent);
    assert_eq!(links.route(address("203.0.113.1")), None);
}

#[test]
fn routes_and_addresses_follow_the_host() {
    let Some((a, _b)) = pair() else { return };
    let links = a.open(LinkChoice::Raw);
    let route = links.route(address("2001:db8::2")).expect("a route");
    assert_eq!((route.source, route.mtu), (address("2001:db8::1"), 1500));
    let route = links.route(address("10.0.0.2")).expect("a route");
    assert_eq!((route.source, route.mtu), (address("10.0.0.1"), 1500));
    assert!(!links.local_addresses().iter().any(|local| local.address == address("10.0.0.77")));
    let mut incoming = Vec::new();
    links.receive(&mut incoming);
    a.ip("addr add 10.0.0.77/24 dev veth0");
    receive(&links, |incoming| incoming.iter().any(|one| matches!(one, Incoming::AddressesChanged)));
    let local = links.local_addresses().into_iter().find(|local| local.address == address("10.0.0.77"));
    assert_eq!(local.expect("the new one").interface, route.interface);
    a.ip("link set veth0 mtu 1400");
    receive(&links, |incoming| incoming.iter().any(|one| matches!(one, Incoming::AddressesChanged)));
    assert_eq!(links.route(address("10.0.0.2")).expect("a route").mtu, 1400);
    a.ip("route add 192.0.2.0/24 via 10.0.0.2 mtu 1280");
    assert_eq!(links.route(address("192.0.2.1")).expect("a route").mtu, 1280);
}

#[test]
fn link_local_addresses_carry_their_interface() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
    let own = |links: &usctp_link::Links| {
        for _ in 0..100 {
            let found = links.local_addresses().into_iter().find(|local| local.address.scope != 0);
            if let Some(local) = found {
                return local.address;
            }
            links.wait(Some(std::time::Duration::from_millis(50)));
            links.receive(&mut Vec::new());
        }
        panic!("no link-local address");
    };
    let (source, destination) = (own(&from), own(&to));
    let towards = usctp_link::Address::new(destination.ip, source.scope);
    assert_eq!(from.route(towards).expect("a route").source, source);
    let octets = packet(5000, 64);
    let sent = Outgoing { source: Some(source), destination: towards, ..outgoing(RAW, "::1", None, &octets) };
    let mut outcomes = Vec::new();
    from.send(&[sent], &mut outcomes);
    assert_eq!(outcomes, [SendOutcome::Sent]);
    let got = packets(&to, 1).remove(0);
    assert_eq!(got.destination, destination);
    assert_eq!((got.source.ip, got.source.scope), (source.ip, destination.scope));
}

#[test]
fn links_are_what_the_process_may_have() {
    let Some((a, b)) = pair() else { return };
    assert!(a.open(LinkChoice::Auto).explanation().starts_with("raw IP"));
    let (automatic, demanded) = b.run(|| {
        // One thread gives its privileges up for good; libc's function would do it for all threads.
        // SAFETY: a system call on numbers.
        #[allow(unsafe_code)]
        let answered = unsafe { libc::syscall(libc::SYS_setresuid, 65_534, 65_534, 65_534) };
        assert_eq!(answered, 0);
        let open = |choice| usctp_link::Links::open(&LinkSettings { choice, ..LinkSettings::default() });
        (open(LinkChoice::Auto), open(LinkChoice::Raw).map(drop))
    });
    let automatic = automatic.expect("UDP needs no privilege");
    assert!(automatic.explanation().starts_with("UDP encapsulation"), "{}", automatic.explanation());
    let refusal = demanded.expect_err("raw IP needs privilege");
    assert_eq!(refusal.errno(), 1, "EPERM");
    assert!(refusal.to_string().contains("--link udp"), "{refusal}");
    let carrier = b.run(move || automatic.carrier(address("10.0.0.1"), 1000, None)).expect("a link");
    assert_eq!(carrier.udp_port, Some(9899));
}

#[test]
fn a_stack_without_encapsulation_has_it_where_it_is_asked_for() {
    let Some((a, b)) = pair() else { return };
    let (from, to) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Udp));
    let to = b.run(move || to.listen(5000, &[]).map(|()| to)).expect("a free port");
    let destination = address("10.0.0.2");
    let (plain, encapsulated, from) =
        a.run(move || (from.carrier(destination, 1000, None), from.carrier(destination, 1000, Some(9899)), from));
    assert_eq!(plain.expect("raw").udp_port, None);
    let encapsulated = encapsulated.expect("UDP");
    let octets = packet(5000, 64);
    from.send(&[outgoing(encapsulated.link, "10.0.0.2", encapsulated.udp_port, &octets)], &mut Vec::new());
    let got = packets(&to, 1).remove(0);
    assert_eq!(got.udp_port, from.udp_port(encapsulated.link));
    // And back, from the port that it came to.
    let back = outgoing(got.link, "10.0.0.1", got.udp_port, &octets);
    to.send(&[back], &mut Vec::new());
    let got = packets(&from, 1).remove(0);
    assert_eq!((got.link, got.udp_port), (encapsulated.link, Some(9899)));
    nothing(&from);
}
