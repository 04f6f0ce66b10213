//! From chunk to delivered message.
