//! What goes into the next packet.
