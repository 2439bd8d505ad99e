"""Anthropic's client for Bedrock: the messages API over invoke."""

import anthropic
import pydantic

from bedrock import MODEL, claude
from clients import user
from harness import by, equal, raises, statuses

case = by("anthropic-bedrock")

HELLO = "Hello! How can I help you today?"


def tell(client, text, **more):
    return client.messages.create(**{"model": MODEL, "max_tokens": 64, "messages": user(text), **more})


@case.shows("text")
def text(test_id):
    message = tell(claude(test_id), "please say hello")
    equal(([block.text for block in message.content], message.stop_reason), ([HELLO], "end_turn"))


@case.shows("stream")
def stream(test_id):
    with claude(test_id).messages.stream(model=MODEL, max_tokens=64, messages=user("say hello")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    equal(("".join(pieces), final.content[0].text, final.stop_reason), (HELLO, HELLO, "end_turn"))


@case.shows("tools")
def parallel_calls_streamed(test_id):
    tools = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in ("get_weather", "get_time")]
    request = {"model": MODEL, "max_tokens": 64, "messages": user("weather in Oslo and Rome"), "tools": tools}
    with claude(test_id).messages.stream(**request) as stream:
        message = stream.get_final_message()
    equal([(block.id, block.name) for block in message.content], [("call_oslo", "get_weather"), ("call_rome", "get_weather"), ("call_time", "get_time")])
    equal(message.stop_reason, "tool_use")


@case.shows("usage")
def thinking_and_usage(test_id):
    content = tell(claude(test_id), "think about it").content
    equal([block.type for block in content], ["thinking", "text"])
    for text, expected in [("estimate the usage", (5, 3)), ("given usage, messages style", (21, 9))]:
        usage = tell(claude(test_id), text).usage
        equal((usage.input_tokens, usage.output_tokens), expected, text)


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    message = claude(test_id).messages.parse(model=MODEL, max_tokens=64, messages=user("plan the picnic"), output_format=Plan)
    equal(message.parsed_output, Plan(title="Picnic", guests=["Linus"], budget=3))


@case.shows("error")
def typed_errors(test_id):
    table = [
        ("fail with 400", anthropic.BadRequestError, 400, "that is not allowed"),
        ("fail with 403", anthropic.PermissionDeniedError, 403, "not yours"),
        ("fail with 429", anthropic.RateLimitError, 429, "slow down"),
        ("fail with 500", anthropic.InternalServerError, 500, "broken inside"),
    ]
    for text, kind, status, message in table:
        error = raises(kind, lambda: tell(claude(test_id), text))
        equal((error.status_code, error.body["message"]), (status, message))


@case.shows("retry")
def retry_then_success(test_id):
    equal(tell(claude(test_id, retries=2), "fail once").content[0].text, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case.shows("cut")
def broken_stream(test_id):
    pieces = []
    try:
        for event in tell(claude(test_id), "break off", stream=True):
            if event.type == "content_block_delta":
                pieces.append(event.delta.text)
    except Exception as error:
        equal(type(error).__name__, "RemoteProtocolError")
    else:
        raise AssertionError("the stream ended properly")
    equal("".join(pieces), "abcdefgh", "text before the cut")
