"""boto3 and trouble: typed exceptions, retries, misses, exceptions inside streams, broken streams."""

import botocore.eventstream
import botocore.exceptions
import urllib3

from bedrock import MODEL, body, converse, converse_stream, invoke, invoke_stream, runtime, user
from harness import by, equal, statuses

case = by("boto3")

STRICT = {"X-AIMock-Strict": "true"}
OPERATIONS = [converse, converse_stream, invoke, invoke_stream]


def refused(function):
    """The error of a request that the service refuses."""
    try:
        result = function()
    except botocore.exceptions.ClientError as error:
        return error
    raise AssertionError(f"returned {result!r}, expected a ClientError")


@case.shows("error")
def typed_errors(test_id):
    client = runtime(test_id)
    table = [
        ("fail with 400", 400, client.exceptions.ValidationException, "that is not allowed"),
        ("fail with 403", 403, client.exceptions.AccessDeniedException, "not yours"),
        ("fail with 429", 429, client.exceptions.ThrottlingException, "slow down"),
        ("fail with 500", 500, client.exceptions.InternalServerException, "broken inside"),
        ("fail with 529", 529, client.exceptions.ServiceUnavailableException, "too busy"),
    ]
    for operation in OPERATIONS:
        for text, status, kind, message in table:
            error = refused(lambda: operation(client, text))
            equal(type(error), kind, f"{operation.__name__}: {text}")
            equal((error.response["Error"]["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"]), (message, status))


@case
def amazons_own_types(test_id):
    client = runtime(test_id)
    error = refused(lambda: converse(client, "fail as Amazon does"))
    equal((type(error), str(error).endswith("the model timed out")), (client.exceptions.ModelTimeoutException, True))


@case
def wrong_bodies(test_id):
    client = runtime(test_id)
    error = refused(lambda: client.invoke_model(modelId=MODEL, body="{bad"))
    equal(error.response["Error"]["Code"], "ValidationException")
    error = refused(lambda: invoke(client, "", messages="not a list"))
    equal(error.response["Error"]["Code"], "ValidationException")


@case.shows("retry")
def throttled_calls_are_retried(test_id):
    equal(converse(runtime(test_id, attempts=3), "fail once")["output"]["message"]["content"][0]["text"], "second time lucky")
    equal(statuses(test_id), [429, 200])


@case
def a_miss_is_not_retried(test_id):
    client = runtime(test_id, attempts=3)
    error = refused(lambda: converse(client, "please say helo"))
    equal((type(error), error.response["Error"]["Message"]), (client.exceptions.ResourceNotFoundException, "No fixture matched"))
    equal(statuses(test_id), [404])


@case
def a_strict_miss(test_id):
    client = runtime(test_id, extra=STRICT)
    error = refused(lambda: converse(client, "nobody knows this"))
    equal(type(error), client.exceptions.ServiceUnavailableException)
    equal(error.response["Error"]["Message"], "Strict mode: no fixture matched")


@case
def exceptions_inside_streams(test_id):
    client = runtime(test_id)
    for operation, part in [(client.converse_stream, "stream"), (client.invoke_model_with_response_stream, "body")]:
        more = {"messages": user("stumble over the limit")} if part == "stream" else {"body": body("stumble over the limit")}
        seen = []
        try:
            for event in operation(modelId=MODEL, **more)[part]:
                seen.append(event)
        except botocore.exceptions.EventStreamError as error:
            equal(error.response["Error"], {"Code": "throttlingException", "Message": "too many tokens"})
        else:
            raise AssertionError(f"{part} ended properly: {seen}")
        equal(len(seen), 2, "events before the exception")


@case.shows("cut")
def broken_stream(test_id):
    seen = []
    try:
        for event in runtime(test_id).converse_stream(modelId=MODEL, messages=user("break off"))["stream"]:
            seen.append(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))
    except urllib3.exceptions.ProtocolError:
        pass
    else:
        raise AssertionError(f"the stream ended properly: {seen}")
    equal(seen, [None, "abcd", "efgh", "ijkl"], "events before the cut")
