//! Gemini embeddings (Gemini API reference, "Embeddings"; Vertex AI reference, "Text embeddings API"): one content, a
//! batch of requests, or Vertex AI's instances.
//!
//! When no fixture answers, the vector is made from the input, as for every vendor.

use serde::Serialize;
use serde_json::{Value, json};

use super::body::{Place, Problem, json as json_body};
use super::collapse::{LeftOut, json_body as answer_body, only, unsayable};
use super::embeddings::{NOT_A_VECTOR, made_up};
use super::gemini_collapse;
use super::google::{self, member, object, objects};
use super::openai;
use super::respond::json as json_answer;
use super::text::units_of;
use super::usage::{count, estimate};
use crate::exchange::{Captured, Collapsed, EmbeddingInput, Emission, Endpoint, RawRequest, Reply, Request, Unsayable};
use crate::provider::Context;

const BAD_DIMENSIONS: &str = "outputDimensionality must be an integer between 1 and 100000";
const TOO_MANY: &str = "the requests and their outputDimensionality together ask for more than 8388608 numbers";
const TOO_LONG: &str = "at most 2048 requests can be in one batch";
const NO_PROMPTS: &str = "instances must have `content` (text embeddings) or `prompt` (images)";

const DIMENSIONS: [&str; 2] = ["outputDimensionality", "output_dimensionality"];
const CONFIG: [&str; 2] = ["embedContentConfig", "embed_content_config"];
const MAX_DIMENSIONS: u64 = 100_000;
/// As for OpenAI's embeddings: bounds what one small request can make us make up.
const MAX_INPUTS: usize = 2048;
const MAX_NUMBERS: u64 = 1 << 23;

/// The three forms of a request, told by the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    One,
    Batch,
    Instances,
}

fn form(path: &str) -> Form {
    if path.ends_with("atchEmbedContents") {
        Form::Batch
    } else if path.ends_with(":predict") {
        Form::Instances
    } else {
        Form::One
    }
}

/// The texts to embed, and how long each vector is to be.
#[derive(Default)]
struct Asked {
    inputs: Vec<EmbeddingInput>,
    lengths: Vec<u64>,
}

/// The request in a body; `path` tells its form.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let asked = asked(raw, model)?;
    if asked.inputs.len() > MAX_INPUTS {
        return Err(Problem::Refused { message: TOO_LONG });
    }
    if asked.lengths.iter().fold(0, |sum: u64, length| sum.saturating_add(*length)) > MAX_NUMBERS {
        return Err(Problem::Refused { message: TOO_MANY });
    }
    let model = model.map(str::to_owned);
    Ok(Request { provider, endpoint: Some(Endpoint::Embedding), model, embedding_inputs: asked.inputs, ..Request::default() })
}

fn asked(raw: &RawRequest, model: Option<&str>) -> Result<Asked, Problem> {
    let body = Place::body(json_body(raw)?)?;
    let mut asked = Asked::default();
    match form(&raw.path) {
        Form::One if body.member("content").is_none() => return Err(Problem::Missing("content")),
        Form::One => asked.take(&body, model)?,
        Form::Batch if body.member("requests").is_none() => return Err(Problem::Missing("requests")),
        Form::Batch => objects(&body, ["requests", "requests"], |request| asked.take(request, model))?,
        Form::Instances if body.member("instances").is_none() => return Err(Problem::Missing("instances")),
        Form::Instances => {
            let parameters = object(&body, ["parameters", "parameters"])?;
            let length = parameters.map(|place| dimensions(&place)).transpose()?.flatten().unwrap_or_else(|| natural(model));
            objects(&body, ["instances", "instances"], |instance| {
                let text = instance.text("content")?.ok_or(Problem::Refused { message: NO_PROMPTS })?;
                asked.inputs.push(EmbeddingInput::Text(text.to_owned()));
                asked.lengths.push(length);
                Ok(())
            })?;
        }
    }
    Ok(asked)
}

impl Asked {
    /// One content: its texts, joined with one space.
    fn take(&mut self, request: &Place<'_, '_>, model: Option<&str>) -> Result<(), Problem> {
        let content = object(request, ["content", "content"])?.ok_or(Problem::Missing("content"))?;
        let mut texts = Vec::new();
        objects(&content, ["parts", "parts"], |part| {
            texts.extend(part.text("text")?);
            Ok(())
        })?;
        let config = object(request, CONFIG)?.map(|config| dimensions(&config)).transpose()?.flatten();
        self.lengths.push(dimensions(request)?.or(config).unwrap_or_else(|| natural(model)));
        self.inputs.push(EmbeddingInput::Text(texts.join(" ")));
        Ok(())
    }
}

fn dimensions(place: &Place<'_, '_>) -> Result<Option<u64>, Problem> {
    let Some(wanted) = member(place, DIMENSIONS) else { return Ok(None) };
    let length = wanted.value().as_u64().filter(|length| (1..=MAX_DIMENSIONS).contains(length));
    length.map(Some).ok_or(Problem::Refused { message: BAD_DIMENSIONS })
}

