//! Requests and fixtures that meet after both were rewritten: what loading makes of match keys, the laws of matching
//! under transforms, and the commands from outside. What the server does is in `server/transforms.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests: to fail here is to fail the test")]

mod commands;
mod laws;
mod loading;

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{LoadOptions, LoadedFile, load};
use aimock::matcher::Matching;
use aimock::transform::{Spec, Transforms};
use serde_json::{Value, json};

fn named(name: &str) -> Spec {
    Spec::BuiltIn { name: name.to_owned(), label: None }
}

fn replace(pattern: &str, with: &str, within: &[&str]) -> Spec {
    let within = within.iter().map(|key| (*key).to_owned()).collect();
    Spec::Replace { pattern: pattern.to_owned(), with: with.to_owned(), within, label: None }
}

fn compiled(list: &[Spec]) -> Transforms {
    Transforms::compile(list).unwrap()
}

fn options(transforms: &Transforms, matching: Matching) -> LoadOptions<'static> {
    LoadOptions { matching, transforms: transforms.clone(), ..LoadOptions::default() }
}

/// A file whose fixtures have these matches and answer with their own number.
fn text_of(matches: &[Value]) -> String {
    let fixture = |(number, matches): (usize, &Value)| json!({ "match": matches, "response": { "content": format!("{number}") } });
    json!({ "fixtures": matches.iter().enumerate().map(fixture).collect::<Vec<_>>() }).to_string()
}

fn loaded(matches: &[Value], options: &LoadOptions<'_>) -> LoadedFile {
    load(&Arc::new(Source::new(SourceId(0), "f.json", text_of(matches))), Format::Json, options)
}
