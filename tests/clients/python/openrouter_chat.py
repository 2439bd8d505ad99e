"""OpenAI's client pointed at OpenRouter: failover, cost, reasoning, structured output, errors, models."""

import json

import openai
import pydantic

from clients import headers, user
from harness import KEY, TIMEOUT, URL, by, equal, journal, nearest, raises, statuses

case = by("openai")

HELLO = "Hello! How can I help you today?"
MODEL = "openai/gpt-4o"
CALLS = [("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}), ("call_rome", "get_weather", {"city": "Rome"}), ("call_time", "get_time", {})]


def client(test_id, retries=0):
    return openai.OpenAI(base_url=f"{URL}/api/v1", api_key=KEY, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id))


def ask(test_id, text, retries=0, **more):
    return client(test_id, retries).chat.completions.create(**{"model": MODEL, "messages": user(text), **more})


def tools(*names):
    return [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in names]


@case.shows("text")
def text(test_id):
    answer = ask(test_id, "please say hello")
    equal((answer.choices[0].message.content, answer.choices[0].finish_reason), (HELLO, "stop"))
    equal(answer.id.startswith("gen-"), True, f"prefix of {answer.id}")
    equal((answer.model, answer.model_extra["provider"]), (MODEL, "openai"))
    equal(answer.choices[0].model_extra["native_finish_reason"], "stop")


@case.shows("stream")
def stream(test_id):
    chunks = list(ask(test_id, "trickle", stream=True))
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    equal([text for text in texts if text], ["abcd", "efgh", "ijkl"])
    equal({chunk.model_extra["provider"] for chunk in chunks}, {"openai"})
    equal([chunk.choices[0].model_extra["native_finish_reason"] for chunk in chunks if chunk.choices][-1], "stop")
    equal((chunks[-1].choices, chunks[-1].usage.completion_tokens), ([], 3), "the usage that nobody had to ask for")


@case
def waiting(test_id):
    chunks = list(ask(test_id, "take your time", stream=True))
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), "There it is.")


@case.shows("tools")
def parallel_calls(test_id):
    offered = tools("get_weather", "get_time")
    message = ask(test_id, "weather in Oslo and Rome", tools=offered).choices[0].message
    equal([(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls], CALLS)
    with client(test_id).chat.completions.stream(model=MODEL, messages=user("weather in Oslo and Rome"), tools=offered) as events:
        for _ in events:
            pass
        choice = events.get_final_completion().choices[0]
    equal([(call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls], CALLS)
    equal(choice.finish_reason, "tool_calls")


@case
def failover(test_id):
    answer = ask(test_id, "route me", model="first/down", extra_body={"models": ["nobody/here", "second/up", "last/word"]})
    equal((answer.choices[0].message.content, answer.model, answer.model_extra["provider"]), ("The second answers.", "second/up", "second"))
    attempts = journal(test_id)[0]["response"]["attempts"]
    equal([(attempt["model"], attempt.get("error")) for attempt in attempts], [("first/down", 503), ("nobody/here", None), ("second/up", None)])
    chunks = list(ask(test_id, "route me", model="first/down", extra_body={"models": ["second/up"]}, stream=True))
    equal({chunk.model for chunk in chunks}, {"second/up"})


@case
def failover_ends(test_id):
    body = {"models": ["last/word", "second/up"]}
    error = raises(openai.APIStatusError, lambda: ask(test_id, "route me", model="first/down", extra_body=body))
    equal((error.status_code, error.body["message"], error.body["metadata"]), (402, "this is the end", {"provider_name": "Last"}))
    body = {"models": ["second/up"], "provider": {"allow_fallbacks": False}}
    error = raises(openai.InternalServerError, lambda: ask(test_id, "route me", model="first/down", extra_body=body))
    equal((error.status_code, error.body["code"], error.body["message"]), (503, 503, "the first is down"))


@case.shows("usage")
def cost(test_id):
    for answer in [ask(test_id, "what does it cost"), list(ask(test_id, "what does it cost", stream=True))[-1]]:
        usage = answer.usage
        equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (20, 10, 30))
        equal((usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens), (16, 4))
        extra = usage.model_extra
        parts = {"upstream_inference_cost": 0.25, "upstream_inference_prompt_cost": 0, "upstream_inference_completions_cost": 0}
        equal((extra["cost"], extra["is_byok"], extra["cost_details"]), (0.25, False, parts))
        equal(answer.model_extra["provider"], "Amazon Bedrock")
    equal(ask(test_id, "what does it cost").choices[0].model_extra["native_finish_reason"], "end_turn")
    usage = ask(test_id, "estimate the usage").usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (5, 3, 8))
    equal("cost" in usage.model_extra, False, "a cost that nobody gave")


