//! What the machines say of streams that are whole, and of each slip that a hand makes.

use super::{Verdict, check};
use crate::wire::Framing;

const CHAT: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
    data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n\
    data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}}]}\n\n\
    data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n\
    data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n\
    data: [DONE]\n\n";

const MESSAGES: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
    event: ping\ndata: {\"type\":\"ping\"}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\"}}\n\n\
    event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n\
    event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn judge(stream: &str) -> Verdict {
    check(Framing::Sse, None, stream.as_bytes())
}

/// The first offence of a stream in which a text was replaced; others may follow from it.
#[track_caller]
fn slip(stream: &str, from: &str, to: &str, event: u64, expected: &str) {
    assert!(stream.contains(from), "{from}");
    let verdict = judge(&stream.replacen(from, to, 1));
    let first = verdict.offences.first().map(|offence| (offence.event, offence.message.as_str()));
    assert_eq!(first, Some((event, expected)));
}

#[test]
fn whole_streams_hold() {
    for (stream, grammar, events) in [(CHAT, "chat-chunks", 6), (MESSAGES, "message-events", 7)] {
        assert_eq!(judge(stream), Verdict { grammar: Some(grammar), events, ..Verdict::default() });
    }
}

#[test]
fn slips_in_chat_chunks() {
    slip(CHAT, "data: [DONE]\n\n", "", 6, "the stream ends without `[DONE]`");
    slip(CHAT, "data: [DONE]\n\n", "data: [DONE]\n\ndata: {}\n\n", 7, "an event comes after `[DONE]`");
    slip(CHAT, "\"finish_reason\":\"tool_calls\"", "\"finish_reason\":null", 7, "choice 0 has no finish reason");
    slip(CHAT, "\"arguments\":\"}\"", "\"arguments\":\"\"", 7, "the arguments of tool call 0 do not join to a JSON object");
    slip(CHAT, "\"id\":\"call_1\",", "", 2, "tool call 0 begins without an `id`");
    slip(CHAT, "\"object\":\"chat.completion.chunk\"", "\"object\":\"x\"", 1, "its `object` is \"x\", not \"chat.completion.chunk\"");
    slip(CHAT, "{\"id\":\"c\",\"choices\":[]", "{\"id\":\"d\",\"choices\":[]", 5, "its `id` is `d`, and the stream began with `c`");
    slip(CHAT, "data: {\"id\":\"c\",\"choices\":[],", "data: {\"id\":\"c\",\"choices\":{},", 5, "it has no `choices` array");
    slip(CHAT, "data: [DONE]\n\n", "data: [DONE]", 6, "the stream ends in the middle of an event");
}

#[test]
fn slips_in_message_events() {
    slip(MESSAGES, "event: ping", "event: pong", 2, "it is named `pong`, and its data is of type `ping`");
    slip(MESSAGES, "event: ping\n", "", 2, "an event of type `ping` has no name; clients read the `event:` line");
    slip(MESSAGES, "\"index\":0,\"content_block\"", "\"index\":1,\"content_block\"", 3, "a block begins with index 1, and 0 is due");
    slip(MESSAGES, "\"partial_json\":\"{}\"", "\"partial_json\":\"{\"", 5, "the input of block 0 does not join to a JSON object");
    slip(MESSAGES, "\"id\":\"t\",", "", 3, "a `tool_use` block begins without `id`");
    slip(MESSAGES, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "", 7, "the stream ends without `message_stop`");
    slip(
        MESSAGES,
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "",
        5,
        "`message_delta` comes while block 0 is open",
    );
}

const COHERE: &str = "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"x\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\n\
    event: tool-plan-delta\ndata: {\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"I will.\"}}}\n\n\
    event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n\
    event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"a\"}}}}\n\n\
    event: citation-start\ndata: {\"type\":\"citation-start\",\"index\":0,\"delta\":{\"message\":{\"citations\":{\"start\":0}}}}\n\n\
    event: citation-end\ndata: {\"type\":\"citation-end\",\"index\":0}\n\n\
    event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n\
    event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"f_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}}}}\n\n\
    event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{}\"}}}}}\n\n\
    event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n\
    event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\"}}\n\n\
    data: [DONE]\n\n";

#[test]
fn slips_in_cohere_events() {
    assert_eq!(judge(COHERE), Verdict { grammar: Some("cohere-events"), events: 12, ..Verdict::default() });
    assert!(judge(COHERE.strip_suffix("data: [DONE]\n\n").unwrap()).holds(), "what older versions send");
    slip(COHERE, "event: content-delta", "event: content", 4, "it is named `content`, and its data is of type `content-delta`");
    slip(COHERE, "\"id\":\"x\",", "", 1, "`message-start` has no `id`");
    slip(COHERE, "\"tool_plan\":\"I will.\"", "", 2, "a `tool-plan-delta` has no text `tool_plan`");
    slip(COHERE, "\"type\":\"text\",", "", 3, "a content begins without `type`");
    slip(
        COHERE,
        "\"content\":{\"text\":\"a\"}",
        "\"content\":{\"thinking\":\"a\"}",
        4,
        "a delta of a content of type `text` has no `text`",
    );
    slip(COHERE, "\"citations\":{\"start\":0}", "", 5, "a citation begins without `citations`");
    let ended = "event: citation-end\ndata: {\"type\":\"citation-end\",\"index\":0}\n\n";
    slip(COHERE, ended, "", 10, "the message ends while citation 0 is open");
    slip(
        COHERE,
        "\"type\":\"content-end\",\"index\":0",
        "\"type\":\"content-end\",\"index\":1",
        7,
        "`content-end` comes for index 1, which is not open",
    );
    slip(COHERE, "\"id\":\"f_1\",", "", 8, "a tool call begins without `id`");
    slip(COHERE, "\"arguments\":\"{}\"", "\"arguments\":\"{\"", 10, "the arguments of tool call 0 do not join to a JSON object");
    slip(
        COHERE,
        "\"type\":\"tool-call-start\",\"index\":0",
        "\"type\":\"tool-call-start\",\"index\":1",
        8,
        "a tool call begins with index 1, and 0 is due",
    );
    slip(COHERE, "\"finish_reason\":\"TOOL_CALL\"", "", 11, "`message-end` has no `finish_reason`");
    slip(COHERE, "data: [DONE]\n\n", "data: [DONE]\n\ndata: [DONE]\n\n", 13, "an event comes after `[DONE]`");
    let end = COHERE.find("event: message-end").unwrap();
    assert_eq!(judge(&COHERE[..end]).offences[0].message, "the stream ends without `message-end`");
}

