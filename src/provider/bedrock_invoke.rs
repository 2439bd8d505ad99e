//! Amazon Bedrock's `InvokeModel` and `InvokeModelWithResponseStream`: the body is the model's own (API reference,
//! "`InvokeModel`"; user guide, "Inference request parameters and response fields"). Here that of Anthropic's Claude, of
//! Amazon's Nova, which is that of Converse, and of models that make vectors.
//!
//! Every event of a stream is a binary message `chunk` whose payload holds the model's event in base64; the last one also
//! states the counts of the invocation, which a whole answer has in its header fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::grammar::{self, Grammar};
use super::shared::body::Problem;
use super::shared::messages_request::Results;
use super::shared::{
    aws, collapse, converse_collapse, converse_reply, converse_request, invoke_embeddings, messages_collapse, messages_reply,
    messages_request, respond, usage,
};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, RawRequest, Reply, Request, Turn, Unsayable};
use crate::wire::Framing;

pub(super) static PROVIDER: BedrockInvoke = BedrockInvoke;

#[derive(Debug)]
pub(super) struct BedrockInvoke;

impl Provider for BedrockInvoke {
    fn name(&self) -> &'static str {
        "bedrock_invoke"
    }

    fn provider(&self) -> &'static str {
        "bedrock"
    }

    fn summary(&self) -> &'static str {
        "Amazon Bedrock model invocation: bodies of Claude, Nova, Titan and Cohere embeddings, whole and as a binary stream"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/model/{id}/invoke", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/model/{id}/invoke-with-response-stream", endpoint: Endpoint::Chat },
        ]
    }

    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::EventStream
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let (model, stream) = (params.get("id"), route.path.ends_with("-stream"));
        let request = match Family::of(raw) {
            Family::Messages => messages_request::decode_with(raw, self.provider(), Results::Before),
            Family::Converse => converse_request::decode(raw, self.provider(), model),
            Family::Embeddings if stream => Err(Problem::Refused { message: "The model is unsupported for streaming" }),
            Family::Embeddings => invoke_embeddings::decode(raw, self.provider(), model),
        };
        Ok(Request { model: model.map(str::to_owned), stream, ..request.map_err(aws::refusal)? })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (Family::of(context.raw), reply) {
            (Family::Embeddings, reply) => invoke_embeddings::encode(context, reply),
            (family, Reply::Turn(turn)) if context.request.stream => stream(context, turn, family),
            (family, Reply::Turn(turn)) => whole(context, turn, family),
            (_, other) => aws::not_a_turn(other),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = collapse::LeftOut::default();
        if captured.status >= 400 {
            let error = aws::error(captured, &mut left_out)?;
            return Ok(left_out.with(Reply::Error(error)));
        }
        let reply = if aws::is_stream(captured) { streamed(captured, &mut left_out)? } else { answered(captured, &mut left_out)? };
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        aws::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(aws::error_event(error))
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<Value> {
        match Family::of(raw) {
            Family::Messages => messages_request::offered_tools(raw),
            Family::Converse => converse_request::offered_tools(raw),
            Family::Embeddings => None,
        }
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::INVOKE)
    }

    fn request_id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        if Family::of(raw) != Family::Messages {
            return Vec::new();
        }
        let missing = ["anthropic_version", "max_tokens"].into_iter().filter(|key| raw.json().is_some_and(|body| body.get(key).is_none()));
        missing.map(aws::missing).chain(messages_request::audit_thinking(raw)).collect()
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        (Family::of(context.raw) == Family::Embeddings).then(|| invoke_embeddings::fallback(context))
    }
}

/// Whose body an invocation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Anthropic's models.
    Messages,
    /// Amazon's own, whose body is that of Converse.
    Converse,
    /// Models of Amazon's and Cohere's that make vectors.
    Embeddings,
}

impl Family {
    fn of(raw: &RawRequest) -> Family {
        if invoke_embeddings::is_asked(raw) {
            return Family::Embeddings;
        }
        let own = raw.path.contains("amazon.nova") || raw.json().is_some_and(|body| body.get("schemaVersion").is_some());
        if own { Family::Converse } else { Family::Messages }
    }
}

/// The member of a closing event that states the counts.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

