"""Mistral's client: chat, fill-in-the-middle, tools, thinking, structured output, embeddings, models, its errors."""

import json

import httpx2
import pydantic
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError
from mistralai.client.utils import BackoffStrategy, RetryConfig

from harness import KEY, TIMEOUT, URL, by, equal, journal, nearest, raises, statuses

case = by("mistralai")

HELLO = "Hello! How can I help you today?"
MODEL = "mistral-small-latest"
CALLS = [("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}), ("call_rome", "get_weather", {"city": "Rome"}), ("call_time", "get_time", {})]


def client(test_id, prefix="", **more):
    own = httpx2.Client(headers={"X-Test-Id": test_id}, follow_redirects=True)
    return Mistral(api_key=KEY, server_url=URL + prefix, client=own, timeout_ms=int(TIMEOUT * 1000), **more)


def user(text):
    return [{"role": "user", "content": text}]


def ask(test_id, text, **more):
    return client(test_id).chat.complete(**{"model": MODEL, "messages": user(text), **more})


def stream(test_id, text, **more):
    with client(test_id).chat.stream(**{"model": MODEL, "messages": user(text), **more}) as events:
        return [event.data for event in events]


def tools(*names):
    return [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in names]


def calls(found):
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in found]


@case.shows("text")
def text(test_id):
    for prefix in ["", "/mistral"]:
        answer = client(test_id, prefix).chat.complete(model=MODEL, messages=user("please say hello"))
        equal((answer.choices[0].message.content, answer.choices[0].finish_reason), (HELLO, "stop"), prefix)
        equal((answer.object, answer.model, answer.id.startswith("cmpl-")), ("chat.completion", MODEL, True))
    equal([entry["path"] for entry in journal(test_id)], ["/v1/chat/completions", "/mistral/v1/chat/completions"])


@case.shows("stream")
def text_streamed(test_id):
    chunks = stream(test_id, "trickle")
    equal([chunk.choices[0].delta.content for chunk in chunks], ["", "abcd", "efgh", "ijkl", ""])
    equal((chunks[0].choices[0].delta.role, chunks[-1].choices[0].finish_reason), ("assistant", "stop"))
    equal([chunk.usage is None for chunk in chunks], [True] * 4 + [False])


@case
async def asynchronously(test_id):
    own = httpx2.AsyncClient(headers={"X-Test-Id": test_id})
    async with Mistral(api_key=KEY, server_url=URL, async_client=own) as mistral:
        answer = await mistral.chat.complete_async(model=MODEL, messages=user("please say hello"))
        equal(answer.choices[0].message.content, HELLO)
        texts = [event.data.choices[0].delta.content async for event in await mistral.chat.stream_async(model=MODEL, messages=user("trickle"))]
        equal("".join(texts), "abcdefghijkl")


@case.shows("tools")
def parallel_calls(test_id):
    offered = tools("get_weather", "get_time")
    choice = ask(test_id, "weather in Oslo and Rome", tools=offered).choices[0]
    equal((calls(choice.message.tool_calls), choice.message.content, choice.finish_reason), (CALLS, "", "tool_calls"))
    chunks = stream(test_id, "weather in Oslo and Rome", tools=offered)
    equal(calls(call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []), CALLS)
    made_up = ask(test_id, "make up an id", tools=tools("lookup")).choices[0].message.tool_calls[0].id
    equal((len(made_up), made_up.isalnum()), (9, True), made_up)


@case
def tool_loop(test_id):
    messages = user("loop by flag")
    message = ask(test_id, "", messages=messages, tools=tools("lookup")).choices[0].message
    call = message.tool_calls[0]
    messages += [message, {"role": "tool", "name": call.function.name, "tool_call_id": call.id, "content": "it is red"}]
    equal(ask(test_id, "", messages=messages, tools=tools("lookup")).choices[0].message.content, "The flag is red.")


@case
def thinking(test_id):
    thought, said = ask(test_id, "think about it", model="magistral-medium-latest").choices[0].message.content
    equal((thought.type, thought.thinking[0].text, said.type, said.text), ("thinking", "First this, then that.", "text", "Therefore: 42."))
    pieces = [chunk.choices[0].delta.content for chunk in stream(test_id, "think about it", model="magistral-medium-latest")]
    equal("".join(entry.thinking[0].text for piece in pieces if isinstance(piece, list) for entry in piece), "First this, then that.")
    equal("".join(piece for piece in pieces if isinstance(piece, str)), "Therefore: 42.")


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    answer = client(test_id).chat.parse(model=MODEL, messages=user("plan the party"), response_format=Plan)
    equal(answer.choices[0].message.parsed, Plan(title="Party", guests=["Ada", "Grace"], budget=12.5))
    answer = ask(test_id, "any json", response_format={"type": "json_object"})
    equal(json.loads(answer.choices[0].message.content), {"ok": True})


@case.shows("usage")
def usage(test_id):
    for text, expected in [("estimate the usage", (5, 3, 8)), ("given usage, chat style", (11, 7, 18)), ("given usage, messages style", (21, 9, 30))]:
        for counted in [ask(test_id, text).usage, stream(test_id, text)[-1].usage]:
            equal((counted.prompt_tokens, counted.completion_tokens, counted.total_tokens), expected, text)


@case
def stop_reasons(test_id):
    equal(ask(test_id, "cut me short").choices[0].finish_reason, "length")
    equal(stream(test_id, "cut me short")[-1].choices[0].finish_reason, "length")


@case
def fill_in_the_middle(test_id):
    for prefix in ["", "/mistral"]:
        answer = client(test_id, prefix).fim.complete(model="codestral-latest", prompt="please say hello", suffix="and goodbye")
        equal(answer.choices[0].message.content, HELLO)
        with client(test_id, prefix).fim.stream(model="codestral-latest", prompt="trickle") as events:
            equal("".join(event.data.choices[0].delta.content for event in events), "abcdefghijkl")


@case.shows("embeddings")
def embeddings(test_id):
    own = client(test_id)
    answer = own.embeddings.create(model="mistral-embed", inputs="one vector")
    equal((answer.data[0].embedding, answer.object, answer.id.startswith("embd-")), ([0.5, -0.25, 1, 0.125], "list", True))
    answer = own.embeddings.create(model="mistral-embed", inputs=["a vector each", "and another"])
    equal(([item.embedding for item in answer.data], answer.usage.prompt_tokens > 0), ([[1, 0], [0, 1]], True))
    made_up = [own.embeddings.create(model="mistral-embed", inputs="nobody knows this", output_dimension=64).data[0].embedding for _ in range(2)]
    equal((len(made_up[0]), made_up[0] == made_up[1]), (64, True))
    equal(len(own.embeddings.create(model="mistral-embed", inputs="nobody knows this").data[0].embedding), 1024)


@case
def models(test_id):
    own = client(test_id)
    cards = {card.id: card for card in own.models.list().data}
    equal(("gpt-4o" in cards, cards["gpt-4o"].capabilities.completion_chat), (True, True), "models that fixtures name")
    equal(own.models.retrieve(model_id="gpt-4o").type, "base")
    equal(raises(SDKError, lambda: own.models.retrieve(model_id="no-such-model")).status_code, 404)


@case.shows("error")
def typed_errors(test_id):
    table = [("fail with 400", 400, "that is not allowed", "bad_value"), ("fail with 429", 429, "slow down", "rate_limit_exceeded"), ("fail with 500", 500, "broken inside", None)]
    for text, status, message, code in table:
        for run in [ask, stream]:
            error = raises(SDKError, lambda: run(test_id, text))
            body = json.loads(error.body)
            equal((error.status_code, body["object"], body["message"], body["code"]), (status, "error", message, code))
    equal(raises(SDKError, lambda: ask(test_id, "fail with 429")).headers["retry-after"], "7")


@case
def validation_errors(test_id):
    own = client(test_id)
    error = raises(HTTPValidationError, lambda: own.embeddings.create(model="mistral-embed", inputs="x", output_dimension=-1))
    equal((error.status_code, error.data.detail[0].type), (422, "value_error"))
    equal(statuses(test_id), [422])


@case
def misses(test_id):
    error = raises(SDKError, lambda: ask(test_id, "nobody knows this"))
    body = json.loads(error.body)
    equal((error.status_code, body["code"], nearest(body)[1]), (404, "no_fixture_match", "userMessage"))


@case.shows("retry")
def retries(test_id):
    patient = RetryConfig("backoff", BackoffStrategy(10, 50, 1.5, 5000), True)
    answer = client(test_id, retry_config=patient).chat.complete(model=MODEL, messages=user("fail once"))
    equal(answer.choices[0].message.content, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case.shows("cut")
def broken_streams(test_id):
    raises(httpx2.RemoteProtocolError, lambda: stream(test_id, "break off"))
    chunks = stream(test_id, "leave on the way")
    equal(("".join(chunk.choices[0].delta.content for chunk in chunks), chunks[-1].choices[0].finish_reason), ("abcdefgh", "error"))
