//! Options of SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6 that have an effect; others are kept as octets by
//! [`crate::Socket::set_stored_option`].

use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, netdevice::name_to_index, socket};
use usctp_link::StackFd;
use usctp_proto::PathConfig;

use crate::{
    Domain, Socket, SocketError, Style, privilege,
    settings::{Device, Linger},
    table::{Phase, SocketState, State},
};

/// Options of the general levels that take effect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "named after the SO_, IP_ and IPV6_ names")]
pub enum GeneralName {
    ReceiveBuffer,
    /// SO_RCVBUFFORCE (set).
    ReceiveBufferForce,
    SendBuffer,
    /// SO_SNDBUFFORCE (set).
    SendBufferForce,
    Linger,
    ReceiveTimeout,
    SendTimeout,
    /// SO_ERROR (get): reading clears it.
    Error,
    ReuseAddress,
    ReusePort,
    /// SO_TYPE (get).
    Type,
    /// SO_PROTOCOL (get).
    Protocol,
    /// SO_DOMAIN (get).
    Domain,
    /// SO_ACCEPTCONN (get).
    AcceptConnections,
    BindToDevice,
    Priority,
    /// IP_TOS.
    TypeOfService,
    /// IPV6_TCLASS.
    TrafficClass,
    V6Only,
}

/// Their values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GeneralValue {
    /// `int`.
    Int(i32),
    /// SO_LINGER: seconds, negative ones kept as they are.
    Linger {
        /// `l_onoff`.
        on: bool,
        /// `l_linger`.
        seconds: i32,
    },
    /// SO_RCVTIMEO, SO_SNDTIMEO; `None`: no limit.
    Timeout(Option<Duration>),
    /// SO_BINDTODEVICE: name without the final NUL.
    Name(Vec<u8>),
}

impl Socket {
    /// Reads an option of a general level.
    ///
    /// # Errors
    ///
    /// EBADF; ENOPROTOOPT for what can only be set.
    pub fn general_option(&self, name: GeneralName) -> Result<GeneralValue, SocketError> {
        let index = self.index();
        if name == GeneralName::Error {
            // Reading clears it, and POLLERR with it.
            let mut state = self.enter();
            let error = state.socket(index)?.error.take();
            state.touch(index);
            return Ok(GeneralValue::Int(error.map_or(0, SocketError::errno)));
        }
        let mut state = self.stack().look();
        state.socket(index)?.general_option(name)
    }

    /// Sets an option of a general level.
    ///
    /// # Errors
    ///
    /// EINVAL, EDOM, EPERM, ENODEV, as the option says; ENOPROTOOPT for what can only be read.
    pub fn set_general_option(&self, name: GeneralName, value: &GeneralValue) -> Result<(), SocketError> {
        let device = match (name, value) {
            (GeneralName::BindToDevice, GeneralValue::Name(name)) if !name.is_empty() => Some(device(name)?),
            _ => None,
        };
        let mut state = self.enter();
        let now = state.now;
        let index = self.index();
        let is_linux = state.personality.is_linux();
        let socket = state.socket(index)?;
        match (name, value) {
            (GeneralName::BindToDevice, GeneralValue::Name(_)) => {
                socket.settings.device = device;
                state.apply_marks(now, index);
            }
            // D7.1.4-3.
            (GeneralName::Linger, GeneralValue::Linger { seconds, .. }) if *seconds < 0 && !is_linux => {
                return Err(SocketError::InvalidArgument);
            }
            (GeneralName::Linger, GeneralValue::Linger { on, seconds }) => {
                socket.settings.linger = Linger { on: *on, seconds: *seconds };
            }
            (GeneralName::ReceiveTimeout, GeneralValue::Timeout(timeout)) => {
                socket.settings.receive_timeout = *timeout;
            }
            (GeneralName::SendTimeout, GeneralValue::Timeout(timeout)) => socket.settings.send_timeout = *timeout,
            (_, GeneralValue::Int(number)) => {
                socket.set_number(name, *number)?;
                if matches!(name, GeneralName::TypeOfService | GeneralName::TrafficClass | GeneralName::Priority) {
                    state.apply_marks(now, index);
                }
                if matches!(name, GeneralName::ReuseAddress | GeneralName::ReusePort) {
                    state.apply_reuse(index);
                }
                state.count_full(index);
                state.wake_writers(index);
                state.touch(index);
            }
            _ => return Err(SocketError::InvalidArgument),
        }
        state.configure_listener(index);
        Ok(())
    }

