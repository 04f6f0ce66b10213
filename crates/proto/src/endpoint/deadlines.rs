//! Which association is due next.
