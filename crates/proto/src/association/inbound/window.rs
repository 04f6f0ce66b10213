//! The receive buffer and the window that we announce (RFC 9260 §6.2): what is charged, what is refused, and how the
//! silly window is avoided (RFC 1122 §4.2.3.3).

/// Octets and chunks of one kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Load {
    pub(super) octets: u32,
    pub(super) chunks: u32,
}

/// Whether a chunk may be taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    /// There is room.
    Free,
    /// There is none, unless chunks with higher TSNs are given up for it.
    AfterReneging,
    /// There is none.
    Full,
}

/// The receive buffer of an association.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    overhead: u32,
    /// Received and not handed up.
    held: Load,
    /// Handed up and not released.
    delivered: Load,
    /// What the peer may still send by what it has been told.
    promised: u32,
    /// Payload of a chunk, moving average, octets.
    typical: u32,
}

impl Window {
    pub(super) const fn new(size: u32, overhead: u32) -> Self {
        const NOTHING: Load = Load { octets: 0, chunks: 0 };
        Self { size, overhead, held: NOTHING, delivered: NOTHING, promised: size, typical: STEP }
    }

    pub(super) fn set_size(&mut self, size: u32) {
        self.size = size;
    }

    /// What chunks of `payload` octets altogether are charged with.
    pub(super) fn charge(&self, payload: u32, chunks: u32) -> u32 {
        payload.saturating_add(chunks.saturating_mul(self.overhead))
    }

    /// Takes one chunk of `payload` octets in.
    pub(super) fn take(&mut self, payload: u32) {
        let charge = self.charge(payload, 1);
        self.held.octets = self.held.octets.saturating_add(charge);
        self.held.chunks = self.held.chunks.saturating_add(1);
        self.promised = self.promised.saturating_sub(charge);
        // Rounded down both ways, so that it comes to stand at the payload and not above it.
        let payload = payload.min(STEP);
        self.typical = if payload < self.typical {
            self.typical - (self.typical - payload).div_ceil(8)
        } else {
            self.typical + (payload - self.typical) / 8
        };
    }

    /// Throws chunks away that had been taken.
    pub(super) fn give_up(&mut self, payload: u32, chunks: u32) {
        let charge = self.charge(payload, chunks);
        self.held.octets = self.held.octets.saturating_sub(charge);
        self.held.chunks = self.held.chunks.saturating_sub(chunks);
    }

    /// Hands chunks up; answers what they stay charged with.
    pub(super) fn deliver(&mut self, payload: u32, chunks: u32) -> u32 {
        self.give_up(payload, chunks);
        let charge = self.charge(payload, chunks);
        self.delivered.octets = self.delivered.octets.saturating_add(charge);
        self.delivered.chunks = self.delivered.chunks.saturating_add(chunks);
        charge
    }

    /// The program has consumed `octets` of what was handed up.
    pub(super) fn release(&mut self, octets: u32) {
        let Load { octets: total, chunks } = self.delivered;
        let octets = octets.min(total);
        // The caller counts octets, not chunks: their share goes with them, and all of it with the last octet.
        let share = u64::from(chunks).saturating_mul(u64::from(octets)).checked_div(u64::from(total)).unwrap_or(0);
        let share = u32::try_from(share).unwrap_or(chunks);
        self.delivered = Load { octets: total.saturating_sub(octets), chunks: chunks.saturating_sub(share) };
        if self.delivered.octets == 0 {
            self.delivered.chunks = 0;
        }
    }

    /// Nothing is held any more, and the peer has been told the window anew (INIT, INIT ACK).
    pub(super) fn restart(&mut self) {
        self.held = Load::default();
        self.promised = self.free();
    }

    /// Notes what the peer is told now, and answers it.
    pub(super) fn announce(&mut self) -> u32 {
        self.promised = self.rwnd();
        self.promised
    }

