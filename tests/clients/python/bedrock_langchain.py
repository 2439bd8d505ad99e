"""LangChain over Bedrock: Converse and invoke, text, streams, tools, structured output, usage, errors."""

import botocore.exceptions
import langchain_aws
import pydantic
import urllib3

from bedrock import MODEL, runtime
from harness import by, equal, statuses

case = by("langchain-aws")

HELLO = "Hello! How can I help you today?"


def models(test_id, attempts=1):
    """The model class of each API."""
    more = {"client": runtime(test_id, attempts), "bedrock_client": object(), "provider": "anthropic", "region_name": "us-east-1", "disable_streaming": False}
    return [langchain_aws.ChatBedrockConverse(model=MODEL, **more), langchain_aws.ChatBedrock(model=MODEL, **more)]


def text_of(message):
    return message.content if isinstance(message.content, str) else "".join(block.get("text", "") for block in message.content)


@case.shows("text")
def text(test_id):
    for model in models(test_id):
        equal(text_of(model.invoke("please say hello")), HELLO)


@case.shows("stream")
def stream(test_id):
    for model in models(test_id):
        chunks = list(model.stream("trickle"))
        equal([text for text in map(text_of, chunks) if text], ["abcd", "efgh", "ijkl"])


def get_weather(city: str = "") -> str:
    """The weather in a city."""
    return city


def get_time() -> str:
    """The time."""
    return ""


@case.shows("tools")
def parallel_calls(test_id):
    for model in models(test_id):
        bound = model.bind_tools([get_weather, get_time])
        streamed = None
        for chunk in bound.stream("weather in Oslo and Rome"):
            streamed = chunk if streamed is None else streamed + chunk
        for message in [bound.invoke("weather in Oslo and Rome"), streamed]:
            found = [(call["id"], call["name"], call["args"].get("city")) for call in message.tool_calls]
            equal(found, [("call_oslo", "get_weather", "Oslo"), ("call_rome", "get_weather", "Rome"), ("call_time", "get_time", None)])


class Plan(pydantic.BaseModel):
    """A plan."""

    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    for model in models(test_id):
        equal(model.with_structured_output(Plan).invoke("call the plan"), Plan(title="Picnic", guests=["Linus"], budget=3))


@case.shows("usage")
def usage(test_id):
    for model in models(test_id):
        whole = model.invoke("given usage, chat style").usage_metadata
        chunks = [chunk.usage_metadata for chunk in model.stream("given usage, chat style") if chunk.usage_metadata]
        total = lambda key: sum(usage[key] for usage in chunks)
        for counts in [(whole["input_tokens"], whole["output_tokens"]), (total("input_tokens"), total("output_tokens"))]:
            equal(counts, (11, 7), type(model).__name__)


@case.shows("embeddings")
def embeddings(test_id):
    model = langchain_aws.BedrockEmbeddings(client=runtime(test_id), model_id="amazon.titan-embed-text-v2:0", region_name="us-east-1")
    equal(model.embed_query("one vector"), [0.5, -0.25, 1, 0.125])


@case.shows("error")
def errors(test_id):
    for model in models(test_id):
        try:
            answer = model.invoke("fail with 429")
        except botocore.exceptions.ClientError as error:
            equal(error.response["Error"], {"Code": "ThrottlingException", "Message": "slow down"})
        else:
            raise AssertionError(f"returned {answer!r}")


@case.shows("retry")
def retry_rule(test_id):
    """As often as the AWS client below it was told."""
    for api in (0, 1):
        own = f"{test_id}/{api}"
        equal(text_of(models(own, attempts=3)[api].invoke("fail once")), "second time lucky")
        equal(statuses(own), [429, 200])


@case.shows("cut")
def broken_stream(test_id):
    for model in models(test_id):
        pieces = []
        try:
            for chunk in model.stream("break off"):
                pieces.append(text_of(chunk))
        except urllib3.exceptions.ProtocolError:
            pass
        else:
            raise AssertionError(f"the stream ended properly: {pieces}")
        equal("".join(pieces)[:8], "abcdefgh", type(model).__name__)
