//! socat between a file and SCTP: the whole file arrives, in either direction, and both ends end by themselves.

use std::fs;
use std::time::Duration;

use crate::world::{Family, World, is_long, on_every_carrier};

on_every_carrier! {
    upload => the_client_sends_a_file,
    download => the_listener_sends_a_file,
    exchange => both_ends_send_a_file_at_once,
}

const PORT: u16 = 5012;

fn the_client_sends_a_file(world: &World) {
    let (listen, connect) = addresses(world);
    let sent = file(world, "sent");
    let listener = world.start(&["socat", "-u", &listen, &format!("CREATE:{}", world.file("received"))]);
    world.client(&["socat", "-u", &format!("FILE:{sent}"), &connect], limit()).success();
    listener.finish(limit()).success();
    same(world, "sent", "received");
}

fn the_listener_sends_a_file(world: &World) {
    let (listen, connect) = addresses(world);
    let sent = file(world, "sent");
    let listener = world.start(&["socat", "-u", &format!("FILE:{sent}"), &listen]);
    world.client(&["socat", "-u", &connect, &format!("CREATE:{}", world.file("received"))], limit()).success();
    listener.finish(limit()).success();
    same(world, "sent", "received");
}

fn both_ends_send_a_file_at_once(world: &World) {
    let (listen, connect) = addresses(world);
    let (there, back) = (file(world, "there"), file(world, "back"));
    // SCTP has no half-close: `ignoreeof` keeps an end that has sent all from closing while the other still sends.
    let all = fs::metadata(&there).expect("just made").len();
    let listen_files = format!("FILE:{back},ignoreeof!!CREATE:{}", world.file("there.out"));
    let connect_files = format!("FILE:{there},ignoreeof!!CREATE:{}", world.file("back.out"));
    let listener = world.start(&["socat", "-dd", &listen, &listen_files]);
    listener.wait_until("listens", limit(), |listener| listener.stderr().contains("listening on"));
    let client = world.start(&["socat", &connect, &connect_files]);
    let arrived = |name: &str| fs::metadata(world.path(name)).is_ok_and(|file| file.len() == all);
    listener.wait_until("the file has arrived", limit(), |_| arrived("there.out"));
    client.wait_until("the file has arrived", limit(), |_| arrived("back.out"));
    same(world, "there", "there.out");
    same(world, "back", "back.out");
}

fn addresses(world: &World) -> (String, String) {
    match world.family {
        Family::V4 => (format!("SCTP4-LISTEN:{PORT},reuseaddr"), format!("SCTP4-CONNECT:127.0.0.1:{PORT}")),
        Family::V6 => (format!("SCTP6-LISTEN:{PORT},reuseaddr"), format!("SCTP6-CONNECT:[::1]:{PORT}")),
    }
}

fn file(world: &World, name: &str) -> String {
    world.random_file(name, if is_long() { 256 << 20 } else { 16 << 20 })
}

fn limit() -> Duration {
    Duration::from_secs(if is_long() { 300 } else { 60 })
}

fn same(world: &World, one: &str, other: &str) {
    let read = |name: &str| fs::read(world.path(name)).expect("the file is there");
    assert!(read(one) == read(other), "{one} and {other} differ");
}
