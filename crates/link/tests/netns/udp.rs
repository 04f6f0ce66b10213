//! Which UDP ports are bound, where and when.

use usctp_link::{Address, Link, LinkChoice, LinkSettings, SendOutcome};

use crate::hosts::{address, nothing, outgoing, packet, packets, pair};

#[test]
fn servers_on_different_addresses_of_a_host_each_have_the_fixed_port() {
    let Some((a, _b)) = pair() else { return };
    let (two, five, six) = (a.open(LinkChoice::Udp), a.open(LinkChoice::Udp), a.open(LinkChoice::Udp));
    let client = a.open(LinkChoice::Udp);
    a.run(move || {
        two.listen(5000, &[address("127.0.0.2")]).expect("free");
        five.listen(5000, &[address("127.0.0.5"), address("::1")]).expect("free");
        let refusal = six.listen(5000, &[Address::ANY_V4]).expect_err("in use on two addresses");
        assert_eq!(refusal.errno(), 98, "EADDRINUSE");
        assert!(refusal.to_string().contains("--udp-port"), "{refusal}");
        six.listen(5000, &[address("127.0.0.6")]).expect("nothing is left of the refused one");
        let octets = packet(5000, 64);
        let mut outcomes = Vec::new();
        for (server, destination) in [(&two, "127.0.0.2"), (&five, "127.0.0.5"), (&five, "::1"), (&six, "127.0.0.6")] {
            let carrier = client.carrier(address(destination), 1000, None).expect("a link");
            assert_ne!(client.udp_port(carrier.link), Some(9899), "a client has an ephemeral port");
            client.send(&[outgoing(carrier.link, destination, carrier.udp_port, &octets)], &mut outcomes);
            assert_eq!(outcomes, [SendOutcome::Sent]);
            let got = packets(server, 1).remove(0);
            assert_eq!(got.destination, address(destination));
            assert_eq!(server.udp_port(got.link), Some(9899));
        }
    });
}

#[test]
fn a_stack_that_listens_after_it_has_connected_keeps_what_it_had() {
    let Some((a, b)) = pair() else { return };
    let (stack, peer) = (a.open(LinkChoice::Udp), b.open(LinkChoice::Udp));
    let peer = b.run(move || peer.listen(5000, &[]).map(|()| peer)).expect("free");
    a.run(move || {
        let octets = packet(5000, 64);
        let first = stack.carrier(address("10.0.0.2"), 1000, None).expect("a link");
        stack.listen(6000, &[]).expect("free");
        let second = stack.carrier(address("10.0.0.2"), 6000, None).expect("a link");
        assert_ne!(first.link, second.link);
        assert_eq!(stack.udp_port(second.link), Some(9899));
        let mut ports = Vec::new();
        for link in [first.link, second.link] {
            stack.send(&[outgoing(link, "10.0.0.2", Some(9899), &octets)], &mut Vec::new());
            let got = packets(&peer, 1).remove(0);
            ports.push(got.udp_port);
            peer.send(&[outgoing(got.link, "10.0.0.1", got.udp_port, &octets)], &mut Vec::new());
            assert_eq!(packets(&stack, 1)[0].link, link);
        }
        assert_eq!(ports, [stack.udp_port(first.link), Some(9899)]);
    });
}

#[test]
fn a_stack_that_listens_on_one_address_can_listen_on_all_later() {
    let Some((a, b)) = pair() else { return };
    let (stack, other, peer) = (a.open(LinkChoice::Udp), a.open(LinkChoice::Udp), b.open(LinkChoice::Udp));
    a.run(move || {
        stack.listen(5000, &[address("10.0.0.11")]).expect("free");
        stack.listen(5001, &[Address::ANY_V4, Address::ANY_V6]).expect("beside its own");
        assert!(other.listen(5002, &[address("10.0.0.1")]).is_err(), "all addresses are taken");
        let octets = packet(5000, 64);
        let carrier = peer.carrier(address("10.0.0.1"), 1000, None).expect("a link");
        for destination in ["10.0.0.11", "10.0.0.1", "2001:db8::1"] {
            peer.send(&[outgoing(carrier.link, destination, Some(9899), &octets)], &mut Vec::new());
            let got = packets(&stack, 1).remove(0);
            assert_eq!(got.destination, address(destination));
            nothing(&stack);
        }
    });
}

#[test]
fn the_port_that_the_user_has_named_is_used_from_the_beginning() {
    let Some((a, _b)) = pair() else { return };
    let settings = LinkSettings { choice: LinkChoice::Udp, udp_port: Some(12_345), ..LinkSettings::default() };
    let (stack, other) = (a.open_with(settings.clone()), a.open_with(settings));
    a.run(move || {
        let carrier = stack.carrier(address("10.0.0.2"), 1000, None).expect("a link");
        assert_eq!(stack.udp_port(carrier.link), Some(12_345));
        stack.listen(5000, &[]).expect("its own port");
        let carrier = stack.carrier(address("10.0.0.2"), 5000, None).expect("a link");
        assert_eq!(stack.udp_port(carrier.link), Some(12_345));
        // A client gets on without; a server cannot.
        let carrier = other.carrier(address("10.0.0.2"), 1000, None).expect("a link");
        assert_ne!(other.udp_port(carrier.link), Some(12_345));
        assert!(other.listen(5000, &[]).expect_err("taken").to_string().contains("12345"));
    });
}
