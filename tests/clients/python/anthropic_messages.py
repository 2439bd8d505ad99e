"""Anthropic messages: text, streams, thinking, usage, structured output."""

import pydantic

from clients import CLAUDE, async_claude, claude, tell, user
from harness import by, equal

case = by("anthropic")

LETTERS = "a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 \"quoted\"\r\n\ttab 漢字 עברית end"


@case.shows("text")
def text(test_id):
    message = tell(claude(test_id), "please say hello")
    equal([(block.type, block.text) for block in message.content], [("text", "Hello! How can I help you today?")])
    equal((message.type, message.role, message.model), ("message", "assistant", CLAUDE))
    equal((message.stop_reason, message.stop_sequence), ("end_turn", None))
    equal(message.id.startswith("msg_"), True, f"prefix of {message.id}")


@case
def system_text_selects(test_id):
    client = claude(test_id)
    equal(tell(client, "who am I", system="The user is Ada.").content[0].text, "You are Ada.")
    blocks = [{"type": "text", "text": "Be brief. "}, {"type": "text", "text": "The user is Ada."}]
    equal(tell(client, "who am I", system=blocks).content[0].text, "You are Ada.")
    equal(tell(client, "who am I").content[0].text, "I do not know.")


@case
def dated_model_names(test_id):
    client = claude(test_id)
    for model, expected in [("claude-opus-4-20250514", "claude-opus-4 family"), ("claude-haiku", "some other model")]:
        message = tell(client, "which model", model=model)
        equal((message.content[0].text, message.model), (expected, model))


@case
def stop_reason_max_tokens(test_id):
    equal(tell(claude(test_id), "cut me short").stop_reason, "max_tokens")


@case
def overrides(test_id):
    message = tell(claude(test_id), "be somebody else")
    equal((message.id, message.model, message.content[0].text), ("fixed-id-1", "another-model", "As you wish."))


@case.shows("stream")
def stream_events(test_id):
    events = list(tell(claude(test_id), "trickle", stream=True))
    events = [event for event in events if event.type != "ping"]
    equal(
        [event.type for event in events],
        ["message_start", "content_block_start", *["content_block_delta"] * 3, "content_block_stop", "message_delta", "message_stop"],
    )
    equal((events[0].message.role, events[0].message.content, events[0].message.stop_reason), ("assistant", [], None))
    equal([event.delta.text for event in events[2:5]], ["abcd", "efgh", "ijkl"])
    equal((events[-2].delta.stop_reason, events[-2].delta.stop_sequence), ("end_turn", None))


@case.shows("stream")
def stream_helper(test_id):
    with claude(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("say hello")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    equal("".join(pieces), "Hello! How can I help you today?")
    equal((final.content[0].text, final.stop_reason), ("Hello! How can I help you today?", "end_turn"))


@case
def stream_keeps_letters_whole(test_id):
    with claude(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("mind the letters")) as stream:
        pieces = list(stream.text_stream)
    for piece in pieces:
        piece.encode("utf-8")
    equal("".join(pieces), LETTERS)
    for cluster in ["😀", "👨‍👩‍👧‍👦", "e\u0301", "🇳🇴"]:
        equal(any(cluster in piece for piece in pieces), True, f"{cluster!r} in one slice")


@case
def thinking(test_id):
    content = tell(claude(test_id), "think about it").content
    equal([block.type for block in content], ["thinking", "text"])
    equal((content[0].thinking, content[0].signature), ("First this, then that.", "c2lnbmF0dXJl"))
    equal(content[1].text, "Therefore: 42.")


@case
def thinking_stream(test_id):
    events = list(tell(claude(test_id), "think about it", stream=True))
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    equal([delta.type for delta in deltas], [*["thinking_delta"] * 5, "signature_delta", *["text_delta"] * 3])
    equal([delta.thinking for delta in deltas[:5]], ["First", " this", ", the", "n tha", "t."])
    equal(deltas[5].signature, "c2lnbmF0dXJl")
    equal("".join(delta.text for delta in deltas[6:]), "Therefore: 42.")


@case
def redacted_thinking(test_id):
    with claude(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user("think and act")) as stream:
        streamed = stream.get_final_message().content
    for content in [tell(claude(test_id), "think and act").content, streamed]:
        equal([block.type for block in content], ["redacted_thinking", "thinking", "tool_use"])
        equal((content[0].data, content[1].signature, content[2].input), ("b3BhcXVl", "dG9vbA==", {"query": "thought"}))


@case
def usage_estimated(test_id):
    for text, expected in [("estimate the usage", (5, 3)), ("estimate a call", (4, 3))]:
        usage = tell(claude(test_id), text).usage
        equal((usage.input_tokens, usage.output_tokens), expected, text)


@case.shows("usage")
def usage_given(test_id):
    for text, expected in [("given usage, messages style", (21, 9)), ("given usage, chat style", (11, 7))]:
        usage = tell(claude(test_id), text).usage
        equal((usage.input_tokens, usage.output_tokens), expected, text)


@case.shows("usage")
def usage_in_streams(test_id):
    for text, expected in [("estimate the usage", (5, 3)), ("given usage, messages style", (21, 9))]:
        with claude(test_id).messages.stream(model=CLAUDE, max_tokens=64, messages=user(text)) as stream:
            usage = stream.get_final_message().usage
        equal((usage.input_tokens, usage.output_tokens), expected, text)


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    message = claude(test_id).messages.parse(model=CLAUDE, max_tokens=64, messages=user("plan the picnic"), output_format=Plan)
    equal(message.parsed_output, Plan(title="Picnic", guests=["Linus"], budget=3))


@case
async def async_text_and_stream(test_id):
    async with async_claude(test_id) as client:
        equal((await tell(client, "say hello")).content[0].text, "Hello! How can I help you today?")
        async with client.messages.stream(model=CLAUDE, max_tokens=64, messages=user("say hello")) as stream:
            pieces = [piece async for piece in stream.text_stream]
        equal("".join(pieces), "Hello! How can I help you today?")
