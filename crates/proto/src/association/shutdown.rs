//! The orderly end, and the abrupt one.
