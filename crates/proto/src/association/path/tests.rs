use std::{net::Ipv4Addr, time::Duration};

use super::*;
use crate::LinkId;

const RAW: Carrier = Carrier { link: LinkId(0), udp_port: None };

fn address(last: u8) -> Address {
    Address::from(IpAddr::from(Ipv4Addr::new(192, 0, 2, last)))
}

fn paths(count: u8) -> PathSet {
    let mut paths = PathSet::new();
    for last in 0..count {
        paths.add(address(last), None, RAW, 1500, &AssociationConfig::default(), true).unwrap();
    }
    paths
}

fn fail(paths: &mut PathSet, id: u8) {
    assert_eq!(paths.get_mut(PathId(id)).unwrap().failover.fail(), Some(PathChange::Unreachable));
}

#[test]
fn the_fragmentation_point_is_that_of_linux() {
    let config = AssociationConfig::default();
    assert_eq!(paths(1).fragmentation_point(&config), 1452);
    let mut loopback = PathSet::new();
    loopback.add(address(1), None, RAW, 65_536, &config, true);
    assert_eq!(loopback.fragmentation_point(&config), 65_484);
    let udp = Carrier { udp_port: Some(9899), ..RAW };
    loopback.add(address(2), None, udp, 1500, &config, true);
    assert_eq!(loopback.fragmentation_point(&config), 1444);
    let wish = AssociationConfig { max_segment: 500, ..config };
    assert_eq!(loopback.fragmentation_point(&wish), 500);
}

#[test]
fn data_leaves_a_primary_that_fails_and_comes_back_to_it() {
    let mut paths = paths(3);
    paths.set_primary(PathId(1));
    assert_eq!(paths.select_for_data(), PathId(1));
    fail(&mut paths, 1);
    assert_eq!(paths.select_for_data(), PathId(0));
    assert_eq!(paths.select_for_wish(Some(PathId(2))), PathId(2));
    assert_eq!(paths.select_for_wish(Some(PathId(1))), PathId(0));
    assert_eq!(paths.get_mut(PathId(1)).unwrap().on_success(), Some(PathChange::Available));
    assert_eq!(paths.select_for_data(), PathId(1));
}

#[test]
fn a_retransmission_takes_another_path_if_there_is_one() {
    let mut paths = paths(3);
    assert_eq!(paths.select_for_retransmission(PathId(0)), PathId(1));
    assert_eq!(paths.select_for_retransmission(PathId(2)), PathId(0));
    fail(&mut paths, 1);
    assert_eq!(paths.select_for_retransmission(PathId(0)), PathId(2));
    fail(&mut paths, 2);
    assert_eq!(paths.select_for_retransmission(PathId(0)), PathId(0));
    fail(&mut paths, 0);
    assert_eq!(paths.select_for_retransmission(PathId(0)), PathId(1), "none works: all are tried in turn");
}

#[test]
fn data_never_goes_to_an_unconfirmed_address() {
    let config = AssociationConfig::default();
    let mut paths = paths(1);
    paths.add(address(9), None, RAW, 1500, &config, false);
    fail(&mut paths, 0);
    assert_eq!(paths.select_for_data(), PathId(0));
    assert_eq!(paths.select_for_retransmission(PathId(0)), PathId(0));
}

#[test]
fn removing_the_primary_makes_another_one_primary() {
    let mut paths = paths(2);
    paths.remove(PathId(0));
    assert_eq!(paths.primary(), PathId(1));
    assert_eq!(paths.len(), 1);
    assert_eq!(paths.add(address(5), None, RAW, 1500, &AssociationConfig::default(), true), Some(PathId(0)));
    paths.remove(PathId(0));
    paths.remove(PathId(1));
    assert!(paths.is_empty());
    assert!(paths.get(paths.select_for_retransmission(PathId(7))).is_none());
}

#[test]
fn a_peer_with_thousands_of_addresses_is_cut_short() {
    let config = AssociationConfig::default();
    let mut paths = PathSet::new();
    let kept = (0..10_000u32).filter(|&n| {
        let address = Address::from(IpAddr::from(Ipv4Addr::from(n)));
        paths.add(address, None, RAW, 1500, &config, false).is_some()
    });
    assert_eq!(kept.count(), MAX_PATHS);
}

#[test]
fn unconfirmed_addresses_are_probed_one_per_rto() {
    let config = AssociationConfig::default();
    let mut paths = paths(1);
    for last in 1..4 {
        paths.add(address(last), None, RAW, 1500, &config, false);
    }
    paths.schedule_confirmation(Time::ZERO, &config);
    let due: Vec<_> = paths.iter().map(|(_, path)| path.heartbeat.next_timeout()).collect();
    let at = |seconds| Some(Time::ZERO + Duration::from_secs(seconds));
    assert_eq!(due, [None, at(0), at(3), at(6)]);
}

#[test]
fn a_path_in_use_puts_its_heartbeat_off() {
    let mut paths = paths(1);
    let path = paths.get_mut(PathId(0)).unwrap();
    path.schedule_heartbeat(Time::ZERO, 1 << 31);
    let due = path.heartbeat.next_timeout().unwrap();
    path.last_used = Time::ZERO + Duration::from_secs(20);
    assert!(!path.heartbeat_due(due, 1 << 31));
    let later = path.heartbeat.next_timeout().unwrap();
    assert_eq!(later.saturating_since(due), Duration::from_secs(20));
    assert!(path.heartbeat_due(later, 1 << 31));
}

#[test]
fn an_answered_heartbeat_measures_confirms_and_revives() {
    let config = AssociationConfig::default();
    let mut paths = PathSet::new();
    paths.add(address(1), None, RAW, 1500, &config, false);
    fail(&mut paths, 0);
    let path = paths.get_mut(PathId(0)).unwrap();
    path.heartbeat_sent(Time::ZERO, 99, 0);
    let later = Time::ZERO + Duration::from_millis(10);
    assert_eq!(path.heartbeat_acknowledged(later, 98, &config), None);
    let changes = path.heartbeat_acknowledged(later, 99, &config);
    assert_eq!(changes, Some([Some(PathChange::Available), Some(PathChange::Confirmed)]));
    assert_eq!(path.rtt.srtt(), Duration::from_millis(10));
}

#[test]
fn a_path_is_small() {
    assert!(size_of::<Path>() <= 320, "{}", size_of::<Path>());
}
