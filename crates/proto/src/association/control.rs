//! Control chunks that are owed.
