//! All unsafe code of the crate: system calls, their structures and descriptors. Safe functions out.

pub(crate) mod descriptor;
pub(crate) mod signals;
