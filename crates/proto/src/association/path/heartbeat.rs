//! Heartbeats of one path (RFC 9260 §8.3, and §5.4 for the confirmation of addresses).
//!
//! The part says when a HEARTBEAT is due and whether the one on its way was answered in time. What stands in the chunk is
//! the caller's: it must bring back the nonce.

use std::time::Duration;

use super::super::timer::Timer;
use crate::Time;

/// When the next HEARTBEAT is due, and the one that is on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heartbeat {
    due: Timer,
    /// Runs while one is unanswered and its RTO is not over.
    answer: Timer,
    nonce: u64,
    sent: Time,
    /// Whether an answer with `nonce` is still welcome.
    awaited: bool,
}

impl Heartbeat {
    /// The next one goes out `interval` plus the RTO from now, with jitter. `interval` is zero while the address is not
    /// confirmed. `jitter` is any random number.
    pub(crate) fn schedule(&mut self, now: Time, interval: Duration, rto: Duration, jitter: u32) {
        // RFC 9260 §8.3: once per RTO plus HB.interval, "with jittering of +/- 50% of the RTO value".
        let rto = u64::try_from(rto.as_nanos()).unwrap_or(u64::MAX);
        let spread = ((u128::from(rto) * u128::from(jitter)) >> 32) as u64;
        self.due.set(now + interval + Duration::from_nanos((rto / 2).saturating_add(spread)));
    }

    /// The next one goes out at `when`.
    pub(crate) fn schedule_at(&mut self, when: Time) {
        self.due.set(when);
    }

    /// None goes out any more; the one on its way may still be answered, but does not count as an error.
    pub(crate) fn stop(&mut self) {
        self.due.stop();
        self.answer.stop();
    }

    /// Whether one is to go out.
    pub(crate) const fn due(&self, now: Time) -> bool {
        self.due.expired(now)
    }

    /// Whether any is scheduled.
    #[cfg(test)]
    pub(crate) const fn is_scheduled(&self) -> bool {
        self.due.is_running()
    }

    /// One went out. The next is not scheduled by this.
    pub(crate) fn sent(&mut self, now: Time, nonce: u64, rto: Duration) {
        self.due.stop();
        self.nonce = nonce;
        self.sent = now;
        self.awaited = true;
        self.answer.set(now + rto);
    }

    /// An answer came. `Some`: it is the answer to the last one, after this time.
    pub(crate) fn acknowledged(&mut self, now: Time, nonce: u64) -> Option<Duration> {
        // RFC 9260 §5.4: only who received the HEARTBEAT knows the nonce. It is good for one answer.
        if !self.awaited || nonce != self.nonce {
            return None;
        }
        self.awaited = false;
        self.answer.stop();
        Some(now.saturating_since(self.sent))
    }

    /// Whether one has just become overdue: true once for each. A late answer still counts.
    pub(crate) fn overdue(&mut self, now: Time) -> bool {
        let overdue = self.answer.expired(now);
        if overdue {
            self.answer.stop();
        }
        overdue
    }

    /// When the next one went out, or became overdue.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        super::super::timer::earliest([self.due.deadline(), self.answer.deadline()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTO: Duration = Duration::from_secs(1);
    const INTERVAL: Duration = Duration::from_secs(30);

    #[test]
    fn the_interval_is_jittered_by_half_an_rto_either_way() {
        for (jitter, milliseconds) in [(0, 30_500), (1 << 31, 31_000)] {
            let mut heartbeat = Heartbeat::default();
            heartbeat.schedule(Time::ZERO, INTERVAL, RTO, jitter);
            assert_eq!(heartbeat.next_timeout(), Some(Time::ZERO + Duration::from_millis(milliseconds)));
        }
        let mut heartbeat = Heartbeat::default();
        heartbeat.schedule(Time::ZERO, INTERVAL, RTO, u32::MAX);
        assert!(heartbeat.next_timeout().unwrap() < Time::ZERO + Duration::from_millis(31_500));
    }

    #[test]
    fn only_the_nonce_that_was_sent_is_an_answer_and_only_once() {
        let mut heartbeat = Heartbeat::default();
        heartbeat.sent(Time::ZERO, 7, RTO);
        let later = Time::ZERO + Duration::from_millis(20);
        assert_eq!(heartbeat.acknowledged(later, 8), None);
        assert_eq!(heartbeat.acknowledged(later, 7), Some(Duration::from_millis(20)));
        assert_eq!(heartbeat.acknowledged(later, 7), None);
        assert!(!heartbeat.overdue(Time::ZERO + RTO), "answered");
    }

    #[test]
    fn an_unanswered_one_is_overdue_once_and_may_be_answered_late() {
        let mut heartbeat = Heartbeat::default();
        heartbeat.sent(Time::ZERO, 7, RTO);
        assert!(heartbeat.overdue(Time::ZERO + RTO));
        assert!(!heartbeat.overdue(Time::ZERO + RTO));
        assert!(heartbeat.acknowledged(Time::ZERO + 2 * RTO, 7).is_some());
    }

    #[test]
    fn a_nonce_of_zero_answers_nothing_that_was_not_sent() {
        assert_eq!(Heartbeat::default().acknowledged(Time::ZERO, 0), None);
    }

    #[test]
    fn absurd_intervals_do_not_overflow() {
        let mut heartbeat = Heartbeat::default();
        heartbeat.schedule(Time::from_nanos(u64::MAX), Duration::MAX / 2, Duration::MAX / 2, u32::MAX);
        assert!(heartbeat.is_scheduled());
    }
}
