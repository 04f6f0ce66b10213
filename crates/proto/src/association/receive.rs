//! What happens to received packets.
