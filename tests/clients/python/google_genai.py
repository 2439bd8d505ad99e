"""Google's client, for Gemini and for Vertex AI: text, streams, tools, thoughts, usage, embeddings, images, audio, trouble."""

import httpx2
import pydantic
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from harness import KEY, TIMEOUT, URL, by, equal, nearest, raises, statuses

case = by("google-genai")

MODEL = "gemini-2.5-flash"
SPEAK = "speak to me over the socket"
BYTES = bytes([0xFF, 0, 1, 2, 0xFE, 0xFD, 0x80, 0x80, 0x80, 0x80])
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]


def options(test_id, extra=None, retries=None):
    retry = retries and types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.01, max_delay=0.02, jitter=0.0)
    headers = {"X-Test-Id": test_id, **(extra or {})}
    return types.HttpOptions(base_url=URL, headers=headers, timeout=int(TIMEOUT * 1000), retry_options=retry)


def gemini(test_id, **more):
    return genai.Client(api_key=KEY, http_options=options(test_id, **more))


def vertex(test_id, **more):
    return genai.Client(
        vertexai=True, project="test-project", location="us-central1", credentials=Credentials(token=KEY), http_options=options(test_id, **more)
    )


def both(test_id, **more):
    return [gemini(test_id, **more), vertex(test_id, **more)]


def ask(client, text, **config):
    return client.models.generate_content(model=MODEL, contents=text, config=config or None)


def stream(client, text, **config):
    return list(client.models.generate_content_stream(model=MODEL, contents=text, config=config or None))


def tools(*names):
    declarations = [{"name": name, "description": "A tool.", "parameters": {"type": "OBJECT", "properties": {}}} for name in names]
    return [types.Tool(function_declarations=declarations)]


def calls(responses):
    return [(call.id, call.name, call.args) for response in responses for call in response.function_calls or []]


@case.shows("text")
def text(test_id):
    for client in both(test_id):
        response = ask(client, "please say hello")
        equal(response.text, "Hello! How can I help you today?")
        candidate = response.candidates[0]
        equal((candidate.finish_reason, candidate.content.role), (types.FinishReason.STOP, "model"))
        equal((response.model_version, bool(response.response_id)), (MODEL, True))
        equal(ask(client, "cut me short").candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)
        equal(ask(client, "who am I", system_instruction="The user is Ada.").text, "You are Ada.")


@case
def other_api_versions(test_id):
    for version in ["v1", "v1alpha"]:
        client = gemini(test_id)
        client._api_client._http_options.api_version = version
        equal(ask(client, "say hello").text, "Hello! How can I help you today?")


@case.shows("stream")
def streamed(test_id):
    for client in both(test_id):
        chunks = stream(client, "trickle")
        equal([chunk.text for chunk in chunks], ["abcd", "efgh", "ijkl"])
        equal([chunk.candidates[0].finish_reason for chunk in chunks], [None, None, types.FinishReason.STOP])
        whole = "".join(chunk.text for chunk in stream(client, "mind the letters"))
        equal(whole, "a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 \"quoted\"\r\n\ttab 漢字 עברית end")


@case
async def streamed_async(test_id):
    client = gemini(test_id)
    chunks = [chunk.text async for chunk in await client.aio.models.generate_content_stream(model=MODEL, contents="trickle")]
    equal(chunks, ["abcd", "efgh", "ijkl"])


@case.shows("tools")
def parallel_calls(test_id):
    for client in both(test_id):
        config = {"tools": tools("get_weather", "get_time")}
        for responses in [[ask(client, "weather in Oslo and Rome", **config)], stream(client, "weather in Oslo and Rome", **config)]:
            equal(calls(responses), CALLS)
            equal(responses[-1].candidates[0].finish_reason, types.FinishReason.STOP)


@case
def blocks_keep_their_order(test_id):
    for responses in [[ask(gemini(test_id), "do it and say it")], stream(gemini(test_id), "do it and say it")]:
        parts = [part for response in responses for part in response.candidates[0].content.parts]
        equal([part.function_call.args if part.function_call else part.text for part in parts[:1]], [{"query": "order"}])
        equal("".join(part.text or "" for part in parts[1:]), "Called before speaking.")


def loop(client, said, results):
    """An agent's loop: answers each call with the next result until text comes back."""
    contents, seen = [types.UserContent(parts=[types.Part(text=said)])], []
    for result in [*results, None]:
        response = client.models.generate_content(model=MODEL, contents=contents, config={"tools": tools("lookup")})
        found = calls([response])
        if not found:
            return seen, response.text
        seen += [call[0] for call in found]
        contents.append(response.candidates[0].content)
        answers = [types.FunctionResponse(id=id, name=name, response={"result": result}) for id, name, _ in found]
        contents.append(types.Content(role="user", parts=[types.Part(function_response=answer) for answer in answers]))
    raise AssertionError(f"the loop does not end: {seen}")


