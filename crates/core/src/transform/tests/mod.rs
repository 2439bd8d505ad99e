//! What is recognised and what is not, the laws of the list, and requests.

mod examples;
mod laws;
mod lists;
mod recognised;
mod requests;

use super::{Spec, Transforms};

/// The list of these built-ins, or of `replace => with` pairs.
#[track_caller]
fn list(items: &[&str]) -> Transforms {
    let specs: Vec<Spec> = items.iter().map(|item| spec(item)).collect();
    match Transforms::compile(&specs) {
        Ok(transforms) => transforms,
        Err(errors) => panic!("{items:?}: {errors:?}"),
    }
}

/// A name, `pattern => text`, `pattern => text in key,key` or `drop /pointer`.
fn spec(item: &str) -> Spec {
    if let Some(pointer) = item.strip_prefix("drop ") {
        return Spec::Drop { pointer: pointer.trim().to_owned(), label: None };
    }
    let Some((pattern, with)) = item.split_once(" => ") else {
        return Spec::BuiltIn { name: item.to_owned(), label: None };
    };
    let (with, within) =
        with.split_once(" in ").map_or((with, Vec::new()), |(with, keys)| (with, keys.split(',').map(str::to_owned).collect()));
    Spec::Replace { pattern: pattern.to_owned(), with: with.to_owned(), within, label: None }
}
