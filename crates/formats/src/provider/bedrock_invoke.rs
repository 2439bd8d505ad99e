//! Amazon Bedrock's `InvokeModel` and `InvokeModelWithResponseStream`: the body is the model's own (API reference,
//! "`InvokeModel`"; user guide, "Inference request parameters and response fields"). Here that of Anthropic's Claude, of
//! Amazon's Nova, which is that of Converse, of Llama, Mistral and Titan, and of models that make vectors. `CountTokens`, which
//! takes any of these bodies, counts them as the usage of answers is estimated.
//!
//! Every event of a stream is a binary message `chunk` whose payload holds the model's event in base64; the last one also
//! states the counts of the invocation, which a whole answer has in its header fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::grammar::{self, Grammar};
use super::shared::body::{Place, Problem, json as json_of};
use super::shared::invoke_texts::{self, Maker};
use super::shared::messages_request::Results;
use super::shared::{
    aws, collapse, converse_collapse, converse_reply, converse_request, invoke_embeddings, messages_collapse, messages_reply,
    messages_request, openai, respond, token_counts, usage,
};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, Headers, RawRequest, Reply, Request, Turn, Unsayable,
};
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
        "Amazon Bedrock model invocation: bodies of Claude, Nova, Llama, Mistral, Titan and Cohere embeddings, whole and as a binary stream; token counts"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/model/{id}/invoke", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/model/{id}/invoke-with-response-stream", endpoint: Endpoint::Chat },
            Route { method: "POST", path: COUNT, endpoint: Endpoint::Chat },
        ]
    }

    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::EventStream
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let (model, stream) = (params.get("id"), route.path.ends_with("-stream"));
        if route.path == COUNT {
            let request = counted(raw, self.provider(), model).map_err(aws::refusal)?;
            return Ok(Request { model: model.map(str::to_owned), endpoint: None, ..request });
        }
        let request = read(raw, self.provider(), model, stream).map_err(aws::refusal)?;
        Ok(Request { model: model.map(str::to_owned), stream, ..request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        if context.request.endpoint.is_none() {
            return token_counts::encode(reply, aws::encode_error);
        }
        match (Family::of(context.raw), reply) {
            (Family::Text(maker), Reply::Turn(turn)) if !maker.can_say(turn) => aws::encode_error(&openai::unusable(invoke_texts::NO_TEXT)),
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
            Family::Text(_) => raw.json()?.get("tools").filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty())).cloned(),
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
        if Family::of(raw) != Family::Messages || raw.path.ends_with("/count-tokens") {
            return Vec::new();
        }
        let missing = ["anthropic_version", "max_tokens"].into_iter().filter(|key| raw.json().is_some_and(|body| body.get(key).is_none()));
        missing.map(aws::missing).chain(messages_request::audit_thinking(raw)).collect()
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        if context.request.endpoint.is_none() {
            return Some(respond::json(200, &json!({ "inputTokens": token_counts::estimated(context.request) })));
        }
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
    /// Models whose bodies are their makers' own.
    Text(Maker),
    /// Models of Amazon's and Cohere's that make vectors.
    Embeddings,
}

impl Family {
    fn of(raw: &RawRequest) -> Family {
        if let Some(maker) = Maker::of(raw) {
            return Family::Text(maker);
        }
        if invoke_embeddings::is_asked(raw) {
            return Family::Embeddings;
        }
        let own = raw.path.contains("amazon.nova") || raw.json().is_some_and(|body| body.get("schemaVersion").is_some());
        if own { Family::Converse } else { Family::Messages }
    }
}

const COUNT: &str = "/model/{id}/count-tokens";

/// The request of an invocation.
fn read(raw: &RawRequest, provider: &'static str, model: Option<&str>, stream: bool) -> Result<Request, Problem> {
    match Family::of(raw) {
        Family::Messages => messages_request::decode_with(raw, provider, Results::Before),
        Family::Converse => converse_request::decode(raw, provider, model),
        Family::Text(maker) => invoke_texts::decode(raw, maker, provider),
        Family::Embeddings if stream => Err(Problem::Refused { message: "The model is unsupported for streaming" }),
        Family::Embeddings => invoke_embeddings::decode(raw, provider, model),
    }
}

