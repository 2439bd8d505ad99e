//! Cohere rerank, version 2 (Cohere's API reference, "Rerank"). A fixture gives the ranking as `json`: the list of results,
//! best first, or a whole answer. Where no fixture answers, nothing is found.

use serde_json::{Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, unsayable};
use super::shared::{cohere, openai, respond, video};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable};

pub(super) static PROVIDER: CohereRerank = CohereRerank;

const NO_QUERY: &str = "invalid request: query must not be empty or be only whitespace";
const NO_DOCUMENTS: &str = "invalid request: list of documents must not be empty";
const BAD_DOCUMENTS: &str = "invalid type: parameter documents should be an array of strings.";
const BAD_TOP: &str = "invalid request: top_n must be an integer that is at least 1";
const NOT_A_RANKING: &str = "Fixture response is not a rerank type: give the results as `json`";
/// Documents that are billed as one search.
const A_SEARCH: usize = 100;

#[derive(Debug)]
pub(super) struct CohereRerank;

impl Provider for CohereRerank {
    fn name(&self) -> &'static str {
        "cohere_rerank"
    }

    fn provider(&self) -> &'static str {
        "cohere"
    }

    fn summary(&self) -> &'static str {
        "Cohere rerank; nothing is found where no fixture answers"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v2/rerank", endpoint: Endpoint::Rerank }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let refused = |message| Problem::Refused { message };
            let body = Place::body(body::json(raw)?)?;
            let model = body.text("model")?.filter(|model| !model.is_empty()).ok_or(Problem::Missing("model"))?;
            let query = body.text("query")?.filter(|query| !query.trim().is_empty()).ok_or(refused(NO_QUERY))?;
            match body.member("documents").map(|documents| documents.value()) {
                None => return Err(refused(NO_DOCUMENTS)),
                Some(Value::Array(documents)) if documents.is_empty() => return Err(refused(NO_DOCUMENTS)),
                Some(Value::Array(documents)) if documents.iter().all(Value::is_string) => {}
                Some(_) => return Err(refused(BAD_DOCUMENTS)),
            }
            if body.member("top_n").is_some_and(|top| top.value().as_u64().is_none_or(|top| top == 0)) {
                return Err(refused(BAD_TOP));
            }
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Rerank),
                model: Some(model.to_owned()),
                messages: vec![Message::text(Role::User, query)],
                ..Request::default()
            })
        };
        read().map_err(cohere::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Json { value: value @ (Value::Object(_) | Value::Array(_)), status: _ } => answer(context, value),
            Reply::Error(error) => cohere::encode_error(error, context.moment()),
            _ => cohere::encode_error(&openai::unusable(NOT_A_RANKING), context.moment()),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(cohere::error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        let mut body = json_body(captured)?;
        if !body.get("results").is_some_and(Value::is_array) {
            return Err(unsayable("the body holds no ranking"));
        }
        if let Some(body) = body.as_object_mut() {
            body.shift_remove("id");
        }
        Ok(left_out.with(Reply::Json { value: body, status: None }))
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        cohere::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        cohere::REQUEST_ID
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(answer(context, &json!([])))
    }
}

/// A list of results, or a whole answer; of the results at most as many as were asked for.
fn answer(context: &mut Context<'_>, value: &Value) -> Emission {
    let request = context.raw.json();
    let documents = request.and_then(|body| body.get("documents")).and_then(Value::as_array).map_or(0, Vec::len);
    let mut body = json!({
        "id": video::uuid(context.ids),
        "results": [],
        "meta": cohere::meta(&json!({ "search_units": documents.div_ceil(A_SEARCH) })),
    });
    if let Some(body) = body.as_object_mut() {
        match value {
            Value::Object(members) => body.extend(members.clone()),
            results => drop(body.insert("results".to_owned(), results.clone())),
        }
        let most = request.and_then(|body| body.get("top_n")).and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
        if let (Some(most), Some(results)) = (most, body.get_mut("results").and_then(Value::as_array_mut)) {
            results.truncate(most);
        }
    }
    respond::json(200, &body)
}
