//! What all three kinds of socket do alike: open, bind, send, receive.

use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::{
    AssocId, Domain, GeneralName, GeneralValue, NotificationKind, OptionName, OptionValue, PartialReliability,
    ReceiveFlags, Scope, SendInfo, SendRequest, Socket, SocketError, Style,
};

use crate::error::Doing as _;
use crate::{Error, Part, Received, Stack};

/// Opens a socket that can reach all of `addresses`.
pub(super) fn open(stack: &Stack, style: Style, addresses: &[SocketAddr]) -> Result<Socket, Error> {
    let domain = if addresses.iter().any(SocketAddr::is_ipv6) { Domain::Inet6 } else { Domain::Inet };
    let socket = stack.inner.socket(domain, style).doing(|| "open an SCTP socket".to_owned())?;
    let wanted = OptionValue::ReceiveInfo(true);
    socket.set_option(Scope::default(), &wanted).doing(|| "ask for SCTP_RCVINFO".to_owned())?;
    Ok(socket)
}

/// Opens a socket that is bound to all of `addresses`.
pub(super) fn bound(stack: &Stack, style: Style, addresses: &[SocketAddr]) -> Result<Socket, Error> {
    let socket = open(stack, style, addresses)?;
    let (first, further) = addresses.split_first().ok_or_else(|| Error::address("no address was given"))?;
    socket.bind(*first).doing(|| format!("bind to {first}"))?;
    if !further.is_empty() {
        let port = socket.local_name().doing(|| "read the bound port".to_owned())?.port();
        let further: Vec<_> = further.iter().map(|address| SocketAddr::new(address.ip(), port)).collect();
        socket.bind_add(&further).doing(|| format!("bind to {further:?} as well"))?;
    }
    Ok(socket)
}

/// Sends one whole message.
pub(super) fn send(
    socket: &Socket,
    data: &[u8],
    to: Option<SocketAddr>,
    info: SendInfo,
    reliability: Option<PartialReliability>,
) -> Result<(), Error> {
    let data = [IoSlice::new(data)];
    let request = SendRequest { to, info: Some(info), reliability, data: &data, ..SendRequest::default() };
    retry(|| socket.send(&request)).map(drop).doing(|| match to {
        Some(to) => format!("send to {to}"),
        None => "send".to_owned(),
    })
}

/// Receives a message, a part of one, or a notification.
pub(super) fn receive(socket: &Socket, buffer: &mut [u8]) -> Result<Received, Error> {
    let once = |buffer: &mut [u8]| {
        retry(|| socket.receive(&mut [IoSliceMut::new(buffer)], ReceiveFlags::default())).doing(|| "receive".to_owned())
    };
    loop {
        let received = once(buffer)?;
        if received.is_notification {
            // The value came with the first part; its octets, for C, are of no use here.
            let mut ended = received.end_of_record;
            let mut rest = [0; 512];
            while !ended {
                ended = once(&mut rest)?.end_of_record;
            }
            let Some(notification) = received.notification else { continue };
            return Ok(Received::Notification(notification));
        }
        if received.len == 0 && !received.end_of_record {
            return Ok(Received::End);
        }
        return Ok(Received::Data(Part::new(received.len, received.end_of_record, received.info, received.from)));
    }
}

/// Receives one whole message or a notification; the message's octets replace what is in `buffer`.
pub(super) fn receive_message(socket: &Socket, buffer: &mut Vec<u8>) -> Result<Received, Error> {
    /// Room added at a time: a large message comes in few steps, a small one costs little.
    const STEP: usize = 64 * 1024;
    let mut len = 0;
    loop {
        buffer.resize(len + STEP, 0);
        let received = receive(socket, &mut buffer[len..]);
        let Ok(Received::Data(mut part)) = received else {
            buffer.truncate(len);
            return received;
        };
        len += part.len;
        if part.complete {
            buffer.truncate(len);
            part.len = len;
            return Ok(Received::Data(part));
        }
    }
}

/// Asks for these kinds of notification, and for no others.
pub(super) fn subscribe(socket: &Socket, wanted: &[NotificationKind]) -> Result<(), Error> {
    for kind in NotificationKind::ALL {
        if kind == NotificationKind::DataIo {
            continue;
        }
        let value = OptionValue::Event(kind, wanted.contains(&kind));
        let set = socket.set_option(Scope { association: AssocId::ALL, address: None }, &value);
        set.or_else(|error| {
            // One-to-one sockets know no special association ids.
            if error == SocketError::InvalidArgument { socket.set_option(Scope::default(), &value) } else { Err(error) }
        })
        .doing(|| format!("subscribe to {kind:?}"))?;
    }
    Ok(())
}

pub(super) fn set_timeout(socket: &Socket, name: GeneralName, limit: Option<Duration>) -> Result<(), Error> {
    if limit == Some(Duration::ZERO) {
        let refused = Err(SocketError::InvalidArgument);
        return refused.doing(|| "set a time limit of zero (use None for no limit)".to_owned());
    }
    socket.set_general_option(name, &GeneralValue::Timeout(limit)).doing(|| "set a time limit".to_owned())
}

pub(super) fn option(socket: &Socket, name: OptionName, association: AssocId) -> Result<OptionValue, Error> {
    let scope = Scope { association, address: None };
    socket.option(name, scope).doing(|| format!("read the option {name:?}"))
}

/// As std does: a signal does not end a call.
pub(super) fn retry<T>(mut call: impl FnMut() -> Result<T, SocketError>) -> Result<T, SocketError> {
    loop {
        match call() {
            Err(SocketError::Interrupted) => {}
            done => return done,
        }
    }
}
