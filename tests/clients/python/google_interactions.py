"""Google's client and interactions: whole and streamed, tools, thoughts, usage, trouble."""

from google import genai

from google_genai import options
from harness import KEY, by, equal, statuses

case = by("google-genai")

MODEL = "gemini-2.5-flash"
LOOKUP = [{"type": "function", "name": "lookup", "description": "Looks something up.", "parameters": {"type": "object"}}]


def client(test_id, extra=None):
    return genai.Client(api_key=KEY, http_options=options(test_id, extra=extra, retries=None))


def ask(test_id, said, **more):
    google = client(test_id)
    return google.interactions.create(model=MODEL, input=said, **more)


def stream(test_id, said, **more):
    google = client(test_id)
    return list(google.interactions.create(model=MODEL, input=said, stream=True, **more))


def text_of(interaction):
    return "".join(content.text for step in interaction.steps if step.type == "model_output" for content in step.content)


@case
def text(test_id):
    interaction = ask(test_id, "please say hello")
    equal((interaction.status, text_of(interaction)), ("completed", "Hello! How can I help you today?"))
    equal((interaction.model, interaction.id.startswith("v1_")), (MODEL, True))
    equal(text_of(ask(test_id, "who am I", system_instruction="The user is Ada.")), "You are Ada.")


@case
def streamed(test_id):
    events = stream(test_id, "trickle")
    steps = ["step.start", *["step.delta"] * 3, "step.stop"]
    equal([event.event_type for event in events], ["interaction.created", *steps, "interaction.completed"])
    equal([event.delta.text for event in events if event.event_type == "step.delta"], ["abcd", "efgh", "ijkl"])
    equal(events[-1].interaction.status, "completed")


@case
def parallel_calls(test_id):
    interaction = ask(test_id, "weather in Oslo and Rome", tools=LOOKUP)
    equal(interaction.status, "requires_action")
    equal([step.id for step in interaction.steps], ["call_oslo", "call_rome", "call_time"])
    equal(interaction.steps[1].arguments, {"city": "Rome"})
    events = stream(test_id, "weather in Oslo and Rome", tools=LOOKUP)
    second = [event.delta.arguments for event in events if event.event_type == "step.delta" and event.index == 1]
    equal("".join(second).replace(" ", ""), '{"city":"Rome"}')
    equal([event.step.name for event in events if event.event_type == "step.start"], ["get_weather", "get_weather", "get_time"])


@case
def loop(test_id):
    first = ask(test_id, "loop by id", tools=LOOKUP)
    result = {"type": "function_result", "call_id": first.steps[0].id, "name": "lookup", "result": {"found": "it"}}
    second = ask(test_id, [result], tools=LOOKUP, previous_interaction_id=first.id)
    equal(text_of(second), "Rust is a language.")


@case
def structured_output(test_id):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    response_format = {"type": "text", "mime_type": "application/json", "schema": schema}
    equal('"Party"' in text_of(ask(test_id, "plan the party", response_format=response_format)), True)


@case
def thoughts(test_id):
    interaction = ask(test_id, "think about it")
    equal([step.type for step in interaction.steps], ["thought", "model_output"])
    equal(interaction.steps[0].summary[0].text, "First this, then that.")
    equal(interaction.usage.total_thought_tokens, 6)


@case
def usage(test_id):
    for interaction in [ask(test_id, "given details"), stream(test_id, "given details")[-1].interaction]:
        used = interaction.usage
        equal((used.total_input_tokens, used.total_output_tokens, used.total_thought_tokens), (100, 20, 30))
        equal((used.total_tokens, used.total_cached_tokens), (150, 64))


@case
def by_id(test_id):
    google = client(test_id)
    first = google.interactions.create(model=MODEL, input="trickle")
    again = google.interactions.get(id=first.id)
    equal((again.id, text_of(again), again.usage.total_tokens), (first.id, "abcdefghijkl", first.usage.total_tokens))
    events = list(google.interactions.get(id=first.id, stream=True))
    equal("".join(event.delta.text for event in events if event.event_type == "step.delta"), "abcdefghijkl")
    rest = list(google.interactions.get(id=first.id, stream=True, last_event_id=events[2].event_id))
    equal([event.event_id for event in rest], [event.event_id for event in events[3:]])
    second = google.interactions.create(model=MODEL, input="trickle", background=True, previous_interaction_id=first.id)
    equal((second.previous_interaction_id, google.interactions.cancel(id=second.id).id), (first.id, second.id))
    google.interactions.delete(id=first.id)
    equal(trouble(lambda: google.interactions.get(id=first.id))[:2], ("NotFoundError", 404))


def trouble(run):
    try:
        run()
    except Exception as error:
        return type(error).__name__, getattr(error, "status_code", getattr(error, "code", None)), str(error)
    raise AssertionError("nothing was raised")


@case
def typed_errors(test_id):
    for code, kind in [(400, "BadRequestError"), (401, "AuthenticationError"), (403, "PermissionDeniedError")]:
        name, status, said = trouble(lambda: ask(test_id, f"fail with {code}"))
        equal((name, status), (kind, code), said)
    equal(trouble(lambda: ask(test_id, "please say helo"))[:2], ("NotFoundError", 404))


@case
def retry_then_success(test_id):
    equal(text_of(ask(test_id, "fail once")), "second time lucky")
    equal(statuses(test_id), [429, 200])