@case
def loops(test_id):
    for client in both(test_id):
        equal(loop(client, "loop by id", ["found it"]), (["call_by_id"], "Rust is a language."))
        equal(loop(client, "loop by flag", ["it is red"]), (["call_by_flag"], "The flag is red."))
        equal(loop(client, "loop in turns", ["1", "2"]), (["call_turn_0", "call_turn_1"], "Done after two calls."))


@case
def automatic_function_calling(test_id):
    asked = []

    def lookup(query: str) -> str:
        """Looks something up."""
        asked.append(query)
        return "it is red"

    equal(ask(gemini(test_id), "loop by flag", tools=[lookup]).text, "The flag is red.")
    equal(asked, ["flag"])


@case
def chat_keeps_history(test_id):
    client = gemini(test_id)
    chat = client.chats.create(model=MODEL)
    equal(chat.send_message("say hello").text, "Hello! How can I help you today?")
    equal("".join(chunk.text for chunk in chat.send_message_stream("trickle")), "abcdefghijkl")
    equal([content.role for content in chat.get_history()][:3], ["user", "model", "user"])


class Plan(pydantic.BaseModel):
    title: str
    guests: list[str]
    budget: float


@case.shows("structured")
def structured_output(test_id):
    for client in both(test_id):
        response = ask(client, "plan the party", response_mime_type="application/json", response_schema=Plan)
        equal(response.parsed, Plan(title="Party", guests=["Ada", "Grace"], budget=12.5))
        schema = {"response_mime_type": "application/json", "response_json_schema": Plan.model_json_schema()}
        equal(Plan.model_validate_json(ask(client, "plan the party", **schema).text).title, "Party")
        equal(ask(client, "any json", response_mime_type="application/json").text, '{"ok":true}')


@case
def thoughts(test_id):
    for client in both(test_id):
        for responses in [[ask(client, "think about it")], stream(client, "think about it")]:
            parts = [part for response in responses for part in response.candidates[0].content.parts]
            equal("".join(part.text for part in parts if part.thought), "First this, then that.")
            equal("".join(part.text for part in parts if not part.thought), "Therefore: 42.")
            equal([part.thought_signature for part in parts if part.thought_signature], [b"signature"])
            equal(responses[-1].usage_metadata.thoughts_token_count, 6)
        part = ask(client, "think and act").candidates[0].content.parts[-1]
        equal((part.function_call.id, part.thought_signature), ("call_thought", b"tool"))


@case.shows("usage")
def usage(test_id):
    table = [
        ("estimate the usage", (5, 3, 8, None, None)),
        ("estimate a call", (4, 3, 7, None, None)),
        ("given usage, messages style", (21, 9, 30, None, None)),
        ("given usage, chat style", (11, 7, 18, None, None)),
        ("given details", (100, 20, 150, 30, 64)),
    ]
    for client in both(test_id):
        for said, expected in table:
            for response in [ask(client, said), stream(client, said)[-1]]:
                used = response.usage_metadata
                counts = (used.prompt_token_count, used.candidates_token_count, used.total_token_count)
                equal((*counts, used.thoughts_token_count, used.cached_content_token_count), expected, said)


@case
def filtered(test_id):
    client = gemini(test_id)
    for response in [ask(client, "say something bad"), stream(client, "say something bad")[-1]]:
        equal((response.text, response.candidates), (None, None))
        equal(response.prompt_feedback.block_reason, types.BlockedReason.SAFETY)
    stopped = ask(client, "stop in the middle")
    equal((stopped.text, stopped.candidates[0].finish_reason), ("Once upon", types.FinishReason.SAFETY))


@case
def web_searches(test_id):
    for response in [ask(gemini(test_id), "search with Google"), stream(gemini(test_id), "search with Google")[-1]]:
        equal(response.candidates[0].grounding_metadata.web_search_queries, ["weather oslo"])


@case
def count_tokens(test_id):
    for client in both(test_id):
        equal(client.models.count_tokens(model=MODEL, contents="twelve chars").total_tokens, 3)


def embed(client, texts, model="text-embedding-004", **config):
    return [item.values for item in client.models.embed_content(model=model, contents=texts, config=config or None).embeddings]


