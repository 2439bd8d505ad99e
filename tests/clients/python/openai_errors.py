"""OpenAI's client and trouble: typed errors, retries, misses, broken streams."""

import openai

from clients import ask, chat
from harness import by, equal, nearest, raises, statuses

case = by("openai")

STRICT = {"X-AIMock-Strict": "true"}


@case.shows("error")
def bad_request(test_id):
    error = raises(openai.BadRequestError, lambda: ask(chat(test_id), "fail with 400"))
    equal((error.status_code, error.type, error.param, error.code), (400, "invalid_request_error", "messages", "bad_value"))
    equal(error.body["message"], "that is not allowed")


@case
def authentication(test_id):
    error = raises(openai.AuthenticationError, lambda: ask(chat(test_id), "fail with 401"))
    equal((error.status_code, error.body["message"]), (401, "who are you"))


@case
def permission(test_id):
    error = raises(openai.PermissionDeniedError, lambda: ask(chat(test_id), "fail with 403"))
    equal((error.status_code, error.body["message"]), (403, "not yours"))


@case.shows("error")
def rate_limit(test_id):
    error = raises(openai.RateLimitError, lambda: ask(chat(test_id), "fail with 429"))
    equal((error.status_code, error.code, error.response.headers["retry-after"]), (429, "rate_limit_exceeded", "7"))
    equal(error.response.headers["x-ratelimit-remaining-requests"], "0")


@case
def rate_limit_on_stream(test_id):
    error = raises(openai.RateLimitError, lambda: ask(chat(test_id), "fail with 429", stream=True))
    equal(error.response.headers["retry-after"], "7")


@case.shows("error")
def server_error(test_id):
    error = raises(openai.InternalServerError, lambda: ask(chat(test_id), "fail with 500"))
    equal((error.status_code, error.type, error.body["message"]), (500, "server_error", "broken inside"))


@case
def wrong_body(test_id):
    error = raises(openai.BadRequestError, lambda: ask(chat(test_id), "", messages="not a list"))
    equal((error.status_code, error.type), (400, "invalid_request_error"))


@case.shows("retry")
def retry_then_success(test_id):
    equal(ask(chat(test_id, retries=2), "fail once").choices[0].message.content, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case
def retry_then_success_by_list(test_id):
    equal(ask(chat(test_id, retries=2), "list with trouble").choices[0].message.content, "now")
    equal(statuses(test_id), [429, 200])


@case.shows("retry")
def retries_run_out(test_id):
    raises(openai.RateLimitError, lambda: ask(chat(test_id, retries=1), "keep failing"))
    equal(statuses(test_id), [429, 429])


@case
def miss(test_id):
    error = raises(openai.NotFoundError, lambda: ask(chat(test_id, retries=2), "please say helo"))
    equal((error.type, error.code, error.body["message"]), ("invalid_request_error", "no_fixture_match", "No fixture matched"))
    equal(nearest(error.body), ("hello-text", "userMessage"), "nearest fixture and the key that failed")
    equal(statuses(test_id), [404])


@case
def strict_miss_is_not_retried(test_id):
    error = raises(openai.InternalServerError, lambda: ask(chat(test_id, retries=2, extra=STRICT), "nobody knows this"))
    equal((error.status_code, error.code), (503, "no_fixture_match"))
    equal(error.body["message"], "Strict mode: no fixture matched")
    equal(statuses(test_id), [503])


@case
def exhausted_list_names_its_fixture(test_id):
    client = chat(test_id)
    equal(ask(client, "list then error").choices[0].message.content, "only once")
    error = raises(openai.InternalServerError, lambda: ask(client, "list then error"))
    equal((error.status_code, "short-list" in error.body["message"]), (500, True), f"error {error.body}")


@case.shows("cut")
def broken_stream(test_id):
    slices = []

    def read():
        for chunk in ask(chat(test_id), "break off", stream=True):
            slices.append(chunk.choices[0].delta.content or "")

    raises(openai.APIConnectionError, read)
    equal("".join(slices), "abcdefghijkl", "what came before the cut")
    equal(len(slices), 4, "chunks before the cut")
