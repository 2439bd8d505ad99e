// Google's client, for Gemini and for Vertex AI: text, streams, tools, thoughts, usage, embeddings, images, audio, trouble.

import { load } from "./clients.mjs";
import { equal, key, nearest, statuses, suite, throws, timeout, url } from "./harness.mjs";

const { GoogleGenAI, ApiError } = await load("@google/genai");
const test = suite("google_genai", "google-genai");
const model = "gemini-2.5-flash";

const options = (testId, extra) => ({ baseUrl: url, timeout, headers: { "X-Test-Id": testId, ...extra } });

const gemini = (testId, extra = {}) => new GoogleGenAI({ apiKey: key, httpOptions: options(testId, extra) });

// With a key, Vertex AI is asked in express mode: without a project.
const vertex = (testId, extra = {}) => new GoogleGenAI({ vertexai: true, apiKey: key, httpOptions: options(testId, extra) });

const both = (testId) => [gemini(testId), vertex(testId)];

const ask = (client, contents, config) => client.models.generateContent({ model, contents, config });

async function open(client, contents, config) {
  const chunks = [];
  for await (const chunk of await client.models.generateContentStream({ model, contents, config })) chunks.push(chunk);
  return chunks;
}

const tools = (...names) => [{ functionDeclarations: names.map((name) => ({ name, parametersJsonSchema: { type: "object" } })) }];

const calls = (responses) => responses.flatMap((response) => response.functionCalls ?? []).map(({ id, name, args }) => [id, name, args]);

test("text", ["text"], async (id) => {
  for (const client of both(id)) {
    const response = await ask(client, "please say hello");
    equal(response.text, "Hello! How can I help you today?");
    equal([response.candidates[0].finishReason, response.modelVersion], ["STOP", model]);
    equal((await ask(client, "who am I", { systemInstruction: "The user is Ada." })).text, "You are Ada.");
  }
});

