// The AI SDK over Bedrock: text, streams, tools and their loop, reasoning, structured output, usage, errors.

import { bedrock, modelId } from "./bedrock.mjs";
import { load } from "./clients.mjs";
import { equal, key, statuses, suite } from "./harness.mjs";

const ai = await load("ai");
const { z } = await load("zod");
const test = suite("bedrock_ai", "ai-sdk-amazon-bedrock");

const HELLO = "Hello! How can I help you today?";
const ask = (id, prompt, more = {}) => ai.generateText({ model: bedrock(id)(modelId), maxRetries: 0, prompt, ...more });
const open = (id, prompt, more = {}) =>
  ai.streamText({ model: bedrock(id)(modelId), maxRetries: 0, prompt, onError: () => {}, ...more });
const inert = { inputSchema: z.looseObject({}) };
const WEATHER = { get_weather: ai.tool(inert), get_time: ai.tool(inert) };

test("text", ["text"], async (id) => {
  const { text, finishReason } = await ask(id, "please say hello");
  equal([text, finishReason], [HELLO, "stop"]);
});

test("api_key", async (id) => {
  const { text } = await ask(id, "please say hello", { model: bedrock(id, { apiKey: key })(modelId) });
  equal(text, HELLO);
});

test("stream", ["stream"], async (id) => {
  const stream = open(id, "trickle");
  const pieces = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  equal([pieces, await stream.finishReason], [["abcd", "efgh", "ijkl"], "stop"]);
});

test("parallel_calls", ["tools"], async (id) => {
  const stream = open(id, "weather in Oslo and Rome", { tools: WEATHER });
  await stream.consumeStream();
  for (const calls of [(await ask(id, "weather in Oslo and Rome", { tools: WEATHER })).toolCalls, await stream.toolCalls]) {
    equal(calls.map((call) => [call.toolCallId, call.toolName, call.input.city]), [
      ["call_oslo", "get_weather", "Oslo"],
      ["call_rome", "get_weather", "Rome"],
      ["call_time", "get_time", undefined],
    ]);
  }
});

test("tool_loop", async (id) => {
  const lookup = ai.tool({ ...inert, execute: async () => "it is red" });
  const { text } = await ask(id, "loop by flag", { tools: { lookup }, stopWhen: ai.stepCountIs(3) });
  equal(text, "The flag is red.");
});

test("reasoning", async (id) => {
  const stream = open(id, "think about it");
  await stream.consumeStream();
  for (const [reasoning, text] of [
    [(await ask(id, "think about it")).reasoningText, "Therefore: 42."],
    [await stream.reasoningText, await stream.text],
  ]) {
    equal([reasoning, text], ["First this, then that.", "Therefore: 42."]);
  }
});

test("usage", ["usage"], async (id) => {
  const stream = open(id, "given usage, chat style");
  await stream.consumeStream();
  for (const usage of [(await ask(id, "given usage, chat style")).usage, await stream.usage]) {
    equal([usage.inputTokens, usage.outputTokens, usage.totalTokens], [11, 7, 18]);
  }
});

test("structured_output", ["structured"], async (id) => {
  const schema = z.object({ title: z.string(), guests: z.array(z.string()), budget: z.number() });
  const model = bedrock(id)("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
  const { output } = await ask(id, "plan the picnic", { model, output: ai.Output.object({ schema }) });
  equal(output, { title: "Picnic", guests: ["Linus"], budget: 3 });
});

test("embeddings", ["embeddings"], async (id) => {
  const model = (name) => bedrock(id).embeddingModel(name);
  const { embedding, usage } = await ai.embed({ model: model("amazon.titan-embed-text-v2:0"), value: "one vector", maxRetries: 0 });
  equal([embedding, usage.tokens], [[0.5, -0.25, 1, 0.125], 3]);
  const values = ["a vector each", "and another"];
  const { embeddings } = await ai.embedMany({ model: model("cohere.embed-english-v3"), values, maxRetries: 0 });
  equal(embeddings, [[1, 0], [0, 1]]);
});

test("typed_errors", ["error"], async (id) => {
  for (const [text, status, retryable] of [["fail with 400", 400, false], ["fail with 429", 429, true], ["fail with 500", 500, true]]) {
    const error = await ask(id, text).then((answer) => answer, (error) => error);
    // The provider brings an own copy of the class, which is why the SDK tells it by its mark.
    equal([ai.APICallError.isInstance(error), error.statusCode, error.isRetryable], [true, status, retryable], text);
  }
});

test("retry_then_success", ["retry"], async (id) => {
  equal((await ask(id, "fail once", { maxRetries: 2 })).text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("exceptions_and_cuts_inside_streams", ["cut"], async (id) => {
  for (const text of ["stumble over the limit", "break off"]) {
    const parts = [];
    try {
      for await (const part of open(id, text).fullStream) parts.push(part.type);
    } catch {
      parts.push("error");
    }
    equal(parts.includes("error"), true, `${text}: ${parts}`);
  }
});
