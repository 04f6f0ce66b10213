//! Names of chunk types, parameter types and cause codes, as in the IANA registry.

use core::fmt;

use crate::{CauseCode, ChunkType, ParamType};

impl ChunkType {
    /// Name in the registry; none for a type that this crate does not know.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::DATA => "DATA",
            Self::INIT => "INIT",
            Self::INIT_ACK => "INIT ACK",
            Self::SACK => "SACK",
            Self::HEARTBEAT => "HEARTBEAT",
            Self::HEARTBEAT_ACK => "HEARTBEAT ACK",
            Self::ABORT => "ABORT",
            Self::SHUTDOWN => "SHUTDOWN",
            Self::SHUTDOWN_ACK => "SHUTDOWN ACK",
            Self::ERROR => "ERROR",
            Self::COOKIE_ECHO => "COOKIE ECHO",
            Self::COOKIE_ACK => "COOKIE ACK",
            Self::ECNE => "ECNE",
            Self::CWR => "CWR",
            Self::SHUTDOWN_COMPLETE => "SHUTDOWN COMPLETE",
            Self::AUTH => "AUTH",
            Self::NR_SACK => "NR-SACK",
            Self::I_DATA => "I-DATA",
            Self::ASCONF_ACK => "ASCONF-ACK",
            Self::RE_CONFIG => "RE-CONFIG",
            Self::PAD => "PAD",
            Self::FORWARD_TSN => "FORWARD TSN",
            Self::ASCONF => "ASCONF",
            Self::I_FORWARD_TSN => "I-FORWARD-TSN",
            _ => return None,
        })
    }
}

impl ParamType {
    /// Name in the registry; none for a type that this crate does not know.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::HEARTBEAT_INFO => "Heartbeat Info",
            Self::IPV4_ADDRESS => "IPv4 Address",
            Self::IPV6_ADDRESS => "IPv6 Address",
            Self::STATE_COOKIE => "State Cookie",
            Self::UNRECOGNIZED => "Unrecognized Parameter",
            Self::COOKIE_PRESERVATIVE => "Cookie Preservative",
            Self::HOST_NAME_ADDRESS => "Host Name Address",
            Self::SUPPORTED_ADDRESS_TYPES => "Supported Address Types",
            Self::OUTGOING_RESET => "Outgoing SSN Reset Request",
            Self::INCOMING_RESET => "Incoming SSN Reset Request",
            Self::TSN_RESET => "SSN/TSN Reset Request",
            Self::RECONFIG_RESPONSE => "Re-configuration Response",
            Self::ADD_OUTGOING => "Add Outgoing Streams Request",
            Self::ADD_INCOMING => "Add Incoming Streams Request",
            Self::ECN_CAPABLE => "ECN Capable",
            Self::ZERO_CHECKSUM => "Zero Checksum Acceptable",
            Self::RANDOM => "Random",
            Self::CHUNK_LIST => "Chunk List",
            Self::HMAC_ALGORITHMS => "Requested HMAC Algorithm",
            Self::PADDING => "Padding",
            Self::SUPPORTED_EXTENSIONS => "Supported Extensions",
            Self::FORWARD_TSN_SUPPORTED => "Forward-TSN-Supported",
            Self::ADD_ADDRESS => "Add IP Address",
            Self::DELETE_ADDRESS => "Delete IP Address",
            Self::ERROR_CAUSE => "Error Cause Indication",
            Self::SET_PRIMARY => "Set Primary IP Address",
            Self::SUCCESS => "Success Indication",
            Self::ADAPTATION => "Adaptation Layer Indication",
            _ => return None,
        })
    }
}

impl CauseCode {
    /// Name in the registry; none for a code that this crate does not know.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::INVALID_STREAM => "Invalid Stream Identifier",
            Self::MISSING_PARAMETER => "Missing Mandatory Parameter",
            Self::STALE_COOKIE => "Stale Cookie",
            Self::OUT_OF_RESOURCE => "Out of Resource",
            Self::UNRESOLVABLE_ADDRESS => "Unresolvable Address",
            Self::UNRECOGNIZED_CHUNK => "Unrecognized Chunk Type",
            Self::INVALID_PARAMETER => "Invalid Mandatory Parameter",
            Self::UNRECOGNIZED_PARAMETERS => "Unrecognized Parameters",
            Self::NO_USER_DATA => "No User Data",
            Self::COOKIE_WHILE_SHUTTING_DOWN => "Cookie Received While Shutting Down",
            Self::RESTART_WITH_NEW_ADDRESSES => "Restart of an Association with New Addresses",
            Self::USER_INITIATED_ABORT => "User-Initiated Abort",
            Self::PROTOCOL_VIOLATION => "Protocol Violation",
            Self::DELETE_LAST_ADDRESS => "Request to Delete Last Remaining IP Address",
            Self::ASCONF_RESOURCE => "Operation Refused Due to Resource Shortage",
            Self::DELETE_SOURCE_ADDRESS => "Request to Delete Source IP Address",
            Self::ILLEGAL_ASCONF_ACK => "Association Aborted Due to Illegal ASCONF-ACK",
            Self::NO_AUTHORIZATION => "Request Refused - No Authorization",
            Self::UNSUPPORTED_HMAC => "Unsupported HMAC Identifier",
            _ => return None,
        })
    }
}

impl fmt::Display for ChunkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "chunk type {}", self.0),
        }
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "parameter type {:#06x}", self.0),
        }
    }
}

impl fmt::Display for CauseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "cause code {}", self.0),
        }
    }
}
