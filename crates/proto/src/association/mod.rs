//! An association.
