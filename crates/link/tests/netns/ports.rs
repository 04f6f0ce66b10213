//! The registry of ports belongs to the network namespace.

use usctp_link::{ClaimError, Link, LinkChoice};

use crate::hosts::{Host, pair};

#[test]
fn hosts_do_not_share_ports_but_links_of_a_host_do() {
    let Some((a, b)) = pair() else { return };
    let (raw, udp, elsewhere) = (a.open(LinkChoice::Raw), a.open(LinkChoice::Udp), b.open(LinkChoice::Raw));
    let (_here, raw) = a.run(move || (raw.claim(5000, &[]).expect("free"), raw));
    let _there = b.run(move || elsewhere.claim(5000, &[])).expect("another host");
    assert_eq!(a.run(move || udp.claim(5000, &[]).map(drop)), Err(ClaimError::InUse));
    assert!(raw.is_free(5000, &[]));
}

#[test]
fn the_death_of_a_process_frees_its_ports() {
    let Some(host) = Host::new() else { return };
    let freed = host.run(|| {
        // What the registry does to hold port 5000 on all addresses, done by another process that is killed.
        let script = "import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); \
                      s.bind('\\0usctp/port/5000/*'); print(flush=True); sys.stdin.read()";
        let mut other = std::process::Command::new("python3")
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("python3");
        let mut line = [0];
        std::io::Read::read_exact(other.stdout.as_mut().expect("piped"), &mut line).expect("it began");
        let links = usctp_link::Links::open(&usctp_link::LinkSettings::default()).expect("links");
        let held = links.claim(5000, &[]).map(drop);
        other.kill().expect("killed");
        other.wait().expect("gone");
        (held, links.claim(5000, &[]).map(drop))
    });
    assert_eq!(freed, (Err(ClaimError::InUse), Ok(())));
}
