//! What can be set on a socket, with Linux's defaults, and what a new association takes over from it.

use std::{collections::BTreeMap, time::Duration};

use usctp_proto::{AssociationConfig, PathConfig};

use crate::{InitParameters, PartialReliability, SendFlags, SendInfo, Subscriptions};

/// Settings of a socket. An accepted or branched-off socket begins with a copy.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What new associations begin with.
    pub(crate) association: AssociationConfig,
    pub(crate) inherited: Inherited,
    pub(crate) receive_info: bool,
    pub(crate) next_info: bool,
    pub(crate) mapped_v4: bool,
    /// SCTP_FRAGMENT_INTERLEAVE: 0, 1, 2.
    pub(crate) fragment_interleave: u8,
    pub(crate) disable_fragments: bool,
    /// SCTP_REUSE_PORT.
    pub(crate) sctp_reuse_port: bool,
    /// SO_REUSEADDR.
    pub(crate) reuse_address: bool,
    /// SO_REUSEPORT.
    pub(crate) reuse_port: bool,
    /// As SO_RCVBUF reads: twice what was set.
    pub(crate) receive_buffer: usize,
    /// As SO_SNDBUF reads.
    pub(crate) send_buffer: usize,
    pub(crate) linger: Linger,
    pub(crate) receive_timeout: Option<Duration>,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) v6_only: bool,
    pub(crate) device: Option<Device>,
    pub(crate) priority: i32,
    pub(crate) type_of_service: u8,
    pub(crate) traffic_class: u8,
    /// Longest SCTP_AUTOCLOSE, s.
    pub(crate) max_autoclose: u32,
    /// Whether each association of a one-to-many socket has SO_SNDBUF for itself; `None`: as the personality says.
    pub(crate) own_buffers: Option<bool>,
    /// Options without effect here, by level and name.
    pub(crate) stored: BTreeMap<(i32, i32), Vec<u8>>,
}

/// Settings that each association has a copy of, which can then be changed by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inherited {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) defaults: SendDefaults,
    /// SCTP_CONTEXT.
    pub(crate) receive_context: u32,
    /// `spt_pathcpthld` (RFC 7829 §7.2): 65535 for never.
    pub(crate) primary_switchover: u16,
    /// The SACK delay, also while it is switched off.
    pub(crate) sack_delay: Duration,
    pub(crate) sack_delayed: bool,
    /// SCTP_EXPOSE_POTENTIALLY_FAILED_STATE: 0 unset, [`HIDDEN`], [`EXPOSED`].
    pub(crate) exposes_failing: u32,
}

impl Default for Inherited {
    fn default() -> Self {
        Self {
            subscriptions: Subscriptions::default(),
            defaults: SendDefaults::default(),
            receive_context: 0,
            primary_switchover: u16::MAX,
            sack_delay: Duration::from_millis(200),
            sack_delayed: true,
            exposes_failing: 0,
        }
    }
}

impl Inherited {
    /// The delay in effect.
    pub(crate) fn effective_sack_delay(&self) -> Duration {
        if self.sack_delayed { self.sack_delay } else { Duration::ZERO }
    }
}

/// SCTP_DEFAULT_SEND_PARAM, SCTP_DEFAULT_SNDINFO, SCTP_DEFAULT_PRINFO: three views of one thing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendDefaults {
    pub(crate) stream: u16,
    pub(crate) flags: SendFlags,
    pub(crate) ppid: u32,
    pub(crate) context: u32,
    /// Also the value of SCTP_DEFAULT_PRINFO, whatever it counts.
    pub(crate) lifetime: Duration,
}

impl SendDefaults {
    pub(crate) fn send_info(&self) -> SendInfo {
        SendInfo {
            stream: self.stream,
            flags: self.flags,
            ppid: self.ppid,
            context: self.context,
            association: crate::AssocId::NONE,
            lifetime: Some(self.lifetime),
        }
    }

    pub(crate) fn reliability(&self) -> PartialReliability {
        let value = u32::try_from(self.lifetime.as_millis()).unwrap_or(u32::MAX);
        PartialReliability { policy: self.flags.policy, value }
    }

