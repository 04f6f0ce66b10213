//! Congestion marks.
