//! The replay server: the only async code, sockets and clock.
