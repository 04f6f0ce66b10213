//! INIT answered without state.
