//! Unit tests of comparing.
