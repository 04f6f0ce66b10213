//! How many octets of SO_SNDBUF a message takes.
//!
//! Linux charges each chunk with the memory of its buffer, so that programs see far fewer small messages fit than the
//! option's value suggests; programs tune themselves to that, so it is the same here.

/// What a message of `len` octets is charged with when it is cut into chunks of `fragmentation_point` octets at most.
pub(crate) fn charge(len: usize, fragmentation_point: usize) -> usize {
    let full = fragmentation_point.max(1);
    let rest = len % full;
    let mut octets = (len / full) * chunk(full);
    if rest > 0 {
        octets += chunk(rest);
    }
    octets
}

/// One chunk: header and payload with the trailer that a buffer has, in the allocator's size class, and two structures.
const fn chunk(payload: usize) -> usize {
    let needed = (payload + CHUNK_HEADER).next_multiple_of(CACHE_LINE) + TRAILER;
    needed.next_power_of_two() + STRUCTURES
}

const CHUNK_HEADER: usize = 16;
const CACHE_LINE: usize = 64;
const TRAILER: usize = 320;
const STRUCTURES: usize = 512;

#[cfg(test)]
mod tests {
    use super::charge;

    /// Messages taken until none is: each is taken whole while anything is free.
    fn taken(send_buffer: usize, len: usize) -> usize {
        send_buffer.div_ceil(charge(len, 1452))
    }

    #[test]
    fn as_many_messages_fit_as_on_linux() {
        // SO_SNDBUF as read, then messages of 1, 10, 100, 1000, 1452, 1453, 3000, 10000, 30000 octets.
        let lens = [1, 10, 100, 1000, 1452, 1453, 3000, 10_000, 30_000];
        let rows: [(usize, &[usize]); 3] = [
            (212_992, &[208, 208, 208, 84, 84, 60, 35, 12, 4]),
            (40_000, &[40, 40, 40, 16, 16, 12, 7, 3, 1]),
            (8000, &[8, 8, 8, 4, 4, 3, 2]),
        ];
        for (send_buffer, expected) in rows {
            for (&len, &count) in lens.iter().zip(expected) {
                assert_eq!(taken(send_buffer, len), count, "{len} octets into {send_buffer}");
            }
        }
    }
}