fn whole(context: &mut Context<'_>, turn: &Turn, family: Family) -> Emission {
    let tokens = usage::tokens(context.request, turn);
    let mut emission = if family == Family::Converse {
        let mut body = converse_reply::whole(context, turn);
        body.as_object_mut().map(|body| body.remove("metrics"));
        respond::json(200, &body)
    } else {
        messages_reply::whole(context, turn)
    };
    emission.headers.extend([
        ("x-amzn-bedrock-invocation-latency", aws::LATENCY_MS.to_string()),
        ("x-amzn-bedrock-input-token-count", usage::count(tokens.input).to_string()),
        ("x-amzn-bedrock-output-token-count", usage::count(tokens.output).to_string()),
    ]);
    emission
}

fn stream(context: &mut Context<'_>, turn: &Turn, family: Family) -> Emission {
    let tokens = usage::tokens(context.request, turn);
    let metrics = json!({
        "inputTokenCount": usage::count(tokens.input), "outputTokenCount": usage::count(tokens.output),
        "invocationLatency": aws::LATENCY_MS, "firstByteLatency": aws::LATENCY_MS,
    });
    let events: Vec<(FrameKind, String)> = if family == Family::Converse {
        let said = |event: converse_reply::Event| match event.kind {
            FrameKind::Terminal => (event.kind, json!({ event.name: event.payload, METRICS: metrics }).to_string()),
            _ => (event.kind, json!({ event.name: event.payload }).to_string()),
        };
        converse_reply::stream_events(context, turn).into_iter().map(said).collect()
    } else {
        let said = |event: messages_reply::Event| match event.kind {
            FrameKind::Terminal => (event.kind, json!({ "type": event.name, METRICS: metrics }).to_string()),
            _ => (event.kind, event.json),
        };
        messages_reply::stream_events(context, turn).into_iter().map(said).collect()
    };
    let chunk = |(kind, said): (FrameKind, String)| aws::event(kind, "chunk", &json!({ "bytes": STANDARD.encode(said) }));
    let mut emission = aws::stream(events.into_iter().map(chunk).collect());
    emission.headers.push(("x-amzn-bedrock-content-type", "application/json".to_owned()));
    emission
}

/// What an answer in one piece says; its members tell whose it is.
fn answered(captured: &Captured, left_out: &mut collapse::LeftOut) -> Result<Reply, Unsayable> {
    let body = collapse::json_body(captured)?;
    if body.get("output").is_some() {
        return converse_collapse::whole(&body, left_out).map(Reply::Turn);
    }
    if body.get("embedding").or(body.get("embeddings")).is_some() {
        return invoke_embeddings::collapse(captured, left_out);
    }
    messages_collapse::whole(&body, left_out).map(Reply::Turn)
}

/// What the chunks of a stream say: Anthropic's events have a type, those of Amazon's models one member each.
fn streamed(captured: &Captured, left_out: &mut collapse::LeftOut) -> Result<Reply, Unsayable> {
    let events = model_events(captured)?;
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap_or_default()).collect();
    let named: Option<Vec<(&str, Value)>> = parsed.iter().map(|event| member(event).filter(|_| event.get("type").is_none())).collect();
    match named.filter(|named| !named.is_empty()) {
        Some(named) => converse_collapse::streamed(&named, left_out).map(Reply::Turn),
        None => messages_collapse::streamed(events, left_out).map(Reply::Turn),
    }
}

/// The member that an event consists of, beside the counts.
fn member(event: &Value) -> Option<(&str, Value)> {
    event.as_object()?.iter().find(|(name, _)| *name != METRICS).map(|(name, payload)| (name.as_str(), payload.clone()))
}

/// The JSON of the model's own events.
fn model_events(captured: &Captured) -> Result<Vec<String>, Unsayable> {
    let mut events = Vec::new();
    for message in aws::events(captured)? {
        let payload: Value =
            serde_json::from_slice(&message.payload).map_err(|_| collapse::unsayable("an event of the stream is no JSON"))?;
        let bytes = payload.get("bytes").and_then(Value::as_str).and_then(|bytes| STANDARD.decode(bytes).ok());
        let json = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        events.push(json.ok_or_else(|| collapse::unsayable("a chunk of the stream holds no event"))?);
    }
    Ok(events)
}
