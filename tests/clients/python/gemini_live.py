"""Google's client and Gemini Live: text, tools, audio, usage, errors, cuts."""

from google import genai
from google.genai import errors as trouble

from google_genai import options
from harness import KEY, URL, by, equal, statuses

case = by("google-genai")

MODEL = "gemini-2.5-flash"
HELLO = "Hello! How can I help you today?"


def connect(test_id, extra=None, **config):
    google = genai.Client(api_key=KEY, http_options=options(test_id, extra=extra, retries=None))
    # It opens `wss://` whatever its base URL says, and the server speaks no TLS.
    google._api_client._websocket_base_url = lambda *_: URL.replace("http", "ws", 1)
    google._api_client._websocket_ssl_ctx = {}
    return google.aio.live.connect(model=MODEL, config={"response_modalities": ["TEXT"], **config})


async def ask(session, said):
    """Every message of a turn; calls are answered on the way."""
    await session.send_client_content(turns={"role": "user", "parts": [{"text": said}]})
    messages = []
    async for message in session.receive():
        messages.append(message)
        if message.tool_call:
            responses = [{"id": call.id, "name": call.name, "response": {"result": "fine"}} for call in message.tool_call.function_calls]
            await session.send_tool_response(function_responses=responses)
    return messages


def said(messages):
    return "".join(message.text or "" for message in messages if message.server_content)


@case.shows("stream")
async def text(test_id):
    async with connect(test_id, system_instruction="The user is Ada.") as session:
        messages = await ask(session, "please say hello")
        equal(said(messages), HELLO)
        usage = messages[-1].usage_metadata
        equal((messages[-1].server_content.turn_complete, usage.response_token_count > 0), (True, True))
        equal(usage.total_token_count, usage.prompt_token_count + usage.response_token_count)
        equal(said(await ask(session, "who am I")), "You are Ada.")
        await session.send_realtime_input(text="please say hello")
        equal(said([message async for message in session.receive()]), HELLO)
    equal(statuses(test_id), [200, 200, 200])


@case.shows("tools")
async def parallel_calls(test_id):
    tools = [{"function_declarations": [{"name": "get_weather"}, {"name": "get_time"}]}]
    async with connect(test_id, tools=tools) as session:
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "weather in Oslo and Rome"}]})
        async for message in session.receive():
            if message.tool_call:
                break
        calls = [(call.id, call.name, call.args) for call in message.tool_call.function_calls]
        expected = [
            ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
            ("call_rome", "get_weather", {"city": "Rome"}),
            ("call_time", "get_time", {}),
        ]
        equal(calls, expected)


@case.shows("audio")
async def audio(test_id):
    async with connect(test_id) as session:
        messages = await ask(session, "speak to me over the socket")
        heard = [part.inline_data.data for message in messages for part in parts(message) if part.inline_data]
        equal(b"".join(heard), b"RIFF\0\0\0\0")


def parts(message):
    turn = message.server_content.model_turn if message.server_content else None
    return turn.parts if turn else []


@case.shows("error")
async def errors(test_id):
    async with connect(test_id) as session:
        for question, kind, code in [("fail with 429", trouble.ClientError, 429), ("nobody answers this", trouble.ClientError, 404)]:
            try:
                await ask(session, question)
            except trouble.APIError as error:
                equal((type(error), error.code), (kind, code))
            else:
                raise AssertionError("no error was raised")
        equal(said(await ask(session, "please say hello")), HELLO)
    equal(statuses(test_id), [429, 404, 200])


@case.shows("cut")
async def cut(test_id):
    async with connect(test_id) as session:
        try:
            await ask(session, "break off")
        except trouble.APIError as error:
            equal(error.code, 1006)
            return
        raise AssertionError("the connection was not cut")


@case
async def strict(test_id):
    async with connect(test_id, extra={"X-AIMock-Strict": "true"}) as session:
        try:
            await ask(session, "nobody answers this")
        except trouble.APIError as error:
            equal((error.code, "Strict mode" in str(error)), (1008, True))
            return
        raise AssertionError("the socket was not closed")
