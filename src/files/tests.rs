//! Files, found and read.
