//! State cookies.
