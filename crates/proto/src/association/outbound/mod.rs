//! From user message to acknowledged chunk.
