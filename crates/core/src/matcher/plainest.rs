//! The plainest request that a `match` takes: what it asks for and nothing else.
//!
//! Lint shows it as a witness and asks the table who answers it. Whatever the match does not ask for is left out where
//! it can be (no model, a user message without text), so that no other fixture is met by chance.

use super::coverage::headers_of;
use super::sample::{names, samples};
use super::{Match, Pattern, TextPattern};
use crate::exchange::{EmbeddingInput, Endpoint, Exchange, Headers, Message, PROVIDERS, RawRequest, Request, Role, ToolCall, ToolOffer};

/// What surrounds the texts that a match asks for. `None` leaves it to the match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// How many assistant messages the conversation has.
    pub assistants: Option<u64>,
    /// Whether a tool result stands at the end.
    pub tool_result: Option<bool>,
    pub stream: Option<bool>,
}

impl Match {
    /// The plainest request that this match takes; `None` when none could be made (a contradiction, or a pattern that
    /// no text was found for).
    pub fn plainest(&self) -> Option<Exchange> {
        self.plainest_in(Setting::default())
    }

    /// The plainest request in a given setting.
    pub fn plainest_in(&self, setting: Setting) -> Option<Exchange> {
        Sketch::new(self, setting).draw().filter(|exchange| self.accepts(exchange))
    }
}

/// A request to be made for a match, with some texts settled beforehand.
pub(super) struct Sketch<'m> {
    matches: &'m Match,
    setting: Setting,
    settled: Vec<(&'static str, String)>,
}

