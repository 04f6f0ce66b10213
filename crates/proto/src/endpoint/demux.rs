//! From addresses, ports and tags to an association.