/// The length of a model's vectors when the request does not say.
fn natural(model: Option<&str>) -> u64 {
    if model.is_some_and(|model| model.starts_with("gemini-embedding")) { 3072 } else { 768 }
}

/// A reply as vectors, or the error that says why it has none.
pub(in crate::provider) fn encode(context: &Context<'_>, reply: &Reply) -> Emission {
    let inputs = context.request.embedding_inputs.len();
    match reply {
        Reply::Embedding(vector) => answer(context, (0..inputs).map(|_| vector.as_slice())),
        // A list that is too short starts over: every input gets a vector.
        Reply::Embeddings(vectors) if !vectors.is_empty() => answer(context, vectors.iter().map(Vec::as_slice).cycle().take(inputs)),
        Reply::Error(error) => google::encode_error(error, context.moment()),
        Reply::Embeddings(_)
        | Reply::Turn(_)
        | Reply::Audio(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => google::encode_error(&openai::unusable(NOT_A_VECTOR), context.moment()),
    }
}

/// Vectors made from the inputs.
pub(in crate::provider) fn fallback(context: &Context<'_>) -> Emission {
    let lengths = asked(context.raw, context.request.model.as_deref()).map(|asked| asked.lengths).unwrap_or_default();
    let inputs = context.request.embedding_inputs.iter().zip(lengths);
    let vectors: Vec<Vec<f64>> = inputs.map(|(input, length)| made_up(input, usize::try_from(length).unwrap_or(usize::MAX))).collect();
    answer(context, vectors.iter().map(Vec::as_slice))
}

#[derive(Serialize)]
struct Vector<'a> {
    values: &'a [f64],
}

fn answer<'a>(context: &Context<'_>, vectors: impl Iterator<Item = &'a [f64]>) -> Emission {
    let units = context.request.embedding_inputs.iter().map(units);
    let used = count(estimate(units.clone().sum()));
    match form(&context.raw.path) {
        Form::One => {
            let vector = vectors.map(|values| Vector { values }).next();
            json_answer(200, &json!({ "embedding": vector, "usageMetadata": { "promptTokenCount": used, "totalTokenCount": used } }))
        }
        Form::Batch => {
            let vectors: Vec<Vector<'_>> = vectors.map(|values| Vector { values }).collect();
            json_answer(200, &json!({ "embeddings": vectors, "usageMetadata": { "promptTokenCount": used, "totalTokenCount": used } }))
        }
        Form::Instances => {
            let predictions = vectors.zip(units).map(|(values, units)| {
                let statistics = json!({ "token_count": count(estimate(units)), "truncated": false });
                json!({ "embeddings": { "values": values, "statistics": statistics } })
            });
            let letters: usize = context.request.embedding_inputs.iter().map(self::units).sum();
            let metadata = json!({ "billableCharacterCount": letters });
            json_answer(200, &json!({ "predictions": predictions.collect::<Vec<Value>>(), "metadata": metadata }))
        }
    }
}

fn units(input: &EmbeddingInput) -> usize {
    match input {
        EmbeddingInput::Text(text) => units_of(text),
        EmbeddingInput::Tokens(tokens) => tokens.len(),
    }
}

/// What an embeddings answer says. Equal vectors are said once, for every input.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        let reply = Reply::Error(gemini_collapse::error(captured, &mut left_out)?);
        return Ok(left_out.with(reply));
    }
    let body = answer_body(captured)?;
    // How many tokens and letters there were is counted again.
    left_out.others(&body, &["embedding", "embeddings", "predictions", "usageMetadata", "metadata"]);
    let list = |key: &str| body.get(key).and_then(Value::as_array).cloned();
    let items = match body.get("embedding") {
        Some(one) => vec![one.clone()],
        None => list("embeddings").or_else(|| Some(list("predictions")?.iter().map(prediction).collect())).unwrap_or_default(),
    };
    let mut vectors: Vec<Vec<f64>> = Vec::new();
    for item in &items {
        only(item, &["values", "statistics"], "an embedding")?;
        let values = item.get("values").and_then(Value::as_array).filter(|values| !values.is_empty());
        let vector = values.and_then(|values| values.iter().map(Value::as_f64).collect());
        vectors.push(vector.ok_or_else(|| unsayable("an embedding has no numbers"))?);
    }
    let reply = match vectors.first() {
        None => return Err(unsayable("the body holds no embeddings")),
        Some(first) if vectors.iter().all(|vector| vector == first) => Reply::Embedding(first.clone()),
        Some(_) => Reply::Embeddings(vectors),
    };
    Ok(left_out.with(reply))
}

fn prediction(item: &Value) -> Value {
    item.get("embeddings").cloned().unwrap_or_default()
}