/// The request whose tokens are to be counted (API reference, "`CountTokens`"): one of Converse, or the body of an invocation in
/// base64.
fn counted(raw: &RawRequest, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let body = Place::body(json_of(raw)?)?;
    let input = body.member("input").ok_or(Problem::Missing("input"))?;
    input.object()?;
    if let Some(converse) = input.member("converse") {
        converse.object()?;
        return converse_request::read(&converse, provider, model);
    }
    let invoked = input.member("invokeModel").ok_or(Problem::Missing("converse"))?;
    invoked.object()?;
    let bytes = invoked.text("body")?.ok_or(Problem::Missing("body"))?;
    let bytes = STANDARD.decode(bytes).map_err(|error| Problem::Malformed(format!("#/input/invokeModel/body: {error}")))?;
    read(&RawRequest::new("POST", &raw.path, Headers::new(), bytes), provider, model, false)
}

/// The member of a closing event that states the counts.
const METRICS: &str = "amazon-bedrock-invocationMetrics";
/// The fields in which a whole answer states them.
const INPUT_COUNT: &str = "x-amzn-bedrock-input-token-count";
const OUTPUT_COUNT: &str = "x-amzn-bedrock-output-token-count";

fn whole(context: &mut Context<'_>, turn: &Turn, family: Family) -> Emission {
    let tokens = usage::tokens(context.request, turn);
    let mut emission = match family {
        Family::Converse => {
            let mut body = converse_reply::whole(context, turn);
            body.as_object_mut().map(|body| body.remove("metrics"));
            respond::json(200, &body)
        }
        Family::Text(maker) => respond::json(200, &invoke_texts::whole(context, maker, turn)),
        Family::Messages | Family::Embeddings => messages_reply::whole(context, turn),
    };
    emission.headers.extend([
        ("x-amzn-bedrock-invocation-latency", aws::LATENCY_MS.to_string()),
        (INPUT_COUNT, usage::count(tokens.input).to_string()),
        (OUTPUT_COUNT, usage::count(tokens.output).to_string()),
    ]);
    emission
}

fn stream(context: &mut Context<'_>, turn: &Turn, family: Family) -> Emission {
    let tokens = usage::tokens(context.request, turn);
    let metrics = json!({
        "inputTokenCount": usage::count(tokens.input), "outputTokenCount": usage::count(tokens.output),
        "invocationLatency": aws::LATENCY_MS, "firstByteLatency": aws::LATENCY_MS,
    });
    let events: Vec<(FrameKind, String)> = match family {
        Family::Converse => {
            let said = |event: converse_reply::Event| match event.kind {
                FrameKind::Terminal => (event.kind, json!({ event.name: event.payload, METRICS: metrics }).to_string()),
                _ => (event.kind, json!({ event.name: event.payload }).to_string()),
            };
            converse_reply::stream_events(context, turn).into_iter().map(said).collect()
        }
        Family::Text(maker) => {
            let said = |(kind, mut event): (FrameKind, Value)| {
                if kind == FrameKind::Terminal {
                    event[METRICS] = metrics.clone();
                }
                (kind, event.to_string())
            };
            invoke_texts::stream_events(context, maker, turn).into_iter().map(said).collect()
        }
        Family::Messages | Family::Embeddings => {
            let said = |event: messages_reply::Event| match event.kind {
                FrameKind::Terminal => (event.kind, json!({ "type": event.name, METRICS: metrics }).to_string()),
                _ => (event.kind, event.json),
            };
            messages_reply::stream_events(context, turn).into_iter().map(said).collect()
        }
    };
    let chunk = |(kind, said): (FrameKind, String)| aws::event(kind, "chunk", &json!({ "bytes": STANDARD.encode(said) }));
    let mut emission = aws::stream(events.into_iter().map(chunk).collect());
    emission.headers.push(("x-amzn-bedrock-content-type", "application/json".to_owned()));
    emission
}

/// What an answer in one piece says; its members tell whose it is.
fn answered(captured: &Captured, left_out: &mut collapse::LeftOut) -> Result<Reply, Unsayable> {
    let body = collapse::json_body(captured)?;
    if body.get("inputTokens").is_some_and(Value::is_number) {
        return Ok(Reply::Json { value: body, status: None });
    }
    if body.get("output").is_some() {
        return converse_collapse::whole(&body, left_out).map(Reply::Turn);
    }
    if invoke_texts::is_said(&body) && body.get("embedding").is_none() {
        let counted = [INPUT_COUNT, OUTPUT_COUNT].map(|name| captured.headers.first(name).and_then(|count| count.parse().ok()));
        return invoke_texts::collapse(&[body], counted, left_out).map(Reply::Turn);
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
    if parsed.first().is_some_and(invoke_texts::is_said) {
        let metrics = parsed.last().and_then(|event| event.get(METRICS));
        let counted =
            ["inputTokenCount", "outputTokenCount"].map(|key| metrics.and_then(|metrics| metrics.get(key)).and_then(Value::as_f64));
        return invoke_texts::collapse(&parsed, counted, left_out).map(Reply::Turn);
    }
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
