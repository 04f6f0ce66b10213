//! Which path: for new data, for a retransmission, for a reply (RFC 9260 §6.4, §6.4.1).

use super::{Path, PathId, PathSet, Reachability};

impl PathSet {
    /// For new data: the primary, or the one alternative while it does not work.
    pub(crate) fn select_for_data(&self) -> PathId {
        let primary = self.primary();
        if self.get(primary).is_some_and(Path::is_usable) {
            return primary;
        }
        // RFC 9260 §8.2: only one alternative is used; always the first, so that it stays the same.
        self.first_usable(0, None).or_else(|| self.least_bad()).unwrap_or(primary)
    }

    /// For new data that the program wants on `wish`.
    pub(crate) fn select_for_wish(&self, wish: Option<PathId>) -> PathId {
        // RFC 9260 §6.4.1: a path that is not active is left even if the program asked for it.
        match wish {
            Some(wish) if self.get(wish).is_some_and(Path::is_usable) => wish,
            _ => self.select_for_data(),
        }
    }

    /// For a chunk that timed out on `last`: the next path that works, `last` if there is no other (RFC 9260 §6.4).
    pub(crate) fn select_for_retransmission(&self, last: PathId) -> PathId {
        if let Some(other) = self.first_usable(usize::from(last.0) + 1, Some(last)) {
            return other;
        }
        if self.get(last).is_some_and(Path::is_usable) {
            return last;
        }
        // RFC 9260 §8.2, RFC 7829 §5.1: none works. Try all confirmed ones in turn.
        let from = usize::from(last.0) + 1;
        self.rotated(from).find(|(_, path)| path.confirmed).map_or_else(|| self.primary(), |(id, _)| id)
    }

    /// For control chunks: back where the request came from (RFC 9260 §6.4), else as data.
    pub(crate) fn select_for_control(&self, reply_to: Option<PathId>) -> PathId {
        match reply_to {
            Some(id) if self.get(id).is_some() => id,
            _ => self.select_for_data(),
        }
    }

    fn first_usable(&self, from: usize, but: Option<PathId>) -> Option<PathId> {
        self.rotated(from).find(|(id, path)| Some(*id) != but && path.is_usable()).map(|(id, _)| id)
    }

    /// RFC 7829 §5.1: with no active path, the potentially failed one with the fewest errors; else stay with the primary.
    fn least_bad(&self) -> Option<PathId> {
        let confirmed = || self.iter().filter(|(_, path)| path.confirmed);
        confirmed()
            .filter(|(_, path)| path.failover.state() == Reachability::PotentiallyFailed)
            .min_by_key(|(id, path)| (path.error_count(), *id != self.primary()))
            .or_else(|| confirmed().find(|(id, _)| *id == self.primary()))
            .or_else(|| confirmed().next())
            .map(|(id, _)| id)
    }

    fn rotated(&self, from: usize) -> impl Iterator<Item = (PathId, &Path)> {
        let count = self.slots.len();
        (0..count).filter_map(move |step| {
            let index = (from + step) % count;
            Some((PathId(index as u8), self.slots[index].as_ref()?))
        })
    }
}
