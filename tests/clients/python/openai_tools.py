"""OpenAI chat completions: tool calls and the loops that agents make of them."""

import json

from clients import MODEL, ask, chat, user
from harness import by, equal

case = by("openai")


def tool(name):
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


LOOKUP = [tool("lookup")]
WEATHER = [tool("get_weather"), tool("get_time")]
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def calls(message):
    """Id, name and parsed arguments of each call."""
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]


def collect(chunks):
    """Puts streamed calls together as agents do: by index, arguments appended."""
    found = {}
    for chunk in chunks:
        for delta in chunk.choices[0].delta.tool_calls or []:
            entry = found.setdefault(delta.index, {"id": None, "name": None, "arguments": "", "parts": 0})
            entry["id"] = delta.id or entry["id"]
            entry["name"] = delta.function.name or entry["name"]
            entry["arguments"] += delta.function.arguments or ""
            entry["parts"] += 1
    return [found[index] for index in sorted(found)]


@case.shows("tools")
def parallel_calls(test_id):
    choice = ask(chat(test_id), "weather in Oslo and Rome", tools=WEATHER).choices[0]
    equal(calls(choice.message), CALLS)
    equal(choice.message.content, None, "content beside the calls")
    equal(choice.finish_reason, "tool_calls")
    equal({call.type for call in choice.message.tool_calls}, {"function"})


@case.shows("tools")
def parallel_calls_streamed(test_id):
    chunks = list(ask(chat(test_id), "weather in Oslo and Rome", tools=WEATHER, stream=True))
    found = collect(chunks)
    equal([(call["id"], call["name"], json.loads(call["arguments"])) for call in found], CALLS)
    equal(found[0]["parts"] > 3, True, "long arguments come in several parts")
    equal(chunks[-1].choices[0].finish_reason, "tool_calls")


@case
def parallel_calls_by_stream_helper(test_id):
    with chat(test_id).chat.completions.stream(model=MODEL, messages=user("weather in Oslo and Rome"), tools=WEATHER) as events:
        events.until_done()
        message = events.get_final_completion().choices[0].message
    equal(calls(message), CALLS)


@case
def text_and_call(test_id):
    message = ask(chat(test_id), "say it and do it", tools=LOOKUP).choices[0].message
    equal(message.content, "Looking that up.")
    equal(calls(message), [("call_both", "lookup", {"query": "rust"})])
    chunks = list(ask(chat(test_id), "say it and do it", tools=LOOKUP, stream=True))
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "Looking that up.")
    equal([call["id"] for call in collect(chunks)], ["call_both"])


@case
def blocks(test_id):
    message = ask(chat(test_id), "do it and say it", tools=LOOKUP).choices[0].message
    equal(message.content, "Called before speaking.")
    equal(calls(message), [("call_first", "lookup", {"query": "order"})])
    chunks = list(ask(chat(test_id), "do it and say it", tools=LOOKUP, stream=True))
    first_call = min(index for index, chunk in enumerate(chunks) if chunk.choices[0].delta.tool_calls)
    first_text = min(index for index, chunk in enumerate(chunks) if chunk.choices[0].delta.content)
    equal(first_call < first_text, True, "the order of `blocks` is kept in a stream")


@case
def made_up_ids_differ(test_id):
    ids = [ask(chat(test_id), "make up an id", tools=LOOKUP).choices[0].message.tool_calls[0].id for _ in range(2)]
    equal([text.startswith("call_") for text in ids], [True, True], f"prefixes of {ids}")
    equal(ids[0] != ids[1], True, "two answers have two ids")


def loop(client, text, results):
    """An agent's loop: answers each call with the next result until text comes back."""
    messages = user(text)
    seen = []
    for result in [*results, None]:
        message = ask(client, "", messages=messages, tools=LOOKUP).choices[0].message
        if not message.tool_calls:
            return seen, message.content
        seen += [call.id for call in message.tool_calls]
        messages.append(message.model_dump(exclude_none=True))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": result} for call in message.tool_calls]
    raise AssertionError(f"the loop does not end: {seen}")


@case
def loop_by_tool_call_id(test_id):
    equal(loop(chat(test_id), "loop by id", ["found it"]), (["call_by_id"], "Rust is a language."))


@case
def loop_by_tool_result(test_id):
    equal(loop(chat(test_id), "loop by flag", ["it is red"]), (["call_by_flag"], "The flag is red."))
    equal(loop(chat(test_id), "loop by flag", ["it is blue"]), (["call_by_flag"], "The flag has another colour."))


@case
def loop_by_turns(test_id):
    equal(loop(chat(test_id), "loop in turns", ["1", "2"]), (["call_turn_0", "call_turn_1"], "Done after two calls."))


@case
def a_new_question_forgets_the_old_tool_result(test_id):
    messages = [
        *user("loop by flag"),
        {"role": "assistant", "tool_calls": [{"id": "call_by_flag", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_by_flag", "content": "red"},
        {"role": "assistant", "content": "The flag is red."},
        *user("loop by flag again"),
    ]
    message = ask(chat(test_id), "", messages=messages, tools=LOOKUP).choices[0].message
    equal([call.id for call in message.tool_calls], ["call_by_flag"])


@case
def tools_on_offer_select(test_id):
    client = chat(test_id)
    equal(ask(client, "who offers", tools=WEATHER).choices[0].message.content, "get_time is on offer")
    equal(ask(client, "who offers", tools=LOOKUP).choices[0].message.content, "get_time is not on offer")
    equal(ask(client, "who offers").choices[0].message.content, "get_time is not on offer")
