//! Congestion control: what an algorithm is told and asked.
