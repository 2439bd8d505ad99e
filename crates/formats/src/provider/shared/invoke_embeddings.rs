//! Embeddings by invoking a model of Bedrock's (user guide, "Amazon Titan Text Embeddings", "Cohere Embed"): the bodies of
//! Amazon's Titan, one text each, and of Cohere, a list. Which it is, the body says.
//!
//! When no fixture answers, the vectors are made up as everywhere else.

use serde_json::{Map, Number, Value, json};

use super::aws;
use super::body::{Place, Problem, json as json_body};
use super::cohere_vectors::{self as by_type, Form};
use super::collapse::{LeftOut, json_body as captured_json, unsayable};
use super::embeddings::made_up;
use super::openai::unusable;
use super::respond::json as json_answer;
use super::text::units_of;
use super::usage::{count, estimate};
use crate::exchange::{Captured, EmbeddingInput, Emission, Endpoint, RawRequest, Reply, Request, Unsayable};
use crate::provider::Context;

const NOT_A_VECTOR: &str = "Fixture response did not match any known embedding type (must have embedding or error)";
const BAD_TEXTS: &str = "Malformed input request: #/texts: expected 1 to 96 strings, please reformat your input and try again.";
const BAD_TYPES: &str = "Malformed input request: #/embedding_types: expected float, int8, uint8, binary, ubinary or base64, please reformat your input and try again.";
const BAD_LENGTH: &str =
    "Malformed input request: the length of a vector must be an integer between 1 and 4096, please reformat your input and try again.";
/// Cohere's limit.
const MOST_TEXTS: usize = 96;
const LONGEST_VECTOR: u64 = 4096;
/// Length of a made-up vector when the request does not say: that of Titan's second version and of Cohere's third.
const DEFAULT_LENGTH: u64 = 1024;

/// Whether a body asks for vectors.
pub(in crate::provider) fn is_asked(raw: &RawRequest) -> bool {
    raw.json()
        .is_some_and(|body| body.get("texts").is_some() || (body.get("inputText").is_some() && body.get("textGenerationConfig").is_none()))
}

/// The request in such a body; the model stands in the path.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let body = Place::body(json_body(raw)?)?;
    let embedding_inputs = match body.member("texts") {
        Some(texts) => texts_of(texts.value()).ok_or(Problem::Refused { message: BAD_TEXTS })?,
        None => vec![EmbeddingInput::Text(body.text("inputText")?.ok_or(Problem::Missing("inputText"))?.to_owned())],
    };
    body.texts(&["input_type", "truncate"])?;
    body.flag("normalize")?;
    for key in ["embeddingTypes", "embedding_types"] {
        if let Some(place) = body.member(key).filter(|place| !place.value().as_array().is_some_and(|all| all.iter().all(Value::is_string)))
        {
            return Err(place.is_not("an array of strings"));
        }
    }
    by_type::asked(body.value()).ok_or(Problem::Refused { message: BAD_TYPES })?;
    length(&body)?;
    Ok(Request { provider, endpoint: Some(Endpoint::Embedding), model: model.map(str::to_owned), embedding_inputs, ..Request::default() })
}

fn texts_of(texts: &Value) -> Option<Vec<EmbeddingInput>> {
    let texts = texts.as_array().filter(|texts| (1..=MOST_TEXTS).contains(&texts.len()))?;
    texts.iter().map(|text| Some(EmbeddingInput::Text(text.as_str()?.to_owned()))).collect()
}

fn length(body: &Place<'_, '_>) -> Result<usize, Problem> {
    let place = body.member("dimensions").or(body.member("output_dimension"));
    let length = place.map_or(Some(DEFAULT_LENGTH), |place| place.value().as_u64());
    let length = length.filter(|length| (1..=LONGEST_VECTOR).contains(length)).and_then(|length| usize::try_from(length).ok());
    length.ok_or(Problem::Refused { message: BAD_LENGTH })
}

