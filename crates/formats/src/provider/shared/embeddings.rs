//! Embeddings requests and answers (OpenAI's API reference, "Create embeddings"), for every vendor that speaks them.
//!
//! When no fixture answers, the vector is made from the input's SHA-256, so that the same text always has the same
//! vector; the peer makes the same numbers. `encoding_format: "base64"` is what the official Node and .NET clients ask
//! for by default: 32-bit floats, little-endian.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Number, Value, json};
use sha2::{Digest, Sha256};

use super::body::{Place, Problem, json as json_body};
use super::openai;
use super::respond::json as json_answer;
use super::text::units_of;
use super::usage::{count, estimate};
use crate::exchange::{EmbeddingInput, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request};
use crate::provider::Context;

const BAD_INPUT: &str = "Invalid parameter: 'input' must be a string, an array of strings, or an array of tokens";
const BAD_DIMENSIONS: &str = "Invalid parameter: 'dimensions' must be an integer between 1 and 100000";
const BAD_OUTPUT_DIMENSION: &str = "Invalid parameter: 'output_dimension' must be an integer between 1 and 100000";
const BAD_ENCODING: &str = "Invalid parameter: 'encoding_format' must be 'float' or 'base64'";
const TOO_MANY: &str = "Invalid parameter: 'input' and 'dimensions' together ask for more than 8388608 numbers";
const TOO_LONG: &str = "Invalid parameter: 'input' must have at most 2048 items";
pub(in crate::provider) const NOT_A_VECTOR: &str = "Fixture response did not match any known embedding type (must have embedding or error)";

/// Length of a made-up vector when the request does not say: that of `text-embedding-3-small`.
const DEFAULT_DIMENSIONS: u64 = 1536;
const MAX_DIMENSIONS: u64 = 100_000;
/// The vendor's limit. It also bounds how often one small request can repeat a fixture's vector.
const MAX_INPUTS: usize = 2048;
/// Bounds what one small request can make us make up; above the vendor's 2048 vectors of 3072 numbers.
const MAX_NUMBERS: u64 = 1 << 23;

/// Where vendors differ.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) struct Style {
    /// What ids begin with; `None`: answers have none.
    pub(in crate::provider) id: Option<&'static str>,
    /// The member that asks for a length.
    pub(in crate::provider) dimensions: &'static str,
    /// The length where it does not.
    pub(in crate::provider) length: u64,
}

/// OpenAI's way.
pub(in crate::provider) const OPENAI: Style = Style { id: None, dimensions: "dimensions", length: DEFAULT_DIMENSIONS };

/// The request in an embeddings body.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, default_model: Option<&str>) -> Result<Request, Problem> {
    decode_as(raw, provider, default_model, &OPENAI)
}

/// The same where it is not OpenAI's.
pub(in crate::provider) fn decode_as(
    raw: &RawRequest,
    provider: &'static str,
    default_model: Option<&str>,
    style: &Style,
) -> Result<Request, Problem> {
    let body = Place::body(json_body(raw)?)?;
    let embedding_inputs = inputs(body.member("input").ok_or(Problem::Missing("input"))?.value())?;
    if embedding_inputs.len() > MAX_INPUTS {
        return Err(Problem::Refused { message: TOO_LONG });
    }
    let numbers = dimensions(&body, style)?.saturating_mul(embedding_inputs.len() as u64);
    if numbers > MAX_NUMBERS {
        return Err(Problem::Refused { message: TOO_MANY });
    }
    if !matches!(body.text("encoding_format")?, None | Some("float" | "base64")) {
        return Err(Problem::Refused { message: BAD_ENCODING });
    }
    Ok(Request {
        provider,
        endpoint: Some(Endpoint::Embedding),
        model: body.text("model")?.or(default_model).map(str::to_owned),
        embedding_inputs,
        ..Request::default()
    })
}

fn dimensions(body: &Place<'_, '_>, style: &Style) -> Result<u64, Problem> {
    let Some(place) = body.member(style.dimensions) else { return Ok(style.length) };
    let message = if style.dimensions == OPENAI.dimensions { BAD_DIMENSIONS } else { BAD_OUTPUT_DIMENSION };
    place.value().as_u64().filter(|n| (1..=MAX_DIMENSIONS).contains(n)).ok_or(Problem::Refused { message })
}