@case.shows("embeddings")
def embeddings(test_id):
    for client in both(test_id):
        equal(embed(client, ["one vector"]), [[0.5, -0.25, 1, 0.125]])
        equal(embed(client, ["a vector each", "two", "three"]), [[1, 0], [0, 1], [0.5, 0.5]])
        made_up = embed(client, ["nobody knows me", "nor me"], output_dimensionality=7)
        equal(([len(vector) for vector in made_up], made_up[0] != made_up[1]), ([7, 7], True))
        equal(embed(client, ["nobody knows me"], output_dimensionality=7), made_up[:1])
    equal(embed(vertex(test_id), "one vector", model="gemini-embedding-2"), [[0.5, -0.25, 1, 0.125]])
    error = raises(errors.ClientError, lambda: embed(gemini(test_id), ["embedding refused"]))
    equal((error.code, error.status, error.message), (400, "INVALID_ARGUMENT", "input too long"))


@case.shows("images")
def images(test_id):
    """The client asks for images at Vertex AI alone."""
    own, model = vertex(test_id), "imagen-4.0-generate-001"
    found = own.models.generate_images(model=model, prompt="a cat", config={"number_of_images": 1}).generated_images
    equal([(image.image.image_bytes, image.image.mime_type) for image in found], [(BYTES, "image/png")])
    error = raises(errors.ClientError, lambda: own.models.generate_images(model=model, prompt="refused"))
    equal((error.code, error.message), (400, "not that picture"))


@case.shows("audio")
def audio(test_id):
    for client in both(test_id):
        for responses in [[ask(client, SPEAK, response_modalities=["AUDIO"])], stream(client, SPEAK, response_modalities=["AUDIO"])]:
            parts = [part for response in responses for part in response.candidates[0].content.parts]
            equal([(part.inline_data.data, part.inline_data.mime_type) for part in parts if part.inline_data], [(b"RIFF\0\0\0\0", "audio/pcm")])


@case.shows("error")
def typed_errors(test_id):
    table = [
        (400, errors.ClientError, "INVALID_ARGUMENT", "that is not allowed"),
        (401, errors.ClientError, "UNAUTHENTICATED", "who are you"),
        (403, errors.ClientError, "PERMISSION_DENIED", "not yours"),
        (429, errors.ClientError, "RESOURCE_EXHAUSTED", "slow down"),
        (500, errors.ServerError, "INTERNAL", "broken inside"),
    ]
    for client in both(test_id):
        for code, kind, status, message in table:
            for run in [ask, stream]:
                error = raises(kind, lambda: run(client, f"fail with {code}"))
                equal((error.code, error.status, error.message), (code, status, message))


@case
def wrong_body(test_id):
    body = {"extra_body": {"systemInstruction": {"parts": [{"text": 5}]}}}
    error = raises(errors.ClientError, lambda: ask(gemini(test_id), "say hello", http_options=body))
    equal((error.code, error.status), (400, "INVALID_ARGUMENT"))


@case.shows("retry")
def retry_then_success(test_id):
    equal(ask(gemini(test_id, retries=2), "fail once").text, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case.shows("retry")
def retries_run_out(test_id):
    raises(errors.ClientError, lambda: ask(gemini(test_id, retries=1), "keep failing"))
    equal(statuses(test_id), [429, 429])


@case
def miss(test_id):
    error = raises(errors.ClientError, lambda: ask(gemini(test_id), "please say helo"))
    equal((error.code, error.status, error.message), (404, "NOT_FOUND", "No fixture matched"))
    equal(nearest(error.details["error"]), ("hello-text", "userMessage"), "nearest fixture and the key that failed")
    strict = gemini(test_id, extra={"X-AIMock-Strict": "true"})
    error = raises(errors.ServerError, lambda: ask(strict, "nobody knows this"))
    equal((error.code, error.status), (503, "UNAVAILABLE"))
    equal(statuses(test_id), [404, 503])


@case
def error_inside_a_stream(test_id):
    for client in both(test_id):
        pieces = []

        def read():
            for chunk in client.models.generate_content_stream(model=MODEL, contents="fail on the way"):
                pieces.append(chunk.text)

        error = raises(errors.ServerError, read)
        equal((error.code, error.status, error.message), (500, "INTERNAL", "out of breath"))
        equal(pieces, ["abcd", "efgh"])


@case.shows("cut")
def broken_stream(test_id):
    client, pieces = gemini(test_id), []

    def read():
        for chunk in client.models.generate_content_stream(model=MODEL, contents="break off"):
            pieces.append(chunk.text)

    raises(httpx2.RemoteProtocolError, read)
    equal(pieces, ["abcd", "efgh", "ijkl", "mnop"], "what came before the cut")
