//! Calls that wait: limits, wake-ups by close and shutdown, signals, many threads.
#![allow(unsafe_code, reason = "signals")]
#![allow(
    clippy::disallowed_methods,
    reason = "that a thread sleeps in a call cannot be waited for, only given time to"
)]

mod pair;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pair::*;
use usctp_socket::{Domain, GeneralName, GeneralValue, How, Socket, SocketError, Style};

fn limit(socket: &Socket, name: GeneralName, milliseconds: u64) {
    let timeout = GeneralValue::Timeout(Some(Duration::from_millis(milliseconds)));
    socket.set_general_option(name, &timeout).expect("set");
}

#[test]
fn a_receive_waits_for_its_message() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let reader = thread::spawn(move || message(&served));
    thread::sleep(Duration::from_millis(30));
    send(&client, b"at last").expect("sent");
    assert_eq!(reader.join().expect("no panic"), b"at last");
}

#[test]
fn time_limits_end_the_wait_not_before_their_time() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    limit(&client, GeneralName::ReceiveTimeout, 50);
    let begun = Instant::now();
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::WouldBlock));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let listener = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    listener.listen(1).expect("listening on a port of its own");
    limit(&listener, GeneralName::ReceiveTimeout, 50);
    assert_eq!(listener.accept(false).map(|_| ()), Err(SocketError::WouldBlock));
    limit(&client, GeneralName::SendTimeout, 50);
    pair.filter(|_| false);
    fill(&client, &[0; 1000]);
    let begun = Instant::now();
    assert_eq!(send(&client, &[0; 1000]), Err(SocketError::WouldBlock));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let connecting = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    limit(&connecting, GeneralName::SendTimeout, 50);
    assert!(matches!(connecting.connect(&[server()], false), Err(SocketError::InProgress { .. })));
}

#[test]
fn close_and_shutdown_wake_whoever_waits() {
    let pair = Pair::new();
    for shut in [false, true] {
        let (client, _served) = (pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket"), ());
        let listener = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
        listener.listen(1).expect("listening");
        let port = listener.local_name().expect("bound").port();
        client.connect(&[at(Z, port)], false).expect("connected");
        let waiting = client.clone();
        let reader = thread::spawn(move || receive(&waiting).map(|(octets, _)| octets.len()));
        let accepting = listener.clone();
        let (_served, _) = listener.accept(false).expect("accepted");
        let acceptor = thread::spawn(move || accepting.accept(false).map(|_| ()));
        thread::sleep(Duration::from_millis(30));
        if shut {
            client.shutdown(How::Read).expect("shut");
            assert_eq!(reader.join().expect("no panic"), Ok(0));
        } else {
            client.close();
            assert_eq!(reader.join().expect("no panic"), Err(SocketError::Closed));
        }
        listener.close();
        assert_eq!(acceptor.join().expect("no panic"), Err(SocketError::Closed));
    }
}

#[test]
fn a_sender_waits_for_room_and_loses_the_association_under_its_feet() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let sender = thread::spawn(move || {
        let mut sent = 0;
        loop {
            match send(&client, &[5; 1000]) {
                Ok(_) => sent += 1,
                Err(error) => return (sent, error, client),
            }
        }
    });
    for _ in 0..500 {
        message(&served);
    }
    thread::sleep(Duration::from_millis(100));
    served.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 0 }).expect("set");
    served.close();
    let (sent, error, client) = sender.join().expect("no panic");
    assert!(sent >= 500);
    assert_eq!(error, SocketError::AssociationEnded);
    assert_eq!(send(&client, b"x"), Err(SocketError::ConnectionReset));
    assert_eq!(send(&client, b"x"), Err(SocketError::BrokenPipe));
}

