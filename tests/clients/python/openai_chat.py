"""OpenAI chat completions: text, streams, reasoning, usage, structured output."""

import pydantic

from clients import ask, async_chat, chat, user
from harness import by, equal

case = by("openai")


@case.shows("text")
def text(test_id):
    answer = ask(chat(test_id), "please say hello")
    equal(answer.choices[0].message.content, "Hello! How can I help you today?")
    equal(answer.choices[0].message.role, "assistant")
    equal(answer.choices[0].message.tool_calls, None, "tool calls")
    equal(answer.choices[0].message.refusal, None, "refusal")
    equal(answer.choices[0].finish_reason, "stop")
    equal(answer.object, "chat.completion")
    equal(answer.model, "gpt-4o")
    equal(answer.id.startswith("chatcmpl-"), True, f"prefix of {answer.id}")


@case
def empty_text(test_id):
    answer = ask(chat(test_id), "say nothing")
    equal(answer.choices[0].message.content, "")
    equal(answer.choices[0].finish_reason, "stop")


@case
def system_text_selects(test_id):
    client = chat(test_id)
    known = [{"role": "system", "content": "Be brief. The user is Ada."}, *user("who am I")]
    equal(ask(client, "", messages=known).choices[0].message.content, "You are Ada.")
    equal(ask(client, "who am I").choices[0].message.content, "I do not know.")


@case
def content_parts_are_read(test_id):
    parts = [{"role": "user", "content": [{"type": "text", "text": "say "}, {"type": "text", "text": "hello"}]}]
    equal(ask(chat(test_id), "", messages=parts).choices[0].message.content, "Hello! How can I help you today?")


@case
def dated_model_names(test_id):
    client = chat(test_id)
    for model, expected in [("gpt-4o", "gpt-4o family"), ("gpt-4o-2024-08-06", "gpt-4o family"), ("gpt-4o-mini", "some other model")]:
        answer = ask(client, "which model", model=model)
        equal(answer.choices[0].message.content, expected, model)
        equal(answer.model, model)


@case
def finish_reason_length(test_id):
    equal(ask(chat(test_id), "cut me short").choices[0].finish_reason, "length")
    chunks = list(ask(chat(test_id), "cut me short", stream=True))
    equal([chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason], ["length"])


@case
def overrides(test_id):
    answer = ask(chat(test_id), "be somebody else")
    equal((answer.id, answer.created, answer.model), ("fixed-id-1", 1700000000, "another-model"))
    for chunk in ask(chat(test_id), "be somebody else", stream=True):
        equal((chunk.id, chunk.created, chunk.model), ("fixed-id-1", 1700000000, "another-model"))


@case.shows("stream")
def stream(test_id):
    chunks = list(ask(chat(test_id), "say hello", stream=True))
    deltas = [chunk.choices[0].delta for chunk in chunks]
    equal(deltas[0].role, "assistant", "the first chunk's role")
    equal("".join(delta.content or "" for delta in deltas), "Hello! How can I help you today?")
    equal([chunk.choices[0].finish_reason for chunk in chunks], [None] * (len(chunks) - 1) + ["stop"])
    equal({chunk.object for chunk in chunks}, {"chat.completion.chunk"})
    equal(len({chunk.id for chunk in chunks}), 1, "ids of one stream")
    equal({chunk.usage for chunk in chunks}, {None}, "usage that nobody asked for")


@case
def stream_in_slices(test_id):
    chunks = ask(chat(test_id), "trickle", stream=True)
    slices = [chunk.choices[0].delta.content for chunk in chunks]
    equal([text for text in slices if text], ["abcd", "efgh", "ijkl"])


@case
def stream_keeps_letters_whole(test_id):
    expected = "a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 \"quoted\"\r\n\ttab 漢字 עברית end"
    slices = [chunk.choices[0].delta.content or "" for chunk in ask(chat(test_id), "mind the letters", stream=True)]
    for text in slices:
        text.encode("utf-8")
    equal("".join(slices), expected)
    for cluster in ["😀", "👨‍👩‍👧‍👦", "e\u0301", "🇳🇴"]:
        equal(any(cluster in text for text in slices), True, f"{cluster!r} in one slice")
    equal(ask(chat(test_id), "mind the letters").choices[0].message.content, expected)


@case
def stream_helper(test_id):
    with chat(test_id).chat.completions.stream(model="gpt-4o", messages=user("say hello")) as events:
        texts = [event.delta for event in events if event.type == "content.delta"]
        final = events.get_final_completion()
    equal("".join(texts), "Hello! How can I help you today?")
    equal(final.choices[0].message.content, "Hello! How can I help you today?")
    equal(final.choices[0].finish_reason, "stop")


@case
def reasoning(test_id):
    message = ask(chat(test_id), "think about it", model="o4-mini").choices[0].message
    equal(message.content, "Therefore: 42.")
    equal(message.model_extra.get("reasoning_content"), "First this, then that.", "reasoning_content")


@case
def reasoning_stream(test_id):
    deltas = [chunk.choices[0].delta for chunk in ask(chat(test_id), "think about it", model="o4-mini", stream=True)]
    equal(deltas[0].role, "assistant", "the first chunk's role")
    thoughts = [(delta.model_extra or {}).get("reasoning_content") for delta in deltas]
    equal([thought for thought in thoughts if thought], ["First", " this", ", the", "n tha", "t."])
    equal("".join(delta.content or "" for delta in deltas), "Therefore: 42.")
    last_thought = max(index for index, thought in enumerate(thoughts) if thought)
    first_text = min(index for index, delta in enumerate(deltas) if delta.content)
    equal(last_thought < first_text, True, "reasoning comes before the text")


@case
def usage_estimated(test_id):
    usage = ask(chat(test_id), "estimate the usage").usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (5, 3, 8))
    usage = ask(chat(test_id), "estimate a call").usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (4, 3, 7))


@case.shows("usage")
def usage_given(test_id):
    usage = ask(chat(test_id), "given usage, chat style").usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (11, 7, 18))
    usage = ask(chat(test_id), "given usage, messages style").usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (21, 9, 30))
    usage = ask(chat(test_id), "given details").usage
    equal((usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens), (64, 30))


@case.shows("usage")
def usage_in_streams(test_id):
    for text, expected in [("estimate the usage", (5, 3, 8)), ("given usage, chat style", (11, 7, 18))]:
        chunks = list(ask(chat(test_id), text, stream=True, stream_options={"include_usage": True}))
        equal([chunk.usage for chunk in chunks[:-1]], [None] * (len(chunks) - 1), "usage before the last chunk")
        equal(chunks[-1].choices, [], "choices of the last chunk")
        usage = chunks[-1].usage
        equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), expected)


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    answer = chat(test_id).chat.completions.parse(model="gpt-4o", messages=user("plan the party"), response_format=Plan)
    equal(answer.choices[0].message.parsed, Plan(title="Party", guests=["Ada", "Grace"], budget=12.5))


@case
def json_object(test_id):
    answer = ask(chat(test_id), "any json", response_format={"type": "json_object"})
    equal(answer.choices[0].message.content, '{"ok":true}')


@case
async def async_text_and_stream(test_id):
    async with async_chat(test_id) as client:
        answer = await ask(client, "say hello")
        equal(answer.choices[0].message.content, "Hello! How can I help you today?")
        slices = [chunk.choices[0].delta.content or "" async for chunk in await ask(client, "say hello", stream=True)]
        equal("".join(slices), "Hello! How can I help you today?")