    /// The octets stored for an option without effect here, `None` if never set.
    #[must_use]
    pub fn stored_option(&self, level: i32, name: i32) -> Option<Vec<u8>> {
        let mut state = self.stack().look();
        state.socket(self.index()).ok()?.settings.stored.get(&(level, name)).cloned()
    }

    /// Stores the octets of an option without effect here (at most 256 options of 1 KiB; else ENOBUFS).
    ///
    /// # Errors
    ///
    /// ENOBUFS, EBADF.
    pub fn set_stored_option(&self, level: i32, name: i32, value: &[u8]) -> Result<(), SocketError> {
        let mut state = self.stack().look();
        let stored = &mut state.socket(self.index())?.settings.stored;
        let full = stored.len() >= MAX_STORED && !stored.contains_key(&(level, name));
        if full || value.len() > MAX_STORED_OCTETS {
            return Err(SocketError::NoBuffers);
        }
        stored.insert((level, name), value.to_vec());
        Ok(())
    }
}

impl SocketState {
    fn general_option(&self, name: GeneralName) -> Result<GeneralValue, SocketError> {
        let settings = &self.settings;
        let int = |number: usize| GeneralValue::Int(i32::try_from(number).unwrap_or(i32::MAX));
        Ok(match name {
            GeneralName::ReceiveBuffer => int(settings.receive_buffer),
            GeneralName::SendBuffer => int(settings.send_buffer),
            GeneralName::Linger => GeneralValue::Linger { on: settings.linger.on, seconds: settings.linger.seconds },
            GeneralName::ReceiveTimeout => GeneralValue::Timeout(settings.receive_timeout),
            GeneralName::SendTimeout => GeneralValue::Timeout(settings.send_timeout),
            GeneralName::Error => GeneralValue::Int(self.error.map_or(0, SocketError::errno)),
            GeneralName::ReuseAddress => int(settings.reuse_address.into()),
            GeneralName::ReusePort => int(settings.reuse_port.into()),
            GeneralName::Type => GeneralValue::Int(match self.style {
                Style::OneToOne => SOCK_STREAM,
                Style::OneToMany | Style::BranchedOff => SOCK_SEQPACKET,
            }),
            GeneralName::Protocol => GeneralValue::Int(IPPROTO_SCTP),
            GeneralName::Domain => GeneralValue::Int(match self.domain {
                Domain::Inet => AF_INET,
                Domain::Inet6 => AF_INET6,
            }),
            GeneralName::AcceptConnections => int((self.phase == Phase::Listening && !self.turns_away).into()),
            GeneralName::BindToDevice => {
                GeneralValue::Name(settings.device.as_ref().map_or_else(Vec::new, |device| device.name.clone()))
            }
            GeneralName::Priority => GeneralValue::Int(settings.priority),
            GeneralName::TypeOfService => int(settings.type_of_service.into()),
            GeneralName::TrafficClass => int(settings.traffic_class.into()),
            GeneralName::V6Only => int(settings.v6_only.into()),
            GeneralName::ReceiveBufferForce | GeneralName::SendBufferForce => {
                return Err(SocketError::NoSuchOption);
            }
        })
    }

