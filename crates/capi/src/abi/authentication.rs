//! Octets of the options about authentication: they are the ones whose length is not that of a structure.

use std::mem::size_of;

use rustix::io::Errno;
use usctp_socket::{AuthenticationName as Name, AuthenticationValue as Value, OptionName, OptionValue, Scope, Secret};

use super::{
    Plain, SCTP_AUTH_ACTIVE_KEY, SCTP_AUTH_CHUNK, SCTP_AUTH_CHUNKS, SCTP_AUTH_DEACTIVATE_KEY, SCTP_AUTH_DELETE_KEY,
    SCTP_AUTH_KEY, SCTP_AUTH_SECRET, SCTP_AUTH_SUPPORTED, SCTP_HMAC_IDENT, SCTP_LOCAL_AUTH_CHUNKS,
    SCTP_PEER_AUTH_CHUNKS, layout,
    option::{association_first, of},
};

/// What a program sets; `None`: no option of these.
pub(super) fn decode(name: i32, octets: &[u8]) -> Option<Result<(Scope, OptionValue), Errno>> {
    let value = match name {
        SCTP_AUTH_CHUNK => one::<layout::AuthChunk>(octets).map(|(chunk, _)| (0, Value::Chunk(chunk.sauth_chunk))),
        SCTP_HMAC_IDENT => algorithms(octets).map(|value| (0, value)),
        SCTP_AUTH_KEY => key(octets),
        SCTP_AUTH_ACTIVE_KEY => key_id(octets, Value::ActiveKey),
        SCTP_AUTH_DELETE_KEY => key_id(octets, Value::DeleteKey),
        SCTP_AUTH_DEACTIVATE_KEY => key_id(octets, Value::DeactivateKey),
        SCTP_AUTH_SUPPORTED => one::<layout::AssocValue>(octets)
            .map(|(value, _)| (value.assoc_id, Value::Supported(value.assoc_value != 0))),
        SCTP_AUTH_CHUNKS => Ok((0, Value::Chunks(octets.to_vec()))),
        SCTP_AUTH_SECRET => one::<layout::AuthSecrets>(octets)
            .map(|(secrets, secret)| (secrets.sca_assoc_id, Value::Secret(Secret::new(secret)))),
        _ => return None,
    };
    Some(value.map(|(id, value)| (of(id), OptionValue::Authentication(value))))
}

/// What a program asks for; `None`: no option of these that can be read.
pub(super) fn request(name: i32, octets: &[u8]) -> Option<Result<(OptionName, Scope), Errno>> {
    let plain = |name| Ok((OptionName::Authentication(name), Scope::default()));
    Some(match name {
        SCTP_HMAC_IDENT => plain(Name::Algorithms),
        SCTP_AUTH_CHUNKS => plain(Name::Chunks),
        SCTP_AUTH_ACTIVE_KEY => {
            association_first::<layout::AuthKeyId>(octets, OptionName::Authentication(Name::ActiveKey))
        }
        SCTP_PEER_AUTH_CHUNKS => {
            association_first::<layout::AuthChunks>(octets, OptionName::Authentication(Name::PeerChunks))
        }
        SCTP_LOCAL_AUTH_CHUNKS => {
            association_first::<layout::AuthChunks>(octets, OptionName::Authentication(Name::LocalChunks))
        }
        SCTP_AUTH_SUPPORTED => {
            association_first::<layout::AssocValue>(octets, OptionName::Authentication(Name::Supported))
        }
        SCTP_AUTH_SECRET => association_first::<layout::AuthSecrets>(octets, OptionName::Authentication(Name::Secret)),
        _ => return None,
    })
}

/// The octets of a value, all of them.
pub(super) fn encode(scope: &Scope, value: &Value) -> Vec<u8> {
    let id = scope.association.0;
    match value {
        Value::Algorithms(algorithms) => {
            let mut octets = plain(layout::HmacAlgo { shmac_num_idents: algorithms.len() as u32 });
            octets.extend(algorithms.iter().flat_map(|id| id.to_ne_bytes()));
            octets
        }
        Value::ActiveKey(key) | Value::DeactivateKey(key) | Value::DeleteKey(key) => {
            plain(layout::AuthKeyId { scact_assoc_id: id, scact_keynumber: *key, ..Default::default() })
        }
        Value::PeerChunks(chunks) | Value::LocalChunks(chunks) => {
            let number = chunks.len() as u32;
            let header = layout::AuthChunks { gauth_assoc_id: id, gauth_number_of_chunks: number };
            [plain(header), chunks.clone()].concat()
        }
        Value::Supported(on) => plain(layout::AssocValue { assoc_id: id, assoc_value: u32::from(*on) }),
        Value::Chunks(chunks) => chunks.clone(),
        Value::Secret(secret) => [&id.to_ne_bytes(), secret.octets()].concat(),
        // Never read.
        Value::Chunk(_) | Value::Key(..) => Vec::new(),
    }
}

