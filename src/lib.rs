//! aimock: fixtures for software that talks to LLMs, made trustworthy.
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod exchange;
pub mod files;
pub mod fixture;
pub mod lint;
pub mod matcher;
pub mod provider;
pub mod reference;
pub mod secrets;
pub mod server;
pub mod shape;
pub mod wire;
