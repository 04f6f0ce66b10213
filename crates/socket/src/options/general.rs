//! Options of SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6 that have an effect; others are kept as octets by
//! [`crate::Socket::set_stored_option`].

use std::time::Duration;

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