/// What is said to a program whose buffer is too small.
pub(super) fn too_small(value: &Value) -> Errno {
    match value {
        // D7.1.20-3, B3-23: the RFC's.
        Value::PeerChunks(_) | Value::LocalChunks(_) | Value::Chunks(_) => Errno::NOBUFS,
        _ => Errno::INVAL,
    }
}

fn algorithms(octets: &[u8]) -> Result<Value, Errno> {
    let (header, list) = one::<layout::HmacAlgo>(octets)?;
    let count = usize::try_from(header.shmac_num_idents).map_err(|_| Errno::INVAL)?;
    let list = count.checked_mul(2).and_then(|len| list.get(..len)).ok_or(Errno::INVAL)?;
    Ok(Value::Algorithms(list.as_chunks().0.iter().map(|id| u16::from_ne_bytes(*id)).collect()))
}

fn key(octets: &[u8]) -> Result<(i32, Value), Errno> {
    let (header, key) = one::<layout::AuthKey>(octets)?;
    let key = key.get(..usize::from(header.sca_keylength)).ok_or(Errno::INVAL)?;
    Ok((header.sca_assoc_id, Value::Key(header.sca_keynumber, Secret::new(key))))
}

fn key_id(octets: &[u8], make: impl FnOnce(u16) -> Value) -> Result<(i32, Value), Errno> {
    one::<layout::AuthKeyId>(octets).map(|(key, _)| (key.scact_assoc_id, make(key.scact_keynumber)))
}

/// A structure, and what stands behind it.
fn one<T: Plain>(octets: &[u8]) -> Result<(T, &[u8]), Errno> {
    let value = T::read(octets).ok_or(Errno::INVAL)?;
    Ok((value, octets.get(size_of::<T>()..).unwrap_or_default()))
}

fn plain<T: Plain>(value: T) -> Vec<u8> {
    value.octets().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: i32, octets: &[u8]) -> Result<Value, Errno> {
        match decode(name, octets).expect("one of these")? {
            (_, OptionValue::Authentication(value)) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    /// B3-17, B3-19, attack A4: lengths inside the value are believed only as far as there are octets.
    #[test]
    fn counts_beyond_the_buffer_are_refused() {
        let list = |count: u32, ids: &[u16]| {
            let ids = ids.iter().flat_map(|id| id.to_ne_bytes());
            count.to_ne_bytes().into_iter().chain(ids).collect::<Vec<_>>()
        };
        assert_eq!(set(SCTP_HMAC_IDENT, &list(2, &[3, 1])), Ok(Value::Algorithms(vec![3, 1])));
        for (count, ids) in [(3, &[3, 1][..]), (u32::MAX, &[1]), (0x8000_0001, &[1, 3])] {
            assert_eq!(set(SCTP_HMAC_IDENT, &list(count, ids)), Err(Errno::INVAL));
        }
        let key = |length: u16, octets: &[u8]| {
            let header = layout::AuthKey { sca_assoc_id: 3, sca_keynumber: 7, sca_keylength: length };
            [header.octets(), octets].concat()
        };
        assert_eq!(set(SCTP_AUTH_KEY, &key(4, b"abcdef")), Ok(Value::Key(7, Secret::new(b"abcd"))));
        assert_eq!(set(SCTP_AUTH_KEY, &key(0, b"x")), Ok(Value::Key(7, Secret::new(b""))));
        assert_eq!(set(SCTP_AUTH_KEY, &key(7, b"abcdef")), Err(Errno::INVAL));
        assert_eq!(set(SCTP_AUTH_KEY, &key(u16::MAX, b"")), Err(Errno::INVAL));
        assert_eq!(set(SCTP_AUTH_ACTIVE_KEY, &[0; 7]), Err(Errno::INVAL));
    }

    /// D7.1.18-2, D7.1.20-2, D7.1.20-3, B3-23.
    #[test]
    fn lists_are_laid_out_as_linux_does() {
        let scope = of(5);
        let chunks = encode(&scope, &Value::PeerChunks(vec![0, 193]));
        assert_eq!(chunks, [&5_u32.to_ne_bytes()[..], &2_u32.to_ne_bytes(), &[0, 193]].concat());
        assert_eq!(too_small(&Value::PeerChunks(Vec::new())), Errno::NOBUFS);
        assert_eq!(encode(&scope, &Value::Chunks(vec![0, 6])), [0, 6]);
        let algorithms = encode(&scope, &Value::Algorithms(vec![3, 1]));
        assert_eq!(set(SCTP_HMAC_IDENT, &algorithms), Ok(Value::Algorithms(vec![3, 1])));
        let secret = encode(&scope, &Value::Secret(Secret::new(b"abc")));
        assert_eq!(set(SCTP_AUTH_SECRET, &secret), Ok(Value::Secret(Secret::new(b"abc"))));
    }
}
