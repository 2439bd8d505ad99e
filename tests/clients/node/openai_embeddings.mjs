// OpenAI embeddings in both encodings: this client asks for base64 by itself and decodes it blindly.

import { azure, chat } from "./clients.mjs";
import { equal, suite } from "./harness.mjs";

const test = suite("openai_embeddings", "openai");
const embed = (client, input, more = {}) => client.embeddings.create({ model: "text-embedding-3-small", input, ...more });
const vectors = (answer) => answer.data.map((item) => [...item.embedding]);

test("default_encoding", ["embeddings"], async (id) => {
  equal(vectors(await embed(chat(id), "one vector")), [[0.5, -0.25, 1, 0.125]]);
});

test("float_encoding", ["embeddings"], async (id) => {
  equal(vectors(await embed(chat(id), "one vector", { encoding_format: "float" })), [[0.5, -0.25, 1, 0.125]]);
});

test("base64_is_really_sent", async (id) => {
  const answer = await embed(chat(id), "one vector", { encoding_format: "base64" });
  equal(answer.data[0].embedding, "AAAAPwAAgL4AAIA/AAAAPg==");
});

test("a_vector_an_input", async (id) => {
  equal(vectors(await embed(chat(id), ["a vector each", "two", "three"])), [[1, 0], [0, 1], [0.5, 0.5]]);
});

test("without_a_fixture", async (id) => {
  const [one] = vectors(await embed(chat(id), "unknown text", { dimensions: 64 }));
  const [two] = vectors(await embed(chat(id), "unknown text", { dimensions: 64, encoding_format: "float" }));
  equal([one.length, two.length], [64, 64]);
  equal(one.every((value, index) => Math.abs(value - two[index]) < 1e-6), true, "float against base64");
});

test("azure_deployment", async (id) => {
  equal(vectors(await azure(id).embeddings.create({ model: "my-embeddings", input: "one vector" })), [[0.5, -0.25, 1, 0.125]]);
});