    /// Whether a chunk of `payload` octets may be taken; `fills_gap`: its TSN is below the highest received.
    pub(super) fn admission(&self, payload: u32, fills_gap: bool) -> Admission {
        // RFC 9260 §6.2: with the window at zero nothing beyond the highest TSN is taken. While it is open, the last
        // chunk may stick out: the peer may not know yet how much smaller it has become.
        if self.free() > 0 {
            return Admission::Free;
        }
        if !fills_gap {
            return Admission::Full;
        }
        // A gap must be filled for the rest to be delivered at all; some room is kept for that, so that reneging on
        // what has been acknowledged ("only in extreme circumstances") stays rare.
        let charge = self.charge(payload, 1);
        let fits = self.charged().saturating_add(charge) <= self.size.saturating_add(GRACE)
            && self.memory().saturating_add(u64::from(charge)) <= self.memory_limit().saturating_add(u64::from(GRACE));
        if fits { Admission::Free } else { Admission::AfterReneging }
    }

    /// What the next SACK announces.
    pub(super) fn rwnd(&self) -> u32 {
        let free = self.announceable(self.memory()).min(self.as_payload(self.free()));
        // RFC 1122 §4.2.3.3: a window that has closed opens again in one step worth a packet, not octet by octet.
        if free < (self.whole() / 2).min(STEP) { free.min(self.promised) } else { free }
    }

    /// Whether the window has opened so far that the peer should hear of it without having sent anything.
    pub(super) fn owes_update(&self) -> bool {
        // RFC 9260 §6.2: "only if the window can be increased by at least a quarter of the receive buffer size".
        let opened = self.rwnd().saturating_sub(self.promised);
        opened > 0 && opened >= self.whole() / 4
    }

    /// Whether what we hold ourselves, so that nothing the program does can help, fills the buffer nearly.
    pub(super) fn is_pressed(&self) -> bool {
        let reserve = STEP.saturating_mul(2).min(self.size / 2);
        self.held.octets >= self.size.saturating_sub(reserve)
            || self.free() == 0 && self.delivered.octets == 0 && self.held.chunks > 0
    }

    pub(super) const fn held(&self) -> Load {
        self.held
    }

    pub(super) const fn delivered(&self) -> Load {
        self.delivered
    }

    fn charged(&self) -> u32 {
        self.held.octets.saturating_add(self.delivered.octets)
    }

    fn free(&self) -> u32 {
        let by_memory = self.memory_limit().saturating_sub(self.memory());
        self.size.saturating_sub(self.charged()).min(u32::try_from(by_memory).unwrap_or(u32::MAX))
    }

    /// What is announced when nothing is held.
    fn whole(&self) -> u32 {
        self.announceable(0).min(self.as_payload(self.size))
    }

    /// How much payload `octets` of buffer take in, each chunk with its overhead.
    fn as_payload(&self, octets: u32) -> u32 {
        self.fitting(octets.into(), self.overhead)
    }

    /// How much payload fits the memory that is left beside `used`. The peer counts payload only; told more than fits, it
    /// would send chunks that we must drop, and wait for its timer.
    fn announceable(&self, used: u64) -> u32 {
        self.fitting(self.memory_limit().saturating_sub(used), CHUNK_COST)
    }

    /// How much payload fits `octets`, in chunks like those that came lately, of which each takes `cost` octets beside it.
    fn fitting(&self, octets: u64, cost: u32) -> u32 {
        let typical = u64::from(self.typical.max(SMALLEST_TYPICAL));
        let each = typical.saturating_add(u64::from(cost));
        u32::try_from(octets.saturating_mul(typical) / each).unwrap_or(u32::MAX)
    }

    /// What is charged, and what our own bookkeeping takes beside it: a peer that sends many small chunks fills the
    /// window the earlier, and cannot make us hold a multiple of the buffer.
    fn memory(&self) -> u64 {
        let chunks = u64::from(self.held.chunks).saturating_add(u64::from(self.delivered.chunks));
        let each = u64::from(CHUNK_COST.saturating_sub(self.overhead));
        u64::from(self.charged()).saturating_add(chunks.saturating_mul(each))
    }

    fn memory_limit(&self) -> u64 {
        u64::from(self.size).saturating_mul(2).saturating_add(SMALLEST_MEMORY)
    }
}

