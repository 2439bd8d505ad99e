//! Ollama embeddings (Ollama's API documentation, "Generate embeddings"): `/api/embed` with a vector an input, and the older
//! `/api/embeddings` with one.

use serde_json::{Map, Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, unsayable};
use super::shared::{embeddings, ollama, openai, respond, text, usage};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, EmbeddingInput, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OllamaEmbed = OllamaEmbed;

const OLD: &str = "/api/embeddings";
const BAD_INPUT: &str = "invalid input type";
const BAD_DIMENSIONS: &str = "dimensions must be an integer between 1 and 100000";
const TOO_MANY: &str = "at most 2048 inputs, and 8388608 numbers in all, can be asked for at once";
/// The peer's, where the request does not say.
const DIMENSIONS: u64 = 1536;
const MAX_DIMENSIONS: u64 = 100_000;
const MAX_INPUTS: usize = 2048;
const MAX_NUMBERS: u64 = 1 << 23;

#[derive(Debug)]
pub(super) struct OllamaEmbed;

impl Provider for OllamaEmbed {
    fn name(&self) -> &'static str {
        "ollama_embed"
    }

    fn provider(&self) -> &'static str {
        "ollama"
    }

    fn summary(&self) -> &'static str {
        "Ollama embeddings"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/api/embed", endpoint: Endpoint::Embedding },
            Route { method: "POST", path: OLD, endpoint: Endpoint::Embedding },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            body.flag("truncate")?;
            let model = body.text("model")?.filter(|model| !model.is_empty()).ok_or(Problem::Missing("model"))?;
            let embedding_inputs = if route.path == OLD {
                vec![EmbeddingInput::Text(body.text("prompt")?.unwrap_or_default().to_owned())]
            } else {
                inputs(body.member("input").map(|input| input.value()))?
            };
            let numbers = dimensions(&body)?.saturating_mul(embedding_inputs.len() as u64);
            if embedding_inputs.len() > MAX_INPUTS || numbers > MAX_NUMBERS {
                return Err(Problem::Refused { message: TOO_MANY });
            }
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(route.endpoint),
                model: Some(model.to_owned()),
                embedding_inputs,
                ..Request::default()
            })
        };
        read().map_err(|problem| ollama::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        let count = context.request.embedding_inputs.len();
        match reply {
            Reply::Embedding(vector) => answer(context, (0..count).map(|_| vector.as_slice())),
            // A list that is too short starts over: every input gets a vector.
            Reply::Embeddings(vectors) if !vectors.is_empty() => answer(context, vectors.iter().map(Vec::as_slice).cycle().take(count)),
            Reply::Error(error) => ollama::encode_error(error),
            _ => ollama::encode_error(&openai::unusable(embeddings::NOT_A_VECTOR)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(ollama::error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        left_out.others(&body, &["model", "embedding", "embeddings", "total_duration", "load_duration", "prompt_eval_count"]);
        let items = match body.get("embedding") {
            Some(one) => vec![one.clone()],
            None => body.get("embeddings").and_then(Value::as_array).cloned().unwrap_or_default(),
        };
        let numbers = |item: &Value| item.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
        let vectors: Option<Vec<Vec<f64>>> = items.iter().map(|item| numbers(item).filter(|vector| !vector.is_empty())).collect();
        let vectors = vectors.ok_or_else(|| unsayable("an embedding has no numbers"))?;
        match vectors.first() {
            None => Err(unsayable("the body holds no embeddings")),
            Some(first) if vectors.iter().all(|vector| vector == first) => Ok(left_out.with(Reply::Embedding(first.clone()))),
            Some(_) => Ok(left_out.with(Reply::Embeddings(vectors))),
        }
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        ollama::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        let body = context.raw.json().map(Place::body).and_then(Result::ok);
        let length = body.and_then(|body| dimensions(&body).ok()).unwrap_or(DIMENSIONS);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let vectors: Vec<Vec<f64>> = context.request.embedding_inputs.iter().map(|input| embeddings::made_up(input, length)).collect();
        Some(answer(context, vectors.iter().map(Vec::as_slice)))
    }
}

/// A text, several, or none to load the model alone.
fn inputs(input: Option<&Value>) -> Result<Vec<EmbeddingInput>, Problem> {
    let text = |value: &Value| value.as_str().map(|text| EmbeddingInput::Text(text.to_owned()));
    match input {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| text(item).ok_or(Problem::Refused { message: BAD_INPUT })).collect(),
        Some(one) => Ok(vec![text(one).ok_or(Problem::Refused { message: BAD_INPUT })?]),
    }
}

fn dimensions(body: &Place<'_, '_>) -> Result<u64, Problem> {
    let Some(place) = body.member("dimensions").filter(|place| place.value().as_u64() != Some(0)) else { return Ok(DIMENSIONS) };
    place.value().as_u64().filter(|length| *length <= MAX_DIMENSIONS).ok_or(Problem::Refused { message: BAD_DIMENSIONS })
}

fn answer<'a>(context: &Context<'_>, vectors: impl Iterator<Item = &'a [f64]>) -> Emission {
    if context.raw.path == OLD {
        return respond::json(200, &json!({ "embedding": vectors.take(1).next().unwrap_or_default() }));
    }
    let units = context.request.embedding_inputs.iter().map(|input| match input {
        EmbeddingInput::Text(text) => text::units_of(text),
        EmbeddingInput::Tokens(tokens) => tokens.len(),
    });
    let mut body = Map::new();
    body.insert("model".to_owned(), context.request.model.as_deref().into());
    body.insert("embeddings".to_owned(), vectors.map(|vector| json!(vector)).collect());
    let used = if context.request.embedding_inputs.is_empty() { 0.0 } else { usage::estimate(units.sum()) };
    let counts = ollama::counts(used, 0.0);
    let kept = ["total_duration", "load_duration", "prompt_eval_count"];
    body.extend(kept.iter().filter_map(|key| Some(((*key).to_owned(), counts.get(*key)?.clone()))));
    respond::json(200, &body)
}
