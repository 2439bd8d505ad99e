//! What the grammars read from streams that are whole, cut and broken.

use super::Reading;
use crate::exchange::{StatedUsage, StreamFacts, TextFacts};
use crate::wire::Framing::{EventStream, JsonArray, Ndjson, Sse};
use crate::wire::event_stream::{Message, encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const CHAT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\",\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n\
    data: [DONE]\n\n";

const MESSAGES: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\"}}\n\n\
    event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

const RESPONSES: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"object\":\"response\",\"usage\":null}}\n\n\
    event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"function_call\"}}\n\n\
    event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"delta\":\"{\\\"a\\\":1}\"}\n\n\
    event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"Hello\"}\n\n\
    event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"object\":\"response\",\"usage\":{\"input_tokens\":7,\"output_tokens\":5}}}\n\n";

const COMPLETIONS: &str = "data: {\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\"Hello\"}]}\n\n\
    data: {\"object\":\"text_completion\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n\
    data: [DONE]\n\n";

#[test]
fn b8_a_responses_stream_tells_everything_it_said() {
    for codec in [None, Some("openai_responses")] {
        let facts = Reading::of(Sse, codec, RESPONSES.as_bytes());
        assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (4, true, 0, Some(true)));
        assert_eq!((facts.usage, facts.usage_only), (Some(StatedUsage { input: 7, output: 5 }), false));
        assert_eq!(facts.text, TextFacts::of("Hello"));
    }
    let cut = RESPONSES.find("event: response.incomplete").unwrap();
    assert!(Reading::of(Sse, None, &RESPONSES.as_bytes()[..cut]).stops_before_terminator());
    assert_eq!(Reading::of(Sse, Some("openai_responses"), b"data: {\"type\":\"other\"}\n\n").unparsed, 1);
}

#[test]
fn b8_a_stream_of_text_completions_tells_everything_it_said() {
    for codec in [None, Some("openai_completions")] {
        let facts = Reading::of(Sse, codec, COMPLETIONS.as_bytes());
        assert_eq!((facts.events, facts.terminated, facts.unparsed), (2, true, 0));
        assert_eq!((facts.usage, facts.usage_only), (Some(StatedUsage { input: 3, output: 2 }), true));
        assert_eq!(facts.text, TextFacts::of("Hello"));
    }
}

#[test]
fn b8_a_chat_stream_tells_everything_it_said() {
    let expected = StreamFacts {
        events: 5,
        terminated: true,
        unparsed: 0,
        tool_arguments: Some(true),
        usage: Some(StatedUsage { input: 3, output: 2 }),
        usage_only: true,
        text: TextFacts::of("Hello"),
    };
    assert_eq!(Reading::of(Sse, Some("openai_chat"), CHAT.as_bytes()), expected);
    assert_eq!(Reading::of(Sse, None, CHAT.as_bytes()), expected, "known by its shape");
}

#[test]
fn b8_a_messages_stream_tells_everything_it_said() {
    let facts = Reading::of(Sse, None, MESSAGES.as_bytes());
    assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (4, true, 0, Some(true)));
    assert_eq!((facts.usage, facts.usage_only), (Some(StatedUsage { input: 7, output: 5 }), false));
    assert_eq!(facts.text, TextFacts::of("Hello"));
}

const GEMINI: [&str; 3] = [
    r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true},{"text":"Hel"}]},"index":0}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"lo"},{"functionCall":{"name":"f","args":{"a":1}}}]},"index":0}]}"#,
    r#"{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":1}}"#,
];

#[test]
fn a_gemini_stream_tells_everything_it_said_in_either_form() {
    let expected = StreamFacts {
        events: 3,
        terminated: true,
        unparsed: 0,
        tool_arguments: Some(true),
        usage: Some(StatedUsage { input: 3, output: 3 }),
        usage_only: false,
        text: TextFacts::of("Hello"),
    };
    let events = GEMINI.map(|chunk| format!("data: {chunk}\n\n")).concat();
    assert_eq!(Reading::of(Sse, Some("gemini_generate"), events.as_bytes()), expected);
    assert_eq!(Reading::of(Sse, None, events.as_bytes()), expected, "known by its shape");
    let array = format!("[{}]", GEMINI.join(",\r\n"));
    assert_eq!(Reading::of(JsonArray, Some("vertex_generate"), array.as_bytes()), expected);
    let cut = Reading::of(JsonArray, Some("gemini_generate"), array.rsplit_once(",\r\n").unwrap().0.as_bytes());
    assert_eq!((cut.usage, cut.terminated, cut.unparsed, cut.stops_before_terminator()), (None, false, 0, true));
    let stated = super::stated_usage(GEMINI[2].as_bytes());
    assert_eq!(stated, Some(StatedUsage { input: 3, output: 3 }));
}