/// Text, several texts, one list of tokens, or several: never a mixture.
fn inputs(input: &Value) -> Result<Vec<EmbeddingInput>, Problem> {
    let all = match input {
        Value::String(text) => Some(vec![EmbeddingInput::Text(text.clone())]),
        Value::Array(items) => match items.first() {
            None => Some(Vec::new()),
            Some(Value::Number(_)) => tokens(items).map(|tokens| vec![tokens]),
            Some(Value::String(_)) => items.iter().map(|item| item.as_str().map(|text| EmbeddingInput::Text(text.to_owned()))).collect(),
            Some(Value::Array(_)) => items.iter().map(|item| tokens(item.as_array()?)).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Object(_)) => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    all.ok_or(Problem::Refused { message: BAD_INPUT })
}

fn tokens(items: &[Value]) -> Option<EmbeddingInput> {
    items.iter().map(Value::as_u64).collect::<Option<_>>().map(EmbeddingInput::Tokens)
}

/// A refused body in OpenAI's words.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    openai::refusal(problem, "Malformed JSON body")
}

/// A reply as vectors, or the error that says why it has none.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match (vectors(context, reply, &OPENAI), reply) {
        (Some(answer), _) => answer,
        (None, Reply::Error(error)) => openai::encode_error(error),
        (None, _) => openai::encode_error(&openai::unusable(NOT_A_VECTOR)),
    }
}

/// A reply as vectors; `None` where it has none.
pub(in crate::provider) fn vectors(context: &mut Context<'_>, reply: &Reply, style: &Style) -> Option<Emission> {
    let count = context.request.embedding_inputs.len();
    match reply {
        Reply::Embedding(vector) => Some(answer(context, (0..count).map(|_| vector.as_slice()), style)),
        // A list that is too short starts over: every input gets a vector.
        Reply::Embeddings(vectors) if !vectors.is_empty() => {
            Some(answer(context, vectors.iter().map(Vec::as_slice).cycle().take(count), style))
        }
        Reply::Embeddings(_)
        | Reply::Error(_)
        | Reply::Turn(_)
        | Reply::Audio(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => None,
    }
}

/// Vectors made from the inputs.
pub(in crate::provider) fn fallback(context: &mut Context<'_>) -> Emission {
    fallback_as(context, &OPENAI)
}

/// The same where it is not OpenAI's way.
pub(in crate::provider) fn fallback_as(context: &mut Context<'_>, style: &Style) -> Emission {
    let body = context.raw.json().map(Place::body).and_then(Result::ok);
    let dimensions = body.and_then(|body| dimensions(&body, style).ok()).unwrap_or(style.length);
    let length = usize::try_from(dimensions).unwrap_or(usize::MAX);
    let vectors: Vec<Vec<f64>> = context.request.embedding_inputs.iter().map(|input| made_up(input, length)).collect();
    answer(context, vectors.iter().map(Vec::as_slice), style)
}

/// The bytes of the digest spread over -1 to 1; every 32 numbers the digest is digested again.
pub(in crate::provider) fn made_up(input: &EmbeddingInput, length: usize) -> Vec<f64> {
    let text = match input {
        EmbeddingInput::Text(text) => text.clone(),
        EmbeddingInput::Tokens(tokens) => tokens.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
    };
    let digests = std::iter::successors(Some(Sha256::digest(text)), |digest| Some(Sha256::digest(digest)));
    digests.flatten().map(|byte| f64::from(byte) / 127.5 - 1.0).take(length).collect()
}

#[derive(Serialize)]
struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    object: &'static str,
    data: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    usage: Value,
}

#[derive(Serialize)]
struct Item<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'a> {
    Floats(&'a [f64]),
    Base64(String),
}

fn answer<'a>(context: &mut Context<'_>, vectors: impl Iterator<Item = &'a [f64]>, style: &Style) -> Emission {
    let base64 = context.raw.json().and_then(|body| body.get("encoding_format")).and_then(Value::as_str) == Some("base64");
    let wrap = |vector: &'a [f64]| if base64 { Vector::Base64(packed(vector)) } else { Vector::Floats(vector) };
    let data = vectors.enumerate().map(|(index, vector)| Item { object: "embedding", index, embedding: wrap(vector) }).collect();
    let used = input_tokens(context.request);
    let usage = json!({ "prompt_tokens": used, "total_tokens": used });
    let id = style.id.map(|prefix| context.ids.next(prefix));
    json_answer(200, &List { id, object: "list", data, model: context.request.model.as_deref(), usage })
}

/// Four bytes a number, little-endian.
pub(in crate::provider) fn packed(vector: &[f64]) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the wire format has 32-bit floats")]
    let bytes: Vec<u8> = vector.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// Token lists are counted, text is estimated, no input at all is none.
fn input_tokens(request: &Request) -> Number {
    let mut units = 0;
    let mut tokens = 0;
    for input in &request.embedding_inputs {
        match input {
            EmbeddingInput::Text(text) => units += units_of(text),
            EmbeddingInput::Tokens(list) => tokens += list.len(),
        }
    }
    if tokens > 0 || request.embedding_inputs.is_empty() { Number::from(tokens) } else { count(estimate(units)) }
}
