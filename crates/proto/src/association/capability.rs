//! What the two sides can do.
