"""What a test suite relies on beside the wire format: isolation, lists, contexts, headers, models, Azure."""

import asyncio

from clients import ask, async_chat, async_claude, azure, chat, claude, tell, user
from harness import case, equal, journal


def say(client, text, **more):
    return ask(client, text, **more).choices[0].message.content


@case
def sequence_of_fixtures(test_id):
    client = chat(test_id)
    equal([say(client, "count up") for _ in range(5)], ["one", "two", "three", "many", "many"])


@case
def test_ids_do_not_see_each_other(test_id):
    first, second = chat(f"{test_id}/1"), chat(f"{test_id}/2")
    equal([say(first, "count up"), say(first, "count up")], ["one", "two"])
    equal([say(second, "count up"), say(first, "count up"), say(second, "count up")], ["one", "three", "two"])
    equal((len(journal(f"{test_id}/1")), len(journal(f"{test_id}/2"))), (3, 2), "journal entries")


@case
def providers_share_a_sequence(test_id):
    equal([say(chat(test_id), "count up"), tell(claude(test_id), "count up").content[0].text], ["one", "two"])


@case
def list_repeats_its_last(test_id):
    client = chat(test_id)
    equal([say(client, "list then stay") for _ in range(4)], ["alpha", "beta", "gamma", "gamma"])


@case
def list_cycles(test_id):
    client = chat(test_id)
    equal([say(client, "list then cycle") for _ in range(5)], ["tick", "tock", "tick", "tock", "tick"])


@case
def list_falls_through(test_id):
    client = chat(test_id)
    equal([say(client, "list then fall through") for _ in range(2)], ["from the list", "from the next fixture"])


@case
async def parallel_requests_share_no_slot(test_id):
    async with async_chat(test_id) as one, async_claude(test_id) as two:
        chats = [ask(one, "take a number") for _ in range(4)]
        messages = [tell(two, "take a number") for _ in range(4)]
        answers = await asyncio.gather(*chats, *messages)
    texts = [answer.choices[0].message.content for answer in answers[:4]] + [answer.content[0].text for answer in answers[4:]]
    equal(sorted(texts), [f"n{number}" for number in range(8)])


@case
def context_header(test_id):
    for context, expected in [("red-team", "in the red context"), ("blue-team", "in the blue context"), ("green", "in no context")]:
        equal(say(chat(test_id, extra={"X-AIMock-Context": context}), "where am I"), expected)
    equal(say(chat(test_id), "where am I"), "in no context")
    equal(tell(claude(test_id, extra={"X-AIMock-Context": "red-team"}), "where am I").content[0].text, "in the red context")


@case
def answers_name_their_fixture(test_id):
    raw = chat(test_id).chat.completions.with_raw_response.create(model="gpt-4o", messages=user("say hello"))
    equal(raw.headers["x-aimock-fixture"], "hello-text")
    raw = chat(test_id).chat.completions.with_raw_response.create(model="gpt-4o", messages=user("say nothing"))
    equal(raw.headers["x-aimock-fixture"].endswith("text.json#/fixtures/1"), True, raw.headers["x-aimock-fixture"])


@case
def request_ids_are_echoed(test_id):
    extra = {"X-Request-Id": "suite.case-7"}
    equal(ask(chat(test_id, extra=extra), "say hello")._request_id, "suite.case-7")
    equal(tell(claude(test_id, extra=extra), "say hello")._request_id, "suite.case-7")
    equal(bool(tell(claude(test_id), "say hello")._request_id), True, "an id is made when none is sent")


@case
def models(test_id):
    found = list(chat(test_id).models.list())
    named = ["gpt-4o", "claude-opus-4"]
    equal([model.id for model in found if model.id in named], named)
    equal({(model.object, model.owned_by) for model in found}, {("model", "aimock")})


@case
def azure_deployment(test_id):
    client = azure(test_id)
    answer = ask(client, "say hello", model="my-deployment")
    equal((answer.choices[0].message.content, answer.model), ("Hello! How can I help you today?", "my-deployment"))
    slices = [chunk.choices[0].delta.content or "" for chunk in ask(client, "say hello", stream=True) if chunk.choices]
    equal("".join(slices), "Hello! How can I help you today?")


@case
def journal_of_a_call(test_id):
    say(chat(test_id), "say hello")
    (entry,) = journal(test_id)
    equal((entry["method"], entry["path"], entry["response"]["status"]), ("POST", "/v1/chat/completions", 200))
    equal(entry["body"]["messages"], user("say hello"))
    equal(entry["headers"]["authorization"], "[REDACTED]")
