//! What normalize does to texts.