impl<'m> Sketch<'m> {
    pub(super) fn new(matches: &'m Match, setting: Setting) -> Sketch<'m> {
        Sketch { matches, setting, settled: Vec::new() }
    }

    /// The same, with this text for a key.
    pub(super) fn with(mut self, key: &'static str, text: String) -> Sketch<'m> {
        self.settled.push((key, text));
        self
    }

    /// The request, which the match may still refuse; `None` when a clause has no sample.
    pub(super) fn draw(self) -> Option<Exchange> {
        let endpoint = self.endpoint().ok()?;
        let request = Request {
            provider: if endpoint.is_some() || self.pattern("provider").is_some() { self.provider()? } else { "" },
            endpoint,
            model: self.text("model").ok()?,
            fallback_models: Vec::new(),
            messages: self.messages(endpoint)?,
            text_units: None,
            tools: self.tools()?,
            response_format: self.text("responseFormat").ok()?,
            embedding_inputs: self.text("inputText").ok()?.into_iter().map(EmbeddingInput::Text).collect(),
            stream: self.flag("stream").or(self.setting.stream).unwrap_or(false),
            wants_usage: false,
            context: self.text("context").ok()?,
        };
        Some(Exchange { raw: self.raw()?, request })
    }

    fn pattern(&self, key: &str) -> Option<&Pattern> {
        self.matches.clause(key).map(|clause| &clause.pattern)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        if let Some(Pattern::Flag(flag)) = self.pattern(key) { Some(*flag) } else { None }
    }

    /// The text that this key asks for; an error when it asks and no text is known.
    fn text(&self, key: &str) -> Result<Option<String>, NoSample> {
        if let Some((_, text)) = self.settled.iter().find(|(settled, _)| *settled == key) {
            return Ok(Some(text.clone()));
        }
        match self.pattern(key) {
            Some(Pattern::Text(pattern)) => samples(pattern).into_iter().next().map(Some).ok_or(NoSample),
            Some(Pattern::Flag(_) | Pattern::Headers(_) | Pattern::Subset(_)) => Err(NoSample),
            None => Ok(None),
        }
    }

    /// Chat, unless the match says or implies otherwise.
    fn endpoint(&self) -> Result<Option<Endpoint>, NoSample> {
        if let Some((_, name)) = self.settled.iter().find(|(key, _)| *key == "endpoint") {
            return Endpoint::from_name(name).map(Some).ok_or(NoSample);
        }
        if let Some(Pattern::Text(pattern)) = self.pattern("endpoint") {
            return Endpoint::ALL.into_iter().find(|endpoint| pattern.accepts(endpoint.name())).map(Some).ok_or(NoSample);
        }
        let of_the_url = ["path", "method", "headers", "body"];
        let only_the_url = self.matches.clauses().iter().all(|clause| of_the_url.contains(&clause.criterion.key));
        Ok(match self.pattern("path") {
            Some(_) if only_the_url => None,
            _ if self.pattern("inputText").is_some() => Some(Endpoint::Embedding),
            _ => Some(Endpoint::Chat),
        })
    }

    fn provider(&self) -> Option<&'static str> {
        if let Some((_, name)) = self.settled.iter().find(|(key, _)| *key == "provider") {
            return PROVIDERS.into_iter().find(|provider| provider == name);
        }
        match self.pattern("provider") {
            Some(Pattern::Text(pattern)) => PROVIDERS.into_iter().find(|name| pattern.accepts(name)),
            _ => PROVIDERS.first().copied(),
        }
    }

    fn messages(&self, endpoint: Option<Endpoint>) -> Option<Vec<Message>> {
        let system = self.text("systemMessage").ok()?;
        let user = self.text("userMessage").ok()?;
        let tool_result = self.setting.tool_result.unwrap_or_else(|| self.matches.wants_tool_result());
        let converses = system.is_some() || user.is_some() || tool_result || self.setting.assistants.is_some();
        if endpoint != Some(Endpoint::Chat) && !converses {
            return Some(Vec::new());
        }
        let assistants = self.setting.assistants.unwrap_or_else(|| u64::from(tool_result));
        let call = tool_result && assistants > 0;
        let mut messages: Vec<Message> = system.into_iter().map(|text| Message::text(Role::System, text)).collect();
        for _ in u64::from(call)..assistants {
            messages.push(said(Role::User, None));
            messages.push(said(Role::Assistant, Some(String::new())));
        }
        messages.push(said(Role::User, user));
        if tool_result {
            let id = self.text("toolCallId").ok()?;
            if call {
                let tool = ToolCall { id: id.clone(), name: "tool".to_owned(), arguments: "{}".to_owned() };
                messages.push(Message { tool_calls: vec![tool], ..said(Role::Assistant, None) });
            }
            messages.push(Message { tool_call_id: id, ..said(Role::Tool, self.text("toolResultContains").ok()?) });
        }
        Some(messages)
    }

    fn tools(&self) -> Option<Vec<ToolOffer>> {
        let names = self.names("toolName")?;
        let namespaces = self.names("toolNamespace")?;
        let count = names.len().max(namespaces.len());
        let with_name = names.into_iter().map(Some).chain(std::iter::repeat(None));
        let with_space = namespaces.into_iter().map(Some).chain(std::iter::repeat(None));
        let offer = |(name, namespace): (Option<String>, Option<String>)| ToolOffer {
            name: name.unwrap_or_else(|| "tool".to_owned()),
            namespace,
            parameters: None,
        };
        Some(with_name.zip(with_space).take(count).map(offer).collect())
    }

    fn names(&self, key: &str) -> Option<Vec<String>> {
        match self.text_pattern(key) {
            _ if self.settled.iter().any(|(settled, _)| *settled == key) => self.text(key).ok()?.map(|text| vec![text]),
            Some(pattern) => names(pattern),
            None => Some(Vec::new()),
        }
    }

    fn text_pattern(&self, key: &str) -> Option<&TextPattern> {
        if let Some(Pattern::Text(pattern)) = self.pattern(key) { Some(pattern) } else { None }
    }

    fn raw(&self) -> Option<RawRequest> {
        let method = self.text("method").ok()?.unwrap_or_else(|| "POST".to_owned());
        let path = self.text("path").ok()?.unwrap_or_else(|| "/".to_owned());
        let headers = if let Some(Pattern::Headers(fields)) = self.pattern("headers") { headers_of(fields) } else { Headers::new() };
        let body = if let Some(Pattern::Subset(body)) = self.pattern("body") { body.to_string() } else { String::new() };
        let mut raw = RawRequest::new(method, "", headers, body);
        raw.path = path;
        Some(raw)
    }
}

/// A pattern that no text is known for.
struct NoSample;

fn said(role: Role, text: Option<String>) -> Message {
    Message { role, text, tool_calls: Vec::new(), tool_call_id: None }
}
