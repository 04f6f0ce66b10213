//! Packets for no association.
