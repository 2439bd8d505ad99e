//! The one integration binary.

mod matcher_laws;
mod matcher_oracle;
