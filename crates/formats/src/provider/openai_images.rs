//! OpenAI images (API reference, "Create image" and "Create image edit"): whole answers, and streams of partial images.
//!
//! Variations are not here: their endpoint is gone, and the vendor answers it like any path that never was.

use serde_json::{Value, json};

use super::shared::collapse::{LeftOut, error, events, json_body, only, unsayable};
use super::shared::form::{self, Fields};
use super::shared::respond::{event_stream, named_frame};
use super::shared::usage::{count, estimate};
use super::shared::{chat_collapse, chat_reply, openai, respond, text};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, Image, Message, RawRequest, Reply, Request, Role, Unsayable,
};

pub(super) static PROVIDER: OpenAiImages = OpenAiImages;

const DEFAULT_MODEL: &str = "gpt-image-1";
/// The vendor's limit.
const MOST_PARTIAL_IMAGES: u64 = 3;
const NOT_AN_IMAGE: &str = "Fixture response is not an image type";
const NO_BYTES: &str = "Fixture response has no `b64Json`: a stream of images carries bytes, not URLs";

#[derive(Debug)]
pub(super) struct OpenAiImages;

impl Provider for OpenAiImages {
    fn name(&self) -> &'static str {
        "openai_images"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI images: generations and edits, whole and streamed"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1/images/generations", endpoint: Endpoint::Image },
            Route { method: "POST", path: "/v1/images/edits", endpoint: Endpoint::Image },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = |fields: Fields<'_>| {
            let prompt = fields.needed("prompt")?;
            let model = fields.text("model")?.filter(|model| !model.is_empty());
            for text in ["background", "quality", "response_format", "size"] {
                fields.text(text)?;
            }
            fields.whole("n")?;
            fields.whole("partial_images")?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Image),
                model: Some(model.map_or_else(|| DEFAULT_MODEL.to_owned(), Into::into)),
                messages: vec![Message::text(Role::User, prompt)],
                stream: fields.flag("stream")?,
                ..Request::default()
            })
        };
        Fields::of(raw).and_then(read).map_err(|problem| form::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Images(images) if context.request.stream => stream(context, images),
            Reply::Images(images) => whole(context, images),
            Reply::Error(error) => openai::encode_error(error),
            _ => openai::encode_error(&openai::unusable(NOT_AN_IMAGE)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let reply = if captured.status >= 400 {
            Reply::Error(chat_collapse::without_defaults(error(captured, &mut left_out)?))
        } else if captured.is_event_stream() {
            Reply::Images(streamed_images(captured, &mut left_out)?)
        } else {
            Reply::Images(whole_images(captured, &mut left_out)?)
        };
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(chat_reply::error_event(error))
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

/// What the request asks of every image; `auto` is settled as the vendor usually settles it.
struct Manner {
    background: String,
    output_format: String,
    quality: String,
    size: String,
    partial_images: u64,
}

impl Manner {
    fn of(raw: &RawRequest) -> Manner {
        let fields = Fields::of(raw).ok();
        let asked = |name, usual: &str| {
            let text = fields.as_ref().and_then(|fields| fields.text(name).ok().flatten());
            text.filter(|text| !matches!(text.as_ref(), "" | "auto")).map_or_else(|| usual.to_owned(), Into::into)
        };
        Manner {
            background: asked("background", "opaque"),
            output_format: asked("output_format", "png"),
            quality: asked("quality", "medium"),
            size: asked("size", "1024x1024"),
            partial_images: fields.as_ref().and_then(|fields| fields.whole("partial_images").ok().flatten()).unwrap_or(0),
        }
    }

    /// Tokens of one image, by the vendor's table ("Image generation", "Cost and latency").
    fn tokens(&self) -> f64 {
        let row = match self.quality.as_str() {
            "low" => [272.0, 408.0],
            "medium" | "standard" => [1056.0, 1584.0],
            _ => [4160.0, 6240.0],
        };
        let [square, oblong] = row;
        match self.size.split_once('x') {
            Some((width, height)) if width != height => oblong,
            _ => square,
        }
    }
}

/// Token counts, which only the newer models state.
fn usage(context: &Context<'_>, manner: &Manner, images: usize) -> Value {
    let input = estimate(context.request.user_text().map_or(0, text::units_of));
    let output = manner.tokens() * f64::from(u32::try_from(images).unwrap_or(u32::MAX));
    json!({
        "total_tokens": count(input + output),
        "input_tokens": count(input),
        "output_tokens": count(output),
        "input_tokens_details": { "text_tokens": count(input), "image_tokens": 0 },
    })
}

fn is_older(request: &Request) -> bool {
    request.model.as_deref().is_some_and(|model| model.starts_with("dall-e"))
}

fn whole(context: &Context<'_>, images: &[Image]) -> Emission {
    let data = images.iter().map(|image| {
        let mut item = serde_json::Map::new();
        let members = [("url", &image.url), ("b64_json", &image.b64_json), ("revised_prompt", &image.revised_prompt)];
        for (key, value) in members {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                item.insert(key.to_owned(), value.into());
            }
        }
        Value::Object(item)
    });
    let mut body = json!({ "created": context.created, "data": data.collect::<Vec<_>>() });
    if let Some(body) = body.as_object_mut().filter(|_| !is_older(context.request)) {
        let manner = Manner::of(context.raw);
        let usage = usage(context, &manner, images.len());
        let Manner { background, output_format, quality, size, partial_images: _ } = manner;
        let members = [("background", background), ("output_format", output_format), ("quality", quality), ("size", size)];
        body.extend(members.map(|(key, value)| (key.to_owned(), value.into())));
        body.insert("usage".to_owned(), usage);
    }
    respond::json(200, &body)
}

/// Every image with as many partial ones before it as were asked for, which are the image itself.
fn stream(context: &Context<'_>, images: &[Image]) -> Emission {
    let manner = Manner::of(context.raw);
    let edits = context.raw.path.ends_with("/edits");
    let name = |what: &str| format!("{}.{what}", if edits { "image_edit" } else { "image_generation" });
    let head = |kind: &str, bytes: &str| {
        json!({
            "type": kind,
            "b64_json": bytes,
            "created_at": context.created,
            "size": manner.size,
            "quality": manner.quality,
            "background": manner.background,
            "output_format": manner.output_format,
        })
    };
    let mut frames = Vec::new();
    for image in images {
        let Some(bytes) = image.b64_json.as_deref().filter(|bytes| !bytes.is_empty()) else {
            return openai::encode_error(&openai::unusable(NO_BYTES));
        };
        let partial = name("partial_image");
        for index in 0..manner.partial_images.min(MOST_PARTIAL_IMAGES) {
            let mut event = head(&partial, bytes);
            event["partial_image_index"] = index.into();
            frames.push(named_frame(if index == 0 { FrameKind::Prelude } else { FrameKind::Token }, &partial, &event));
        }
        let completed = name("completed");
        let mut event = head(&completed, bytes);
        event["usage"] = usage(context, &manner, 1);
        frames.push(named_frame(FrameKind::Closing, &completed, &event));
    }
    if let Some(last) = frames.last_mut() {
        last.kind = FrameKind::Terminal;
    }
    event_stream(frames)
}

fn whole_images(captured: &Captured, left_out: &mut LeftOut) -> Result<Vec<Image>, Unsayable> {
    let body = json_body(captured)?;
    let items = body.get("data").and_then(Value::as_array).filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| unsayable("the body holds no images"))?;
    left_out.others(&body, &["created", "data"]);
    items.iter().map(image).collect()
}

