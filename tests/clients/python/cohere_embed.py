"""Cohere's client: embeddings in every type, of texts, images and mixed inputs, and rankings."""

import base64
import struct

import cohere

from harness import KEY, TIMEOUT, URL, by, equal, raises

case = by("cohere")

TYPES = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
IMAGE = "data:image/png;base64,aW1hZ2U="


def options(test_id, **headers):
    return {"request_options": {"max_retries": 0, "additional_headers": {"X-Test-Id": test_id, **headers}}}


def client():
    return cohere.ClientV2(KEY, base_url=URL, timeout=TIMEOUT)


def embed(test_id, headers=None, **more):
    asked = {"model": "embed-v4.0", "input_type": "search_document", "embedding_types": ["float"], **more}
    return client().embed(**asked, **options(test_id, **(headers or {})))


def rerank(test_id, query, **more):
    documents = ["Oslo is cold.", "Rome is hot.", "Bergen is wet."]
    return client().rerank(model="rerank-v3.5", query=query, documents=documents, **more, **options(test_id))


@case.shows("embeddings")
def one_vector(test_id):
    answer = embed(test_id, texts=["one vector", "one vector too"])
    equal(answer.embeddings.float_, [[0.5, -0.25, 1, 0.125]] * 2)
    equal((answer.texts, answer.response_type), (["one vector", "one vector too"], "embeddings_by_type"))
    equal((answer.meta.api_version.version, answer.meta.billed_units.input_tokens > 0), ("2", True))


@case
def every_type(test_id):
    vectors = embed(test_id, texts=["one vector"], embedding_types=TYPES).embeddings
    equal(vectors.float_, [[0.5, -0.25, 1, 0.125]])
    equal((vectors.int8, vectors.uint8), ([[64, -32, 127, 16]], [[192, 96, 255, 144]]))
    equal((vectors.binary, vectors.ubinary), ([[0b1011_0000 - 128]], [[0b1011_0000]]))
    equal(struct.unpack("<4f", base64.b64decode(vectors.base64[0])), (0.5, -0.25, 1.0, 0.125))


@case.shows("embeddings")
async def a_vector_each(test_id):
    own = cohere.AsyncClientV2(KEY, base_url=URL, timeout=TIMEOUT)
    asked = {"model": "embed-v4.0", "input_type": "search_query", "texts": ["a vector each", "another"], "embedding_types": ["float"]}
    equal((await own.embed(**asked, **options(test_id))).embeddings.float_, [[1, 0], [0, 1]])


@case
def made_up(test_id):
    first, second = [embed(test_id, texts=["nobody knows this", "nor this"]).embeddings.float_ for _ in range(2)]
    equal((first == second, first[0] == first[1], [len(vector) for vector in first]), (True, False, [1536, 1536]))
    small = embed(test_id, texts=["nobody knows this"], output_dimension=256, embedding_types=["int8", "ubinary"]).embeddings
    equal((len(small.int8[0]), len(small.ubinary[0]), small.float_), (256, 32, None))
    equal(len(embed(test_id, texts=["nobody"], model="embed-english-v3.0").embeddings.float_[0]), 1024)


@case
def images(test_id):
    answer = embed(test_id, images=[IMAGE], input_type="image")
    equal((len(answer.embeddings.float_), answer.meta.billed_units.images), (1, 1))
    parts = [{"type": "text", "text": "one vector"}, {"type": "image_url", "image_url": {"url": IMAGE}}]
    mixed = embed(test_id, inputs=[{"content": parts}, {"content": parts[:1]}])
    equal(mixed.embeddings.float_, [[0.5, -0.25, 1, 0.125]] * 2)


@case
def refusals(test_id):
    error = raises(cohere.BadRequestError, lambda: embed(test_id, texts=["embedding refused"]))
    equal(error.body["message"], "input too long")
    error = raises(cohere.BadRequestError, lambda: embed(test_id, texts=["a"] * 97))
    equal(error.body["message"], "invalid request: total number of texts must be at most 96")
    strict = {"X-AIMock-Strict": "true"}
    raises(cohere.ServiceUnavailableError, lambda: embed(test_id, texts=["nobody knows this"], headers=strict))
    error = raises(cohere.BadRequestError, lambda: embed(test_id, images=[IMAGE], headers=strict))
    equal(error.body["message"], "invalid request: images must be used with input_type=image")


@case
def rankings(test_id):
    answer = rerank(test_id, "weather in Bergen")
    equal([(result.index, result.relevance_score) for result in answer.results], [(2, 0.98), (0, 0.4)])
    equal((answer.meta.billed_units.search_units, len(answer.id)), (1, 36))
    equal(len(rerank(test_id, "weather in Bergen", top_n=1).results), 1)
    equal(rerank(test_id, "nobody knows this").results, [])
    error = raises(cohere.core.ApiError, lambda: rerank(test_id, "refused"))
    equal((error.status_code, error.body["message"]), (402, "your plan is used up"))
    error = raises(cohere.BadRequestError, lambda: rerank(test_id, " "))
    equal(error.body["message"], "invalid request: query must not be empty or be only whitespace")
