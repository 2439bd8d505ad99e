//! What is claimed of a run, and by whom.

use std::borrow::Cow;

use crate::fixture::{ExpectShape, ExpectationsShape, Library, Places};

/// What an expectation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All requests.
    Run,
    /// The requests that fixtures of this file answered.
    File(String),
    /// The requests that this fixture answered.
    Fixture(String),
}

impl Subject {
    /// As messages name it.
    pub fn name(&self) -> &str {
        match self {
            Subject::Run => "the run",
            Subject::File(name) | Subject::Fixture(name) => name,
        }
    }
}

/// A single expectation, or a block of them on one subject.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    pub subject: Subject,
    /// The pointer of its block within the object that `places` knows.
    pub base: String,
    pub what: What<'a>,
    /// Where it is written.
    pub places: Option<&'a Places>,
}

/// What is claimed.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A block of the common vocabulary.
    Block(Cow<'a, ExpectShape>),
    NeverCalled(&'a str),
    Unused(crate::fixture::limits::Bounds),
    NoMisses,
    Status(&'a str, crate::fixture::limits::Bounds),
}

/// The `expect` blocks of files and fixtures.
pub fn claims_of_fixtures(library: &Library) -> Vec<Claim<'_>> {
    let files = library.sources.iter().filter_map(|file| Some((Subject::File(file.name.clone()), file.expect.as_deref()?)));
    let fixtures = library.fixtures.iter().enumerate();
    let fixtures = fixtures.filter_map(|(row, fixture)| Some((Subject::Fixture(library.handle(row)), fixture.expect.as_deref()?)));
    files
        .chain(fixtures)
        .map(|(subject, expected)| Claim {
            subject,
            base: String::new(),
            what: What::Block(Cow::Borrowed(&expected.expect)),
            places: Some(&expected.places),
        })
        .collect()
}

/// The expectations of a file of their own.
pub fn claims_of_file<'a>(shape: &'a ExpectationsShape, places: Option<&'a Places>) -> Vec<Claim<'a>> {
    let claim = |subject, base: String, what| Claim { subject, base, what, places };
    let mut claims = vec![claim(Subject::Run, String::new(), What::Block(Cow::Owned(shape.whole())))];
    for (handle, expect) in shape.fixtures.iter().flat_map(|fixtures| &fixtures.0) {
        let base = format!("/fixtures/{}", escaped(handle));
        claims.push(claim(Subject::Fixture(handle.clone()), base, What::Block(Cow::Borrowed(expect))));
    }
    for handle in shape.never_called.iter().flatten() {
        claims.push(claim(Subject::Fixture(handle.0.clone()), "/neverCalled".to_owned(), What::NeverCalled(&handle.0)));
    }
    claims.extend(shape.unused.map(|bounds| claim(Subject::Run, String::new(), What::Unused(bounds))));
    claims.extend(shape.no_misses.filter(|wanted| *wanted).map(|_| claim(Subject::Run, String::new(), What::NoMisses)));
    for (status, bounds) in shape.statuses.iter().flat_map(|statuses| &statuses.0) {
        claims.push(claim(Subject::Run, format!("/statuses/{}", escaped(status)), What::Status(status, *bounds)));
    }
    claims
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