#[test]
fn an_interaction_tells_everything_it_said() {
    let events = [
        r#"{"event_type":"interaction.created","interaction":{}}"#,
        r#"{"event_type":"step.start","index":0,"step":{"type":"function_call"}}"#,
        r#"{"event_type":"step.delta","index":0,"delta":{"type":"arguments_delta","arguments":"{\"a\":1}"}}"#,
        r#"{"event_type":"step.delta","index":1,"delta":{"type":"thought_summary","content":{"type":"text","text":"Hm"}}}"#,
        r#"{"event_type":"step.delta","index":2,"delta":{"type":"text","text":"Hello"}}"#,
        r#"{"event_type":"interaction.completed","interaction":{"usage":{"total_input_tokens":3,"total_output_tokens":2,"total_thought_tokens":1}}}"#,
    ];
    let stream: String = events.iter().map(|event| format!("event: x\ndata: {event}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect();
    let facts = Reading::of(Sse, Some("gemini_interactions"), stream.as_bytes());
    assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (6, true, 0, Some(true)));
    assert_eq!((facts.usage, facts.text), (Some(StatedUsage { input: 3, output: 3 }), TextFacts::of("Hello")));
}

#[test]
fn b11_a_stream_cut_before_its_counts_states_none() {
    for whole in [CHAT, MESSAGES] {
        let cut = whole.find("\"usage\":{\"prompt").or_else(|| whole.find("event: message_delta")).unwrap();
        let events = whole[..cut].rfind("\n\n").unwrap() + 2;
        let facts = Reading::of(Sse, None, &whole.as_bytes()[..events]);
        assert_eq!((facts.usage, facts.unparsed), (None, 0));
        assert!(facts.stops_before_terminator());
    }
}

#[test]
fn an_event_cut_in_the_middle_does_not_parse() {
    let facts = Reading::of(Sse, Some("openai_chat"), &CHAT.as_bytes()[..CHAT.len() - 30]);
    assert_eq!((facts.unparsed, facts.terminated), (1, false));
    let facts = Reading::of(Sse, Some("openai_chat"), b"data: {nonsense\n\ndata: [DONE]\n\n");
    assert_eq!((facts.events, facts.unparsed, facts.terminated), (1, 1, true));
}

#[test]
fn arguments_that_do_not_join_to_json_are_told() {
    let end = CHAT.find(":1}").unwrap();
    let cut = &CHAT[..CHAT[..end].rfind("data: ").unwrap()];
    assert_eq!(Reading::of(Sse, None, cut.as_bytes()).tool_arguments, Some(false));
    assert_eq!(Reading::of(Sse, None, b"data: {\"choices\":[]}\n\n").tool_arguments, None);
}

/// Binary messages of these names and payloads.
fn binary(events: &[(&str, &str)]) -> Vec<u8> {
    events.iter().flat_map(|(name, payload)| encode(&Message::event(name, (*payload).to_owned())).to_vec()).collect()
}

const CONVERSE: [(&str, &str); 6] = [
    ("messageStart", r#"{"role":"assistant"}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":"}}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"1}"}}}"#),
    ("metadata", r#"{"usage":{"inputTokens":7,"outputTokens":5,"totalTokens":12}}"#),
];

#[test]
fn b8_binary_streams_tell_everything_they_said() {
    let expected = StreamFacts {
        events: 5,
        terminated: true,
        unparsed: 0,
        tool_arguments: Some(true),
        usage: Some(StatedUsage { input: 7, output: 5 }),
        usage_only: true,
        text: TextFacts::of("Hello"),
    };
    let converse = binary(&CONVERSE);
    assert_eq!(Reading::of(EventStream, Some("bedrock_converse"), &converse), expected);
    assert_eq!(Reading::of(EventStream, None, &converse), expected, "known by its names");
    let chunk = |said: &str| format!(r#"{{"bytes":"{}"}}"#, STANDARD.encode(said));
    let nova = CONVERSE.map(|(name, payload)| ("chunk", chunk(&format!(r#"{{"{name}":{payload}}}"#))));
    let nova: Vec<(&str, &str)> = nova.iter().map(|(name, payload)| (*name, payload.as_str())).collect();
    assert_eq!(Reading::of(EventStream, Some("bedrock_invoke"), &binary(&nova)), expected, "packed in chunks");
    let claude = MESSAGES.lines().filter_map(|line| line.strip_prefix("data: ")).map(chunk).collect::<Vec<_>>();
    let claude: Vec<(&str, &str)> = claude.iter().map(|payload| ("chunk", payload.as_str())).collect();
    assert_eq!(Reading::of(EventStream, None, &binary(&claude)), Reading::of(Sse, None, MESSAGES.as_bytes()));
}

#[test]
fn binary_streams_that_are_cut_or_broken_say_so() {
    let whole = binary(&CONVERSE);
    let facts = Reading::of(EventStream, Some("bedrock_converse"), &whole[..whole.len() - 1]);
    assert_eq!((facts.events, facts.unparsed, facts.terminated, facts.usage), (5, 1, false, None));
    for payload in ["{}", r#"{"bytes":"!"}"#, r#"{"bytes":"e30="}"#, "nonsense"] {
        let facts = Reading::of(EventStream, Some("bedrock_invoke"), &binary(&[("chunk", payload)]));
        assert_eq!((facts.events, facts.unparsed), (1, 1), "{payload}");
    }
    let failed = encode(&Message::exception("throttlingException", r#"{"message":"m"}"#));
    for codec in ["bedrock_converse", "bedrock_invoke"] {
        let facts = Reading::of(EventStream, Some(codec), &failed);
        assert_eq!((facts.events, facts.unparsed, facts.terminated), (1, 0, false));
    }
}

#[test]
fn lines_of_ollama_tell_everything_they_said() {
    let lines = concat!(
        r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}"#,
        "\n",
        r#"{"model":"m","message":{"role":"assistant","content":"Hello"},"done":false}"#,
        "\n",
        r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}"#,
        "\n",
        r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":5}"#,
        "\n",
    );
    let facts = Reading::of(Ndjson, Some("ollama_chat"), lines.as_bytes());
    assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (3, true, 0, Some(true)));
    assert_eq!((facts.usage, &facts.text), (Some(StatedUsage { input: 7, output: 5 }), &TextFacts::of("Hello")));
    assert_eq!(Reading::of(Ndjson, None, lines.as_bytes()), facts, "known by its shape");
    let cut = Reading::of(Ndjson, Some("ollama_chat"), &lines.as_bytes()[..lines.len() - 20]);
    assert_eq!((cut.events, cut.terminated, cut.unparsed, cut.usage), (3, false, 1, None));
    let failed = Reading::of(Ndjson, Some("ollama_chat"), b"{\"error\":\"m\"}\n");
    assert_eq!((failed.events, failed.unparsed, failed.terminated), (1, 0, false));
}

const COHERE: &str = concat!(
    "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"x\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\n",
    "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"Hello\"}}}}\n\n",
    "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n",
    "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"f_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}}}}\n\n",
    "event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{}\"}}}}}\n\n",
    "event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n",
    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\",\"usage\":{\"billed_units\":{\"input_tokens\":1,\"output_tokens\":1},\"tokens\":{\"input_tokens\":7,\"output_tokens\":5}}}}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn events_of_cohere_tell_everything_they_said() {
    let facts = Reading::of(Sse, Some("cohere_chat"), COHERE.as_bytes());
    assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (8, true, 0, Some(true)));
    assert_eq!((facts.usage, &facts.text), (Some(StatedUsage { input: 7, output: 5 }), &TextFacts::of("Hello")));
    assert_eq!(Reading::of(Sse, None, COHERE.as_bytes()), facts, "known by its shape");
    let end = COHERE.find("event: message-end").unwrap();
    let cut = Reading::of(Sse, Some("cohere_chat"), &COHERE.as_bytes()[..end]);
    assert_eq!((cut.events, cut.terminated, cut.usage), (7, false, None));
    let older = Reading::of(Sse, Some("cohere_chat"), COHERE.strip_suffix("data: [DONE]\n\n").unwrap().as_bytes());
    assert_eq!(older, facts, "nothing need come behind `message-end`");
    let failed = b"data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"x\"}}\n\n";
    let failed = Reading::of(Sse, Some("cohere_chat"), failed);
    assert_eq!((failed.events, failed.unparsed, failed.terminated), (1, 0, false));
}

proptest::proptest! {
    #[test]
    fn facts_do_not_depend_on_how_the_bytes_are_cut(cuts in proptest::collection::vec(0..CHAT.len(), 0..8)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut reading = Reading::new(Sse, None);
        let mut from = 0;
        for cut in cuts {
            reading.feed(&CHAT.as_bytes()[from..cut]);
            from = cut;
        }
        reading.feed(&CHAT.as_bytes()[from..]);
        proptest::prop_assert_eq!(reading.facts(), Reading::of(Sse, None, CHAT.as_bytes()));
    }
}

#[test]
fn turns_of_sockets_tell_everything_they_said() {
    let realtime = "data: {\"type\":\"response.created\",\"event_id\":\"1\",\"response\":{\"id\":\"r\"}}\n\n\
        data: {\"type\":\"response.output_text.delta\",\"event_id\":\"2\",\"delta\":\"Hello\"}\n\n\
        data: {\"type\":\"response.function_call_arguments.delta\",\"event_id\":\"3\",\"output_index\":1,\"delta\":\"{}\"}\n\n\
        data: {\"type\":\"response.done\",\"event_id\":\"4\",\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":5}}}\n\n";
    let live = "data: {\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"Hm\",\"thought\":true}]}}}\n\n\
        data: {\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"Hello\"}]}}}\n\n\
        data: {\"toolCall\":{\"functionCalls\":[{\"name\":\"f\",\"args\":{}}]}}\n\n\
        data: {\"usageMetadata\":{\"promptTokenCount\":7,\"responseTokenCount\":3,\"thoughtsTokenCount\":2}}\n\n";
    for (codec, stream) in [("openai_realtime", realtime), ("gemini_live", live)] {
        let facts = Reading::of(Sse, Some(codec), stream.as_bytes());
        assert_eq!((facts.events, facts.terminated, facts.unparsed, facts.tool_arguments), (3, true, 0, Some(true)), "{codec}");
        assert_eq!((facts.usage, facts.text), (Some(StatedUsage { input: 7, output: 5 }), TextFacts::of("Hello")), "{codec}");
    }
}
