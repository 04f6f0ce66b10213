//! usctp
fn main() {}
