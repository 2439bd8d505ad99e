"""boto3 and Bedrock's four operations: text, streams, tools, reasoning, structured output, usage."""

import json

from bedrock import MODEL, converse, converse_stream, invoke, invoke_stream, runtime, tools, user
from harness import by, equal

case = by("boto3")

HELLO = "Hello! How can I help you today?"
LETTERS = "a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 \"quoted\"\r\n\ttab 漢字 עברית end"
WEATHER = tools("get_weather", "get_time")
CALLS = [
    ("call_oslo", "get_weather", {"city": "Oslo", "days": [1, 2.5], "note": 'sn"ow ☃'}),
    ("call_rome", "get_weather", {"city": "Rome"}),
    ("call_time", "get_time", {}),
]
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-test-v1:0"


@case.shows("text")
def converse_text(test_id):
    answer = converse(runtime(test_id), "please say hello", inferenceConfig={"maxTokens": 64, "temperature": 0.5})
    equal(answer["output"], {"message": {"role": "assistant", "content": [{"text": HELLO}]}})
    equal((answer["stopReason"], answer["metrics"]["latencyMs"] > 0), ("end_turn", True))
    equal(len(answer["ResponseMetadata"]["RequestId"]) > 8, True, "x-amzn-requestid")


@case.shows("stream")
def converse_text_streamed(test_id):
    events = converse_stream(runtime(test_id), "trickle")
    names = ["messageStart", *["contentBlockDelta"] * 3, "contentBlockStop", "messageStop", "metadata"]
    equal([name for name, _ in events], names, "events; text has no start")
    equal(events[0][1], {"role": "assistant"})
    equal([event["delta"]["text"] for _, event in events[1:4]], ["abcd", "efgh", "ijkl"])
    equal(events[-2][1], {"stopReason": "end_turn"})


@case.shows("text")
def invoke_text(test_id):
    response, message = invoke(runtime(test_id), "please say hello")
    equal([(block["type"], block["text"]) for block in message["content"]], [("text", HELLO)])
    equal((message["type"], message["model"], message["stop_reason"]), ("message", MODEL, "end_turn"))
    equal(response["contentType"], "application/json")
    fields = response["ResponseMetadata"]["HTTPHeaders"]
    counts = [int(fields[f"x-amzn-bedrock-{what}-token-count"]) for what in ("input", "output")]
    equal(counts, [message["usage"]["input_tokens"], message["usage"]["output_tokens"]])


@case.shows("stream")
def invoke_text_streamed(test_id):
    events = invoke_stream(runtime(test_id), "trickle")
    deltas = ["content_block_delta"] * 3
    names = ["message_start", "content_block_start", *deltas, "content_block_stop", "message_delta", "message_stop"]
    equal([event["type"] for event in events], names)
    equal([event["delta"]["text"] for event in events[2:5]], ["abcd", "efgh", "ijkl"])
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    equal(metrics["outputTokenCount"], events[-2]["usage"]["output_tokens"])
    equal(sorted(metrics), ["firstByteLatency", "inputTokenCount", "invocationLatency", "outputTokenCount"])


@case
def letters_stay_whole(test_id):
    events = converse_stream(runtime(test_id), "mind the letters")
    pieces = [event["delta"]["text"] for name, event in events if name == "contentBlockDelta"]
    equal("".join(pieces), LETTERS)
    equal(all(any(cluster in piece for piece in pieces) for cluster in ["😀", "👨‍👩‍👧‍👦", "e\u0301", "🇳🇴"]), True)


@case
def model_ids_and_arns(test_id):
    """Colons and slashes, which the client percent-encodes, are those that fixtures write."""
    client = runtime(test_id)
    for model, expected in [(MODEL, "asked by id"), (ARN, "asked by ARN"), ("another", "asked by another name")]:
        answer = client.converse(modelId=model, messages=user("by which name"))
        equal(answer["output"]["message"]["content"][0]["text"], expected, model)


