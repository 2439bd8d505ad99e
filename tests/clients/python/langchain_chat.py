"""LangChain's OpenAI models, over chat completions and over responses."""

import pydantic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_openai.chat_models import base

from clients import MODEL, headers
from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses

case = by("langchain-openai")

HELLO = "Hello! How can I help you today?"


class Plan(pydantic.BaseModel):
    """A plan."""

    title: str
    guests: list[str]
    budget: float


@tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return city


@tool
def get_time() -> str:
    """The time."""
    return "now"


@tool
def lookup(query: str) -> str:
    """Looks something up."""
    return query


def models(test_id, retries=0, **more):
    """The model over each API."""
    settings = {"model": MODEL, "base_url": f"{URL}/v1", "api_key": KEY, "timeout": TIMEOUT, "max_retries": retries, **more}
    return [
        ChatOpenAI(**settings, use_responses_api=responses, default_headers=headers(f"{test_id}/{responses}"))
        for responses in (False, True)
    ]


@case.shows("text")
def text(test_id):
    for model in models(test_id):
        answer = model.invoke("say hello")
        equal((answer.text, answer.tool_calls), (HELLO, []))


@case.shows("stream")
def stream(test_id):
    for model in models(test_id, stream_usage=True):
        chunks = list(model.stream("say hello"))
        equal("".join(chunk.text for chunk in chunks), HELLO)
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        equal(whole.usage_metadata["output_tokens"], 8)


@case.shows("tools")
def parallel_calls(test_id):
    for model in models(test_id):
        bound = model.bind_tools([get_weather, get_time])
        expected = [("call_oslo", "get_weather"), ("call_rome", "get_weather"), ("call_time", "get_time")]
        answer = bound.invoke("weather in Oslo and Rome")
        equal([(call["id"], call["name"]) for call in answer.tool_calls], expected)
        equal([call["args"].get("city") for call in answer.tool_calls], ["Oslo", "Rome", None])
        whole = None
        for chunk in bound.stream("weather in Oslo and Rome"):
            whole = chunk if whole is None else whole + chunk
        equal([(call["id"], call["name"]) for call in whole.tool_calls], expected)


@case
def tool_loop(test_id):
    for model in models(test_id):
        bound = model.bind_tools([lookup])
        messages = [HumanMessage("loop in turns")]
        for number in range(2):
            answer = bound.invoke(messages)
            equal([call["id"] for call in answer.tool_calls], [f"call_turn_{number}"])
            messages += [answer, ToolMessage("done", tool_call_id=answer.tool_calls[0]["id"])]
        equal(bound.invoke(messages).text, "Done after two calls.")


@case.shows("structured")
def structured_output(test_id):
    for model in models(test_id):
        planned = model.with_structured_output(Plan, method="json_schema").invoke("plan the party")
        equal(planned, Plan(title="Party", guests=["Ada", "Grace"], budget=12.5))


@case.shows("usage")
def usage(test_id):
    for model in models(test_id):
        found = model.invoke("given details").usage_metadata
        equal((found["input_tokens"], found["output_tokens"], found["total_tokens"]), (100, 50, 150))
        equal((found["input_token_details"]["cache_read"], found["output_token_details"]["reasoning"]), (64, 30))


@case
def reasoning(test_id):
    _, model = models(test_id, reasoning={"effort": "low", "summary": "auto"}, output_version="v1")
    answer = model.invoke("think about it")
    equal([block.get("reasoning") for block in answer.content_blocks if block["type"] == "reasoning"], ["First this, then that."])
    equal(answer.text, "Therefore: 42.")


@case.shows("error", "retry")
def errors(test_id):
    for model in models(test_id):
        equal(raises(base.OpenAIRateLimitError, lambda: model.invoke("fail with 429")).body["message"], "slow down")
        equal(raises(base.OpenAIInvalidRequestError, lambda: model.invoke("fail with 400")).body["message"], "that is not allowed")
    for model, responses in zip(models(test_id, retries=2), (False, True)):
        equal(model.invoke("fail once").text, "second time lucky")
        equal(statuses(f"{test_id}/{responses}"), [429, 400, 429, 200])


@case.shows("cut")
def broken_stream(test_id):
    for model in models(test_id):
        raises(base.OpenAIConnectionError, lambda: list(model.stream("break off in the text")))


@case.shows("embeddings")
def embeddings(test_id):
    """Without counting tokens, for which the client would fetch a table from the network."""
    own = {"model": "text-embedding-3-small", "base_url": f"{URL}/v1", "api_key": KEY, "max_retries": 0, "check_embedding_ctx_length": False}
    client = OpenAIEmbeddings(**own, default_headers=headers(test_id))
    equal(client.embed_query("one vector"), [0.5, -0.25, 1.0, 0.125])
    equal(client.embed_documents(["a vector each", "and another"]), [[1.0, 0.0], [0.0, 1.0]])
