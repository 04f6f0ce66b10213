//! One deadline, its doubling, and the earliest of several.
