"""OpenAI responses: text, streams, tools, reasoning, structured output, usage, answers asked for again."""

import json

import openai
import pydantic

from clients import MODEL, async_chat, chat
from harness import by, equal, nearest, raises, statuses

case = by("openai")

HELLO = "Hello! How can I help you today?"
WEATHER = [{"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}, "strict": False} for name in ("get_weather", "get_time")]
LOOKUP = [{"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}, "strict": False}]
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def ask(client, said, **more):
    """One response."""
    return client.responses.create(**{"model": MODEL, "input": said, **more})


def calls(response):
    """Id, name and parsed arguments of each call."""
    found = [item for item in response.output if item.type == "function_call"]
    return [(call.call_id, call.name, json.loads(call.arguments)) for call in found]


def strict(value):
    """Fails when the answer lacks what the client's types promise, which the client itself does not check."""
    type(value).model_validate(value.model_dump(), strict=False)
    return value


@case.shows("text")
def text(test_id):
    answer = strict(ask(chat(test_id), "please say hello"))
    equal(answer.output_text, HELLO)
    equal((answer.object, answer.model, answer.status), ("response", "gpt-4o", "completed"))
    equal((answer.error, answer.incomplete_details, answer.instructions, answer.tools), (None, None, None, []))
    equal(answer.id.startswith("resp_"), True, f"prefix of {answer.id}")
    [item] = answer.output
    equal((item.type, item.role, item.status, item.id.startswith("msg_")), ("message", "assistant", "completed", True))


@case
def empty_text(test_id):
    equal(ask(chat(test_id), "say nothing").output_text, "")


@case
def instructions_select(test_id):
    client = chat(test_id)
    equal(ask(client, "who am I", instructions="Be brief. The user is Ada.").output_text, "You are Ada.")
    items = [{"role": "developer", "content": "The user is Ada."}, {"role": "user", "content": [{"type": "input_text", "text": "who am I"}]}]
    equal(ask(client, items).output_text, "You are Ada.")
    equal(ask(client, "who am I").output_text, "I do not know.")


@case
def requests_are_repeated(test_id):
    answer = ask(chat(test_id), "say hello", temperature=0.25, metadata={"run": "7"}, tools=WEATHER, reasoning={"effort": "low"}, store=False)
    equal((answer.temperature, answer.metadata, answer.reasoning.effort), (0.25, {"run": "7"}, "low"))
    equal([tool.name for tool in answer.tools], ["get_weather", "get_time"])


@case
def overrides(test_id):
    answer = ask(chat(test_id), "be somebody else")
    equal((answer.id, answer.created_at, answer.model), ("fixed-id-1", 1700000000, "another-model"))


@case.shows("stream")
def stream(test_id):
    events = [strict(event) for event in ask(chat(test_id), "say hello", stream=True)]
    names = [event.type.removeprefix("response.") for event in events]
    expected = ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta"]
    equal(names, [*expected, "output_text.done", "content_part.done", "output_item.done", "completed"])
    equal([event.sequence_number for event in events], list(range(len(events))))
    equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), HELLO)
    equal(events[0].response.status, "in_progress")
    equal((events[-1].response.status, events[-1].response.output_text), ("completed", HELLO))


@case
def stream_helper(test_id):
    with chat(test_id).responses.stream(model=MODEL, input="say hello") as events:
        snapshots = [event.snapshot for event in events if event.type == "response.output_text.delta"]
        final = events.get_final_response()
    equal((snapshots[-1], final.output_text), (HELLO, HELLO))


@case
def stream_keeps_letters_whole(test_id):
    expected = "a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 \"quoted\"\r\n\ttab 漢字 עברית end"
    slices = [event.delta for event in ask(chat(test_id), "mind the letters", stream=True) if event.type == "response.output_text.delta"]
    for text in slices:
        text.encode("utf-8")
    equal("".join(slices), expected)


@case.shows("tools")
def parallel_calls(test_id):
    answer = strict(ask(chat(test_id), "weather in Oslo and Rome", tools=WEATHER))
    equal((calls(answer), answer.output_text), (CALLS, ""))
    equal({item.id.startswith("fc_") for item in answer.output}, {True})


@case.shows("tools")
def parallel_calls_streamed(test_id):
    with chat(test_id).responses.stream(model=MODEL, input="weather in Oslo and Rome", tools=WEATHER) as events:
        deltas = {}
        for event in events:
            if event.type == "response.function_call_arguments.delta":
                deltas.setdefault(event.output_index, []).append(event.delta)
        final = events.get_final_response()
    equal(calls(final), CALLS)
    equal([json.loads("".join(deltas[index])) for index in sorted(deltas)], [call[2] for call in CALLS])
    equal(len(deltas[0]) > 3, True, "long arguments come in several parts")


@case
def blocks(test_id):
    answer = ask(chat(test_id), "do it and say it", tools=LOOKUP)
    equal([item.type for item in answer.output], ["function_call", "message"])
    equal((calls(answer), answer.output_text), ([("call_first", "lookup", {"query": "order"})], "Called before speaking."))


def loop(client, text, results):
    """An agent's loop: answers each call with the next result until text comes back."""
    items = [{"role": "user", "content": text}]
    seen = []
    for result in [*results, None]:
        answer = ask(client, items, tools=LOOKUP)
        if not calls(answer):
            return seen, answer.output_text
        seen += [call[0] for call in calls(answer)]
        items += answer.output
        items += [{"type": "function_call_output", "call_id": call[0], "output": result} for call in calls(answer)]
    raise AssertionError(f"the loop does not end: {seen}")


@case
def loops(test_id):
    equal(loop(chat(test_id), "loop by id", ["found it"]), (["call_by_id"], "Rust is a language."))
    equal(loop(chat(test_id), "loop by flag", ["it is red"]), (["call_by_flag"], "The flag is red."))
    equal(loop(chat(test_id), "loop in turns", ["1", "2"]), (["call_turn_0", "call_turn_1"], "Done after two calls."))


@case
def a_call_that_the_server_remembers(test_id):
    client = chat(test_id)
    first = ask(client, "loop by id", tools=LOOKUP)
    output = [{"type": "function_call_output", "call_id": calls(first)[0][0], "output": "found it"}]
    second = ask(client, output, tools=LOOKUP, previous_response_id=first.id)
    equal((second.output_text, second.previous_response_id), ("Rust is a language.", first.id))


@case
def custom_tool(test_id):
    tools = [{"type": "custom", "name": "run_code"}]
    [item] = strict(ask(chat(test_id), "run some code", tools=tools)).output
    equal((item.type, item.name, item.call_id, item.input), ("custom_tool_call", "run_code", "call_code", "print(1)"))
    deltas = [event.delta for event in ask(chat(test_id), "run some code", tools=tools, stream=True) if event.type == "response.custom_tool_call_input.delta"]
    equal("".join(deltas), "print(1)")


@case
def reasoning(test_id):
    answer = strict(ask(chat(test_id), "think about it", model="o4-mini", include=["reasoning.encrypted_content"]))
    thought, message = answer.output
    equal((thought.type, thought.id.startswith("rs_")), ("reasoning", True))
    equal(([part.text for part in thought.summary], thought.encrypted_content), (["First this, then that."], "c2lnbmF0dXJl"))
    equal(answer.output_text, "Therefore: 42.")
    # An agent that keeps nothing at the server sends all of it back.
    equal(ask(chat(test_id), [*answer.output, {"role": "user", "content": "say hello"}], model="o4-mini").output_text, HELLO)


@case
def reasoning_stream(test_id):
    events = [strict(event) for event in ask(chat(test_id), "think about it", model="o4-mini", stream=True)]
    thoughts = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    equal(thoughts, ["First", " this", ", the", "n tha", "t."])
    last_thought = max(event.sequence_number for event in events if event.type == "response.reasoning_summary_part.done")
    first_text = min(event.sequence_number for event in events if event.type == "response.output_text.delta")
    equal(last_thought < first_text, True, "reasoning comes before the text")


@case
def web_searches(test_id):
    answer = strict(ask(chat(test_id), "search the web", tools=[{"type": "web_search"}]))
    equal([item.action.query for item in answer.output if item.type == "web_search_call"], ["weather in Oslo", "Oslo today"])
    events = [strict(event).type for event in ask(chat(test_id), "search the web", stream=True)]
    equal([name.rsplit(".", 1)[1] for name in events if "web_search" in name], ["in_progress", "searching", "completed"] * 2)


@case
def unfinished(test_id):
    table = [("cut me short", "incomplete", "max_output_tokens"), ("say something improper", "incomplete", "content_filter")]
    for text, status, reason in table:
        answer = strict(ask(chat(test_id), text))
        equal((answer.status, answer.incomplete_details.reason, answer.output[-1].status), (status, reason, "incomplete"))
        last = list(ask(chat(test_id), text, stream=True))[-1]
        equal((last.type, last.response.incomplete_details.reason), ("response.incomplete", reason))
    answer = ask(chat(test_id), "give up")
    equal((answer.status, answer.error.code), ("failed", "server_error"))
    equal(list(ask(chat(test_id), "give up", stream=True))[-1].type, "response.failed")


@case.shows("usage")
def usage(test_id):
    for text, expected in [("estimate the usage", (5, 3, 8)), ("estimate a call", (4, 3, 7)), ("given usage, messages style", (21, 9, 30))]:
        found = ask(chat(test_id), text).usage
        equal((found.input_tokens, found.output_tokens, found.total_tokens), expected, text)
        last = list(ask(chat(test_id), text, stream=True))[-1].response.usage
        equal((last.input_tokens, last.output_tokens, last.total_tokens), expected, f"{text}, streamed")
    found = strict(ask(chat(test_id), "given details").usage)
    equal((found.input_tokens_details.cached_tokens, found.output_tokens_details.reasoning_tokens), (64, 30))


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


PARTY = Plan(title="Party", guests=["Ada", "Grace"], budget=12.5)


@case.shows("structured")
def structured_output(test_id):
    equal(chat(test_id).responses.parse(model=MODEL, input="plan the party", text_format=Plan).output_parsed, PARTY)
    with chat(test_id).responses.stream(model=MODEL, input="plan the party", text_format=Plan) as events:
        equal(events.get_final_response().output_parsed, PARTY)
    equal(ask(chat(test_id), "any json", text={"format": {"type": "json_object"}}).output_text, '{"ok":true}')


@case
async def async_text_and_stream(test_id):
    async with async_chat(test_id) as client:
        equal((await ask(client, "say hello")).output_text, HELLO)
        slices = [event.delta async for event in await ask(client, "say hello", stream=True) if event.type == "response.output_text.delta"]
        equal("".join(slices), HELLO)


@case
def asked_for_again(test_id):
    client = chat(test_id)
    answer = ask(client, "say hello", background=True)
    equal(client.responses.retrieve(answer.id).output_text, HELLO)
    equal(client.responses.cancel(answer.id).status, "completed")
    equal([event.sequence_number for event in client.responses.retrieve(answer.id, stream=True, starting_after=5)][0], 6)
    [item] = client.responses.input_items.list(answer.id).data
    equal((item.type, item.role, item.content[0].text), ("message", "user", "say hello"))
    equal(client.responses.delete(answer.id), None)
    error = raises(openai.NotFoundError, lambda: client.responses.retrieve(answer.id))
    equal(error.body["message"], f"Response with id '{answer.id}' not found.")


@case
def cut_and_picked_up(test_id):
    client = chat(test_id)
    seen = []
    raises(openai.APIConnectionError, lambda: seen.extend(read(client, "break off in the text", seen)))
    rest = client.responses.retrieve(seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number)
    deltas = [event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta"]
    # The server cuts what it streams again by its own measure; an unfinished slice is sent whole.
    equal(rest.response.status_code, 200)
    equal("".join(deltas).startswith("abcdefghijkl"), True, f"deltas {deltas}")


def read(client, text, seen):
    for event in ask(client, text, stream=True):
        seen.append(event)
    return []


@case
def input_tokens(test_id):
    equal(chat(test_id).responses.input_tokens.count(model=MODEL, input="estimate the usage").input_tokens, 5)


@case.shows("error")
def typed_errors(test_id):
    table = [
        ("fail with 400", openai.BadRequestError, "that is not allowed"),
        ("fail with 401", openai.AuthenticationError, "who are you"),
        ("fail with 403", openai.PermissionDeniedError, "not yours"),
        ("fail with 429", openai.RateLimitError, "slow down"),
        ("fail with 500", openai.InternalServerError, "broken inside"),
    ]
    for text, kind, message in table:
        for streams in (False, True):
            equal(raises(kind, lambda: ask(chat(test_id), text, stream=streams)).body["message"], message)


@case
def wrong_body(test_id):
    for wrong in (5, ["x"], [{"role": "user", "content": 5}]):
        error = raises(openai.BadRequestError, lambda: ask(chat(test_id), wrong))
        equal((error.type, error.code), ("invalid_request_error", "invalid_type"))


@case.shows("retry")
def retry_rules(test_id):
    equal(ask(chat(test_id, retries=2), "fail once").output_text, "second time lucky")
    equal(statuses(test_id), [429, 200])
    error = raises(openai.NotFoundError, lambda: ask(chat(test_id, retries=2), "please say helo"))
    equal(nearest(error.body), ("hello-text", "userMessage"), "nearest fixture and the key that failed")
    strictly = chat(test_id, retries=2, extra={"X-AIMock-Strict": "true"})
    raises(openai.InternalServerError, lambda: ask(strictly, "nobody knows this"))
    equal(statuses(test_id), [429, 200, 404, 503])


@case.shows("cut")
def broken_stream(test_id):
    seen = []
    raises(openai.APIConnectionError, lambda: read(chat(test_id), "break off in the text", seen))
    equal("".join(event.delta for event in seen if event.type == "response.output_text.delta"), "abcdefghijkl")


@case
def error_in_the_stream(test_id):
    seen = []
    error = raises(openai.APIError, lambda: read(chat(test_id), "fail midway", seen))
    equal((error.message, error.code, error.type, len(seen)), ("too busy", "busy", "overloaded_error", 7))
