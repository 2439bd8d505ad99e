//! Cohere embeddings, version 2 (Cohere's API reference, "Embed"): of texts, of images, or of inputs that mix both.
//!
//! Matching reads texts; in the place of an image stands `[image 0123456789ab]`, a digest of its data URI. Where no fixture
//! answers, the vectors are made up from that.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::shared::body::{self, Place, Problem};
use super::shared::cohere_vectors::{self as vectors, Form};
use super::shared::collapse::{LeftOut, json_body};
use super::shared::{cohere, embeddings, openai, respond, text, usage, video};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, EmbeddingInput, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: CohereEmbed = CohereEmbed;

const NOTHING: &str = "invalid request: one of texts, images or inputs must be provided.";
const TWO_KINDS: &str = "invalid request: only one of texts, images or inputs can be provided.";
const TOO_MANY_TEXTS: &str = "invalid request: total number of texts must be at most 96";
const TOO_MANY_INPUTS: &str = "invalid request: total number of inputs must be at most 96";
const TOO_MANY_NUMBERS: &str = "invalid request: the inputs, output_dimension and embedding_types together ask for too many numbers";
const BAD_ITEMS: &str = "invalid type: texts and images must be arrays of strings.";
const BAD_TYPES: &str = "invalid request: embedding_types must be a list of 'float', 'int8', 'uint8', 'binary', 'ubinary' or 'base64'";
const BAD_DIMENSION: &str = "invalid request: output_dimension must be an integer between 1 and 4096";
/// The vendor's limit for texts and inputs. Images have none, but the numbers that they ask for have.
const MOST_TEXTS: usize = 96;
const MOST_NUMBERS: u64 = 1 << 23;
const MOST_DIMENSIONS: u64 = 4096;
/// Bytes of a digest that stand for an image.
const DIGEST: usize = 6;

#[derive(Debug)]
pub(super) struct CohereEmbed;

