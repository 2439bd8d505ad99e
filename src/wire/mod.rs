//! Framing of streams, both directions, incremental. Knows no vendor and no fixture.