/// Octets of bookkeeping for a chunk, at most: its place in a queue, its buffer's and its allocations' heads.
const CHUNK_COST: u32 = 256;
/// Bookkeeping that even the smallest buffer allows.
const SMALLEST_MEMORY: u64 = 16 * 1024;
/// Payload below which chunks do not make the announced window still smaller, octets.
const SMALLEST_TYPICAL: u32 = 64;
/// Octets beyond the buffer for chunks that fill a gap.
const GRACE: u32 = 64 * 1024;
/// Octets by which a closed window opens at least: about a packet.
const STEP: u32 = 1500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_shrinks_with_what_is_taken_and_grows_with_what_is_released() {
        let mut window = Window::new(100_000, 0);
        window.take(1_000);
        assert_eq!(window.rwnd(), 99_000);
        assert_eq!(window.deliver(1_000, 1), 1_000);
        assert_eq!(window.rwnd(), 99_000);
        window.release(1_000);
        assert_eq!(window.rwnd(), 100_000);
        assert_eq!((window.held(), window.delivered()), (Load::default(), Load::default()));
    }

    #[test]
    fn closed_window_opens_in_steps() {
        let mut window = Window::new(10_000, 0);
        for _ in 0..10 {
            window.take(1_000);
            window.deliver(1_000, 1);
        }
        assert_eq!(window.announce(), 0);
        window.release(1_000);
        assert_eq!(window.announce(), 0);
        assert!(!window.owes_update());
        window.release(600);
        assert_eq!(window.rwnd(), 1_600);
        assert!(!window.owes_update());
        window.release(900);
        assert!(window.owes_update());
        assert_eq!(window.announce(), 2_500);
    }

    #[test]
    fn overhead_is_charged_and_comes_back() {
        let mut window = Window::new(100_000, 200);
        window.take(10);
        assert_eq!(window.free(), 99_790);
        assert_eq!(window.deliver(10, 1), 210);
        window.release(100);
        window.release(110);
        assert_eq!(window.free(), 100_000);
        // What the peer is told leaves room for the overhead of what it sends.
        assert!((80_000..100_000).contains(&window.rwnd()));
    }

    #[test]
    fn many_small_chunks_close_the_window_before_they_fill_it() {
        let mut window = Window::new(100_000, 0);
        let mut taken = 0;
        while window.admission(1, false) == Admission::Free {
            window.take(1);
            taken += 1;
        }
        assert!((500..1_000).contains(&taken), "{taken}");
        assert_eq!(window.rwnd(), 0);
        assert_eq!(window.admission(1, true), Admission::Free);
        window.deliver(taken, taken);
        window.release(taken / 2);
        let half = window.rwnd();
        assert!(half > 15_000, "{half}");
        window.release(taken);
        assert!(window.rwnd() > half);
        assert_eq!(window.delivered(), Load::default());
    }

    #[test]
    fn peer_that_keeps_to_the_window_never_loses_small_chunks_to_it() {
        let mut window = Window::new(100_000, 0);
        for _ in 0..60 {
            window.take(64);
            window.deliver(64, 1);
        }
        window.release(60 * 64);
        let mut promised = window.announce();
        assert!((20_000..100_000).contains(&promised), "{promised}");
        while promised >= 64 {
            assert_eq!(window.admission(64, false), Admission::Free);
            window.take(64);
            window.deliver(64, 1);
            promised -= 64;
        }
        let full = window.delivered().octets;
        window.release(full / 2);
        assert!(window.owes_update(), "half of what fits is worth an update");
    }

    #[test]
    fn small_window_with_large_overhead_opens_again() {
        let mut window = Window::new(3_000, 200);
        for _ in 0..60 {
            window.take(100);
            window.deliver(100, 1);
            window.release(300);
        }
        for _ in 0..10 {
            window.take(100);
            window.deliver(100, 1);
        }
        assert_eq!(window.announce(), 0);
        window.release(3_000);
        assert!(window.owes_update() && window.announce() > 500);
    }

    #[test]
    fn gap_fillers_have_room_beyond_the_window_but_not_without_end() {
        let mut window = Window::new(3_000, 0);
        window.take(3_000);
        assert_eq!(window.admission(1_000, false), Admission::Full);
        let mut taken = 0;
        while window.admission(1_000, true) == Admission::Free {
            window.take(1_000);
            taken += 1;
        }
        assert!((1..=65).contains(&taken), "{taken}");
        assert_eq!(window.admission(1_000, true), Admission::AfterReneging);
    }
}
