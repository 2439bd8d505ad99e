//! Finds, reads and atomically writes files: the only user of the file system.
