"""LangChain's Anthropic models: text, streams, tools and their loop, thinking, structured output, usage, trouble."""

import httpx2
import pydantic
from langchain_anthropic import ChatAnthropic, chat_models
from langchain_core.messages import HumanMessage, ToolMessage

from clients import CLAUDE, headers
from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses
from langchain_chat import get_time, get_weather, lookup

case = by("langchain-anthropic")

HELLO = "Hello! How can I help you today?"
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def model(test_id, retries=0, **more):
    own = {"model": CLAUDE, "base_url": URL, "api_key": KEY, "timeout": TIMEOUT, "max_tokens": 64, **more}
    return ChatAnthropic(**own, max_retries=retries, default_headers=headers(test_id))


def whole(chunks):
    """The chunks of a stream as one message."""
    first, *rest = chunks
    for chunk in rest:
        first += chunk
    return first


def calls(message):
    return [(call["id"], call["name"], call["args"]) for call in message.tool_calls]


@case.shows("text")
def text(test_id):
    answer = model(test_id).invoke("please say hello")
    equal((answer.text, answer.tool_calls, answer.response_metadata["stop_reason"]), (HELLO, [], "end_turn"))
    equal(model(test_id).invoke([("system", "The user is Ada."), ("human", "who am I")]).text, "You are Ada.")


@case.shows("stream")
def stream(test_id):
    chunks = list(model(test_id).stream("trickle"))
    equal([chunk.text for chunk in chunks if chunk.text], ["abcd", "efgh", "ijkl"])
    equal(whole(chunks).response_metadata["stop_reason"], "end_turn")


@case
async def stream_async(test_id):
    pieces = [chunk.text async for chunk in model(test_id).astream("trickle") if chunk.text]
    equal(pieces, ["abcd", "efgh", "ijkl"])


@case.shows("tools")
def parallel_calls(test_id):
    bound = model(test_id).bind_tools([get_weather, get_time])
    equal(calls(bound.invoke("weather in Oslo and Rome")), CALLS)
    equal(calls(whole(bound.stream("weather in Oslo and Rome"))), CALLS)


@case
def tool_loop(test_id):
    bound = model(test_id).bind_tools([lookup])
    messages = [HumanMessage("loop in turns")]
    for number in range(2):
        answer = bound.invoke(messages)
        equal([call["id"] for call in answer.tool_calls], [f"call_turn_{number}"])
        messages += [answer, ToolMessage("done", tool_call_id=answer.tool_calls[0]["id"])]
    equal(bound.invoke(messages).text, "Done after two calls.")


@case
def thinking(test_id):
    for answer in [model(test_id).invoke("think about it"), whole(model(test_id).stream("think about it"))]:
        [thought] = [block for block in answer.content_blocks if block["type"] == "reasoning"]
        equal((thought["reasoning"], thought["extras"], answer.text), ("First this, then that.", {"signature": "c2lnbmF0dXJl"}, "Therefore: 42."))


class Plan(pydantic.BaseModel):
    """A plan."""

    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    picnic = Plan(title="Picnic", guests=["Linus"], budget=3)
    equal(model(test_id).with_structured_output(Plan, method="json_schema").invoke("plan the picnic"), picnic)
    equal(model(test_id).with_structured_output(Plan).invoke("call the plan"), picnic)


@case.shows("usage")
def usage(test_id):
    for text, expected in [("estimate the usage", (5, 3, 8)), ("given usage, messages style", (21, 9, 30))]:
        for answer in [model(test_id).invoke(text), whole(model(test_id).stream(text))]:
            used = answer.usage_metadata
            equal((used["input_tokens"], used["output_tokens"], used["total_tokens"]), expected, text)


@case.shows("error")
def typed_errors(test_id):
    table = [
        ("fail with 400", chat_models.AnthropicInvalidRequestError, "that is not allowed"),
        ("fail with 401", chat_models.AnthropicAuthenticationError, "who are you"),
        ("fail with 403", chat_models.AnthropicPermissionDeniedError, "not yours"),
        ("fail with 429", chat_models.AnthropicRateLimitError, "slow down"),
        ("fail with 529", chat_models.AnthropicOverloadedError, "too busy"),
        ("please say helo", chat_models.AnthropicModelNotFoundError, "No fixture matched"),
    ]
    for text, kind, message in table:
        for run in [model(test_id).invoke, lambda text: list(model(test_id).stream(text))]:
            equal(raises(kind, lambda: run(text)).body["error"]["message"], message)


@case.shows("retry")
def retry_rule(test_id):
    equal(model(test_id, retries=2).invoke("fail once").text, "second time lucky")
    equal(statuses(test_id), [429, 200])
    raises(chat_models.AnthropicRateLimitError, lambda: model(test_id, retries=1).invoke("keep failing"))
    equal(statuses(test_id), [429, 200, 429, 429])


@case.shows("cut")
def broken_stream(test_id):
    pieces = []

    def read():
        for chunk in model(test_id).stream("break off"):
            pieces.append(chunk.text)

    raises(httpx2.RemoteProtocolError, read)
    equal("".join(pieces), "abcdefgh", "text before the cut")
