//! Deadlines: one that stands or does not, and one that doubles its wait. Who needs a timer owns it; parents only take the
//! earliest.

use std::time::Duration;

use crate::Time;

/// One deadline, or none.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Timer {
    /// [`NEVER`] when it does not run: eight octets rather than sixteen, for every path holds several.
    at: u64,
}

impl Timer {
    /// Not running.
    pub(crate) const STOPPED: Self = Self { at: NEVER };

    /// Runs until `deadline`, whatever was set before.
    pub(crate) fn set(&mut self, deadline: Time) {
        self.at = deadline.as_nanos().min(NEVER - 1);
    }

    /// Stops.
    pub(crate) fn stop(&mut self) {
        self.at = NEVER;
    }

    /// Whether it runs (expired or not).
    pub(crate) const fn is_running(&self) -> bool {
        self.at != NEVER
    }

    /// Whether it runs and its deadline has come.
    pub(crate) const fn expired(&self, now: Time) -> bool {
        self.is_running() && now.as_nanos() >= self.at
    }

    /// The deadline, while it runs.
    pub(crate) const fn deadline(&self) -> Option<Time> {
        if self.is_running() { Some(Time::from_nanos(self.at)) } else { None }
    }
}

impl Default for Timer {
    fn default() -> Self {
        Self::STOPPED
    }
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Timer").field(&self.deadline()).finish()
    }
}

/// A timer whose wait doubles each time it runs out, up to a limit, and that counts how often it did (T1-init, T1-cookie,
/// T2-shutdown).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    timer: Timer,
    interval: Duration,
    limit: Duration,
    count: u16,
}

impl Backoff {
    /// Starts with `interval`. `limit` bounds every wait but this first one: RTO.Initial may be above the bound that a
    /// program sets for the INIT's repetitions.
    pub(crate) fn start(now: Time, interval: Duration, limit: Duration) -> Self {
        let mut timer = Timer::STOPPED;
        timer.set(now + interval);
        Self { timer, interval, limit, count: 0 }
    }

    /// It has run out: counts, doubles the wait, starts again. Returns how often it has run out by now.
    pub(crate) fn again(&mut self, now: Time) -> u16 {
        self.count = self.count.saturating_add(1);
        // RFC 9260 §6.3.3 E2, and §5.1 for T1: double, bounded.
        self.interval = self.interval.saturating_mul(2).min(self.limit);
        self.timer.set(now + self.interval);
        self.count
    }

    /// Whether the wait is over.
    pub(crate) const fn expired(&self, now: Time) -> bool {
        self.timer.expired(now)
    }

    /// The present wait.
    #[cfg(test)]
    pub(crate) const fn interval(&self) -> Duration {
        self.interval
    }

    /// When the wait is over.
    pub(crate) const fn deadline(&self) -> Option<Time> {
        self.timer.deadline()
    }
}

/// The earliest of several deadlines.
pub(crate) fn earliest(deadlines: impl IntoIterator<Item = Option<Time>>) -> Option<Time> {
    deadlines.into_iter().flatten().min()
}

const NEVER: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_expires_at_its_deadline_and_not_before() {
        let mut timer = Timer::default();
        assert!(!timer.expired(Time::from_nanos(u64::MAX)));
        timer.set(Time::from_nanos(10));
        assert!(!timer.expired(Time::from_nanos(9)));
        assert!(timer.expired(Time::from_nanos(10)));
        timer.stop();
        assert_eq!(timer.deadline(), None);
    }

    #[test]
    fn a_deadline_at_the_end_of_time_still_runs() {
        let mut timer = Timer::default();
        timer.set(Time::from_nanos(u64::MAX) + Duration::MAX);
        assert!(timer.is_running());
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let second = Duration::from_secs(1);
        let mut t1 = Backoff::start(Time::ZERO, 3 * second, 7 * second);
        assert_eq!(t1.deadline(), Some(Time::ZERO + 3 * second));
        assert_eq!(t1.again(Time::ZERO), 1);
        assert_eq!(t1.interval(), 6 * second);
        assert_eq!(t1.again(Time::ZERO), 2);
        assert_eq!(t1.interval(), 7 * second);
    }

    #[test]
    fn the_limit_does_not_bound_the_first_wait() {
        let mut t1 = Backoff::start(Time::ZERO, Duration::from_secs(3), Duration::from_millis(300));
        assert_eq!(t1.interval(), Duration::from_secs(3));
        t1.again(Time::ZERO);
        assert_eq!(t1.interval(), Duration::from_millis(300));
    }

    #[test]
    fn the_earliest_of_none_is_none() {
        assert_eq!(earliest([None, None]), None);
        assert_eq!(earliest([None, Some(Time::from_nanos(2)), Some(Time::from_nanos(1))]), Some(Time::from_nanos(1)));
    }
}
