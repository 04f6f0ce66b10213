//! Bindings: ports and addresses.
