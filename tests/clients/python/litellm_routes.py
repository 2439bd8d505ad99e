"""litellm over the routes of several vendors: text, streams, tools, structured output, usage, retries, trouble."""

import json
import os

# Else it asks the network for prices as it is imported, and for headers as it is used.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"

import litellm
import pydantic

from clients import chat
from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses
from openai_media import AUDIO, BYTES

case = by("litellm")
litellm.suppress_debug_info = True

HELLO = "Hello! How can I help you today?"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
AWS = {"aws_access_key_id": "not-a-real-key", "aws_secret_access_key": "not-a-real-secret", "aws_region_name": "us-east-1"}
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

# A line a route: its model and where it is asked.
ROUTES = {
    "openai": {"model": "openai/gpt-4o", "api_base": f"{URL}/v1", "api_key": KEY},
    "anthropic": {"model": "anthropic/claude-sonnet-4-5", "api_base": URL, "api_key": KEY},
    "gemini": {"model": "gemini/gemini-2.5-flash", "api_base": f"{URL}/v1beta", "api_key": KEY},
    "ollama": {"model": "ollama_chat/llama3.2", "api_base": URL},
    "bedrock": {"model": f"bedrock/converse/{CLAUDE}", "aws_bedrock_runtime_endpoint": URL, **AWS},
}

CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]
TOOLS = [
    {"type": "function", "function": {"name": name, "description": "A tool.", "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]


def settings(test_id, route, more=None):
    """Everything but what is said; each route has a test id of its own."""
    headers = {"X-Test-Id": f"{test_id}/{route}"}
    return {"timeout": TIMEOUT, "num_retries": 0, "extra_headers": headers, **ROUTES[route], **(more or {})}


def ask(test_id, route, text, **more):
    return litellm.completion(messages=[{"role": "user", "content": text}], **settings(test_id, route, more))


def said(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def calls(messages):
    found = [call for message in messages for call in message.tool_calls or []]
    return [(call.id, call.function.name, call.function.arguments) for call in found]


@case.shows("text")
def text(test_id):
    for route in ROUTES:
        choice = ask(test_id, route, "please say hello").choices[0]
        equal((choice.message.content, choice.message.role, choice.finish_reason), (HELLO, "assistant", "stop"), route)


@case.shows("stream")
def stream(test_id):
    for route in ROUTES:
        chunks = list(ask(test_id, route, "trickle", stream=True))
        pieces = [chunk.choices[0].delta.content for chunk in chunks]
        equal(([piece for piece in pieces if piece], chunks[-1].choices[0].finish_reason), (["abcd", "efgh", "ijkl"], "stop"), route)


@case.shows("tools")
def parallel_calls(test_id):
    for route in ROUTES:
        choice = ask(test_id, route, "weather in Oslo and Rome", tools=TOOLS).choices[0]
        found = [(id, name, json.loads(arguments)) for id, name, arguments in calls([choice.message])]
        equal((found, choice.finish_reason), (CALLS, "tool_calls"), route)


@case.shows("tools")
def parallel_calls_streamed(test_id):
    for route in ROUTES:
        deltas = [chunk.choices[0].delta for chunk in ask(test_id, route, "weather in Oslo and Rome", tools=TOOLS, stream=True)]
        found = []
        for id, name, arguments in calls(deltas):
            found += [[id, name, ""]] if name else []
            found[-1][2] += arguments or ""
        parsed = [(id, name, json.loads(arguments)) for id, name, arguments in found]
        # It reads Ollama's lines without their ids, except for the last one.
        part = slice(1 if route == "ollama" else 0, None)
        equal([call[part] for call in parsed], [call[part] for call in CALLS], route)


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    for route in ROUTES:
        answer = ask(test_id, route, "plan the picnic", response_format=Plan).choices[0].message.content
        equal(Plan.model_validate_json(answer), Plan(title="Picnic", guests=["Linus"], budget=3), route)


@case.shows("usage")
def usage(test_id):
    for route in ROUTES:
        whole = ask(test_id, route, "given usage, chat style").usage
        chunks = ask(test_id, route, "given usage, chat style", stream=True, stream_options={"include_usage": True})
        [streamed] = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
        for used in (whole, streamed):
            equal((used.prompt_tokens, used.completion_tokens, used.total_tokens), (11, 7, 18), route)


@case.shows("error")
def typed_errors(test_id):
    table = [
        ("fail with 400", litellm.BadRequestError, "that is not allowed"),
        ("fail with 401", litellm.AuthenticationError, "who are you"),
        ("fail with 429", litellm.RateLimitError, "slow down"),
        ("fail with 500", litellm.InternalServerError, "broken inside"),
    ]
    for route in ROUTES:
        for asked, kind, message in table:
            # What Bedrock calls an internal error, this client calls a service that is not available.
            kind = litellm.ServiceUnavailableError if (route, asked) == ("bedrock", "fail with 500") else kind
            error = raises(kind, lambda: ask(test_id, route, asked))
            equal(message in str(error), True, f"{route}: {error}")


@case.shows("retry")
def retry_rule(test_id):
    """As often as it was told; of its own accord only where OpenAI's client is below it."""
    for route in ROUTES:
        equal(ask(test_id, route, "fail once", num_retries=2).choices[0].message.content, "second time lucky", route)
        equal(statuses(f"{test_id}/{route}"), [429, 200], route)
        raises(litellm.RateLimitError, lambda: ask(test_id, route, "keep failing"))
        equal(statuses(f"{test_id}/{route}"), [429, 200, 429], route)


@case.shows("cut")
def broken_stream(test_id):
    for route in ROUTES:
        chunks = []
        raises(litellm.exceptions.MidStreamFallbackError, lambda: chunks.extend(read(ask(test_id, route, "break off", stream=True), chunks)))
        equal((ALPHABET.startswith(said(chunks)), len(said(chunks)) >= 8), (True, True), f"{route}: {said(chunks)}")


def read(stream, chunks):
    for chunk in stream:
        chunks.append(chunk)
    return []


@case.shows("embeddings")
def embeddings(test_id):
    own = settings(test_id, "openai", {"model": "openai/text-embedding-3-small"})
    answer = litellm.embedding(input=["one vector"], **own)
    equal([item["embedding"] for item in answer.data], [[0.5, -0.25, 1, 0.125]])


@case.shows("images")
def images(test_id):
    answer = litellm.image_generation(prompt="two cats", **settings(test_id, "openai", {"model": "openai/dall-e-3"}))
    equal(answer.data[0].url, "https://images.example/1.png")


@case.shows("audio")
def speech_and_transcription(test_id):
    own = {"client": chat(test_id), "timeout": TIMEOUT}
    equal(litellm.speech(model="openai/tts-1", input="say it", voice="alloy", **own).content, BYTES)
    equal(litellm.transcription(model="openai/whisper-1", file=AUDIO, **own).text, "Good morning everyone.")