/// A reply as vectors, or the error that says why it has none.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    let inputs = context.request.embedding_inputs.len();
    match reply {
        Reply::Embedding(vector) => answer(context, &vec![vector.clone(); inputs]),
        // A list that is too short starts over: every input gets a vector.
        Reply::Embeddings(vectors) if !vectors.is_empty() => {
            answer(context, &vectors.iter().cycle().take(inputs).cloned().collect::<Vec<_>>())
        }
        Reply::Error(error) => aws::encode_error(error),
        Reply::Embeddings(_)
        | Reply::Turn(_)
        | Reply::Audio(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => aws::encode_error(&unusable(NOT_A_VECTOR)),
    }
}

/// Vectors made from the inputs.
pub(in crate::provider) fn fallback(context: &mut Context<'_>) -> Emission {
    let body = context.raw.json().map(Place::body).and_then(Result::ok);
    let length = body.and_then(|body| length(&body).ok()).unwrap_or(1);
    let vectors: Vec<Vec<f64>> = context.request.embedding_inputs.iter().map(|input| made_up(input, length)).collect();
    answer(context, &vectors)
}

fn answer(context: &mut Context<'_>, vectors: &[Vec<f64>]) -> Emission {
    let body = context.raw.json().and_then(Value::as_object).cloned().unwrap_or_default();
    let used = input_tokens(context.request);
    let answer = match body.get("texts") {
        Some(texts) => cohere(context, &body, texts, vectors),
        None => titan(&body, vectors.first().map(Vec::as_slice).unwrap_or_default(), &used),
    };
    let mut emission = json_answer(200, &answer);
    emission.headers.extend([
        ("x-amzn-bedrock-invocation-latency", aws::LATENCY_MS.to_string()),
        ("x-amzn-bedrock-input-token-count", used.to_string()),
    ]);
    emission
}

fn titan(body: &Map<String, Value>, vector: &[f64], used: &Number) -> Value {
    let mut answer = json!({ "embedding": vector, "inputTextTokenCount": used });
    if let (Some(answer), Some(_)) = (answer.as_object_mut(), body.get("embeddingTypes")) {
        answer.insert("embeddingsByType".to_owned(), json!({ "float": vector }));
    }
    answer
}

fn cohere(context: &mut Context<'_>, body: &Map<String, Value>, texts: &Value, vectors: &[Vec<f64>]) -> Value {
    let id = context.ids.next("");
    if body.get("embedding_types").is_some() {
        let forms = context.raw.json().and_then(by_type::asked).unwrap_or_else(|| vec![Form::Float]);
        let embeddings = by_type::say(&forms, &vectors.iter().map(Vec::as_slice).collect::<Vec<_>>());
        return json!({ "response_type": "embeddings_by_type", "id": id, "embeddings": embeddings, "texts": texts });
    }
    json!({ "response_type": "embeddings_floats", "id": id, "embeddings": vectors, "texts": texts })
}

fn input_tokens(request: &Request) -> Number {
    let units = request.embedding_inputs.iter().map(|input| match input {
        EmbeddingInput::Text(text) => units_of(text),
        EmbeddingInput::Tokens(tokens) => tokens.len(),
    });
    count(estimate(units.sum()))
}

/// What such an answer says.
pub(in crate::provider) fn collapse(captured: &Captured, left_out: &mut LeftOut) -> Result<Reply, Unsayable> {
    let body = captured_json(captured)?;
    left_out.others(&body, &["embedding", "embeddings", "embeddingsByType", "inputTextTokenCount", "id", "response_type", "texts"]);
    let mut vectors = match body.get("embedding") {
        Some(one) => vec![vector(one).ok_or_else(|| unsayable("the body holds no embeddings"))?],
        None => by_type::read(body.get("embeddings").unwrap_or(&Value::Null))?,
    };
    let alike = vectors.iter().all(|vector| Some(vector) == vectors.first());
    Ok(if alike { Reply::Embedding(vectors.swap_remove(0)) } else { Reply::Embeddings(vectors) })
}

fn vector(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>().filter(|vector| !vector.is_empty())
}
