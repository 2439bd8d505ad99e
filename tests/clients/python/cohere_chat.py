"""Cohere's client: chat whole and streamed, tools, thinking, plans, structured output, usage, errors and retries."""

import json

import cohere
import httpx

from harness import KEY, TIMEOUT, URL, by, equal, journal, nearest, raises, statuses

case = by("cohere")

HELLO = "Hello! How can I help you today?"
MODEL = "command-a-03-2025"
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def client():
    return cohere.ClientV2(KEY, base_url=URL, timeout=TIMEOUT)


def request(test_id, text, headers=None, retries=0, **more):
    options = {"max_retries": retries, "additional_headers": {"X-Test-Id": test_id, **(headers or {})}}
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "request_options": options, **more}


def ask(test_id, text, **more):
    return client().chat(**request(test_id, text, **more))


def stream(test_id, text, **more):
    return list(client().chat_stream(**request(test_id, text, **more)))


def tools(*names):
    return [{"type": "function", "function": {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}}} for name in names]


def content(events, key):
    """What the pieces of one kind of content join to."""
    return "".join(getattr(event.delta.message.content, key) or "" for event in events if event.type == "content-delta")


def kinds(events):
    """The types of events, those that follow one of their kind left out."""
    names = [event.type for event in events]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def calls(answer):
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in answer.message.tool_calls]


def streamed_calls(events):
    """The calls of a stream, put together as clients do."""
    begun = {}
    for event in events:
        if event.type == "tool-call-start":
            call = event.delta.message.tool_calls
            begun[event.index] = [call.id, call.function.name, call.function.arguments]
        elif event.type == "tool-call-delta":
            begun[event.index][2] += event.delta.message.tool_calls.function.arguments
    return [(call, name, json.loads(arguments)) for call, name, arguments in begun.values()]


@case.shows("text")
def text(test_id):
    answer = ask(test_id, "please say hello")
    equal((answer.message.role, answer.message.content[0].type, answer.message.content[0].text), ("assistant", "text", HELLO))
    equal((answer.finish_reason, answer.message.tool_calls, answer.message.tool_plan), ("COMPLETE", None, None))
    equal(len(answer.id), 36)
    equal(ask(test_id, "be somebody else").id, "fixed-id-1")
    equal(ask(test_id, "say nothing").message.content[0].text, "")