    fn set_number(&mut self, name: GeneralName, number: i32) -> Result<(), SocketError> {
        let settings = &mut self.settings;
        match name {
            GeneralName::ReceiveBuffer => {
                let asked = limited(number, privilege::receive_buffer_limit());
                settings.set_receive_buffer((asked * 2).max(MIN_RECEIVE_BUFFER));
            }
            GeneralName::ReceiveBufferForce => {
                settings.set_receive_buffer((forced(number)? * 2).max(MIN_RECEIVE_BUFFER));
            }
            GeneralName::SendBuffer => {
                let asked = limited(number, privilege::send_buffer_limit());
                settings.send_buffer = (asked * 2).max(MIN_SEND_BUFFER);
            }
            GeneralName::SendBufferForce => settings.send_buffer = (forced(number)? * 2).max(MIN_SEND_BUFFER),
            GeneralName::ReuseAddress => settings.reuse_address = number != 0,
            GeneralName::ReusePort => settings.reuse_port = number != 0,
            GeneralName::Priority => {
                if !(0..=6).contains(&number) && !privilege::may_force_buffers() {
                    return Err(SocketError::NotPermitted);
                }
                settings.priority = number;
            }
            // The ECN bits are the protocol's own.
            GeneralName::TypeOfService => settings.type_of_service = (number & 0xfc) as u8,
            GeneralName::TrafficClass => {
                settings.traffic_class = match number {
                    -1 => 0,
                    0..=255 => number as u8,
                    _ => return Err(SocketError::InvalidArgument),
                }
            }
            GeneralName::V6Only => {
                if self.binding.is_some() {
                    return Err(SocketError::InvalidArgument);
                }
                settings.v6_only = number != 0;
            }
            _ => return Err(SocketError::NoSuchOption),
        }
        Ok(())
    }
}

impl State {
    /// IP_TOS, IPV6_TCLASS, SO_PRIORITY and SO_BINDTODEVICE decide about the packets of all associations, present and
    /// future.
    fn apply_marks(&mut self, now: usctp_proto::Time, index: usize) {
        let Ok(socket) = self.socket(index) else { return };
        let settings = &mut socket.settings;
        let class = match socket.domain {
            Domain::Inet => settings.type_of_service,
            Domain::Inet6 if settings.traffic_class != 0 => settings.traffic_class,
            Domain::Inet6 => settings.type_of_service,
        };
        let priority = u32::try_from(settings.priority).unwrap_or(0);
        let interface = settings.device.as_ref().map_or(0, |device| device.index);
        let mut change = |config: &mut PathConfig| {
            (config.dscp, config.priority, config.interface) = (class >> 2, priority, interface);
        };
        change(&mut settings.association.path);
        for key in socket.associations.clone() {
            self.endpoint.configure(now, key, &mut |config| change(&mut config.path));
            self.endpoint.configure_path(now, key, None, &mut change);
        }
    }

    /// Whether a port may be shared is looked up where it is held.
    fn apply_reuse(&mut self, index: usize) {
        let Ok(socket) = self.socket(index) else { return };
        let (binding, address, port) = (socket.binding, socket.settings.reuses_address(), socket.settings.reuse_port);
        if let Some(bound) = binding.and_then(|key| self.bindings.get_mut(&key)) {
            bound.reuse_address = address;
            bound.reuse_port = port;
        }
    }
}

/// A buffer size within the host's limit; a negative one is a very large one, as in the kernel.
fn limited(number: i32, limit: usize) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).min(limit).min(MAX_BUFFER)
}

fn forced(number: i32) -> Result<usize, SocketError> {
    if !privilege::may_force_buffers() {
        return Err(SocketError::NotPermitted);
    }
    Ok(usize::try_from(number).unwrap_or(0).min(MAX_BUFFER))
}

fn device(name: &[u8]) -> Result<Device, SocketError> {
    let text = std::str::from_utf8(name).map_err(|_| SocketError::NoDevice)?;
    // Any socket will do to ask; not closed through libc.
    let asked = StackFd::hide(socket(AddressFamily::UNIX, SocketType::DGRAM, None)?)?;
    let index = name_to_index(&asked, text).map_err(|_| SocketError::NoDevice)?;
    Ok(Device { name: name.to_vec(), index })
}

const SOCK_STREAM: i32 = 1;
const SOCK_SEQPACKET: i32 = 5;
const IPPROTO_SCTP: i32 = 132;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const MIN_RECEIVE_BUFFER: usize = 2304;
const MIN_SEND_BUFFER: usize = 4608;
const MAX_BUFFER: usize = i32::MAX as usize / 2;
const MAX_STORED: usize = 256;
const MAX_STORED_OCTETS: usize = 1024;
