"""OpenAI over WebSocket: realtime conversations, transcription and translation, and responses."""

import base64
import json

import openai
from websockets.exceptions import ConnectionClosedError

from clients import MODEL, async_chat, headers
from harness import by, equal, statuses
from openai_responses import CALLS, HELLO, WEATHER

case = by("openai")

REALTIME = "gpt-realtime"
AUDIO = base64.b64encode(b"\x00\x01" * 8).decode()


def connect(test_id, **more):
    more = more or {"model": REALTIME}
    return async_chat(test_id).realtime.connect(extra_headers=headers(test_id), **more)


async def say(connection, text):
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await connection.conversation.item.create(item=item)
    return await respond(connection)


async def respond(connection):
    """Every event of a response."""
    await connection.response.create()
    events = []
    async for event in connection:
        type(event).model_validate(event.model_dump(), strict=False)
        events.append(event)
        if event.type == "response.done":
            return events


def joined(events, kind):
    return "".join(event.delta for event in events if event.type == kind)


@case.shows("stream")
async def text(test_id):
    async with connect(test_id) as connection:
        created = await connection.recv()
        equal((created.type, created.session.model), ("session.created", REALTIME))
        await connection.session.update(session={"type": "realtime", "instructions": "The user is Ada.", "output_modalities": ["text"]})
        equal((await connection.recv()).session.instructions, "The user is Ada.")
        events = await say(connection, "please say hello")
        equal(joined(events, "response.output_text.delta"), HELLO)
        done = events[-1].response
        equal((done.status, done.output[0].content[0].text), ("completed", HELLO))
        equal(done.usage.total_tokens, done.usage.input_tokens + done.usage.output_tokens)
        equal(done.usage.output_tokens > 0, True)
        equal(joined(await say(connection, "who am I"), "response.output_text.delta"), "You are Ada.")
    equal(statuses(test_id), [200, 200])


@case.shows("tools")
async def parallel_calls(test_id):
    tools = [{key: value for key, value in tool.items() if key != "strict"} for tool in WEATHER]
    async with connect(test_id) as connection:
        await connection.recv()
        await connection.session.update(session={"type": "realtime", "tools": tools})
        await connection.recv()
        events = await say(connection, "weather in Oslo and Rome")
        calls = [item for item in events[-1].response.output if item.type == "function_call"]
        equal([(call.call_id, call.name, json.loads(call.arguments)) for call in calls], CALLS)
        done = [event for event in events if event.type == "response.function_call_arguments.done"]
        equal([event.name for event in done], ["get_weather", "get_weather", "get_time"])
        second = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta" and event.call_id == "call_rome")
        equal(json.loads(second), {"city": "Rome"})


@case.shows("audio")
async def audio(test_id):
    async with connect(test_id) as connection:
        await connection.recv()
        events = await say(connection, "speak to me over the socket")
        equal(base64.b64decode(joined(events, "response.output_audio.delta")), b"RIFF\0\0\0\0")
        equal(events[-1].response.output[0].content[0].transcript, "Listen.")


@case.shows("error")
async def errors(test_id):
    async with connect(test_id) as connection:
        await connection.recv()
        events = await say(connection, "fail with 429")
        error = events[-1].response.status_details.error
        equal((events[-1].response.status, error.type), ("failed", "rate_limit_error"))
        events = await say(connection, "nobody answers this")
        missed = [event for event in events if event.type == "error"]
        equal((missed[0].error.code, events[-1].response.status), ("no_fixture_match", "failed"))
        equal(joined(await say(connection, "please say hello"), "response.output_text.delta"), HELLO)


@case
async def cancelled(test_id):
    async with connect(test_id) as connection:
        await connection.recv()
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "ask slowly over the socket"}]}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        async for event in connection:
            if event.type == "response.output_text.delta":
                await connection.response.cancel()
                break
        async for event in connection:
            if event.type == "response.done":
                equal((event.response.status, event.response.status_details.reason), ("cancelled", "client_cancelled"))
                break


@case.shows("cut")
async def cut(test_id):
    async with connect(test_id) as connection:
        await connection.recv()
        try:
            await say(connection, "break off")
        except ConnectionClosedError as error:
            equal(error.rcvd, None, "a close")
            return
        raise AssertionError("the connection was not cut")


@case
async def transcription(test_id):
    async with connect(test_id, extra_query={"intent": "transcription"}) as connection:
        equal((await connection.recv()).session.type, "transcription")
        await connection.input_audio_buffer.append(audio=AUDIO)
        await connection.input_audio_buffer.commit()
        said = ""
        async for event in connection:
            if event.type == "conversation.item.input_audio_transcription.delta":
                said += event.delta
            if event.type == "conversation.item.input_audio_transcription.completed":
                equal((said, event.transcript, event.usage.type), ("What was said aloud.", "What was said aloud.", "duration"))
                break


@case
async def responses(test_id):
    async with async_chat(test_id).responses.connect(extra_headers=headers(test_id)) as connection:
        for lane in ["a", "b"]:
            await connection.response.create(model=MODEL, input="please say hello", stream_id=lane)
            said, events = "", []
            async for event in connection:
                events.append(event)
                said += event.delta if event.type == "response.output_text.delta" else ""
                if event.type == "response.completed":
                    break
            equal((said, event.response.output_text, event.stream_id), (HELLO, HELLO, lane))
            equal([event.sequence_number for event in events], list(range(len(events))))
            equal(event.response.usage.total_tokens > event.response.usage.output_tokens, True)
        await connection.response.create(model=MODEL, input="nobody answers this")
        error = await connection.recv()
        equal((error.type, error.status, error.error.code), ("error", 404, "no_fixture_match"))
        await connection.response.create(model=MODEL, input="fail with 429")
        error = await connection.recv()
        equal((error.type, error.status, error.error.type), ("error", 429, "rate_limit_error"))
    equal(statuses(test_id), [200, 200, 404, 429])
    kept = await async_chat(test_id).responses.retrieve(event_id(events))
    equal(kept.output_text, HELLO)


def event_id(events):
    """The id of the response that these events tell."""
    return events[0].response.id


@case
async def strict(test_id):
    client = async_chat(test_id)
    async with client.responses.connect(extra_headers=headers(test_id, {"X-AIMock-Strict": "true"})) as connection:
        await connection.response.create(model=MODEL, input="nobody answers this")
        try:
            await connection.recv()
        except (ConnectionClosedError, openai.OpenAIError) as error:
            closed = getattr(error, "rcvd", None) or getattr(error, "close", error)
            equal(getattr(closed, "code", None), 1008)
            return
        raise AssertionError("the socket was not closed")
