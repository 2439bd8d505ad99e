"""Amazon Bedrock's clients, pointed at the server with credentials that are nobody's."""

import json

import anthropic
import boto3
import botocore.config

from clients import headers
from harness import TIMEOUT, URL

MODEL = "us.anthropic.claude-test-v1:0"
CREDENTIALS = {"aws_access_key_id": "not-a-real-key", "aws_secret_access_key": "not-a-real-secret"}


def runtime(test_id, attempts=1, extra=None):
    """boto3's client of Bedrock's runtime; `attempts` counts the first one."""
    config = botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=TIMEOUT, connect_timeout=TIMEOUT, proxies={}
    )
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=URL, config=config, **CREDENTIALS)

    def add(request, **_):
        for name, value in headers(test_id, extra).items():
            request.headers[name] = value

    client.meta.events.register("before-sign.bedrock-runtime.*", add)
    return client


def claude(test_id, retries=0):
    """Anthropic's client for Bedrock."""
    keys = {"aws_access_key": "not-a-real-key", "aws_secret_key": "not-a-real-secret", "aws_region": "us-east-1"}
    return anthropic.AnthropicBedrock(base_url=URL, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id), **keys)


def user(text):
    """A conversation of one user message, as Converse takes it."""
    return [{"role": "user", "content": [{"text": text}]}]


def converse(client, text, **more):
    return client.converse(**{"modelId": MODEL, "messages": user(text), **more})


def converse_stream(client, text, **more):
    """The stream's events, each a name and what it says."""
    response = client.converse_stream(**{"modelId": MODEL, "messages": user(text), **more})
    return [next(iter(event.items())) for event in response["stream"]]


def body(text, **more):
    return json.dumps(
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{"role": "user", "content": text}], **more}
    )


def invoke(client, text, **more):
    """The response and its body."""
    response = client.invoke_model(modelId=MODEL, body=body(text, **more))
    return response, json.loads(response["body"].read())


def invoke_stream(client, text, **more):
    """The model's events in the chunks of a stream."""
    response = client.invoke_model_with_response_stream(modelId=MODEL, body=body(text, **more))
    return [json.loads(event["chunk"]["bytes"]) for event in response["body"]]


def tools(*names):
    """A tool configuration of Converse."""
    spec = lambda name: {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    return {"tools": [spec(name) for name in names]}
