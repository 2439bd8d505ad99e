"""OpenAI's legacy text completions."""

import openai

from clients import chat
from harness import by, equal, raises, statuses

case = by("openai")

HELLO = "Hello! How can I help you today?"


def ask(client, prompt, **more):
    """One text completion."""
    return client.completions.create(**{"model": "gpt-3.5-turbo-instruct", "prompt": prompt, **more})


@case
def text(test_id):
    answer = ask(chat(test_id), "please say hello")
    type(answer).model_validate(answer.model_dump())
    [choice] = answer.choices
    equal((choice.text, choice.index, choice.finish_reason, choice.logprobs), (HELLO, 0, "stop", None))
    equal((answer.object, answer.model, answer.id.startswith("cmpl-")), ("text_completion", "gpt-3.5-turbo-instruct", True))


@case
def prompts_and_echo(test_id):
    answer = ask(chat(test_id), ["say hello", "say hello, too"], echo=True)
    equal([choice.text for choice in answer.choices], [f"say hello{HELLO}", f"say hello, too{HELLO}"])


@case
def finish_reason_length(test_id):
    equal(ask(chat(test_id), "cut me short").choices[0].finish_reason, "length")


@case
def stream(test_id):
    chunks = list(ask(chat(test_id), "say hello", stream=True, stream_options={"include_usage": True}))
    equal("".join(chunk.choices[0].text for chunk in chunks[:-1]), HELLO)
    equal([chunk.choices[0].finish_reason for chunk in chunks[:-1]], [None] * (len(chunks) - 2) + ["stop"])
    equal((chunks[-1].choices, chunks[-1].usage.prompt_tokens), ([], 3))


@case
def usage(test_id):
    found = ask(chat(test_id), "given usage, chat style").usage
    equal((found.prompt_tokens, found.completion_tokens, found.total_tokens), (11, 7, 18))


@case
def errors(test_id):
    error = raises(openai.RateLimitError, lambda: ask(chat(test_id), "fail with 429"))
    equal((error.code, error.response.headers["retry-after"]), ("rate_limit_exceeded", "7"))
    equal(raises(openai.BadRequestError, lambda: ask(chat(test_id), {})).param, "prompt")
    equal(ask(chat(test_id, retries=2), "fail once").choices[0].text, "second time lucky")
    equal(statuses(test_id), [429, 400, 429, 200])


@case
def broken_stream(test_id):
    slices = []

    def read():
        for chunk in ask(chat(test_id), "break off", stream=True):
            slices.append(chunk.choices[0].text)

    raises(openai.APIConnectionError, read)
    equal(slices, ["abcd", "efgh", "ijkl", "mnop"], "what came before the cut")
