//! The one integration test binary; a sentence for each module.

/// Who may import whom.
mod layers;
/// Every entry of a registry folder is registered, and every module says what it is.
mod registries;
/// The files that the three of them read.
mod repository;
/// House rules that no compiler checks: paths in prose, leftovers, what the README must say.
mod tidy;