    pub(crate) fn set_reliability(&mut self, reliability: PartialReliability) {
        self.flags.policy = reliability.policy;
        self.lifetime =
            if reliability.policy == 0 { Duration::ZERO } else { Duration::from_millis(reliability.value.into()) };
    }

    pub(crate) fn set(&mut self, info: &SendInfo) {
        self.stream = info.stream;
        self.flags = info.flags;
        self.ppid = info.ppid;
        self.context = info.context;
        if let Some(lifetime) = info.lifetime {
            self.lifetime = lifetime;
        }
    }
}

/// SO_LINGER.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Linger {
    pub(crate) on: bool,
    pub(crate) seconds: i32,
}

/// SO_BINDTODEVICE.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Device {
    pub(crate) name: Vec<u8>,
    pub(crate) index: u32,
}

impl Settings {
    /// Shares its port with others that do.
    pub(crate) const fn reuses_address(&self) -> bool {
        self.reuse_address || self.sctp_reuse_port
    }

    /// What SCTP_INITMSG reads.
    pub(crate) fn init(&self) -> InitParameters {
        InitParameters {
            outbound_streams: self.association.outbound_streams,
            inbound_streams: self.association.inbound_streams,
            attempts: self.association.max_init_attempts,
            timeout_ms: u16::try_from(self.association.max_init_timeout.as_millis()).unwrap_or(u16::MAX),
        }
    }

    /// The configuration of a new association, with what an SCTP_INIT item asks for (0: as the socket has it).
    pub(crate) fn association_with(&self, init: Option<&InitParameters>) -> AssociationConfig {
        let mut config = self.association.clone();
        if let Some(init) = init {
            apply_init(&mut config, init);
        }
        config
    }

    /// SO_RCVBUF as it reads.
    pub(crate) fn set_receive_buffer(&mut self, octets: usize) {
        self.receive_buffer = octets;
        // The other half of SO_RCVBUF is for the bookkeeping, as everywhere in Linux.
        self.association.receive_buffer = u32::try_from((octets / 2).max(MINIMUM_WINDOW)).unwrap_or(u32::MAX);
    }
}

/// Sets what is not 0.
pub(crate) fn apply_init(config: &mut AssociationConfig, init: &InitParameters) {
    if init.outbound_streams > 0 {
        config.outbound_streams = init.outbound_streams;
    }
    if init.inbound_streams > 0 {
        config.inbound_streams = init.inbound_streams;
    }
    if init.attempts > 0 {
        config.max_init_attempts = init.attempts;
    }
    if init.timeout_ms > 0 {
        config.max_init_timeout = Duration::from_millis(init.timeout_ms.into());
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            association: AssociationConfig {
                // Linux's `pf_retrans`: potentially failed after the first error.
                path: PathConfig { potentially_failed_threshold: 0, ..PathConfig::default() },
                ..AssociationConfig::default()
            },
            inherited: Inherited::default(),
            receive_info: false,
            next_info: false,
            mapped_v4: true,
            fragment_interleave: 0,
            disable_fragments: false,
            sctp_reuse_port: false,
            reuse_address: false,
            reuse_port: false,
            receive_buffer: DEFAULT_BUFFER,
            send_buffer: DEFAULT_BUFFER,
            linger: Linger::default(),
            receive_timeout: None,
            send_timeout: None,
            v6_only: false,
            device: None,
            priority: 0,
            type_of_service: 0,
            traffic_class: 0,
            max_autoclose: MAX_AUTOCLOSE,
            own_buffers: None,
            stored: BTreeMap::new(),
        }
    }
}

/// Potentially failed paths are neither notified nor shown.
pub(crate) const HIDDEN: u32 = 1;
/// They are both; unset, they are shown and not notified.
pub(crate) const EXPOSED: u32 = 2;

/// `net.sctp.max_autoclose`.
const MAX_AUTOCLOSE: u32 = 21_474_836;

/// `net.core.rmem_default` and `wmem_default`.
const DEFAULT_BUFFER: usize = 212_992;

/// The window announced is never smaller (RFC 9260 §3.3.2: an INIT with less than 1500 is refused).
const MINIMUM_WINDOW: usize = 1500;
