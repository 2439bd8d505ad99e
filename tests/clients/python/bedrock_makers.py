"""boto3 and models that Bedrock invokes with bodies of their makers' own: Llama, Mistral, Titan Text; and token counts."""

import json

from bedrock import MODEL, runtime, user
from harness import by, equal

case = by("boto3")

LLAMA = "meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-7b-instruct-v0:2"
LARGE = "mistral.mistral-large-2402-v1:0"
TITAN = "amazon.titan-text-express-v1"


def whole(client, model, body):
    return json.loads(client.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def stream(client, model, body):
    response = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    return [json.loads(event["chunk"]["bytes"]) for event in response["body"]]


@case
def llama(test_id):
    client = runtime(test_id)
    body = {"prompt": "trickle", "max_gen_len": 64}
    equal((whole(client, LLAMA, body)["generation"], whole(client, LLAMA, body)["stop_reason"]), ("abcdefghijkl", "stop"))
    events = stream(client, LLAMA, body)
    equal([event["generation"] for event in events], ["abcd", "efgh", "ijkl", ""])
    equal(events[-1]["generation_token_count"], events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"])


@case
def mistral(test_id):
    client = runtime(test_id)
    body = {"prompt": "<s>[INST] trickle [/INST]", "max_tokens": 64}
    equal(whole(client, MISTRAL, body), {"outputs": [{"text": "abcdefghijkl", "stop_reason": "stop"}]})
    equal("".join(event["outputs"][0]["text"] for event in stream(client, MISTRAL, body)), "abcdefghijkl")


@case
def mistral_calls(test_id):
    client = runtime(test_id)
    body = {"messages": [{"role": "user", "content": "weather in Oslo and Rome"}], "max_tokens": 64}
    choice = whole(client, LARGE, body)["choices"][0]
    equal(([call["id"] for call in choice["message"]["tool_calls"]], choice["stop_reason"]), (["call_oslo", "call_rome", "call_time"], "tool_calls"))
    equal(json.loads(choice["message"]["tool_calls"][1]["function"]["arguments"]), {"city": "Rome"})


@case
def titan(test_id):
    client = runtime(test_id)
    body = {"inputText": "trickle", "textGenerationConfig": {"maxTokenCount": 64}}
    result = whole(client, TITAN, body)["results"][0]
    equal((result["outputText"], result["completionReason"]), ("abcdefghijkl", "FINISHED"))
    equal("".join(event["outputText"] for event in stream(client, TITAN, body)), "abcdefghijkl")


@case
def counted(test_id):
    client = runtime(test_id)
    converse = client.count_tokens(modelId=MODEL, input={"converse": {"messages": user("Hello, how are you today?")}})
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": [{"role": "user", "content": "Hello, how are you today?"}]})
    invoked = client.count_tokens(modelId=MODEL, input={"invokeModel": {"body": body}})
    equal((converse["inputTokens"], invoked["inputTokens"]), (7, 7))