@case
def system_text_selects(test_id):
    client = runtime(test_id)
    system = [{"text": "Be brief. "}, {"text": "The user is Ada."}]
    equal(converse(client, "who am I", system=system)["output"]["message"]["content"][0]["text"], "You are Ada.")
    equal(invoke(client, "who am I", system="The user is Ada.")[1]["content"][0]["text"], "You are Ada.")
    equal(converse(client, "who am I")["output"]["message"]["content"][0]["text"], "I do not know.")


def calls(content):
    return [(block["toolUse"]["toolUseId"], block["toolUse"]["name"], block["toolUse"]["input"]) for block in content]


@case.shows("tools")
def parallel_calls(test_id):
    answer = converse(runtime(test_id), "weather in Oslo and Rome", toolConfig=WEATHER)
    equal((calls(answer["output"]["message"]["content"]), answer["stopReason"]), (CALLS, "tool_use"))


@case.shows("tools")
def parallel_calls_streamed(test_id):
    events = converse_stream(runtime(test_id), "weather in Oslo and Rome", toolConfig=WEATHER)
    starts = [(event["contentBlockIndex"], event["start"]["toolUse"]) for name, event in events if name == "contentBlockStart"]
    found = []
    for index, start in starts:
        pieces = [event["delta"]["toolUse"]["input"] for name, event in events if name == "contentBlockDelta" and event["contentBlockIndex"] == index]
        found.append((start["toolUseId"], start["name"], json.loads("".join(pieces))))
    equal(([index for index, _ in starts], found), ([0, 1, 2], CALLS))


@case
def parallel_calls_invoked(test_id):
    tool = lambda name: {"name": name, "input_schema": {"type": "object", "properties": {}}}
    _, message = invoke(runtime(test_id), "weather in Oslo and Rome", tools=[tool("get_weather"), tool("get_time")])
    equal([(block["id"], block["name"], block["input"]) for block in message["content"]], CALLS)


@case
def blocks_keep_their_order(test_id):
    content = converse(runtime(test_id), "do it and say it", toolConfig=tools("lookup"))["output"]["message"]["content"]
    equal([next(iter(block)) for block in content], ["toolUse", "text"])
    events = converse_stream(runtime(test_id), "do it and say it", toolConfig=tools("lookup"))
    deltas = [(event["contentBlockIndex"], next(iter(event["delta"]))) for name, event in events if name == "contentBlockDelta"]
    equal(list(dict.fromkeys(deltas)), [(0, "toolUse"), (1, "text")])


def loop(client, text, results):
    """An agent's loop: answers each call with the next result until text comes back."""
    messages, seen = user(text), []
    for result in [*results, None]:
        answer = client.converse(modelId=MODEL, messages=messages, toolConfig=tools("lookup"))
        message = answer["output"]["message"]
        found = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
        if not found:
            return seen, message["content"][0]["text"]
        seen += found
        content = [{"toolResult": {"toolUseId": id, "content": [result]}} for id in found]
        messages += [message, {"role": "user", "content": content}]
    raise AssertionError(f"the loop does not end: {seen}")


@case
def tool_loops(test_id):
    client = runtime(test_id)
    equal(loop(client, "loop by id", [{"text": "found it"}]), (["call_by_id"], "Rust is a language."))
    equal(loop(client, "loop by flag", [{"json": {"colour": "red"}}]), (["call_by_flag"], "The flag is red."))
    turns = [{"text": "1"}, {"text": "2"}]
    equal(loop(client, "loop in turns", turns), (["call_turn_0", "call_turn_1"], "Done after two calls."))


@case
def tools_on_offer_select(test_id):
    said = lambda config: converse(runtime(test_id), "who offers", toolConfig=config)["output"]["message"]["content"][0]["text"]
    equal((said(WEATHER), said(tools("lookup"))), ("get_time is on offer", "get_time is not on offer"))


@case
def reasoning(test_id):
    content = converse(runtime(test_id), "think about it")["output"]["message"]["content"]
    thought = {"text": "First this, then that.", "signature": "c2lnbmF0dXJl"}
    equal(content, [{"reasoningContent": {"reasoningText": thought}}, {"text": "Therefore: 42."}])


