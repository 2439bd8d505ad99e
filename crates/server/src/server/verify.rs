//! `POST /__aimock/verify`: expectations on what this server's journal has seen, by the engine of `aimock verify`.
//!
//! The body is an expectation file as JSON. Without expectations in it, the `expect` blocks of the fixtures are judged;
//! `?blocks=true` judges both. 200 when all of them hold, else 406, as `MockServer` answers: 417 would read as the failure
//! of the request's own `Expect` header.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;

use super::app::App;
use super::{control, head, intake};
use crate::expect::{Claim, Coverage, Outcome, Run, Use, claims_of_file, claims_of_fixtures, judge, report};
use crate::fixture::{ExpectationFile, read_posted_expectations};
use crate::matcher::Setting;

/// Of more fixtures that take one request no more are asked whether they shadow another.
const MOST_TAKERS: usize = 256;

impl App {
    /// Judges expectations on the run so far: those of a file, those of the fixtures (`blocks`), or both; and hands
    /// claims, outcomes and the run to `then`.
    pub fn verify<R>(&self, file: Option<&ExpectationFile>, blocks: bool, then: impl FnOnce(&[Claim<'_>], &[Outcome], &Run) -> R) -> R {
        let current = self.editions.current();
        // A suite that removes the fixtures at its end has had them all the same.
        let edition = if current.library.fixtures.is_empty() { self.editions.loaded() } else { current };
        let mut run = self.journal.run();
        run.fixtures = Some((0..edition.library.fixtures.len()).map(|row| edition.library.handle(row)).collect());
        if let Some(test_id) = file.and_then(|file| file.shape.test_id.as_ref()) {
            run = run.of_test(&test_id.0);
        }
        let mut claims = file.map(|file| claims_of_file(&file.shape, None)).unwrap_or_default();
        if blocks {
            claims.extend(claims_of_fixtures(&edition.library));
        }
        let outcomes = judge(&claims, &run);
        then(&claims, &outcomes, &run)
    }

    /// How much of what was loaded from files has answered since the server started, whatever was reset in between.
    pub fn coverage(&self) -> Coverage {
        let edition = self.editions.loaded();
        let library = &edition.library;
        // Whatever takes all requests of a fixture takes its plainest one, which the index finds the takers of.
        let shadow = |later: usize| {
            let plainest = library.fixtures.get(later)?.matches.plainest_in(Setting::default())?;
            let takers = library.table.candidates(&plainest).map(|(row, _)| row).take(MOST_TAKERS);
            takers.take_while(|row| *row < later).find(|earlier| library.table.surely_shadows(*earlier, later))
        };
        let fixtures = (0..library.fixtures.len()).map(|row| {
            let served = edition.ever(row);
            let shadowed_by = if served == 0 { shadow(row).map(|by| library.handle(by)) } else { None };
            Use { handle: library.handle(row), served, shadowed_by }
        });
        Coverage { fixtures: fixtures.collect() }
    }
}

pub(super) async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let blocks = match request.uri().query() {
        None | Some("") => None,
        Some("blocks=true") => Some(true),
        Some("blocks=false") => Some(false),
        Some(other) => return control::bad(&format!("Unknown query '{other}'. Supported: blocks=true, blocks=false")),
    };
    let bytes = match intake::read(request.into_body(), &app.settings.limits).await {
        Ok(bytes) => bytes,
        Err(error) => return control::bad(&format!("Failed to read request body: {}", intake::refusal(&error, &app).message)),
    };
    let Ok(text) = std::str::from_utf8(&bytes) else { return control::bad("Invalid JSON: the body is not UTF-8") };
    let file = match read_posted_expectations(text) {
        Ok(file) => file,
        Err(problems) => {
            let details: Vec<_> = problems.iter().map(|message| json!({ "severity": "error", "message": message })).collect();
            return head::json(400, &json!({ "error": "Invalid expectations", "details": details }));
        }
    };
    let blocks = blocks.unwrap_or_else(|| file.shape.is_empty());
    let answer = app.verify(Some(&file), blocks, report);
    let holds = answer.get("holds").and_then(serde_json::Value::as_bool).unwrap_or(false);
    head::redacted(if holds { 200 } else { 406 }, &app.redactor().json(answer))
}