@case.shows("stream")
def text_streamed(test_id):
    events = stream(test_id, "trickle")
    equal([event.delta.message.content.text for event in events if event.type == "content-delta"], ["abcd", "efgh", "ijkl"])
    equal(kinds(events), ["message-start", "content-start", "content-delta", "content-end", "message-end"])
    equal((events[0].delta.message.role, len(events[0].id), events[-1].delta.finish_reason), ("assistant", 36, "COMPLETE"))
    equal(content(stream(test_id, "mind the letters"), "text"), 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end')


@case
async def asynchronously(test_id):
    own = cohere.AsyncClientV2(KEY, base_url=URL, timeout=TIMEOUT)
    equal((await own.chat(**request(test_id, "please say hello"))).message.content[0].text, HELLO)
    events = [event async for event in own.chat_stream(**request(test_id, "please say hello"))]
    equal((content(events, "text"), events[-1].type), (HELLO, "message-end"))


@case
def system_and_parts(test_id):
    parts = [{"type": "text", "text": "who "}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1hZ2U="}}, {"type": "text", "text": "am I"}]
    messages = [{"role": "system", "content": "The user is Ada."}, {"role": "user", "content": parts}]
    equal(ask(test_id, "", messages=messages).message.content[0].text, "You are Ada.")
    equal(ask(test_id, "please say hello", documents=["Oslo is cold.", {"id": "1", "data": {"text": "Rome is hot."}}]).message.content[0].text, HELLO)


@case.shows("tools")
def parallel_calls(test_id):
    offered = tools("get_weather", "get_time")
    answer = ask(test_id, "weather in Oslo and Rome", tools=offered, strict_tools=True)
    equal((calls(answer), answer.finish_reason, answer.message.content), (CALLS, "TOOL_CALL", None))
    events = stream(test_id, "weather in Oslo and Rome", tools=offered)
    equal((streamed_calls(events), events[-1].delta.finish_reason), (CALLS, "TOOL_CALL"))
    equal(ask(test_id, "make up an id", tools=offered).message.tool_calls[0].id.startswith("lookup_"), True)


@case
def interleaved(test_id):
    events = stream(test_id, "do it and say it", tools=tools("lookup"))
    order = ["message-start", "tool-call-start", "tool-call-delta", "tool-call-end", "content-start", "content-delta", "content-end", "message-end"]
    equal((kinds(events), content(events, "text")), (order, "Called before speaking."))
    answer = ask(test_id, "say it and do it", tools=tools("lookup"))
    equal((answer.message.content[0].text, calls(answer)), ("Looking that up.", [("call_both", "lookup", {"query": "rust"})]))


@case
def tool_loop(test_id):
    messages = [{"role": "user", "content": "loop by flag"}]
    message = ask(test_id, "", messages=messages, tools=tools("lookup")).message
    equal(message.tool_calls[0].function.name, "lookup")
    document = {"type": "document", "document": {"data": {"flag": "red"}}}
    messages += [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": [document]}]
    equal(ask(test_id, "", messages=messages, tools=tools("lookup")).message.content[0].text, "The flag is red.")


@case
def plans(test_id):
    answer = ask(test_id, "plan and act", tools=tools("lookup"))
    equal((answer.message.tool_plan, calls(answer)), ("I will look it up.", [("call_planned", "lookup", {"query": "plan"})]))
    events = stream(test_id, "plan and act", tools=tools("lookup"))
    equal("".join(event.delta.message.tool_plan for event in events if event.type == "tool-plan-delta"), "I will look it up.")


@case
def thinking(test_id):
    message = ask(test_id, "think about it", thinking={"type": "enabled", "token_budget": 100}).message
    equal([(entry.type, getattr(entry, entry.type)) for entry in message.content], [("thinking", "First this, then that."), ("text", "Therefore: 42.")])
    events = stream(test_id, "think about it")
    equal((content(events, "thinking"), content(events, "text")), ("First this, then that.", "Therefore: 42."))
    starts = [(event.index, event.delta.message.content.type) for event in events if event.type == "content-start"]
    equal(starts, [(0, "thinking"), (1, "text")])


@case.shows("structured")
def structured_output(test_id):
    schema = {"type": "json_object", "json_schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}}}
    equal(json.loads(ask(test_id, "any json", response_format=schema).message.content[0].text), {"ok": True})
    equal(json.loads(content(stream(test_id, "any json", response_format=schema), "text")), {"ok": True})


@case.shows("usage")
def usage(test_id):
    table = [("estimate the usage", (5, 3)), ("given usage, messages style", (21, 9)), ("given usage, chat style", (11, 7)), ("given details", (100, 50))]
    for text, expected in table:
        for stated in [ask(test_id, text).usage, stream(test_id, text)[-1].delta.usage]:
            for counts in [stated.tokens, stated.billed_units]:
                equal((counts.input_tokens, counts.output_tokens), expected, text)
            equal(stated.cached_tokens, 64 if text == "given details" else None)


@case
def stop_reasons(test_id):
    equal(ask(test_id, "cut me short").finish_reason, "MAX_TOKENS")
    equal(stream(test_id, "cut me short")[-1].delta.finish_reason, "MAX_TOKENS")


@case.shows("error")
def typed_errors(test_id):
    table = [
        ("fail with 400", cohere.BadRequestError, "that is not allowed"),
        ("fail with 401", cohere.UnauthorizedError, "who are you"),
        ("fail with 403", cohere.ForbiddenError, "not yours"),
        ("fail with 429", cohere.TooManyRequestsError, "slow down"),
        ("fail with 500", cohere.InternalServerError, "broken inside"),
    ]
    for text, kind, message in table:
        for call in [ask, stream]:
            error = raises(kind, lambda: call(test_id, text))
            equal(error.body["message"], message)
            equal(error.body["id"], error.headers["x-debug-trace-id"])


@case.shows("retry")
def retries(test_id):
    equal(ask(test_id, "fail once", retries=1).message.content[0].text, "second time lucky")
    equal(statuses(test_id), [429, 200], "it waits as long as it is told, and asks again")
    raises(cohere.BadRequestError, lambda: ask(test_id, "fail with 400", retries=1))
    equal(statuses(test_id)[2:], [400], "what is wrong is not asked again")


@case
def misses(test_id):
    error = raises(cohere.NotFoundError, lambda: ask(test_id, "nobody knows this"))
    equal(error.body["message"].startswith("No fixture matched"), True)
    equal(isinstance(nearest(error.body)[0], str), True)
    strict = raises(cohere.ServiceUnavailableError, lambda: ask(test_id, "nobody knows this", headers={"X-AIMock-Strict": "true"}))
    equal(strict.body["message"].startswith("Strict mode"), True)
    orphan = [{"role": "user", "content": "please say hello"}, {"role": "tool", "tool_call_id": "none", "content": "x"}]
    refused = raises(cohere.BadRequestError, lambda: ask(test_id, "", messages=orphan, headers={"X-AIMock-Strict": "true"}))
    equal(refused.body["message"], "tool call id not found in previous tool calls")
    wrong = raises(cohere.BadRequestError, lambda: client().chat(**{**request(test_id, "x"), "model": ""}))
    equal(wrong.body["message"], "a model parameter is required for this endpoint.")


@case.shows("cut")
def cut_streams(test_id):
    seen = []

    def read():
        for event in client().chat_stream(**request(test_id, "break off")):
            seen.append(event)

    raises(httpx.RemoteProtocolError, read)
    equal("abcdefghijklmnopqrstuvwxyz".startswith(content(seen, "text")) and len(seen) > 0, True, "what came before the cut")


@case
def errors_inside_a_stream(test_id):
    chaos = {"X-AIMock-Chaos-Error-Event": "1"}
    last = stream(test_id, "trickle", headers=chaos)[-1]
    equal((last.type, last.delta.finish_reason, bool(last.delta.error)), ("message-end", "ERROR", True))


@case
def what_was_asked_is_journalled(test_id):
    ask(test_id, "please say hello")
    entry = journal(test_id)[0]
    equal((entry["path"], entry["response"]["status"]), ("/v2/chat", 200))
