//! Real programs, unmodified, under `usctp run`.
//!
//! Every test has a network namespace of its own, so that ports, raw sockets and registries of tests that run at the
//! same time do not meet. A namespace needs root, or the right to make user namespaces; a test that cannot have one is
//! skipped aloud, and fails if `CI` is set. Every wait has a limit.

mod appendix;
mod cli;
mod compile;
mod differential;
mod iperf3;
mod kernel;
mod lksctp;
mod loss;
mod manual;
mod namespace;
mod ncat;
mod options;
mod process;
mod python;
mod refused;
mod relay;
mod settings;
mod socat;
mod tools;
mod unprivileged;
mod usrsctp;
mod world;
