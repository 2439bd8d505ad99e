//! (d8) later
