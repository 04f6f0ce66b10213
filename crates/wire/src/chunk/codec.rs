//! Reading and writing a chunk by its type. What a chunk with more than two fields holds is read and written in the
//! file of its struct.

use super::{
    Asconf, Auth, CHUNK_HEADER_LEN, Chunk, ChunkType, Data, ForwardTsn, IData, IForwardTsn, Init, NrSack, Sack,
};
use crate::{AsconfSerial, DecodeError, Params, RawChunk, Tsn, reader::Reader, tlv::unpadded_len, writer::Writer};

/// The T bit of ABORT and SHUTDOWN COMPLETE (RFC 9260 §3.3.7, §3.3.13).
const TAG_REFLECTED: u8 = 0x01;

impl<'a> Chunk<'a> {
    /// Reads the value by the chunk's type. Reserved flags, and octets behind the fields of a chunk of fixed length,
    /// are not looked at.
    pub(crate) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let tag_reflected = raw.flags & TAG_REFLECTED != 0;
        Ok(match raw.kind {
            ChunkType::DATA => Self::Data(Data::read(raw)?),
            ChunkType::SACK => Self::Sack(Sack::read(raw)?),
            ChunkType::I_DATA => Self::IData(IData::read(raw)?),
            ChunkType::NR_SACK => Self::NrSack(NrSack::read(raw)?),
            ChunkType::INIT => Self::Init(Init::read(raw)?),
            ChunkType::INIT_ACK => Self::InitAck(Init::read(raw)?),
            ChunkType::HEARTBEAT => Self::Heartbeat { info: raw.value },
            ChunkType::HEARTBEAT_ACK => Self::HeartbeatAck { info: raw.value },
            ChunkType::ABORT => Self::Abort { tag_reflected, causes: raw.value },
            ChunkType::ERROR => Self::Error { causes: raw.value },
            ChunkType::SHUTDOWN => Self::Shutdown { cumulative: Tsn(value.u32()?) },
            ChunkType::SHUTDOWN_ACK => Self::ShutdownAck,
            ChunkType::SHUTDOWN_COMPLETE => Self::ShutdownComplete { tag_reflected },
            ChunkType::COOKIE_ECHO => Self::CookieEcho { cookie: raw.value },
            ChunkType::COOKIE_ACK => Self::CookieAck,
            ChunkType::ECNE => Self::Ecne { lowest: Tsn(value.u32()?) },
            ChunkType::CWR => Self::Cwr { lowest: Tsn(value.u32()?) },
            ChunkType::AUTH => Self::Auth(Auth::read(raw)?),
            ChunkType::ASCONF => Self::Asconf(Asconf::read(raw)?),
            ChunkType::ASCONF_ACK => {
                Self::AsconfAck { serial: AsconfSerial(value.u32()?), params: Params::Wire(value.rest()) }
            }
            ChunkType::RE_CONFIG => Self::ReConfig { params: Params::Wire(raw.value) },
            ChunkType::FORWARD_TSN => Self::ForwardTsn(ForwardTsn::read(raw)?),
            ChunkType::I_FORWARD_TSN => Self::IForwardTsn(IForwardTsn::read(raw)?),
            ChunkType::PAD => Self::Pad { padding: u16::try_from(raw.value.len()).unwrap_or(u16::MAX) },
            _ => Self::Unknown(*raw),
        })
    }
}

impl Chunk<'_> {
    /// Octets on the wire, chunk header included, padding not.
    pub fn len(&self) -> usize {
        let value = match self {
            Self::Data(data) => return data.len(),
            Self::IData(data) => return data.len(),
            Self::Init(init) | Self::InitAck(init) => init.value_len(),
            Self::Sack(sack) => sack.value_len(),
            Self::NrSack(sack) => sack.value_len(),
            Self::Heartbeat { info } | Self::HeartbeatAck { info } => info.len(),
            Self::Abort { causes, .. } | Self::Error { causes } => unpadded_len(causes),
            Self::Shutdown { .. } | Self::Ecne { .. } | Self::Cwr { .. } => 4,
            Self::ShutdownAck | Self::ShutdownComplete { .. } | Self::CookieAck => 0,
            Self::CookieEcho { cookie } => cookie.len(),
            Self::Auth(auth) => auth.value_len(),
            Self::Asconf(asconf) => asconf.value_len(),
            Self::AsconfAck { params, .. } => params.encoded_len().saturating_add(4),
            Self::ReConfig { params } => params.encoded_len(),
            Self::ForwardTsn(forward) => forward.value_len(),
            Self::IForwardTsn(forward) => forward.value_len(),
            Self::Pad { padding } => usize::from(*padding),
            Self::Unknown(raw) => raw.value.len(),
        };
        value.saturating_add(CHUNK_HEADER_LEN)
    }

    /// Never: a chunk has at least its header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Writes the whole chunk without padding; `length` is [`Self::len`], which the caller has found to fit.
    pub(crate) fn write(&self, length: u16, writer: &mut Writer<'_>) {
        match self {
            Self::Data(data) => data.write(length, writer),
            Self::IData(data) => data.write(length, writer),
            control => {
                let [l0, l1] = length.to_be_bytes();
                writer.bytes(&[control.kind().0, control.flags(), l0, l1]);
                control.write_value(writer);
            }
        }
    }

    /// Flags of a chunk other than DATA and I-DATA.
    fn flags(&self) -> u8 {
        match self {
            Self::Abort { tag_reflected: true, .. } | Self::ShutdownComplete { tag_reflected: true } => TAG_REFLECTED,
            Self::Unknown(raw) => raw.flags,
            _ => 0,
        }
    }

    fn write_value(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Data(_) | Self::IData(_) | Self::ShutdownAck | Self::ShutdownComplete { .. } | Self::CookieAck => {}
            Self::Init(init) | Self::InitAck(init) => init.write_value(writer),
            Self::Sack(sack) => sack.write_value(writer),
            Self::NrSack(sack) => sack.write_value(writer),
            Self::Heartbeat { info } | Self::HeartbeatAck { info } => writer.bytes(info),
            Self::Abort { causes, .. } | Self::Error { causes } => {
                writer.bytes(causes.get(..unpadded_len(causes)).unwrap_or(causes));
            }
            Self::Shutdown { cumulative: tsn } | Self::Ecne { lowest: tsn } | Self::Cwr { lowest: tsn } => {
                writer.u32(tsn.0);
            }
            Self::CookieEcho { cookie } => writer.bytes(cookie),
            Self::Auth(auth) => auth.write_value(writer),
            Self::Asconf(asconf) => asconf.write_value(writer),
            Self::AsconfAck { serial, params } => {
                writer.u32(serial.0);
                params.write(writer);
            }
            Self::ReConfig { params } => params.write(writer),
            Self::ForwardTsn(forward) => forward.write_value(writer),
            Self::IForwardTsn(forward) => forward.write_value(writer),
            Self::Pad { padding } => writer.zeros(usize::from(*padding)),
            Self::Unknown(raw) => writer.bytes(raw.value),
        }
    }
}
