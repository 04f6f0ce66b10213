//! Packets "out of the blue": they belong to no association (RFC 9260 §8.4).

use usctp_wire::{CauseCode, Causes, Chunk, Packet, VerificationTag};

use crate::{Address, Time};

/// What such a packet is answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Silence,
    /// SHUTDOWN COMPLETE with the tag reflected.
    ShutdownComplete,
    /// ABORT with the tag reflected.
    Abort,
}

/// RFC 9260 §8.4 rules 2 and 5 to 8, for a packet that does not begin with INIT or COOKIE ECHO.
pub(crate) fn answer_to(packet: &Packet<'_>) -> Answer {
    // RFC 9260 §8.5.1 A: the tag 0 belongs to an INIT alone.
    if packet.header.tag == VerificationTag(0) {
        return Answer::Silence;
    }
    let mut answer = Answer::Silence;
    let mut first = true;
    for raw in packet.chunks() {
        // What is not correctly formed is not out of the blue, but noise.
        let Ok(chunk) = raw.and_then(|raw| raw.decode()) else { return Answer::Silence };
        match chunk {
            // RFC 4895 §6.3: as if it were not there.
            Chunk::Auth(_) => continue,
            Chunk::Abort { .. } | Chunk::ShutdownComplete { .. } | Chunk::CookieAck | Chunk::Init(_) => {
                return Answer::Silence;
            }
            Chunk::Error { causes } if has_stale_cookie(causes) => return Answer::Silence,
            Chunk::ShutdownAck => answer = Answer::ShutdownComplete,
            _ if first => answer = Answer::Abort,
            _ => {}
        }
        first = false;
    }
    answer
}

fn has_stale_cookie(causes: &[u8]) -> bool {
    (Causes { rest: causes }).flatten().any(|cause| cause.code == CauseCode::STALE_COOKIE)
}

/// Whether packets for a port that nobody here holds are answered.
pub(crate) type Policy = Box<dyn FnMut(u16, Address) -> bool + Send>;

/// Bounds the answers to strangers: so many in a second, and as many at once after silence.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: u32,
    /// Answers that may still go out, in billionths.
    credit: u64,
    filled: Time,
}

const ANSWER: u64 = 1_000_000_000;

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, credit: u64::from(per_second) * ANSWER, filled: Time::ZERO }
    }

    /// Whether one more answer may go out now; if so it is counted.
    pub(crate) fn allows(&mut self, now: Time) -> bool {
        let nanoseconds = u64::try_from(now.saturating_since(self.filled).as_nanos()).unwrap_or(u64::MAX);
        let per_second = u64::from(self.per_second);
        self.credit = self.credit.saturating_add(nanoseconds.saturating_mul(per_second)).min(per_second * ANSWER);
        self.filled = now;
        let allowed = self.credit >= ANSWER;
        if allowed {
            self.credit -= ANSWER;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use usctp_wire::{Cause, Header, PacketBuilder, Tsn};

    use super::*;

    fn answer(tag: u32, chunks: &[Chunk<'_>]) -> Answer {
        let header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(tag) };
        let mut octets = Vec::new();
        let mut builder = PacketBuilder::new(&mut octets, header, 1400);
        for chunk in chunks {
            assert!(builder.push(chunk));
        }
        builder.finish();
        answer_to(&Packet::decode(&octets).unwrap())
    }

    fn auth() -> Chunk<'static> {
        Chunk::Auth(usctp_wire::Auth { key: usctp_wire::KeyId(0), hmac_id: 1, hmac: &[0; 20] })
    }

    #[test]
    fn the_table_of_8_4() {
        let shutdown = Chunk::Shutdown { cumulative: Tsn(1) };
        let mut stale = Vec::new();
        Cause::StaleCookie(1).encode(&mut stale);
        let rows = [
            (9, vec![shutdown.clone()], Answer::Abort),
            (9, vec![Chunk::Abort { tag_reflected: false, causes: &[] }], Answer::Silence),
            (9, vec![shutdown.clone(), Chunk::Abort { tag_reflected: true, causes: &[] }], Answer::Silence),
            (9, vec![Chunk::ShutdownAck], Answer::ShutdownComplete),
            (9, vec![shutdown.clone(), Chunk::ShutdownAck], Answer::ShutdownComplete),
            (9, vec![Chunk::ShutdownComplete { tag_reflected: false }], Answer::Silence),
            (9, vec![Chunk::CookieAck], Answer::Silence),
            (9, vec![Chunk::Error { causes: &stale }], Answer::Silence),
            (9, vec![Chunk::Error { causes: &[] }], Answer::Abort),
            (9, vec![Chunk::Heartbeat { info: &[0, 1, 0, 4] }], Answer::Abort),
            (9, vec![auth(), Chunk::ShutdownAck], Answer::ShutdownComplete),
            (9, vec![auth(), shutdown.clone()], Answer::Abort),
            (9, vec![auth()], Answer::Silence),
            (0, vec![shutdown], Answer::Silence),
            (9, vec![], Answer::Silence),
        ];
        for (tag, chunks, expected) in rows {
            assert_eq!(answer(tag, &chunks), expected, "{chunks:?}");
        }
    }

    #[test]
    fn answers_are_bounded_per_second() {
        let mut limit = RateLimit::new(10);
        let at = |milliseconds| Time::ZERO + Duration::from_millis(milliseconds);
        assert_eq!((0..100).filter(|_| limit.allows(at(0))).count(), 10);
        assert_eq!((0..100).filter(|_| limit.allows(at(100))).count(), 1);
        assert_eq!((0..100).filter(|_| limit.allows(at(9000))).count(), 10);
        assert!(!RateLimit::new(0).allows(at(9999)));
    }
}
