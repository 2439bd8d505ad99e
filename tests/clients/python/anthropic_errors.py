"""Anthropic's client and trouble: typed errors, retries, misses, broken streams."""

import anthropic
import httpx2

from clients import claude, tell
from harness import by, equal, nearest, raises, statuses

case = by("anthropic")

STRICT = {"X-AIMock-Strict": "true"}


def check(test_id, text, kind, status, expected):
    """The client raises `kind`, and the body is Anthropic's own envelope."""
    error = raises(kind, lambda: tell(claude(test_id), text))
    equal(error.status_code, status)
    equal(error.body["type"], "error", "type of the envelope")
    equal((error.body["error"]["type"], error.body["error"]["message"]), expected)
    return error


@case.shows("error")
def bad_request(test_id):
    check(test_id, "fail with 400", anthropic.BadRequestError, 400, ("invalid_request_error", "that is not allowed"))


@case
def authentication(test_id):
    check(test_id, "fail with 401", anthropic.AuthenticationError, 401, ("authentication_error", "who are you"))


@case
def permission(test_id):
    check(test_id, "fail with 403", anthropic.PermissionDeniedError, 403, ("permission_error", "not yours"))


@case.shows("error")
def rate_limit(test_id):
    error = check(test_id, "fail with 429", anthropic.RateLimitError, 429, ("rate_limit_error", "slow down"))
    equal(error.response.headers["retry-after"], "7")


@case.shows("error")
def server_error(test_id):
    check(test_id, "fail with 500", anthropic.InternalServerError, 500, ("api_error", "broken inside"))


@case
def overloaded(test_id):
    check(test_id, "fail with 529", anthropic.OverloadedError, 529, ("overloaded_error", "too busy"))


@case
def request_id_of_errors(test_id):
    error = raises(anthropic.BadRequestError, lambda: tell(claude(test_id), "fail with 400"))
    equal(error.request_id is not None, True, "the request-id header is sent")
    equal(error.body.get("request_id"), error.request_id, "request_id in the body")


@case
def wrong_body(test_id):
    error = raises(anthropic.BadRequestError, lambda: tell(claude(test_id), "", messages="not a list"))
    equal((error.body["type"], error.body["error"]["type"]), ("error", "invalid_request_error"))


@case.shows("retry")
def retry_then_success(test_id):
    equal(tell(claude(test_id, retries=2), "fail once").content[0].text, "second time lucky")
    equal(statuses(test_id), [429, 200])


@case
def miss(test_id):
    error = raises(anthropic.NotFoundError, lambda: tell(claude(test_id, retries=2), "please say helo"))
    equal((error.body["type"], error.body["error"]["message"]), ("error", "No fixture matched"))
    equal(nearest(error.body["error"]), ("hello-text", "userMessage"), "nearest fixture and the key that failed")
    equal(statuses(test_id), [404])


@case
def strict_miss_is_not_retried(test_id):
    client = claude(test_id, retries=2, extra=STRICT)
    error = raises(anthropic.ServiceUnavailableError, lambda: tell(client, "nobody knows this"))
    equal((error.status_code, error.body["type"]), (503, "error"))
    equal(error.body["error"]["message"], "Strict mode: no fixture matched")
    equal(statuses(test_id), [503])


@case.shows("cut")
def broken_stream(test_id):
    pieces, events = [], []

    def read():
        for event in tell(claude(test_id), "break off", stream=True):
            events.append(event.type)
            if event.type == "content_block_delta":
                pieces.append(event.delta.text)

    raises(httpx2.RemoteProtocolError, read)
    equal(events, ["message_start", "content_block_start", "content_block_delta", "content_block_delta"], "events before the cut")
    equal("".join(pieces), "abcdefgh", "text before the cut")
