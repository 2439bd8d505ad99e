// The AI SDK with Google's provider: text, streams, the tool loop, objects, thoughts, usage, embeddings, images, audio, trouble.

import { load } from "./clients.mjs";
import { equal, key, statuses, suite, throws, url } from "./harness.mjs";

const { APICallError, embed, embedMany, generateImage, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } = await load("ai");
const { createGoogleGenerativeAI } = await load("@ai-sdk/google");
const test = suite("ai_google", "ai-sdk-google");

const google = (testId, extra = {}) =>
  createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key, headers: { "X-Test-Id": testId, ...extra } });

const ask = (id, prompt, more = {}) => generateText({ model: google(id)("gemini-2.5-flash"), prompt, maxRetries: 0, ...more });

/** A stream whose errors are thrown where its text is read. */
async function open(id, prompt, more = {}) {
  let failure;
  const stream = streamText({ model: google(id)("gemini-2.5-flash"), prompt, maxRetries: 0, onError: ({ error }) => (failure = error), ...more });
  const pieces = [];
  try {
    for await (const piece of stream.textStream) pieces.push(piece);
  } catch (error) {
    failure = error;
  }
  return { stream, pieces, failure };
}

const schema = jsonSchema({ type: "object", properties: {}, additionalProperties: true });

test("text", ["text"], async (id) => {
  const { text, finishReason } = await ask(id, "please say hello");
  equal([text, finishReason], ["Hello! How can I help you today?", "stop"]);
  equal((await ask(id, "who am I", { system: "The user is Ada." })).text, "You are Ada.");
  equal((await ask(id, "cut me short")).finishReason, "length");
  equal((await ask(id, "say something bad")).finishReason, "content-filter");
});

test("streamed", ["stream"], async (id) => {
  const { stream, pieces } = await open(id, "trickle");
  equal([pieces, await stream.finishReason], [["abcd", "efgh", "ijkl"], "stop"]);
});

test("parallel_calls", ["tools"], async (id) => {
  const tools = { get_weather: tool({ inputSchema: schema }), get_time: tool({ inputSchema: schema }) };
  const expected = [
    ["get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
    ["get_weather", { city: "Rome" }],
    ["get_time", {}],
  ];
  const { stream } = await open(id, "weather in Oslo and Rome", { tools });
  for (const answer of [await ask(id, "weather in Oslo and Rome", { tools }), stream]) {
    equal((await answer.toolCalls).map((call) => [call.toolName, call.input]), expected);
    equal(await answer.finishReason, "tool-calls");
  }
});

test("tool_loop", async (id) => {
  const lookup = tool({ inputSchema: schema, execute: async () => "it is red" });
  const more = { tools: { lookup }, stopWhen: stepCountIs(3) };
  equal((await ask(id, "loop by flag", more)).text, "The flag is red.");
  equal((await open(id, "loop by flag", more)).pieces.join(""), "The flag is red.");
});

test("object", ["structured"], async (id) => {
  const { object } = await generateObject({ model: google(id)("gemini-2.5-flash"), prompt: "plan the party", schema, maxRetries: 0 });
  equal(object, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("thoughts", async (id) => {
  const { stream } = await open(id, "think about it");
  for (const answer of [await ask(id, "think about it"), stream]) {
    equal([await answer.reasoningText, await answer.text], ["First this, then that.", "Therefore: 42."]);
  }
});

test("usage", ["usage"], async (id) => {
  for (const [text, expected] of [["estimate the usage", [5, 3, 8]], ["given usage, chat style", [11, 7, 18]], ["given details", [100, 50, 150]]]) {
    const { stream } = await open(id, text);
    for (const answer of [await ask(id, text), stream]) {
      const used = await answer.usage;
      equal([used.inputTokens, used.outputTokens, used.totalTokens], expected, text);
    }
  }
});

test("embeddings", ["embeddings"], async (id) => {
  const model = google(id).textEmbeddingModel("text-embedding-004");
  equal((await embed({ model, value: "one vector", maxRetries: 0 })).embedding, [0.5, -0.25, 1, 0.125]);
  const many = await embedMany({ model, values: ["a vector each", "two", "three"], maxRetries: 0 });
  equal(many.embeddings, [[1, 0], [0, 1], [0.5, 0.5]]);
});

test("typed_errors", ["error"], async (id) => {
  for (const [code, status, message] of [[400, "INVALID_ARGUMENT", "that is not allowed"], [429, "RESOURCE_EXHAUSTED", "slow down"], [500, "INTERNAL", "broken inside"]]) {
    const error = await throws(APICallError, () => ask(id, `fail with ${code}`));
    equal([error.statusCode, error.message, error.data.error.status], [code, message, status]);
    equal(error.isRetryable, code !== 400);
    equal((await open(id, `fail with ${code}`)).failure?.message, message);
  }
});

test("retry_then_success", ["retry"], async (id) => {
  equal((await ask(id, "fail once", { maxRetries: 1 })).text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("miss", async (id) => {
  const error = await throws(APICallError, () => ask(id, "please say helo", { maxRetries: 2 }));
  equal([error.statusCode, error.message], [404, "No fixture matched"]);
  equal(await statuses(id), [404]);
});

test("broken_stream", ["cut"], async (id) => {
  const { pieces, failure } = await open(id, "break off");
  equal([failure?.constructor === APICallError, failure?.cause?.message], [true, "terminated"], "how this client names a broken body");
  equal(pieces, ["abcd", "efgh", "ijkl", "mnop"], "what came before the cut");
});

test("image", ["images"], async (id) => {
  const image = (prompt) => generateImage({ model: google(id).image("gemini-3.1-flash-image"), prompt, maxRetries: 0 });
  equal((await image("paint a fox")).image.base64, "/wABAv79gICAgA==");
  equal((await throws(APICallError, () => image("paint nothing"))).message, "not that picture");
});

test("audio", ["audio"], async (id) => {
  const { files, text } = await ask(id, "speak to me over the socket");
  equal([files.map((file) => [file.mediaType, file.base64]), text], [[["audio/pcm", "UklGRgAAAAA="]], "Listen."]);
});
