//! What other people wrote, unmodified, under `usctp run`: a test suite made for the kernel, and other languages.
//!
//! Each test has a network namespace of its own, as those of `programs` have.

#[path = "../programs/namespace.rs"]
#[allow(dead_code, reason = "shared with the other programs' tests")]
mod namespace;
#[path = "../programs/process.rs"]
#[allow(dead_code, reason = "shared with the other programs' tests")]
mod process;
#[path = "../programs/world.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the other programs' tests")]
mod world;

mod functional;
mod languages;
