"""The vendors' clients, pointed at the server, one test id each."""

import anthropic
import openai

from harness import KEY, TIMEOUT, URL

MODEL = "gpt-4o"
CLAUDE = "claude-test"


def headers(test_id, extra=None):
    return {"X-Test-Id": test_id, **(extra or {})}


def chat(test_id, retries=0, extra=None):
    """A client of OpenAI's API."""
    return openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id, extra))


def async_chat(test_id, retries=0):
    return openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id))


def azure(test_id):
    """A client of Azure's deployments."""
    return openai.AzureOpenAI(
        azure_endpoint=URL, api_key=KEY, api_version="2024-10-21", max_retries=0, timeout=TIMEOUT, default_headers=headers(test_id)
    )


def claude(test_id, retries=0, extra=None):
    """A client of Anthropic's API."""
    return anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id, extra))


def async_claude(test_id, retries=0):
    return anthropic.AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=retries, timeout=TIMEOUT, default_headers=headers(test_id))


def user(text):
    """A conversation of one user message."""
    return [{"role": "user", "content": text}]


def ask(client, text, **more):
    """One chat completion."""
    return client.chat.completions.create(**{"model": MODEL, "messages": user(text), **more})


def tell(client, text, **more):
    """One message of Anthropic's API."""
    return client.messages.create(**{"model": CLAUDE, "max_tokens": 256, "messages": user(text), **more})
