//! COOKIE ECHO on an existing association.
