//! SCTP packets: octets to chunks and back (RFC 9260 and its extensions).
//!
//! Reading: [`Packet::decode`] gives the header, [`Packet::chunks`] the chunks' octets, [`RawChunk::decode`] a
//! [`Chunk`], which borrows from the packet. Parameters and causes are read as they are walked, by [`Params::iter`] and
//! [`Causes`]. Writing: [`PacketBuilder`] appends a packet to a caller's buffer, chunk by chunk while they fit; lists in
//! a chunk are slices of values then.
//!
//! # Promises
//!
//! * Nothing here panics, loops or allocates on account of received octets, whatever they are.
//! * Lengths and counts are checked when octets become values; what has been read needs no second check of them. What
//!   values *mean* is not judged: gap blocks may be nonsense, streams may not exist.
//! * Chunks, parameters and causes of unknown types are kept with their number, which says what to do with them
//!   ([`ChunkType::unknown_action`]), and their octets, which a report holds.
//! * What RFC 9260 wants answered decodes: see [`Init`] and [`Data`].
//! * Read liberally (RFC 9260 §3.2): padding may be missing behind the last chunk or parameter, may be counted in a
//!   chunk's length, and may hold anything; reserved bits and fields are ignored. Written strictly.
//!
//! The crate uses only `core` and `alloc`, so it cannot reach a clock, a socket or a file; but the crate that computes
//! the checksum needs `std` to find out what the processor can do.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::cast_possible_truncation, clippy::indexing_slicing, clippy::unwrap_used)]

extern crate alloc;

mod cause;
mod chunk;
pub mod crc32c;
mod error;
mod exercise;
mod ident;
mod number;
mod packet;
mod param;
mod pretty;
mod reader;
mod tlv;
mod writer;

pub use cause::{Cause, CauseCode, Causes, RawCause};
pub use chunk::{
    Asconf, Auth, Chunk, ChunkType, Data, Duplicates, ForwardTsn, GapBlock, GapBlocks, IData, IForwardTsn, Init,
    NrSack, Sack, SkippedMessages, SkippedStreams, UnknownAction,
};
pub use error::DecodeError;
#[doc(hidden)]
pub use exercise::fuzz_packet;
pub use ident::{AdaptationCode, KeyId, Ppid, StreamId, VerificationTag};
pub use number::{AsconfSerial, Fsn, Mid, RequestNumber, Ssn, Tsn};
pub use packet::{Chunks, HEADER_LEN, Header, Packet, PacketBuilder, RawChunk};
pub use param::{
    Param, ParamIter, ParamType, Params, RawParam, RawParams, ReconfigTsns, StreamList, chunk_types, numbers,
};
