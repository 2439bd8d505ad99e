"""Ollama's client: chat, completions, tools, thinking, structured output, embeddings, its models, its errors."""

import json

import httpx
import ollama

from harness import TIMEOUT, URL, by, equal, raises, statuses

case = by("ollama")

HELLO = "Hello! How can I help you today?"
MODEL = "llama3.2"


def client(test_id, **headers):
    return ollama.Client(host=URL, timeout=TIMEOUT, headers={"X-Test-Id": test_id, **headers})


def ask(test_id, text, **options):
    return client(test_id).chat(model=MODEL, messages=[{"role": "user", "content": text}], **options)


def tools(*names):
    return [{"type": "function", "function": {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}}} for name in names]


def calls(parts):
    return [(call.function.name, dict(call.function.arguments)) for part in parts for call in part.message.tool_calls or []]


CALLS = [("get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}), ("get_weather", {"city": "Rome"}), ("get_time", {})]


@case.shows("text")
def text(test_id):
    answer = ask(test_id, "please say hello")
    equal((answer.message.role, answer.message.content, answer.done, answer.done_reason), ("assistant", HELLO, True, "stop"))
    equal((answer.model, answer.created_at is not None), (MODEL, True))


@case.shows("stream")
def text_streamed(test_id):
    parts = list(ask(test_id, "trickle", stream=True))
    equal([part.message.content for part in parts], ["abcd", "efgh", "ijkl", ""])
    equal([part.done for part in parts], [False, False, False, True])


@case
def completions(test_id):
    equal(client(test_id).generate(model=MODEL, prompt="please say hello").response, HELLO)
    parts = list(client(test_id).generate(model=MODEL, prompt="trickle", stream=True))
    equal(([part.response for part in parts], parts[-1].done_reason), (["abcd", "efgh", "ijkl", ""], "stop"))
    equal(client(test_id).generate(model=MODEL, prompt="who am I", system="The user is Ada.").response, "You are Ada.")


@case
def loading(test_id):
    equal(client(test_id).generate(model=MODEL).done_reason, "load")
    equal(client(test_id).generate(model=MODEL, keep_alive=0).done_reason, "unload")


@case.shows("tools")
def parallel_calls(test_id):
    offered = tools("get_weather", "get_time")
    equal(calls([ask(test_id, "weather in Oslo and Rome", tools=offered)]), CALLS)
    equal(calls(ask(test_id, "weather in Oslo and Rome", tools=offered, stream=True)), CALLS)


@case
def tool_loop(test_id):
    messages = [{"role": "user", "content": "loop by flag"}]
    message = client(test_id).chat(model=MODEL, messages=messages, tools=tools("lookup")).message
    equal(message.tool_calls[0].function.name, "lookup")
    messages += [message, {"role": "tool", "tool_name": "lookup", "content": "red"}]
    equal(client(test_id).chat(model=MODEL, messages=messages, tools=tools("lookup")).message.content, "The flag is red.")


@case
def thinking(test_id):
    message = ask(test_id, "think about it", think=True).message
    equal((message.thinking, message.content), ("First this, then that.", "Therefore: 42."))
    parts = list(ask(test_id, "think about it", think=True, stream=True))
    equal("".join(part.message.thinking or "" for part in parts), "First this, then that.")
    equal("".join(part.message.content or "" for part in parts), "Therefore: 42.")


@case.shows("structured")
def structured_output(test_id):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    party = json.loads(ask(test_id, "plan the party", format=schema).message.content)
    equal(party, {"title": "Party", "guests": ["Ada", "Grace"], "budget": 12.5})
    equal(json.loads(ask(test_id, "any json", format="json").message.content), {"ok": True})


@case.shows("usage")
def usage(test_id):
    for text, expected in [("estimate the usage", (5, 3)), ("given usage, messages style", (21, 9)), ("given usage, chat style", (11, 7))]:
        for answer in [ask(test_id, text), list(ask(test_id, text, stream=True))[-1]]:
            equal((answer.prompt_eval_count, answer.eval_count), expected, text)
            times = [answer.total_duration, answer.load_duration, answer.prompt_eval_duration, answer.eval_duration]
            equal((min(times) > 0, times[0]), (True, sum(times[1:])), "durations")


@case
def stop_reasons(test_id):
    equal(ask(test_id, "cut me short").done_reason, "length")
    equal(list(ask(test_id, "cut me short", stream=True))[-1].done_reason, "length")


@case.shows("embeddings")
def embeddings(test_id):
    own = client(test_id)
    equal([list(vector) for vector in own.embed(model="all-minilm", input="one vector").embeddings], [[0.5, -0.25, 1, 0.125]])
    answer = own.embed(model="all-minilm", input=["a vector each", "and another"])
    equal([list(vector) for vector in answer.embeddings], [[1, 0], [0, 1]])
    equal(answer.prompt_eval_count > 0, True)
    equal(list(own.embeddings(model="all-minilm", prompt="one vector").embedding), [0.5, -0.25, 1, 0.125])
    made_up = [own.embed(model="all-minilm", input="nobody knows this", dimensions=64).embeddings[0] for _ in range(2)]
    equal((len(made_up[0]), made_up[0] == made_up[1]), (64, True))


@case
def models(test_id):
    own = client(test_id)
    names = [model.model for model in own.list().models]
    equal("gpt-4o" in names, True, "models that fixtures name")
    equal("completion" in own.show(names[0]).capabilities, True)
    equal(raises(ollama.ResponseError, lambda: own.show("no-such-model")).status_code, 404)


@case.shows("error", "retry")
def typed_errors(test_id):
    table = [("fail with 400", 400, "that is not allowed"), ("fail with 429", 429, "slow down"), ("fail with 500", 500, "broken inside")]
    for text, status, message in table:
        error = raises(ollama.ResponseError, lambda: ask(test_id, text))
        equal((error.status_code, error.error), (status, message))
        error = raises(ollama.ResponseError, lambda: list(ask(test_id, text, stream=True)))
        equal((error.status_code, error.error), (status, message))
    equal(statuses(test_id), [status for _, status, _ in table for _ in range(2)], "this client does not retry")


@case
def misses(test_id):
    error = raises(ollama.ResponseError, lambda: ask(test_id, "nobody knows this"))
    equal((error.status_code, error.error.startswith("No fixture matched")), (404, True))
    wrong = raises(ollama.ResponseError, lambda: client(test_id).embed(model=MODEL, input="x", dimensions=-1))
    equal((wrong.status_code, wrong.error), (400, "dimensions must be an integer between 1 and 100000"))


@case.shows("cut")
def cut_streams(test_id):
    raises(httpx.RemoteProtocolError, lambda: list(ask(test_id, "break off", stream=True)))


@case
def error_in_the_stream(test_id):
    pieces = []

    def read():
        for part in ask(test_id, "fail on the way", stream=True):
            pieces.append(part.message.content)

    error = raises(ollama.ResponseError, read)
    equal((error.error, pieces), ("out of breath", ["abcd", "efgh"]))


def async_client(test_id):
    return ollama.AsyncClient(host=URL, timeout=TIMEOUT, headers={"X-Test-Id": test_id})


@case
async def asked_asynchronously(test_id):
    own = async_client(test_id)
    request = {"model": MODEL, "messages": [{"role": "user", "content": "trickle"}]}
    equal((await own.chat(**request)).message.content, "abcdefghijkl")
    equal([part.message.content async for part in await own.chat(**request, stream=True)], ["abcd", "efgh", "ijkl", ""])
    equal((await own.generate(model=MODEL, prompt="please say hello")).response, HELLO)
    equal([list(vector) for vector in (await own.embed(model="all-minilm", input="one vector")).embeddings], [[0.5, -0.25, 1, 0.125]])


@case
async def trouble_asynchronously(test_id):
    own = async_client(test_id)
    for text, kind, message in [
        ("fail with 429", ollama.ResponseError, "slow down (status code: 429)"),
        ("fail on the way", ollama.ResponseError, "out of breath (status code: -1)"),
        ("break off", httpx.RemoteProtocolError, "peer closed connection without sending complete message body (incomplete chunked read)"),
    ]:
        try:
            parts = [part async for part in await own.chat(model=MODEL, messages=[{"role": "user", "content": text}], stream=True)]
        except (ollama.ResponseError, httpx.HTTPError) as error:
            equal((type(error), str(error)), (kind, message))
        else:
            raise AssertionError(f"{text}: the stream ended properly: {parts}")
