//! Amazon Bedrock's `InvokeModel` and `InvokeModelWithResponseStream`: the body is the model's own, here that of
//! Anthropic's Claude (Bedrock's user guide, "Anthropic Claude Messages API"; API reference, "`InvokeModel`").
//!
//! Every event of a stream is a binary message `chunk` whose payload holds the model's event in base64; the last one also
//! states the counts of the invocation, which a whole answer has in its header fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::grammar::{self, Grammar};
use super::shared::messages_request::Results;
use super::shared::{aws, collapse, messages_collapse, messages_reply, messages_request, usage};
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
        "Amazon Bedrock model invocation with Anthropic's bodies, whole and as a binary stream"
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
        let request = messages_request::decode_with(raw, self.provider(), Results::Before).map_err(aws::refusal)?;
        Ok(Request { model: params.get("id").map(str::to_owned), stream: route.path.ends_with("-stream"), ..request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Turn(turn) if context.request.stream => stream(context, turn),
            Reply::Turn(turn) => whole(context, turn),
            other => aws::not_a_turn(other),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = collapse::LeftOut::default();
        let reply = if captured.status >= 400 {
            Reply::Error(aws::error(captured, &mut left_out)?)
        } else if aws::is_stream(captured) {
            Reply::Turn(messages_collapse::streamed(model_events(captured)?, &mut left_out)?)
        } else {
            Reply::Turn(messages_collapse::whole(&collapse::json_body(captured)?, &mut left_out)?)
        };
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        aws::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(aws::error_event(error))
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<Value> {
        messages_request::offered_tools(raw)
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::INVOKE)
    }

    fn request_id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        let missing = ["anthropic_version", "max_tokens"].into_iter().filter(|key| raw.json().is_some_and(|body| body.get(key).is_none()));
        let missing = missing.map(aws::missing);
        missing.chain(messages_request::audit_thinking(raw)).collect()
    }
}

/// What an invocation used.
struct Invocation {
    input: serde_json::Number,
    output: serde_json::Number,
}

impl Invocation {
    fn of(context: &Context<'_>, turn: &Turn) -> Invocation {
        let tokens = usage::tokens(context.request, turn);
        Invocation { input: usage::count(tokens.input), output: usage::count(tokens.output) }
    }
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut emission = messages_reply::whole(context, turn);
    let Invocation { input, output } = Invocation::of(context, turn);
    emission.headers.extend([
        ("x-amzn-bedrock-invocation-latency", aws::LATENCY_MS.to_string()),
        ("x-amzn-bedrock-input-token-count", input.to_string()),
        ("x-amzn-bedrock-output-token-count", output.to_string()),
    ]);
    emission
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let Invocation { input, output } = Invocation::of(context, turn);
    let metrics = json!({
        "inputTokenCount": input, "outputTokenCount": output,
        "invocationLatency": aws::LATENCY_MS, "firstByteLatency": aws::LATENCY_MS,
    });
    let last = json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": metrics }).to_string();
    let chunk = |event: messages_reply::Event| {
        let said = if event.kind == FrameKind::Terminal { &last } else { &event.json };
        aws::event(event.kind, "chunk", &json!({ "bytes": STANDARD.encode(said) }))
    };
    let mut emission = aws::stream(messages_reply::stream_events(context, turn).into_iter().map(chunk).collect());
    emission.headers.push(("x-amzn-bedrock-content-type", "application/json".to_owned()));
    emission
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
