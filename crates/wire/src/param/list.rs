//! Sequences of parameters: walking them as read, or as values to be written.

use crate::{
    DecodeError, Param, ParamType, RawParam,
    tlv::{self, unpadded_len},
    writer::{Writer, padded},
};

/// A sequence of parameters: as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Params<'a> {
    Wire(&'a [u8]),
    Values(&'a [Param<'a>]),
}

impl<'a> Params<'a> {
    /// No parameters.
    pub const NONE: Self = Self::Values(&[]);

    /// Each parameter in order; one of an unknown type is a [`Param::Unknown`] with its octets. A parameter that does
    /// not decode is an error item; the iterator goes on behind it while lengths allow.
    pub fn iter(&self) -> ParamIter<'a> {
        match *self {
            Self::Wire(octets) => ParamIter { wire: RawParams { rest: octets }, values: [].iter() },
            Self::Values(values) => ParamIter { wire: RawParams { rest: &[] }, values: values.iter() },
        }
    }

    /// Each parameter's octets in order, unread: what an "Unrecognized Parameter" or an "Unresolvable Address" must
    /// report of a parameter whose type is known but which is not supported, or does not decode. Nothing for
    /// parameters to be written.
    pub fn raw(&self) -> RawParams<'a> {
        match *self {
            Self::Wire(octets) => RawParams { rest: octets },
            Self::Values(_) => RawParams { rest: &[] },
        }
    }

    /// The first parameter of type `kind` that decodes.
    pub fn find(&self, kind: ParamType) -> Option<Param<'a>> {
        self.iter().flatten().find(|param| param.kind() == kind)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Wire(octets) => octets.is_empty(),
            Self::Values(values) => values.is_empty(),
        }
    }

    /// Octets on the wire: padding between the parameters is counted, that behind the last is not (RFC 9260 §3.2).
    pub fn encoded_len(&self) -> usize {
        match *self {
            Self::Wire(octets) => unpadded_len(octets),
            Self::Values(values) => {
                values.iter().fold(0, |before: usize, param| padded(before).saturating_add(param.len()))
            }
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Wire(octets) => writer.bytes(octets.get(..unpadded_len(octets)).unwrap_or(octets)),
            Self::Values(values) => {
                let mut behind = 0;
                for param in values {
                    writer.pad(behind);
                    param.write(writer);
                    behind = param.len();
                }
            }
        }
    }
}

/// The same parameters with the same values, however they are held.
impl PartialEq for Params<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a> IntoIterator for Params<'a> {
    type IntoIter = ParamIter<'a>;
    type Item = Result<Param<'a>, DecodeError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Walks parameters.
#[derive(Clone, Debug)]
pub struct ParamIter<'a> {
    wire: RawParams<'a>,
    values: core::slice::Iter<'a, Param<'a>>,
}

impl<'a> Iterator for ParamIter<'a> {
    type Item = Result<Param<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.wire.next() {
            Some(raw) => Some(raw.and_then(|raw| raw.decode())),
            None => self.values.next().cloned().map(Ok),
        }
    }
}

impl core::iter::FusedIterator for ParamIter<'_> {}

/// Walks the octets of parameters; after an error it ends.
#[derive(Clone, Debug)]
pub struct RawParams<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for RawParams<'a> {
    type Item = Result<RawParam<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = tlv::next(&mut self.rest)?;
        Some(next.map(|tlv| RawParam { kind: ParamType(tlv.kind), value: tlv.value, octets: tlv.octets }))
    }
}

impl core::iter::FusedIterator for RawParams<'_> {}
