use super::*;

fn registry() -> Arc<Registry> {
    Arc::new(Registry::open().expect("a registry"))
}

fn v4(text: &str) -> Address {
    Address::new(text.parse().expect("an address"), 0)
}

const ANY: [Address; 2] = [Address::ANY_V4, Address::ANY_V6];

/// Ports that no other test uses, also not in another process of this machine at the same time.
fn port(index: u16) -> u16 {
    let process = (std::process::id() % 500) as u16;
    64_000 - process * 32 - index
}

#[test]
fn a_port_is_held_until_the_claim_is_dropped() {
    let (one, other) = (registry(), registry());
    let claim = one.claim(port(0), &ANY).expect("free");
    assert!(!other.is_free(port(0), &ANY));
    assert_eq!(other.claim(port(0), &ANY).expect_err("held"), ClaimError::InUse);
    assert!(one.is_free(port(0), &ANY), "of its own ports a stack decides itself");
    drop(claim);
    assert!(other.is_free(port(0), &ANY));
    let _claim = other.claim(port(0), &ANY).expect("free again");
}

#[test]
fn different_addresses_can_have_the_same_port_but_not_beside_all_of_their_family() {
    let (one, other, third) = (registry(), registry(), registry());
    let two = one.claim(port(1), &[v4("127.0.0.2")]).expect("free");
    let _five = other.claim(port(1), &[v4("127.0.0.5")]).expect("another address");
    assert!(third.claim(port(1), &[v4("127.0.0.2")]).is_err());
    assert!(third.claim(port(1), &ANY).is_err());
    assert!(third.claim(port(1), &[Address::ANY_V4]).is_err());
    let six = third.claim(port(1), &[Address::ANY_V6]).expect("another family");
    assert!(other.claim(port(1), &[v4("::1")]).is_err());
    drop((two, six));
    assert!(third.claim(port(1), &ANY).is_err(), "the other one still has an address");
    assert!(one.is_free(port(1), &[v4("127.0.0.2")]));
}

#[test]
fn one_stack_may_claim_a_port_several_times() {
    let (one, other) = (registry(), registry());
    let first = one.claim(port(2), &[v4("127.0.0.2")]).expect("free");
    let second = one.claim(port(2), &[v4("127.0.0.2"), v4("127.0.0.3")]).expect("its own");
    let all = one.claim(port(2), &ANY).expect("beside its own addresses");
    drop(first);
    assert!(!other.is_free(port(2), &[v4("127.0.0.2")]));
    drop(all);
    assert!(!other.is_free(port(2), &[v4("127.0.0.3")]));
    assert!(other.is_free(port(2), &[v4("127.0.0.4")]));
    drop(second);
    assert!(other.is_free(port(2), &ANY));
}

#[test]
fn a_refused_claim_leaves_nothing_behind() {
    let (one, other, third) = (registry(), registry(), registry());
    let _claim = one.claim(port(3), &[v4("127.0.0.3")]).expect("free");
    assert!(other.claim(port(3), &[v4("127.0.0.2"), v4("127.0.0.3")]).is_err());
    let _claim = third.claim(port(3), &[v4("127.0.0.2")]).expect("withdrawn by the other");
}

#[test]
fn a_stack_knows_what_it_covers_itself() {
    let one = registry();
    let claim = one.claim(port(4), &[v4("127.0.0.2"), Address::ANY_V6]).expect("free");
    assert!(one.covers(port(4), v4("127.0.0.2")));
    assert!(!one.covers(port(4), v4("127.0.0.3")));
    assert!(one.covers(port(4), v4("2001:db8::1")));
    assert!(!one.covers(port(5), v4("127.0.0.2")));
    drop(claim);
    assert!(!one.covers(port(4), v4("127.0.0.2")));
    assert!(!one.holds(port(4)));
}

#[test]
fn who_else_holds_a_port_is_known_by_address() {
    let (one, other) = (registry(), registry());
    let claim = one.claim(port(6), &[v4("127.0.0.2")]).expect("free");
    assert!(other.is_held_by_other(port(6), v4("127.0.0.2")));
    assert!(!other.is_held_by_other(port(6), v4("127.0.0.3")));
    assert!(!one.is_held_by_other(port(6), v4("127.0.0.2")));
    drop(claim);
    pause(ANSWER_LIFE + Duration::from_millis(1));
    assert!(!other.is_held_by_other(port(6), v4("127.0.0.2")));
}

#[test]
fn of_many_that_want_the_same_port_at_once_exactly_one_gets_it() {
    let winners: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let registry = registry();
                    let claim = registry.claim(port(7), &ANY);
                    pause(Duration::from_millis(50));
                    usize::from(claim.is_ok())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(winners, 1);
}

#[test]
fn those_told_of_changes_see_all_ports() {
    let one = registry();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    one.on_change(Box::new(move |ports| lock(&told).push(ports.to_vec())));
    let claim = one.claim(port(8), &ANY).expect("free");
    drop(claim);
    assert_eq!(*lock(&seen), [vec![], vec![port(8)], vec![]]);
}
