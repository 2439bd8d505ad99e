"""Anthropic messages: tool use and the loops that agents make of it."""

import anthropic

from clients import CLAUDE, claude, tell, user
from harness import by, equal

case = by("anthropic")


def tool(name):
    return {"name": name, "input_schema": {"type": "object", "properties": {}}}


LOOKUP = [tool("lookup")]
WEATHER = [tool("get_weather"), tool("get_time")]
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def calls(content):
    return [(block.id, block.name, block.input) for block in content if block.type == "tool_use"]


@case.shows("tools")
def parallel_calls(test_id):
    message = tell(claude(test_id), "weather in Oslo and Rome", tools=WEATHER)
    equal(calls(message.content), CALLS)
    equal(([block.type for block in message.content], message.stop_reason), (["tool_use"] * 3, "tool_use"))


@case.shows("tools")
def parallel_calls_streamed(test_id):
    with claude(test_id).messages.stream(
        model=CLAUDE, max_tokens=64, messages=user("weather in Oslo and Rome"), tools=WEATHER
    ) as stream:
        events = list(stream)
        message = stream.get_final_message()
    equal(calls(message.content), CALLS)
    equal(message.stop_reason, "tool_use")
    starts = [event.index for event in events if event.type == "content_block_start"]
    equal(starts, [0, 1, 2], "block indexes")
    first = [event for event in events if event.type == "input_json" and event.partial_json]
    equal(len(first) > 3, True, "long arguments come in several parts")


@case
def text_and_call(test_id):
    content = tell(claude(test_id), "say it and do it", tools=LOOKUP).content
    equal([block.type for block in content], ["text", "tool_use"])
    equal((content[0].text, calls(content)), ("Looking that up.", [("call_both", "lookup", {"query": "rust"})]))


@case
def blocks_keep_their_order(test_id):
    with claude(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("do it and say it"), tools=LOOKUP) as stream:
        streamed = stream.get_final_message().content
    for content in [tell(claude(test_id), "do it and say it", tools=LOOKUP).content, streamed]:
        equal([block.type for block in content], ["tool_use", "text"])
        equal((content[0].input, content[1].text), ({"query": "order"}, "Called before speaking."))


@case
def made_up_ids_differ(test_id):
    ids = [tell(claude(test_id), "make up an id", tools=LOOKUP).content[0].id for _ in range(2)]
    equal([text.startswith("toolu_") for text in ids], [True, True], f"prefixes of {ids}")
    equal(ids[0] != ids[1], True, "two answers have two ids")


def loop(client, text, results):
    """An agent's loop: answers each call with the next result until text comes back."""
    messages = user(text)
    seen = []
    for result in [*results, None]:
        content = tell(client, "", messages=messages, tools=LOOKUP).content
        found = [block.id for block in content if block.type == "tool_use"]
        if not found:
            return seen, content[0].text
        seen += found
        messages.append({"role": "assistant", "content": content})
        messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": result} for id in found]})
    raise AssertionError(f"the loop does not end: {seen}")


@case
def loop_by_tool_call_id(test_id):
    equal(loop(claude(test_id), "loop by id", ["found it"]), (["call_by_id"], "Rust is a language."))


@case
def loop_by_turns(test_id):
    equal(loop(claude(test_id), "loop in turns", ["1", "2"]), (["call_turn_0", "call_turn_1"], "Done after two calls."))


@case
def loop_by_tool_result(test_id):
    red = [{"type": "text", "text": "it is red"}]
    for result, final in [("it is red", "The flag is red."), (red, "The flag is red."), ("blue", "The flag has another colour.")]:
        equal(loop(claude(test_id), "loop by flag", [result]), (["call_by_flag"], final))


def run_tools(test_id, **more):
    """The client's own loop: it calls the function and sends the result until text comes back."""
    asked = []

    @anthropic.beta_tool
    def lookup(query: str) -> str:
        """Looks something up."""
        asked.append(query)
        return "it is red"

    client = claude(test_id)
    runner = client.beta.messages.tool_runner(model=CLAUDE, max_tokens=64, tools=[lookup], messages=user("loop by flag"), **more)
    equal(runner.until_done().content[0].text, "The flag is red.")
    equal(asked, ["flag"])


@case
def tool_runner(test_id):
    """By default the runner asks the server to keep the history (`thread`) and sends it itself where that is refused."""
    run_tools(test_id)


@case
def tool_runner_without_threads(test_id):
    run_tools(test_id, thread=False)


@case
def tools_on_offer_select(test_id):
    equal(tell(claude(test_id), "who offers", tools=WEATHER).content[0].text, "get_time is on offer")
    equal(tell(claude(test_id), "who offers", tools=LOOKUP).content[0].text, "get_time is not on offer")