impl Provider for CohereEmbed {
    fn name(&self) -> &'static str {
        "cohere_embed"
    }

    fn provider(&self) -> &'static str {
        "cohere"
    }

    fn summary(&self) -> &'static str {
        "Cohere embeddings of texts and images, in every type"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v2/embed", endpoint: Endpoint::Embedding }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            let model = body.text("model")?.filter(|model| !model.is_empty()).ok_or(Problem::Missing("model"))?;
            let embedding_inputs = inputs(&body)?;
            let forms = vectors::asked(body.value()).ok_or(Problem::Refused { message: BAD_TYPES })?;
            let asked = dimension(&body, model)?.saturating_mul(embedding_inputs.len() as u64).saturating_mul(forms.len() as u64);
            if asked > MOST_NUMBERS {
                return Err(Problem::Refused { message: TOO_MANY_NUMBERS });
            }
            body.text("input_type")?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Embedding),
                model: Some(model.to_owned()),
                embedding_inputs,
                ..Request::default()
            })
        };
        read().map_err(cohere::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        let count = context.request.embedding_inputs.len();
        match reply {
            Reply::Embedding(vector) => answer(context, &vec![vector.as_slice(); count]),
            // A list that is too short starts over: every input gets a vector.
            Reply::Embeddings(list) if !list.is_empty() => {
                answer(context, &list.iter().map(Vec::as_slice).cycle().take(count).collect::<Vec<_>>())
            }
            Reply::Error(error) => cohere::encode_error(error, context.moment()),
            _ => cohere::encode_error(&openai::unusable(embeddings::NOT_A_VECTOR), context.moment()),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(cohere::error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        left_out.others(&body, &["id", "embeddings", "texts", "images", "response_type", "meta"]);
        let mut list = vectors::read(body.get("embeddings").unwrap_or(&Value::Null))?;
        let alike = list.iter().all(|vector| Some(vector) == list.first());
        Ok(left_out.with(if alike { Reply::Embedding(list.swap_remove(0)) } else { Reply::Embeddings(list) }))
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        cohere::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        cohere::REQUEST_ID
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        let member = |key: &str| raw.json().and_then(|body| body.get(key)).filter(|value| !value.is_null());
        let refused = match member("input_type").and_then(Value::as_str) {
            None => Some("invalid request: valid input_type must be provided with the provided model"),
            Some(kind) if kind != "image" && member("images").is_some() => {
                Some("invalid request: images must be used with input_type=image")
            }
            Some(_) => None,
        };
        refused.into_iter().map(str::to_owned).collect()
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        let body = context.raw.json().map(Place::body).and_then(Result::ok);
        let model = context.request.model.as_deref().unwrap_or_default();
        let length = body.and_then(|body| dimension(&body, model).ok()).and_then(|length| usize::try_from(length).ok()).unwrap_or(1);
        let made_up: Vec<Vec<f64>> = context.request.embedding_inputs.iter().map(|input| embeddings::made_up(input, length)).collect();
        Some(answer(context, &made_up.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }
}

/// What is to be embedded, exactly one kind of it.
fn inputs(body: &Place<'_, '_>) -> Result<Vec<EmbeddingInput>, Problem> {
    let refused = |message| Err(Problem::Refused { message });
    match (body.member("texts"), body.member("images"), body.member("inputs")) {
        (None, None, None) => refused(NOTHING),
        (Some(texts), None, None) => {
            let texts = strings(texts.value())?;
            if texts.len() > MOST_TEXTS {
                return refused(TOO_MANY_TEXTS);
            }
            Ok(texts.into_iter().map(|text| EmbeddingInput::Text(text.to_owned())).collect())
        }
        (None, Some(images), None) => Ok(strings(images.value())?.into_iter().map(|image| EmbeddingInput::Text(shown(image))).collect()),
        (None, None, Some(inputs)) => {
            if inputs.value().as_array().is_some_and(|inputs| inputs.len() > MOST_TEXTS) {
                return refused(TOO_MANY_INPUTS);
            }
            let mut mixed = Vec::new();
            body.objects("inputs", |input| {
                mixed.push(EmbeddingInput::Text(mixture(input)?));
                Ok(())
            })?;
            if mixed.is_empty() { refused(NOTHING) } else { Ok(mixed) }
        }
        _ => refused(TWO_KINDS),
    }
}

fn strings(list: &Value) -> Result<Vec<&str>, Problem> {
    let items = list.as_array().ok_or(Problem::Refused { message: BAD_ITEMS })?;
    if items.is_empty() {
        return Err(Problem::Refused { message: NOTHING });
    }
    items.iter().map(|item| item.as_str().ok_or(Problem::Refused { message: BAD_ITEMS })).collect()
}

/// An input that mixes texts and images: its parts, with a space between.
fn mixture(input: &Place<'_, '_>) -> Result<String, Problem> {
    let mut parts = Vec::new();
    input.objects("content", |part| {
        match part.text("type")? {
            Some("image_url") => {
                let image = part.member("image_url");
                let url = image.as_ref().map(|image| image.object().and_then(|_| image.text("url"))).transpose()?.flatten();
                parts.push(shown(url.unwrap_or_default()));
            }
            _ => parts.extend(part.text("text")?.map(str::to_owned)),
        }
        Ok(())
    })?;
    Ok(parts.join(" "))
}

/// What stands in the place of an image: data are too long to be matched, and a digest tells them apart.
fn shown(image: &str) -> String {
    if !image.starts_with("data:") {
        return image.to_owned();
    }
    let mut shown = "[image ".to_owned();
    for byte in Sha256::digest(image).iter().take(DIGEST) {
        let _ = write!(shown, "{byte:02x}");
    }
    shown.push(']');
    shown
}

/// How long a vector is: as asked for, else as the model's are (Cohere's documentation, "Embed models").
fn dimension(body: &Place<'_, '_>, model: &str) -> Result<u64, Problem> {
    let usual = if model.contains("light") {
        384
    } else if model.contains("v4") {
        1536
    } else {
        1024
    };
    let Some(place) = body.member("output_dimension") else { return Ok(usual) };
    place.value().as_u64().filter(|length| (1..=MOST_DIMENSIONS).contains(length)).ok_or(Problem::Refused { message: BAD_DIMENSION })
}

fn answer(context: &mut Context<'_>, list: &[&[f64]]) -> Emission {
    let body = context.raw.json();
    let forms = body.and_then(vectors::asked).unwrap_or_else(|| vec![Form::Float]);
    let texts = body.and_then(|body| body.get("texts")).cloned().unwrap_or_else(|| json!([]));
    let answer = json!({
        "id": video::uuid(context.ids),
        "embeddings": vectors::say(&forms, list),
        "texts": texts,
        "meta": cohere::meta(&billed(body)),
        "response_type": "embeddings_by_type",
    });
    respond::json(200, &answer)
}

/// Texts are billed by their tokens, images by their number.
fn billed(body: Option<&Value>) -> Value {
    let mut billed = Map::new();
    let list = |key: &str| body.and_then(|body| body.get(key)).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let parts = || list("inputs").iter().filter_map(|input| input.get("content")?.as_array()).flatten();
    let mixed = parts().filter(|part| part.get("type").and_then(Value::as_str) == Some("image_url")).count();
    let units: usize =
        list("texts").iter().chain(parts().filter_map(|part| part.get("text"))).filter_map(Value::as_str).map(text::units_of).sum();
    let images = list("images").len() + mixed;
    if units > 0 || images == 0 {
        billed.insert("input_tokens".to_owned(), usage::count(usage::estimate(units)).into());
    }
    if images > 0 {
        billed.insert("images".to_owned(), images.into());
    }
    Value::Object(billed)
}
