"""Anthropic's clients beside plain Messages: Vertex AI, token counts, the beta paths."""

import anthropic
import httpx2
import pydantic

from clients import CLAUDE, claude, tell, user
from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses

case = by("anthropic-vertex")

LOOKUP = [{"name": "lookup", "input_schema": {"type": "object", "properties": {}}}]


def vertex(test_id, retries=0, extra=None):
    return anthropic.AnthropicVertex(
        base_url=f"{URL}/v1",
        region="us-east5",
        project_id="test-project",
        access_token=KEY,
        max_retries=retries,
        timeout=TIMEOUT,
        default_headers={"X-Test-Id": test_id, **(extra or {})},
    )


@case.shows("text")
def text(test_id):
    message = tell(vertex(test_id), "please say hello", model="claude-sonnet-4-5@20250929")
    equal((message.content[0].text, message.stop_reason), ("Hello! How can I help you today?", "end_turn"))
    equal(message.model, "claude-sonnet-4-5@20250929")


@case.shows("stream")
def streamed(test_id):
    with vertex(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("trickle")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    equal((pieces, final.stop_reason), (["abcd", "efgh", "ijkl"], "end_turn"))


@case.shows("tools")
def parallel_calls(test_id):
    message = tell(vertex(test_id), "weather in Oslo and Rome", tools=LOOKUP)
    equal([block.id for block in message.content], ["call_oslo", "call_rome", "call_time"])
    with vertex(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("weather in Oslo and Rome"), tools=LOOKUP) as stream:
        equal([block.input for block in stream.get_final_message().content][1:], [{"city": "Rome"}, {}])


@case
def thinking(test_id):
    content = tell(vertex(test_id), "think about it").content
    equal([(block.type) for block in content], ["thinking", "text"])


@case.shows("usage")
def usage(test_id):
    for text, expected in [("estimate the usage", (5, 3)), ("given usage, messages style", (21, 9))]:
        used = tell(vertex(test_id), text).usage
        equal((used.input_tokens, used.output_tokens), expected, text)


@case
def count_tokens(test_id):
    for client in [claude(test_id), vertex(test_id)]:
        equal(client.messages.count_tokens(model=CLAUDE, messages=user("twelve chars")).input_tokens, 3)
        equal(client.beta.messages.count_tokens(model=CLAUDE, messages=user("twelve chars")).input_tokens, 3)


@case
def beta_paths(test_id):
    for client in [claude(test_id), vertex(test_id)]:
        message = client.beta.messages.create(model=CLAUDE, max_tokens=64, messages=user("say hello"), betas=["context-1m-2025-08-07"])
        equal(message.content[0].text, "Hello! How can I help you today?")
        with client.beta.messages.stream(model=CLAUDE, max_tokens=64, messages=user("trickle")) as stream:
            equal(list(stream.text_stream), ["abcd", "efgh", "ijkl"])


@case.shows("error", "retry")
def trouble(test_id):
    for code, kind in [(400, anthropic.BadRequestError), (429, anthropic.RateLimitError), (500, anthropic.InternalServerError)]:
        error = raises(kind, lambda: tell(vertex(test_id), f"fail with {code}"))
        equal((error.status_code, error.body["type"]), (code, "error"))
    equal(tell(vertex(f"{test_id}/again", retries=2), "fail once").content[0].text, "second time lucky")
    equal(statuses(f"{test_id}/again"), [429, 200])
    raises(anthropic.NotFoundError, lambda: tell(vertex(test_id), "please say helo"))


@case.shows("cut")
def broken_stream(test_id):
    pieces = []

    def read():
        for event in tell(vertex(test_id), "break off", stream=True):
            if event.type == "content_block_delta":
                pieces.append(event.delta.text)

    raises(httpx2.RemoteProtocolError, read)
    equal("".join(pieces), "abcdefgh", "text before the cut")


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    message = vertex(test_id).messages.parse(model=CLAUDE, max_tokens=64, messages=user("plan the picnic"), output_format=Plan)
    equal(message.parsed_output, Plan(title="Picnic", guests=["Linus"], budget=3))
