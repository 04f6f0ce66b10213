//! Paths to the peer.