#[test]
fn an_error_ends_a_stream() {
    let chat = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"x\"}}\n\n";
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";
    let messages = MESSAGES.split("event: content_block_delta").next().unwrap().to_owned() + error;
    for stream in [chat, &messages] {
        assert!(judge(stream).holds(), "{:?}", judge(stream));
    }
    assert_eq!(judge(&(messages + error)).offences[0].message, "an event comes after an error");
}

#[test]
fn what_nobody_knows_is_not_judged() {
    let verdict = judge("data: hello\n\ndata: {\"a\":1}\n\n");
    assert_eq!((verdict.grammar, verdict.events, verdict.holds()), (None, 2, false));
}

const REALTIME: &str = "data: {\"type\":\"response.created\",\"event_id\":\"e1\",\"response\":{\"id\":\"r\"}}\n\n\
    data: {\"type\":\"response.output_item.added\",\"event_id\":\"e2\",\"response_id\":\"r\",\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":\"message\"}}\n\n\
    data: {\"type\":\"response.output_text.delta\",\"event_id\":\"e3\",\"response_id\":\"r\",\"item_id\":\"i\",\"delta\":\"Hi\"}\n\n\
    data: {\"type\":\"response.output_text.done\",\"event_id\":\"e4\",\"response_id\":\"r\",\"item_id\":\"i\",\"text\":\"Hi\"}\n\n\
    data: {\"type\":\"response.output_item.done\",\"event_id\":\"e5\",\"response_id\":\"r\",\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":\"message\"}}\n\n\
    data: {\"type\":\"response.done\",\"event_id\":\"e6\",\"response\":{\"id\":\"r\",\"status\":\"completed\"}}\n\n";

const LIVE: &str = "{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"Hi\"}]}}}\n\
    {\"serverContent\":{\"generationComplete\":true}}\n\
    {\"serverContent\":{\"turnComplete\":true},\"usageMetadata\":{}}\n";

#[test]
fn slips_in_realtime_events() {
    assert_eq!(judge(REALTIME), Verdict { grammar: Some("realtime-events"), events: 6, ..Verdict::default() });
    slip(REALTIME, "\"event_id\":\"e2\"", "\"event_id\":\"e1\"", 2, "its `event_id` `e1` was used before");
    slip(REALTIME, "\"event_id\":\"e3\",", "", 3, "it has no `event_id`");
    slip(REALTIME, "\"text\":\"Hi\"", "\"text\":\"Ho\"", 4, "`response.output_text.done` says something else than its deltas do");
    slip(REALTIME, "\"output_index\":0,\"item\"", "\"output_index\":1,\"item\"", 2, "an item begins at another output index than 0");
    slip(
        REALTIME,
        "\"item_id\":\"i\",\"delta\"",
        "\"item_id\":\"j\",\"delta\"",
        3,
        "`response.output_text.delta` is for `j`, which is not the item that is open",
    );
    slip(REALTIME, "\"status\":\"completed\"", "\"status\":\"in_progress\"", 6, "the response is done without a status that ends it");
    let end = REALTIME.find("data: {\"type\":\"response.done\"").unwrap();
    slip(REALTIME, &REALTIME[end..], "", 6, "the turn ends without `response.done`");
}

#[test]
fn slips_in_live_messages() {
    let slip = |from: &str, to: &str, event: u64, expected: &str| {
        assert!(LIVE.contains(from), "{from}");
        let verdict = check(Framing::Ndjson, None, LIVE.replacen(from, to, 1).as_bytes());
        let first = verdict.offences.first().map(|offence| (offence.event, offence.message.as_str()));
        assert_eq!(first, Some((event, expected)));
    };
    assert!(check(Framing::Ndjson, None, LIVE.as_bytes()).holds());
    let called = "{\"toolCall\":{\"functionCalls\":[{\"id\":\"c\",\"name\":\"f\",\"args\":{}}]}}\n{\"usageMetadata\":{}}\n";
    assert!(check(Framing::Ndjson, None, called.as_bytes()).holds(), "a turn that waits for answers");
    slip("\"turnComplete\":true", "\"turnComplete\":false", 4, "the turn ends without `turnComplete`");
    slip("\"parts\":[{\"text\":\"Hi\"}]", "\"parts\":[]", 1, "its `modelTurn` has no `parts`");
    slip("{\"serverContent\":{\"generationComplete\":true}}", "{}", 2, "it has neither `serverContent` nor `toolCall` nor `usageMetadata`");
}
