//! The INIT and COOKIE exchange.
