//! Imagen (Gemini API reference, "Generate images"; Vertex AI reference, "Imagen API"): prompts, answered with images as bytes.

use serde_json::{Value, json};

use super::body::{self, Place, Problem};
use super::collapse::{LeftOut, json_body, unsayable};
use super::{gemini_collapse, google, openai, respond};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, Image, Message, RawRequest, Reply, Request, Role, Unsayable};
use crate::provider::Context;

const NOT_AN_IMAGE: &str = "Fixture response is not an image type";

/// The request in a body: the prompt of the first instance that has one.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let body = Place::body(body::json(raw)?)?;
    body.object_at("parameters")?;
    let mut prompt = None;
    body.objects("instances", |instance| {
        prompt = prompt.take().or(instance.text("prompt")?.map(str::to_owned));
        Ok(())
    })?;
    let prompt = prompt.filter(|prompt| !prompt.is_empty()).ok_or(Problem::Missing("instances[0].prompt"))?;
    let messages = vec![Message::text(Role::User, prompt)];
    Ok(Request { provider, endpoint: Some(Endpoint::Image), model: model.map(str::to_owned), messages, ..Request::default() })
}

/// Whether a body asks for images, where the URL does not tell.
pub(in crate::provider) fn is_asked(raw: &RawRequest) -> bool {
    let instances = raw.json().and_then(|body| body.get("instances")).and_then(Value::as_array);
    instances.is_some_and(|instances| instances.iter().any(|instance| instance.get("prompt").is_some()))
}

/// Images as predictions, or the error that says why there are none.
pub(in crate::provider) fn encode(context: &Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Images(images) => {
            let prediction =
                |image: &Image| json!({ "mimeType": "image/png", "bytesBase64Encoded": image.b64_json.as_deref().unwrap_or_default() });
            respond::json(200, &json!({ "predictions": images.iter().map(prediction).collect::<Vec<_>>() }))
        }
        Reply::Error(error) => google::encode_error(error, context.moment()),
        _ => google::encode_error(&openai::unusable(NOT_AN_IMAGE), context.moment()),
    }
}

/// What such an answer says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        let reply = Reply::Error(gemini_collapse::error(captured, &mut left_out)?);
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
