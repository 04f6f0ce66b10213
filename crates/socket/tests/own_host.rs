//! Two sockets of one stack: what they say to each other has been received when the call returns, as in the kernel.

mod pair;

use pair::*;
use usctp_link::MemoryHub;
use usctp_socket::{AssociationChangeState, Domain, OptionValue, Scope, Socket, SocketError, Stack, Style};

/// A stack alone on its network.
fn alone() -> Stack {
    stack(&MemoryHub::new(), &[Z], 1)
}

fn fresh(stack: &Stack, style: Style) -> Socket {
    stack.socket(Domain::Inet, style).expect("a socket")
}

/// Connects without waiting, and accepts without waiting: one-to-one sockets, client and server.
fn connected(stack: &Stack, listener: &Socket) -> (Socket, Socket) {
    let client = fresh(stack, Style::OneToOne);
    assert!(matches!(client.connect(&[server()], true), Err(SocketError::InProgress { .. })));
    let (served, _) = listener.accept(true).expect("set up already");
    (client, served)
}

#[test]
fn a_connect_that_does_not_wait_can_be_accepted_and_used_at_once() {
    let stack = alone();
    let listener = listening(&stack, Style::OneToOne);
    for _ in 0..50 {
        let (client, served) = connected(&stack, &listener);
        assert_eq!(client.connect(&[server()], true), Err(SocketError::IsConnected));
        for socket in [&client, &served] {
            socket.set_option(Scope::default(), &OptionValue::NoDelay(true)).expect("set");
        }
        for round in 0..5_u8 {
            send(&client, &[round; 3000]).expect("sent");
            assert_eq!(receive_now(&served).expect("there at once").0, [round; 3000]);
            send(&served, &[round]).expect("sent");
            assert_eq!(receive_now(&client).expect("there at once").0, [round]);
        }
    }
}

#[test]
fn a_port_is_free_again_when_both_ends_are_closed() {
    let stack = alone();
    for _ in 0..50 {
        let listener = listening(&stack, Style::OneToMany);
        let client = fresh(&stack, Style::OneToMany);
        send_to(&client, b"hello", server()).expect("sent");
        client.close();
        assert_eq!(receive_now(&listener).expect("there at once").0, b"hello");
        listener.close();
        assert_eq!(stack.associations(), 0);
    }
}

#[test]
fn what_is_accepted_after_its_end_can_be_read_but_not_answered() {
    let stack = alone();
    let listener = listening(&stack, Style::OneToOne);
    let client = fresh(&stack, Style::OneToOne);
    client.connect(&[server()], false).expect("connected");
    send(&client, b"last words").expect("sent");
    client.close();
    let (served, from) = listener.accept(true).expect("in the queue still");
    assert_eq!(send(&served, b"answer"), Err(SocketError::BrokenPipe));
    assert_eq!(send_to(&served, b"answer", from), Err(SocketError::BrokenPipe));
    assert_eq!(receive_now(&served).expect("kept").0, b"last words");
    assert!(receive_now(&served).expect("the end").0.is_empty());
}

#[test]
fn a_connect_beyond_the_backlog_is_refused_at_once() {
    let stack = alone();
    let listener = listening(&stack, Style::OneToOne);
    listener.listen(1).expect("listening");
    let clients: Vec<_> = (0..3).map(|_| fresh(&stack, Style::OneToOne)).collect();
    clients[0].connect(&[server()], false).expect("connected");
    clients[1].connect(&[server()], false).expect("connected");
    assert_eq!(clients[2].connect(&[server()], false), Err(SocketError::ConnectionRefused));
}

#[test]
fn both_ends_hear_of_an_orderly_end_at_once() {
    let stack = alone();
    let listener = listening(&stack, Style::OneToMany);
    let client = fresh(&stack, Style::OneToMany);
    subscribe(&listener, ASSOCIATIONS);
    subscribe(&client, ASSOCIATIONS);
    send_to(&client, b"hello", server()).expect("sent");
    assert_eq!(change(&client).0, AssociationChangeState::Up);
    client.close();
    assert_eq!(change(&listener).0, AssociationChangeState::Up);
    assert_eq!(message(&listener), b"hello");
    assert!(receive_now(&listener).expect("SHUTDOWN_EVENT").1.is_notification);
    assert_eq!(change(&listener).0, AssociationChangeState::ShutdownComplete);
}

#[test]
fn two_threads_that_talk_through_one_stack_lose_nothing() {
    let stack = alone();
    let listener = listening(&stack, Style::OneToOne);
    let (client, served) = connected(&stack, &listener);
    let count = 2000_u32;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..count {
                send(&client, &number.to_ne_bytes()).expect("sent");
            }
        });
        for number in 0..count {
            assert_eq!(message(&served), number.to_ne_bytes());
        }
    });
}
