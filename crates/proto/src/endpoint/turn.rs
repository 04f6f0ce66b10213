//! Which association may transmit next.
