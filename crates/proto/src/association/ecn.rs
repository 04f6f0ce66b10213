//! Congestion marks: ECNE for what came marked, CWR for what left and was marked (the window itself is cut by
//! `outbound`)
//! (RFC 9260's predecessor RFC 4960 Appendix A; RFC 3168).

use usctp_wire::Tsn;

/// Both directions' state.
#[derive(Debug, Default)]
pub(crate) struct CongestionMarks {
    /// Both sides have announced ECN.
    pub(crate) agreed: bool,
    /// A marked packet came, with this lowest TSN: ECNE goes with every SACK until the peer's CWR.
    echo: Option<Tsn>,
    /// CWR is owed for this TSN.
    reduced: Option<Tsn>,
}

impl CongestionMarks {
    pub(crate) const fn new(agreed: bool) -> Self {
        Self { agreed, echo: None, reduced: None }
    }

    /// A packet came marked, its lowest TSN is `lowest`. Only the first one since the peer's CWR is echoed: it tells from
    /// where on the peer has not reacted.
    pub(crate) fn on_marked(&mut self, lowest: Tsn) {
        if self.agreed && self.echo.is_none() {
            self.echo = Some(lowest);
        }
    }

    /// CWR came: the peer has reacted to all marks up to `lowest`.
    pub(crate) fn on_cwr(&mut self, lowest: Tsn) {
        if self.echo.is_some_and(|echo| lowest.is_at_or_after(echo)) {
            self.echo = None;
        }
    }

    /// ECNE came for what we sent: a CWR is owed each time, for the one before may have been lost.
    pub(crate) const fn owe_cwr(&mut self, lowest: Tsn) {
        self.reduced = Some(lowest);
    }

    /// What the next SACK carries as ECNE.
    pub(crate) const fn echo(&self) -> Option<Tsn> {
        self.echo
    }

    /// Takes the CWR that is owed.
    pub(crate) const fn take_cwr(&mut self) -> Option<Tsn> {
        self.reduced.take()
    }

    pub(crate) const fn owes_cwr(&self) -> bool {
        self.reduced.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_echoed_until_the_peer_has_reacted() {
        let mut marks = CongestionMarks::new(true);
        marks.on_marked(Tsn(5));
        marks.on_marked(Tsn(7));
        assert_eq!(marks.echo(), Some(Tsn(5)));
        marks.on_cwr(Tsn(4));
        assert_eq!(marks.echo(), Some(Tsn(5)));
        marks.on_cwr(Tsn(5));
        assert_eq!(marks.echo(), None);
    }

    #[test]
    fn each_echo_is_answered_once() {
        let mut marks = CongestionMarks::new(true);
        assert!(!marks.owes_cwr());
        marks.owe_cwr(Tsn(10));
        marks.owe_cwr(Tsn(11));
        assert_eq!(marks.take_cwr(), Some(Tsn(11)));
        assert!(!marks.owes_cwr());
    }

    #[test]
    fn nothing_happens_without_agreement() {
        let mut marks = CongestionMarks::default();
        marks.on_marked(Tsn(5));
        assert!(marks.echo().is_none());
    }
}
