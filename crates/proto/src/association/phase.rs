//! States of an association.