fn image(item: &Value) -> Result<Image, Unsayable> {
    only(item, &["url", "b64_json", "revised_prompt"], "an image")?;
    let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let image = Image { url: text("url"), b64_json: text("b64_json"), revised_prompt: text("revised_prompt") };
    if image.url.is_none() && image.b64_json.is_none() { Err(unsayable("an image has neither URL nor bytes")) } else { Ok(image) }
}

fn streamed_images(captured: &Captured, left_out: &mut LeftOut) -> Result<Vec<Image>, Unsayable> {
    let mut images = Vec::new();
    for event in events(captured)? {
        let Some(data) = event.data else { continue };
        let event: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        match event.get("type").and_then(Value::as_str) {
            Some("image_generation.partial_image" | "image_edit.partial_image") => left_out.name("partial images"),
            Some("image_generation.completed" | "image_edit.completed") => {
                left_out.others(&event, &["type", "b64_json", "created_at"]);
                let bytes = event.get("b64_json").and_then(Value::as_str).map(str::to_owned);
                images
                    .push(Image { b64_json: Some(bytes.ok_or_else(|| unsayable("a completed image has no bytes"))?), ..Image::default() });
            }
            _ => return Err(unsayable("the stream holds an event that is none of images")),
        }
    }
    if images.is_empty() { Err(unsayable("the stream ends without a completed image")) } else { Ok(images) }
}
