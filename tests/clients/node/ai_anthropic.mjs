// The AI SDK with Anthropic's provider: text, streams, tools and their loop, thoughts, objects, usage, trouble.

import { all, claudeModel, load } from "./clients.mjs";
import { equal, key, statuses, suite, url } from "./harness.mjs";

const { APICallError, Output, generateText, jsonSchema, stepCountIs, streamText, tool } = await load("ai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const test = suite("ai_anthropic", "ai-sdk-anthropic");

const HELLO = "Hello! How can I help you today?";
const schema = jsonSchema({ type: "object", properties: {}, additionalProperties: true });
const anthropic = (testId) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key, headers: { "X-Test-Id": testId } });
const ask = (id, prompt, more = {}) => generateText({ model: anthropic(id)(claudeModel), prompt, maxRetries: 0, ...more });
/** The error of a request, which the SDK tells by its mark: the provider brings an own copy of the class. */
async function refused(id, prompt, more = {}) {
  const error = await ask(id, prompt, more).then((answer) => new Error(`answered ${answer.text}`), (error) => error);
  equal(APICallError.isInstance(error), true, `${error}`);
  return error;
}

/** A stream whose trouble is told by its parts, not by the console. */
const open = (id, prompt, more = {}) => streamText({ model: anthropic(id)(claudeModel), prompt, maxRetries: 0, onError: () => {}, ...more });

test("text", ["text"], async (id) => {
  const { text, finishReason } = await ask(id, "please say hello");
  equal([text, finishReason], [HELLO, "stop"]);
  equal((await ask(id, "who am I", { system: "The user is Ada." })).text, "You are Ada.");
  equal((await ask(id, "cut me short")).finishReason, "length");
});

test("stream", ["stream"], async (id) => {
  const stream = open(id, "trickle");
  equal([await all(stream.textStream), await stream.finishReason], [["abcd", "efgh", "ijkl"], "stop"]);
});

test("parallel_calls", ["tools"], async (id) => {
  const tools = { get_weather: tool({ inputSchema: schema }), get_time: tool({ inputSchema: schema }) };
  const stream = open(id, "weather in Oslo and Rome", { tools });
  await stream.consumeStream();
  for (const answer of [await ask(id, "weather in Oslo and Rome", { tools }), stream]) {
    equal((await answer.toolCalls).map((call) => [call.toolCallId, call.toolName, call.input]), [
      ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
      ["call_rome", "get_weather", { city: "Rome" }],
      ["call_time", "get_time", {}],
    ]);
    equal(await answer.finishReason, "tool-calls");
  }
});

test("tool_loop", async (id) => {
  const lookup = tool({ inputSchema: schema, execute: async () => "it is red" });
  equal((await ask(id, "loop by flag", { tools: { lookup }, stopWhen: stepCountIs(3) })).text, "The flag is red.");
});

test("thoughts", async (id) => {
  const stream = open(id, "think about it");
  await stream.consumeStream();
  for (const answer of [await ask(id, "think about it"), stream]) {
    equal([await answer.reasoningText, await answer.text], ["First this, then that.", "Therefore: 42."]);
  }
});

test("structured_output", ["structured"], async (id) => {
  // Older models are given a tool for it; this one takes a schema.
  const model = anthropic(id)("claude-sonnet-4-5");
  const { output } = await ask(id, "plan the picnic", { model, output: Output.object({ schema }) });
  equal(output, { title: "Picnic", guests: ["Linus"], budget: 3 });
});

test("usage", ["usage"], async (id) => {
  for (const [text, expected] of [["estimate the usage", [5, 3, 8]], ["given usage, messages style", [21, 9, 30]]]) {
    const stream = open(id, text);
    await stream.consumeStream();
    for (const used of [(await ask(id, text)).usage, await stream.usage]) {
      equal([used.inputTokens, used.outputTokens, used.totalTokens], expected, text);
    }
  }
});

test("typed_errors", ["error"], async (id) => {
  for (const [code, type, message] of [[400, "invalid_request_error", "that is not allowed"], [429, "rate_limit_error", "slow down"], [529, "overloaded_error", "too busy"]]) {
    const error = await refused(id, `fail with ${code}`);
    equal([error.statusCode, error.message, error.data.error.type, error.isRetryable], [code, message, type, code !== 400]);
  }
});

test("retry_rule", ["retry"], async (id) => {
  equal((await ask(id, "fail once", { maxRetries: 2 })).text, "second time lucky");
  equal(await statuses(id), [429, 200]);
  const missed = await refused(id, "please say helo", { maxRetries: 2 });
  equal([missed.statusCode, await statuses(id)], [404, [429, 200, 404]]);
});

test("broken_stream", ["cut"], async (id) => {
  const parts = [];
  let failed;
  try {
    for await (const part of open(id, "break off").fullStream) parts.push(part);
  } catch (error) {
    failed = error;
  }
  failed ??= parts.find((part) => part.type === "error")?.error;
  equal([APICallError.isInstance(failed), failed?.cause?.message], [true, "terminated"], "how this client names a broken body");
  equal(parts.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "abcdefgh");
});
