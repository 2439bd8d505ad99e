//! Amazon Bedrock's Converse and `ConverseStream`: one format for all of its models (API reference, "Converse",
//! "`ConverseStream`"). Streams are binary messages, errors inside them exceptions.

use serde_json::Value;

use super::grammar::{self, Grammar};
use super::shared::{aws, collapse, converse_collapse, converse_reply, converse_request, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::wire::Framing;

pub(super) static PROVIDER: BedrockConverse = BedrockConverse;

#[derive(Debug)]
pub(super) struct BedrockConverse;

impl Provider for BedrockConverse {
    fn name(&self) -> &'static str {
        "bedrock_converse"
    }

    fn provider(&self) -> &'static str {
        "bedrock"
    }

    fn summary(&self) -> &'static str {
        "Amazon Bedrock Converse, whole and as a binary stream"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/model/{id}/converse", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/model/{id}/converse-stream", endpoint: Endpoint::Chat },
        ]
    }

    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::EventStream
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let request = converse_request::decode(raw, self.provider(), params.get("id")).map_err(aws::refusal)?;
        Ok(Request { stream: route.path.ends_with("-stream"), ..request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        let Reply::Turn(turn) = reply else { return aws::not_a_turn(reply) };
        if !context.request.stream {
            return respond::json(200, &converse_reply::whole(context, turn));
        }
        let events = converse_reply::stream_events(context, turn).into_iter();
        aws::stream(events.map(|event| aws::event(event.kind, event.name, &event.payload)).collect())
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = collapse::LeftOut::default();
        let reply = if captured.status >= 400 {
            Reply::Error(aws::error(captured, &mut left_out)?)
        } else if aws::is_stream(captured) {
            let messages = aws::events(captured)?;
            let mut events: Vec<(&str, Value)> = Vec::with_capacity(messages.len());
            for message in &messages {
                let payload = serde_json::from_slice(&message.payload);
                let payload = payload.map_err(|_| collapse::unsayable("an event of the stream is no JSON"))?;
                events.push((message.name().unwrap_or_default(), payload));
            }
            Reply::Turn(converse_collapse::streamed(&events, &mut left_out)?)
        } else {
            Reply::Turn(converse_collapse::whole(&collapse::json_body(captured)?, &mut left_out)?)
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
        converse_request::offered_tools(raw)
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::CONVERSE)
    }

    fn request_id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }
}
