//! SCTP packets: octets to chunks and back.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod cause;
mod chunk;
pub mod crc32c;
mod error;
mod ident;
mod number;
mod packet;
mod param;

pub use cause::{Cause, CauseCode, Causes, RawCause};
pub use chunk::{
    Asconf, Auth, Chunk, ChunkType, Data, Duplicates, ForwardTsn, GapBlock, GapBlocks, IData, IForwardTsn, Init, NrSack,
    Sack, SkippedMessages, SkippedStreams, UnknownAction,
};
pub use error::DecodeError;
pub use ident::{AdaptationCode, KeyId, Ppid, StreamId, VerificationTag};
pub use number::{AsconfSerial, Fsn, Mid, RequestNumber, Ssn, Tsn};
pub use packet::{Chunks, HEADER_LEN, Header, Packet, PacketBuilder, RawChunk};
pub use param::{Param, ParamIter, ParamType, Params, RawParam, ReconfigTsns, StreamList, chunk_types};
