//! A COOKIE ECHO for an association that exists already (RFC 9260 §5.2.4, Table 12).

use usctp_wire::VerificationTag;

/// What the cookie's tags say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Collision {
    /// (A) The peer has restarted.
    Restart,
    /// (B) Both began at the same time; the peer's tag is the cookie's.
    PeerTag,
    /// (D) The cookie of this very association: the COOKIE ACK was lost, or both began at the same time.
    Same,
    /// (C) or a case that the table does not show: discarded.
    Discard,
}

/// The tags of an association, as the cookie's are compared with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownTags {
    pub(crate) local: VerificationTag,
    /// Unknown in COOKIE-WAIT.
    pub(crate) peer: Option<VerificationTag>,
    /// Random numbers that stand for the two tags in cookies; none made yet: no cookie can carry them.
    pub(crate) tie: Option<(u32, u32)>,
}

impl Collision {
    /// Table 12. `local`, `peer` and `tie` are the cookie's.
    pub(crate) fn decide(known: KnownTags, local: VerificationTag, peer: VerificationTag, tie: (u32, u32)) -> Self {
        let local_matches = local == known.local;
        let peer_matches = Some(peer) == known.peer;
        match (local_matches, peer_matches) {
            (true, true) => Self::Same,
            (true, false) => Self::PeerTag,
            (false, false) if tie != (0, 0) && Some(tie) == known.tie => Self::Restart,
            // Row C (X, M, 0, 0) and everything else.
            (false, _) => Self::Discard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_table_12() {
        let (mine, theirs, other) = (VerificationTag(1), VerificationTag(2), VerificationTag(3));
        let known = KnownTags { local: mine, peer: Some(theirs), tie: Some((8, 9)) };
        let waiting = KnownTags { peer: None, tie: None, ..known };
        let (matching, none, wrong) = ((8, 9), (0, 0), (8, 8));
        let rows = [
            // X X M M
            (known, other, other, matching, Collision::Restart),
            // M X A A
            (known, mine, other, matching, Collision::PeerTag),
            (known, mine, other, none, Collision::PeerTag),
            (known, mine, other, wrong, Collision::PeerTag),
            // M 0 A A
            (waiting, mine, theirs, none, Collision::PeerTag),
            // X M 0 0
            (known, other, theirs, none, Collision::Discard),
            // M M A A
            (known, mine, theirs, none, Collision::Same),
            (known, mine, theirs, matching, Collision::Same),
            // Not in the table.
            (known, other, other, none, Collision::Discard),
            (known, other, other, wrong, Collision::Discard),
            (known, other, theirs, matching, Collision::Discard),
            (waiting, other, theirs, none, Collision::Discard),
            (KnownTags { tie: None, ..known }, other, other, none, Collision::Discard),
        ];
        for (known, local, peer, tie, expected) in rows {
            assert_eq!(Collision::decide(known, local, peer, tie), expected, "{known:?} {local:?} {peer:?} {tie:?}");
        }
    }
}