@case
def reasoning(test_id):
    message = ask(test_id, "think about it", model="anthropic/claude-sonnet-4").choices[0].message
    details = [{"type": "reasoning.text", "text": "First this, then that.", "format": "anthropic-claude-v1", "index": 0, "signature": "c2lnbmF0dXJl"}]
    equal((message.content, message.model_extra["reasoning"], message.model_extra["reasoning_details"]), ("Therefore: 42.", "First this, then that.", details))
    chunks = ask(test_id, "think about it", model="anthropic/claude-sonnet-4", stream=True)
    deltas = [chunk.choices[0].delta.model_extra or {} for chunk in chunks if chunk.choices]
    equal("".join(delta.get("reasoning") or "" for delta in deltas), "First this, then that.")
    told = [detail for delta in deltas for detail in delta.get("reasoning_details", [])]
    equal("".join(detail.get("text", "") for detail in told), "First this, then that.")
    equal([detail["signature"] for detail in told if "signature" in detail], ["c2lnbmF0dXJl"])
    for asked in [{"exclude": True}, {"effort": "none"}, {"enabled": False}]:
        extra = ask(test_id, "think about it", extra_body={"reasoning": asked}).choices[0].message.model_extra
        equal((extra["reasoning"], "reasoning_details" in extra), (None, False), str(asked))


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    answer = client(test_id).chat.completions.parse(model=MODEL, messages=user("plan the party"), response_format=Plan)
    equal(answer.choices[0].message.parsed, Plan(title="Party", guests=["Ada", "Grace"], budget=12.5))


@case.shows("error")
def typed_errors(test_id):
    table = [("fail with 400", openai.BadRequestError), ("fail with 401", openai.AuthenticationError), ("fail with 429", openai.RateLimitError)]
    for text, kind in table:
        error = raises(kind, lambda: ask(test_id, text))
        equal((error.body["code"], error.status_code), (error.status_code, int(text[-3:])))
    equal(raises(openai.RateLimitError, lambda: ask(test_id, "fail with 429")).response.headers["retry-after"], "7")
    missed = raises(openai.NotFoundError, lambda: ask(test_id, "nobody knows this"))
    equal((missed.body["code"], nearest(missed.body)[1]), (404, "userMessage"))


@case.shows("retry")
def retries(test_id):
    equal(ask(test_id, "fail once", retries=2).choices[0].message.content, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case.shows("cut")
def broken_streams(test_id):
    raises(openai.APIConnectionError, lambda: list(ask(test_id, "break off", stream=True)))
    error = raises(openai.APIError, lambda: list(ask(test_id, "leave on the way", stream=True)))
    equal((error.message, error.body["code"]), ("the provider left", 500))


@case.shows("embeddings")
def embeddings(test_id):
    answer = client(test_id).embeddings.create(model="openai/text-embedding-3-small", input="one vector")
    equal((answer.data[0].embedding, answer.model), ([0.5, -0.25, 1, 0.125], "openai/text-embedding-3-small"))
    equal(answer.model_extra["id"].startswith("gen-emb-"), True)
    error = raises(openai.BadRequestError, lambda: client(test_id).embeddings.create(model=MODEL, input="embedding refused"))
    equal(error.body["code"], 400)


@case
def models(test_id):
    names = [model.id for model in client(test_id).models.list()]
    equal("second/up" in names, True, f"models in {names}")