@case
def reasoning_streamed(test_id):
    events = converse_stream(runtime(test_id), "think about it")
    deltas = [event["delta"] for name, event in events if name == "contentBlockDelta"]
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    equal("".join(thought.get("text", "") for thought in thoughts), "First this, then that.")
    equal(thoughts[-1], {"signature": "c2lnbmF0dXJl"})
    equal("".join(delta.get("text", "") for delta in deltas), "Therefore: 42.")


@case
def redacted_reasoning(test_id):
    client = runtime(test_id)
    content = converse(client, "think and act", toolConfig=tools("lookup"))["output"]["message"]["content"]
    equal(content[0], {"reasoningContent": {"redactedContent": b"opaque"}})
    events = converse_stream(client, "think and act", toolConfig=tools("lookup"))
    deltas = [event["delta"] for name, event in events if name == "contentBlockDelta"]
    equal(deltas[0], {"reasoningContent": {"redactedContent": b"opaque"}})


@case.shows("structured")
def structured_output(test_id):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    structure = {"jsonSchema": {"schema": json.dumps(schema), "name": "plan"}}
    config = {"textFormat": {"type": "json_schema", "structure": structure}}
    answer = converse(runtime(test_id), "plan the party", outputConfig=config)
    party = {"title": "Party", "guests": ["Ada", "Grace"], "budget": 12.5}
    equal(json.loads(answer["output"]["message"]["content"][0]["text"]), party)


@case.shows("usage")
def usage(test_id):
    client = runtime(test_id)
    table = [
        ("estimate the usage", (5, 3, 8)),
        ("estimate a call", (4, 3, 7)),
        ("given usage, messages style", (21, 9, 30)),
        ("given usage, chat style", (11, 7, 18)),
    ]
    for text, expected in table:
        streamed = dict(converse_stream(client, text))["metadata"]["usage"]
        for usage in [converse(client, text)["usage"], streamed]:
            equal((usage["inputTokens"], usage["outputTokens"], usage["totalTokens"]), expected, text)
        metrics = invoke_stream(client, text)[-1]["amazon-bedrock-invocationMetrics"]
        equal((metrics["inputTokenCount"], metrics["outputTokenCount"]), expected[:2], text)


@case.shows("embeddings")
def embeddings(test_id):
    client = runtime(test_id)

    def ask(model, request):
        return json.loads(client.invoke_model(modelId=model, body=json.dumps(request))["body"].read())

    titan = ask("amazon.titan-embed-text-v2:0", {"inputText": "one vector"})
    equal((titan["embedding"], titan["inputTextTokenCount"]), ([0.5, -0.25, 1, 0.125], 3))
    cohere = ask("cohere.embed-english-v3", {"texts": ["a vector each", "and another"], "input_type": "search_query"})
    equal(cohere["embeddings"], [[1, 0], [0, 1]])
    made_up = [ask("amazon.titan-embed-text-v2:0", {"inputText": "nobody knows this", "dimensions": 256})["embedding"] for _ in range(2)]
    equal((len(made_up[0]), made_up[0] == made_up[1]), (256, True))


@case
def invoked_nova(test_id):
    client = runtime(test_id)
    body = json.dumps({"schemaVersion": "messages-v1", "messages": user("trickle")})
    whole = json.loads(client.invoke_model(modelId="us.amazon.nova-lite-v1:0", body=body)["body"].read())
    equal((whole["output"]["message"]["content"], whole["stopReason"]), ([{"text": "abcdefghijkl"}], "end_turn"))
    stream = client.invoke_model_with_response_stream(modelId="us.amazon.nova-lite-v1:0", body=body)["body"]
    events = [json.loads(event["chunk"]["bytes"]) for event in stream]
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    equal(pieces, ["abcd", "efgh", "ijkl"])
    equal(events[-1]["metadata"]["usage"]["outputTokens"], events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"])


@case
def stop_reasons(test_id):
    equal(converse(runtime(test_id), "cut me short")["stopReason"], "max_tokens")
    equal(invoke(runtime(test_id), "cut me short")[1]["stop_reason"], "max_tokens")