test("streamed", ["stream"], async (id) => {
  for (const client of both(id)) {
    const chunks = await open(client, "trickle");
    equal(chunks.map((chunk) => chunk.text), ["abcd", "efgh", "ijkl"]);
    equal(chunks.at(-1).candidates[0].finishReason, "STOP");
    const letters = (await open(client, "mind the letters")).map((chunk) => chunk.text);
    equal(letters.join(""), 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end');
  }
});

test("parallel_calls", ["tools"], async (id) => {
  const expected = [
    ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
    ["call_rome", "get_weather", { city: "Rome" }],
    ["call_time", "get_time", {}],
  ];
  const config = { tools: tools("get_weather", "get_time") };
  for (const client of both(id)) {
    equal(calls([await ask(client, "weather in Oslo and Rome", config)]), expected);
    equal(calls(await open(client, "weather in Oslo and Rome", config)), expected);
  }
});

test("loop_by_tool_call_id", async (id) => {
  const client = gemini(id);
  const first = await ask(client, "loop by id", { tools: tools("lookup") });
  const [[call, name]] = calls([first]);
  const contents = [
    { role: "user", parts: [{ text: "loop by id" }] },
    first.candidates[0].content,
    { role: "user", parts: [{ functionResponse: { id: call, name, response: { result: "found it" } } }] },
  ];
  equal([call, (await ask(client, contents)).text], ["call_by_id", "Rust is a language."]);
});

test("structured_output", ["structured"], async (id) => {
  const config = { responseMimeType: "application/json", responseJsonSchema: { type: "object" } };
  for (const client of both(id)) {
    equal(JSON.parse((await ask(client, "plan the party", config)).text).title, "Party");
    equal((await ask(client, "any json", { responseMimeType: "application/json" })).text, '{"ok":true}');
  }
});

test("thoughts", async (id) => {
  for (const responses of [[await ask(gemini(id), "think about it")], await open(gemini(id), "think about it")]) {
    const parts = responses.flatMap((response) => response.candidates[0].content.parts);
    equal(parts.filter((part) => part.thought).map((part) => part.text).join(""), "First this, then that.");
    equal(parts.filter((part) => part.thoughtSignature).map((part) => part.thoughtSignature), ["c2lnbmF0dXJl"]);
    equal(responses.at(-1).usageMetadata.thoughtsTokenCount, 6);
  }
});

test("usage", ["usage"], async (id) => {
  for (const [text, expected] of [["estimate the usage", [5, 3, 8]], ["given usage, chat style", [11, 7, 18]], ["given details", [100, 20, 150]]]) {
    for (const { usageMetadata: used } of [await ask(gemini(id), text), (await open(gemini(id), text)).at(-1)]) {
      equal([used.promptTokenCount, used.candidatesTokenCount, used.totalTokenCount], expected, text);
    }
  }
});

test("count_tokens", async (id) => {
  for (const client of both(id)) equal((await client.models.countTokens({ model, contents: "twelve chars" })).totalTokens, 3);
});

test("embeddings", ["embeddings"], async (id) => {
  const embed = async (client, contents) => (await client.models.embedContent({ model: "text-embedding-004", contents })).embeddings.map((item) => item.values);
  equal(await embed(gemini(id), "one vector"), [[0.5, -0.25, 1, 0.125]]);
  equal(await embed(gemini(id), ["a vector each", "two", "three"]), [[1, 0], [0, 1], [0.5, 0.5]]);
  equal(await embed(vertex(id), "one vector"), [[0.5, -0.25, 1, 0.125]]);
});

// The client asks for images at Vertex AI alone.
test("images", ["images"], async (id) => {
  const draw = (prompt) => vertex(id).models.generateImages({ model: "imagen-4.0-generate-001", prompt, config: { numberOfImages: 1 } });
  const { generatedImages } = await draw("a cat");
  equal(generatedImages.map(({ image }) => [image.imageBytes, image.mimeType]), [["/wABAv79gICAgA==", "image/png"]]);
  const error = await throws(ApiError, () => draw("refused"));
  equal([error.status, inner(error).message], [400, "not that picture"]);
});

test("audio", ["audio"], async (id) => {
  const [text, config] = ["speak to me over the socket", { responseModalities: ["AUDIO"] }];
  for (const client of both(id)) {
    for (const responses of [[await ask(client, text, config)], await open(client, text, config)]) {
      const parts = responses.flatMap((response) => response.candidates[0].content.parts);
      equal(parts.flatMap((part) => part.inlineData ?? []), [{ mimeType: "audio/pcm", data: "UklGRgAAAAA=" }]);
    }
  }
});

const table = [
  [400, "INVALID_ARGUMENT", "that is not allowed"],
  [401, "UNAUTHENTICATED", "who are you"],
  [403, "PERMISSION_DENIED", "not yours"],
  [429, "RESOURCE_EXHAUSTED", "slow down"],
  [500, "INTERNAL", "broken inside"],
];

/** The error object on the wire, which the client keeps as text. */
const inner = (error) => JSON.parse(error.message.slice(error.message.indexOf("{"))).error;

test("typed_errors", ["error"], async (id) => {
  for (const [code, status, message] of table) {
    for (const run of [ask, open]) {
      const error = await throws(ApiError, () => run(gemini(id), `fail with ${code}`));
      equal([error.status, inner(error).status, inner(error).message], [code, status, message]);
    }
  }
});

test("miss", async (id) => {
  const error = await throws(ApiError, () => ask(gemini(id), "please say helo"));
  equal([error.status, inner(error).status], [404, "NOT_FOUND"]);
  equal(nearest(inner(error)), ["hello-text", "userMessage"], "nearest fixture and the key that failed");
  equal(await statuses(id), [404]);
});

test("error_inside_a_stream", async (id) => {
  const pieces = [];
  const error = await throws(ApiError, async () => {
    for await (const chunk of await gemini(id).models.generateContentStream({ model, contents: "fail on the way" })) pieces.push(chunk.text);
  });
  equal([error.status, inner(error).message, pieces], [500, "out of breath", ["abcd", "efgh"]]);
});

test("broken_stream", ["cut"], async (id) => {
  const pieces = [];
  const error = await throws(TypeError, async () => {
    for await (const chunk of await gemini(id).models.generateContentStream({ model, contents: "break off" })) pieces.push(chunk.text);
  });
  equal([error.message, pieces], ["terminated", ["abcd", "efgh", "ijkl", "mnop"]], "what came before the cut");
});

test("retry_rule", ["retry"], async (id) => {
  const retryOptions = { attempts: 2, initialDelay: 0.01, maxDelay: 0.02 };
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { ...options(`${id}/told`, {}), retryOptions } });
  equal((await ask(client, "fail once")).text, "second time lucky");
  equal(await statuses(`${id}/told`), [429, 200]);
  await throws(ApiError, () => ask(gemini(id), "fail once"));
  equal(await statuses(id), [429], "of its own accord it asks once");
});
