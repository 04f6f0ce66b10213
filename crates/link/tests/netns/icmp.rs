//! ICMP errors.

use usctp_link::{IcmpKind, Link, LinkChoice, Outgoing, SendOutcome};

use crate::hosts::{RAW, address, icmp, outgoing, packet, packets, pair, routed};

const BOTH: [&str; 2] = ["10.0.2.2", "2001:db8:2::2"];

#[test]
fn a_router_says_what_fits_and_what_may_be_cut_gets_through() {
    let Some((a, _router, b)) = routed() else { return };
    let to_udp = b.open(LinkChoice::Udp);
    let to_udp = b.run(move || to_udp.listen(5000, &[]).map(|()| to_udp)).expect("a free port");
    for destination in BOTH {
        let (raw, to_raw) = (a.open(LinkChoice::Raw), b.open(LinkChoice::Raw));
        let udp = a.open(LinkChoice::Udp);
        let (carrier, udp, _claim, raw) = a.run(move || {
            let carrier = udp.carrier(address(destination), 1000, None).expect("a link");
            (carrier, udp, raw.claim(1000, &[]).expect("free"), raw)
        });
        for (from, to, link) in [(&raw, &to_raw, RAW), (&udp, &to_udp, carrier.link)] {
            let octets = packet(5000, 1400);
            let sent = outgoing(link, destination, Some(9899), &octets);
            let mut outcomes = Vec::new();
            from.send(&[sent], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent]);
            let error = icmp(from);
            assert_eq!(error.kind, IcmpKind::PacketTooBig(1300));
            assert_eq!((error.destination, error.link), (address(destination), link));
            assert_eq!(error.udp_port, from.udp_port(link).map(|_| 9899));
            assert_eq!(error.quoted[..64], octets[..64]);
            // Nobody has compared that with a tag: the host's own idea of the path must not get in our way.
            from.send(&[sent], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent]);
            assert_eq!(from.route(address(destination)).expect("a route").mtu, 1500);
            icmp(from);
            from.send(&[Outgoing { dont_fragment: false, ..sent }], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent]);
            assert_eq!(packets(to, 1)[0].packet, octets);
        }
    }
}

#[test]
fn a_host_without_sctp_says_so() {
    let Some((a, _b)) = pair() else { return };
    for destination in ["10.0.0.2", "2001:db8::2"] {
        let (raw, udp) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Udp));
        let (carrier, udp, _claim, raw) = a.run(move || {
            let carrier = udp.carrier(address(destination), 1000, None).expect("a link");
            (carrier, udp, raw.claim(1000, &[]).expect("free"), raw)
        });
        for (from, link) in [(&raw, RAW), (&udp, carrier.link)] {
            let octets = packet(5000, 100);
            let sent = outgoing(link, destination, Some(9899), &octets);
            let mut outcomes = Vec::new();
            from.send(&[sent], &mut outcomes);
            let error = icmp(from);
            assert_eq!(error.kind, IcmpKind::ProtocolUnreachable);
            assert_eq!(error.quoted[..12], octets[..12]);
            // The error has also been left for the next to use the socket. It is not about what that one sends.
            from.send(&[sent, sent], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent, SendOutcome::Sent]);
        }
    }
}

#[test]
fn an_error_about_the_packet_of_another_stack_is_not_shown() {
    let Some((a, _b)) = pair() else { return };
    // The first one leads, and sees what is nobody's; the second one has only what is its own.
    let (_leader, bystander, sender) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Raw), a.open(LinkChoice::Raw));
    let (_claim, sender) = a.run(move || (sender.claim(1000, &[]).expect("free"), sender));
    sender.send(&[outgoing(RAW, "10.0.0.2", None, &packet(5000, 100))], &mut Vec::new());
    icmp(&sender);
    let mut incoming = Vec::new();
    bystander.wait(Some(std::time::Duration::from_millis(50)));
    bystander.receive(&mut incoming);
    assert_eq!(bystander.counters().icmp, 0, "{incoming:?}");
}

#[test]
fn an_unreachable_host_is_told_from_a_missing_protocol() {
    let Some((a, router, _b)) = routed() else { return };
    router.ip("route add unreachable 203.0.113.0/24");
    let raw = a.open(LinkChoice::Raw);
    let (_claim, raw) = a.run(move || (raw.claim(1000, &[]).expect("free"), raw));
    raw.send(&[outgoing(RAW, "203.0.113.1", None, &packet(5000, 100))], &mut Vec::new());
    let error = icmp(&raw);
    assert_eq!((error.kind, error.destination), (IcmpKind::Unreachable, address("203.0.113.1")));
}
