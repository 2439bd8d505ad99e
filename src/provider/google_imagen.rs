//! Imagen (Gemini API reference, "Generate images"): `:predict` with prompts, answered with images as bytes.

use serde_json::{Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, unsayable};
use super::shared::{google_rpc, openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Image, Message, RawRequest, Reply, Request, Role, Unsayable};

pub(super) static PROVIDER: GoogleImagen = GoogleImagen;

const NOT_AN_IMAGE: &str = "Fixture response is not an image type";

#[derive(Debug)]
pub(super) struct GoogleImagen;

impl Provider for GoogleImagen {
    fn name(&self) -> &'static str {
        "google_imagen"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Imagen: images as bytes"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1beta/models/{model}:predict", endpoint: Endpoint::Image },
            Route { method: "POST", path: "/v1/models/{model}:predict", endpoint: Endpoint::Image },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Image),
                model: params.get("model").map(str::to_owned),
                messages: vec![Message::text(Role::User, prompt(raw)?)],
                ..Request::default()
            })
        };
        read().map_err(google_rpc::refusal)
    }

    fn encode(&self, _context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Images(images) => {
                let prediction =
                    |image: &Image| json!({ "mimeType": "image/png", "bytesBase64Encoded": image.b64_json.as_deref().unwrap_or_default() });
                respond::json(200, &json!({ "predictions": images.iter().map(prediction).collect::<Vec<_>>() }))
            }
            Reply::Error(error) => google_rpc::encode_error(error),
            _ => google_rpc::encode_error(&openai::unusable(NOT_AN_IMAGE)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(google_rpc::error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        let predictions = body.get("predictions").and_then(Value::as_array).filter(|predictions| !predictions.is_empty());
        let mut images = Vec::new();
        for prediction in predictions.ok_or_else(|| unsayable("the body holds no predictions"))? {
            left_out.others(prediction, &["mimeType", "bytesBase64Encoded"]);
            let bytes = prediction.get("bytesBase64Encoded").and_then(Value::as_str).map(str::to_owned);
            images.push(Image { b64_json: Some(bytes.ok_or_else(|| unsayable("a prediction has no bytes"))?), ..Image::default() });
        }
        Ok(left_out.with(Reply::Images(images)))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        google_rpc::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

/// The prompt of the first instance.
fn prompt(raw: &RawRequest) -> Result<String, Problem> {
    let body = Place::body(body::json(raw)?)?;
    body.object_at("parameters")?;
    let mut prompt = None;
    body.objects("instances", |instance| {
        prompt = prompt.take().or(instance.text("prompt")?.map(str::to_owned));
        Ok(())
    })?;
    prompt.filter(|prompt| !prompt.is_empty()).ok_or(Problem::Missing("instances[0].prompt"))
}
