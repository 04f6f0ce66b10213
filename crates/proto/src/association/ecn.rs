//! Congestion marks: ECNE for what came marked, one cut of the window per round trip for what left and was marked
//! (RFC 9260's predecessor RFC 4960 Appendix A; RFC 3168).

use usctp_wire::Tsn;

/// Both directions' state.
#[derive(Debug, Default)]
pub(crate) struct CongestionMarks {
    /// Both sides have announced ECN.
    pub(crate) agreed: bool,
    /// A marked packet came, with this lowest TSN: ECNE goes with every SACK until the peer's CWR.
    echo: Option<Tsn>,
    /// Where the window ended when it was last cut for a mark.
    cut_at: Option<Tsn>,
    /// CWR is owed for this TSN.
    reduced: Option<Tsn>,
}

impl CongestionMarks {
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

    /// ECNE came. True: cut the window; the cut is remembered up to `last_sent`, so that marks of the same window do not
    /// cut it again.
    pub(crate) fn on_echo(&mut self, lowest: Tsn, last_sent: Tsn) -> bool {
        if !self.agreed || lowest.is_after(last_sent) {
            return false;
        }
        // A CWR is owed each time: the one before may have been lost.
        self.reduced = Some(lowest);
        let cut = self.cut_at.is_none_or(|at| lowest.is_after(at));
        if cut {
            self.cut_at = Some(last_sent);
        }
        cut
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
        let mut marks = CongestionMarks { agreed: true, ..CongestionMarks::default() };
        marks.on_marked(Tsn(5));
        marks.on_marked(Tsn(7));
        assert_eq!(marks.echo(), Some(Tsn(5)));
        marks.on_cwr(Tsn(4));
        assert_eq!(marks.echo(), Some(Tsn(5)));
        marks.on_cwr(Tsn(5));
        assert_eq!(marks.echo(), None);
    }

    #[test]
    fn the_window_is_cut_once_per_flight() {
        let mut marks = CongestionMarks { agreed: true, ..CongestionMarks::default() };
        assert!(marks.on_echo(Tsn(10), Tsn(20)));
        assert_eq!(marks.take_cwr(), Some(Tsn(10)));
        assert!(!marks.on_echo(Tsn(10), Tsn(25)));
        assert_eq!(marks.take_cwr(), Some(Tsn(10)));
        assert!(marks.on_echo(Tsn(21), Tsn(25)));
        assert!(!marks.on_echo(Tsn(30), Tsn(25)), "not sent yet");
    }

    #[test]
    fn nothing_happens_without_agreement() {
        let mut marks = CongestionMarks::default();
        marks.on_marked(Tsn(5));
        assert!(marks.echo().is_none() && !marks.on_echo(Tsn(10), Tsn(20)));
    }
}
