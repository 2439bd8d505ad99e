// The AI SDK with its OpenAI provider, whose default API is responses; chat completions and text completions beside it.

import { all, load, model } from "./clients.mjs";
import { equal, key, statuses, suite, throws, url } from "./harness.mjs";

const ai = await load("ai");
const { APICallError, Output, embed, embedMany, generateImage, generateText, jsonSchema, stepCountIs, streamText, tool } = ai;
const { experimental_generateSpeech, experimental_transcribe } = ai;
const { createOpenAI } = await load("@ai-sdk/openai");
const test = suite("ai_sdk", "ai-sdk-openai");

const BYTES = "/wABAv79gICAgA==";
const HELLO = "Hello! How can I help you today?";
const LOOKUP = { lookup: tool({ inputSchema: jsonSchema({ type: "object", properties: { query: { type: "string" } } }), execute: async () => "done" }) };
const WEATHER = {
  get_weather: tool({ inputSchema: jsonSchema({ type: "object" }) }),
  get_time: tool({ inputSchema: jsonSchema({ type: "object" }) }),
};
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];
const calls = (found) => found.map((call) => [call.toolCallId, call.toolName, call.input]);

/** A provider of its own test id. */
const provider = (id) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key, headers: { "X-Test-Id": id } });
/** The same case for responses and for chat completions, each with a test id of its own. */
const both = (name, ...rest) => {
  const run = rest.pop();
  test(name, ...rest, (id) => run(provider(id)(model), id));
  test(`chat_${name}`, ...rest, (id) => run(provider(id).chat(model), id));
};
/** A stream whose trouble is told by its parts, not by the console. */
const quietly = (settings) => streamText({ maxRetries: 0, onError: () => {}, ...settings });

both("text", ["text"], async (model) => {
  const answer = await generateText({ model, prompt: "say hello" });
  equal([answer.text, answer.finishReason, answer.toolCalls.length, answer.warnings ?? []], [HELLO, "stop", 0, []]);
  equal([answer.usage.inputTokens, answer.usage.outputTokens], [3, 8]);
});

both("stream", ["stream"], async (model) => {
  const stream = quietly({ model, prompt: "say hello" });
  equal((await all(stream.textStream)).join(""), HELLO);
  equal([await stream.finishReason, (await stream.usage).outputTokens], ["stop", 8]);
});

both("parallel_calls", ["tools"], async (model) => {
  equal(calls((await generateText({ model, prompt: "weather in Oslo and Rome", tools: WEATHER })).toolCalls), CALLS);
  const stream = quietly({ model, prompt: "weather in Oslo and Rome", tools: WEATHER });
  equal([calls(await stream.toolCalls), await stream.finishReason], [CALLS, "tool-calls"]);
});

both("tool_loop", async (model) => {
  const settings = { model, prompt: "loop in turns", tools: LOOKUP, stopWhen: stepCountIs(5) };
  const answer = await generateText(settings);
  equal([answer.text, answer.steps.length], ["Done after two calls.", 3]);
});

both("structured_output", ["structured"], async (model) => {
  const schema = jsonSchema({ type: "object", properties: { title: { type: "string" } }, required: ["title"], additionalProperties: true });
  const answer = await generateText({ model, prompt: "plan the party", output: Output.object({ schema }) });
  equal(answer.output, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

both("length", async (model) => {
  equal((await generateText({ model, prompt: "cut me short" })).finishReason, "length");
});

both("typed_errors", ["error"], async (model) => {
  const error = await throws(APICallError, () => generateText({ model, prompt: "fail with 429", maxRetries: 0 }));
  equal([error.statusCode, error.message, error.isRetryable, error.responseHeaders["retry-after"]], [429, "slow down", true, "7"]);
  const refused = await throws(APICallError, () => generateText({ model, prompt: "fail with 400", maxRetries: 0 }));
  equal([refused.statusCode, refused.isRetryable], [400, false]);
});

both("retries", ["retry"], async (model, id) => {
  equal((await generateText({ model, prompt: "fail once", maxRetries: 2 })).text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

both("broken_stream", ["cut"], async (model) => {
  let text = "";
  const error = await throws(APICallError, async () => {
    for await (const part of quietly({ model, prompt: "break off in the text" }).fullStream) text += part.type === "text-delta" ? part.text : "";
  });
  equal([error.statusCode, error.cause.message], [200, "terminated"], "how this runtime's fetch names a broken body");
  equal(["abcdefghijklmnopqrstuvwxyz".startsWith(text), text.length >= 12], [true, true], `what came before the cut: ${text}`);
});

test("reasoning", async (id) => {
  const answer = await generateText({ model: provider(id)("o4-mini"), prompt: "think about it" });
  equal([answer.reasoningText, answer.text], ["First this, then that.", "Therefore: 42."]);
  const parts = await all(quietly({ model: provider(id)("o4-mini"), prompt: "think about it" }).fullStream);
  equal(parts.filter((part) => part.type === "reasoning-delta").map((part) => part.text).join(""), "First this, then that.");
});

test("web_search", async (id) => {
  const openai = provider(id);
  const tools = { web_search: openai.tools.webSearch({}) };
  const answer = await generateText({ model: openai(model), prompt: "search the web", tools });
  equal([answer.text, answer.toolCalls.map((call) => call.toolName)], ["It rains.", ["web_search", "web_search"]]);
});

test("error_in_the_stream", async (id) => {
  const parts = await all(quietly({ model: provider(id)(model), prompt: "fail midway" }).fullStream);
  const [trouble] = parts.filter((part) => part.type === "error");
  equal([trouble.error.message, trouble.error.code], ["too busy", "busy"]);
});

test("completions", async (id) => {
  equal((await generateText({ model: provider(id).completion("gpt-3.5-turbo-instruct"), prompt: "say hello" })).text, HELLO);
});

both("usage", ["usage"], async (model) => {
  for (const [text, expected] of [["estimate the usage", [5, 3, 8]], ["given usage, chat style", [11, 7, 18]]]) {
    const stream = quietly({ model, prompt: text });
    await stream.consumeStream();
    for (const used of [(await generateText({ model, prompt: text })).usage, await stream.usage]) {
      equal([used.inputTokens, used.outputTokens, used.totalTokens], expected, text);
    }
  }
});

test("embeddings", ["embeddings"], async (id) => {
  const model = provider(id).textEmbeddingModel("text-embedding-3-small");
  equal((await embed({ model, value: "one vector", maxRetries: 0 })).embedding, [0.5, -0.25, 1, 0.125]);
  equal((await embedMany({ model, values: ["a vector each", "two", "three"], maxRetries: 0 })).embeddings, [[1, 0], [0, 1], [0.5, 0.5]]);
});

test("image", ["images"], async (id) => {
  const { image } = await generateImage({ model: provider(id).image("gpt-image-1"), prompt: "a cat", maxRetries: 0 });
  equal(image.base64, BYTES);
});

test("speech_and_transcription", ["audio"], async (id) => {
  equal((await experimental_generateSpeech({ model: provider(id).speech("tts-1"), text: "say it", maxRetries: 0 })).audio.base64, BYTES);
  const audio = new Uint8Array([0x52, 0x49, 0x46, 0x46]);
  const { text } = await experimental_transcribe({ model: provider(id).transcription("whisper-1"), audio, maxRetries: 0 });
  equal(text, "Good evening.");
});
