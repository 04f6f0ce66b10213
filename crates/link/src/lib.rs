//! link
mod descriptor;

pub use descriptor::{StackFd, close_stack_descriptors_after_fork, is_stack_descriptor, next_stack_descriptor};
