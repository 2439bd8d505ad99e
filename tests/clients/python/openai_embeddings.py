"""OpenAI embeddings in both encodings, with and without a fixture."""

import openai

from clients import azure, chat
from harness import by, equal, raises

case = by("openai")

SMALL = "text-embedding-3-small"


def embed(client, text, **more):
    return client.embeddings.create(model=SMALL, input=text, **more)


def vectors(answer):
    return [item.embedding for item in answer.data]


@case.shows("embeddings")
def float_encoding(test_id):
    answer = embed(chat(test_id), "one vector", encoding_format="float")
    equal(vectors(answer), [[0.5, -0.25, 1.0, 0.125]])
    equal((answer.object, answer.model, answer.data[0].object, answer.data[0].index), ("list", SMALL, "embedding", 0))


@case
def base64_is_really_sent(test_id):
    answer = embed(chat(test_id), "one vector", encoding_format="base64")
    equal(vectors(answer), ["AAAAPwAAgL4AAIA/AAAAPg=="])


@case.shows("embeddings")
def default_encoding(test_id):
    equal(vectors(embed(chat(test_id), "one vector")), [[0.5, -0.25, 1.0, 0.125]])


@case
def one_vector_for_every_input(test_id):
    answer = embed(chat(test_id), ["one vector", "and another"])
    equal(vectors(answer), [[0.5, -0.25, 1.0, 0.125]] * 2)
    equal([item.index for item in answer.data], [0, 1])


@case
def a_vector_an_input(test_id):
    answer = embed(chat(test_id), ["a vector each", "two", "three"])
    equal(vectors(answer), [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])


@case
def without_a_fixture(test_id):
    client = chat(test_id)
    first, again, other = (vectors(embed(client, text))[0] for text in ["unknown text", "unknown text", "other text"])
    equal(first == again, True, "equal texts have equal vectors")
    equal(first == other, False, "different texts have different vectors")
    equal(len(first), 1536, "default dimensions")
    equal(all(-1.0 <= value <= 1.0 for value in first), True, "values within one")
    equal(len(vectors(embed(client, "unknown text", dimensions=256))[0]), 256, "dimensions asked for")


@case
def both_encodings_agree(test_id):
    client = chat(test_id)
    plain = vectors(embed(client, "unknown text", encoding_format="float", dimensions=64))[0]
    packed = vectors(embed(client, "unknown text", dimensions=64))[0]
    equal(max(abs(one - two) for one, two in zip(plain, packed, strict=True)) < 1e-6, True, "float against base64")


@case
def token_inputs(test_id):
    client = chat(test_id)
    equal(len(vectors(embed(client, [1, 2, 3]))), 1, "one list of tokens")
    equal(len(vectors(embed(client, [[1, 2], [3]]))), 2, "two lists of tokens")


@case
def usage_is_not_zero(test_id):
    usage = embed(chat(test_id), "one vector").usage
    equal((usage.prompt_tokens, usage.total_tokens), (3, 3))


@case
def refused(test_id):
    error = raises(openai.BadRequestError, lambda: embed(chat(test_id), "embedding refused"))
    equal(error.body["message"], "input too long")


@case
def azure_deployment(test_id):
    answer = azure(test_id).embeddings.create(model="my-embeddings", input="one vector")
    equal(vectors(answer), [[0.5, -0.25, 1.0, 0.125]])