#[test]
fn many_threads_share_one_socket_and_every_message_is_read_once() {
    const THREADS: usize = 4;
    const EACH: usize = 500;
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    client.connect(&[server()], false).expect("connected");
    let read = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (socket, read) = (server_socket.clone(), Arc::clone(&read));
            thread::spawn(move || {
                while let Ok((octets, _)) = receive(&socket) {
                    assert_eq!(octets.len(), 100);
                    read.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let senders: Vec<_> = (0..THREADS)
        .map(|_| {
            let socket = client.clone();
            thread::spawn(move || {
                for _ in 0..EACH {
                    send_to(&socket, &[1; 100], server()).expect("sent");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().expect("no panic");
    }
    until("all read", || read.load(Ordering::Relaxed) == THREADS * EACH);
    server_socket.close();
    for reader in readers {
        reader.join().expect("no panic");
    }
    assert_eq!(read.load(Ordering::Relaxed), THREADS * EACH);
}

/// Time that this thread's process has run so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
}

#[test]
fn waiting_costs_no_processor_time() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let reader = thread::spawn(move || receive(&client).map(|(octets, _)| octets.len()));
    // Other tests run beside this one in the same process: the least of several tries counts.
    let least = (0..20)
        .map(|_| {
            let before = processor_time();
            thread::sleep(Duration::from_millis(100));
            processor_time() - before
        })
        .min()
        .expect("some tries");
    assert!(least < Duration::from_millis(20), "{least:?} in 100 ms of waiting");
    served.close();
    assert_eq!(reader.join().expect("no panic"), Ok(0));
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handle(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Installs the handler for a signal, with these flags.
fn install(signal: libc::c_int, flags: libc::c_int) {
    // SAFETY: the handler only adds to an atomic number; a zeroed sigaction is valid.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(signal, &raw const action, std::ptr::null_mut()), 0);
    }
}

/// A thread in a receive call, hit by a signal after a while.
fn interrupted(socket: Socket, signal: libc::c_int) -> thread::JoinHandle<Result<usize, SocketError>> {
    let (told, number) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        // SAFETY: no arguments.
        told.send(unsafe { libc::pthread_self() }).expect("still there");
        receive(&socket).map(|(octets, _)| octets.len())
    });
    let number = number.recv().expect("told");
    thread::sleep(Duration::from_millis(50));
    let before = HANDLED.load(Ordering::Relaxed);
    // SAFETY: the thread has not been joined.
    assert_eq!(unsafe { libc::pthread_kill(number, signal) }, 0);
    until("handled", || HANDLED.load(Ordering::Relaxed) > before);
    reader
}

#[test]
fn a_signal_ends_a_wait_unless_it_restarts_calls_and_always_one_with_a_limit() {
    install(libc::SIGUSR1, 0);
    install(libc::SIGUSR2, libc::SA_RESTART);
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let reader = interrupted(served.clone(), libc::SIGUSR1);
    assert_eq!(reader.join().expect("no panic"), Err(SocketError::Interrupted));
    let reader = interrupted(served.clone(), libc::SIGUSR2);
    thread::sleep(Duration::from_millis(50));
    assert!(!reader.is_finished(), "it goes on waiting");
    send(&client, b"four").expect("sent");
    assert_eq!(reader.join().expect("no panic"), Ok(4));
    limit(&served, GeneralName::ReceiveTimeout, 10_000);
    let reader = interrupted(served, libc::SIGUSR2);
    assert_eq!(reader.join().expect("no panic"), Err(SocketError::Interrupted));
}

/// Connects, exchanges `messages` messages with an echoing server in windows of 16, and closes.
fn exchange(client: &Socket, messages: usize, seed: usize) {
    client.connect(&[server()], false).expect("connected");
    let size = |index: usize| 1 + (index * 7919 + seed * 104_729) % 6000;
    for window in (0..messages).step_by(16) {
        let indices = window..messages.min(window + 16);
        for index in indices.clone() {
            send(client, &vec![index as u8; size(index)]).expect("sent");
        }
        for index in indices {
            let octets = message(client);
            assert_eq!((octets.len(), octets[0]), (size(index), index as u8));
        }
    }
    client.close();
}

#[test]
fn associations_come_and_go_on_many_threads_while_others_transfer() {
    const CLIENTS: usize = 4;
    const ROUNDS: usize = 8;
    let pair = Pair::new();
    let listener = pair.listener();
    let accepting = listener.clone();
    let acceptor = thread::spawn(move || {
        let mut echoes = Vec::new();
        while let Ok((served, _)) = accepting.accept(false) {
            echoes.push(thread::spawn(move || {
                while let Ok((octets, received)) = receive(&served) {
                    if received.from.is_none() {
                        break;
                    }
                    assert!(received.end_of_record);
                    send(&served, &octets).expect("echoed");
                }
            }));
        }
        echoes.into_iter().for_each(|echo| echo.join().expect("no panic"));
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|seed| {
            let stack = pair.a.clone();
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let client = stack.socket(Domain::Inet, Style::OneToOne).expect("a socket");
                    exchange(&client, 100, seed + round);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("no panic"));
    until("all gone", || pair.a.associations() == 0);
    listener.close();
    acceptor.join().expect("no panic");
    until("all gone there too", || pair.z.associations() == 0);
}
