// The AI SDK with xAI's provider, which speaks OpenAI's responses: text, streams, tools, objects, errors, images, videos.

import { all, load } from "./clients.mjs";
import { equal, key, statuses, suite, url } from "./harness.mjs";

const ai = await load("ai");
const { createXai } = await load("@ai-sdk/xai");
const test = suite("ai_xai", "ai-sdk-xai");

const xai = (testId, extra = {}) => createXai({ baseURL: `${url}/v1`, apiKey: key, headers: { "X-Test-Id": testId, ...extra } });
const ask = (id, prompt, more = {}) => ai.generateText({ model: xai(id)("grok-4"), maxRetries: 0, prompt, ...more });
const open = (id, prompt, more = {}) => ai.streamText({ model: xai(id)("grok-4"), maxRetries: 0, prompt, onError: () => {}, ...more });

/** The provider's error is of a class that its own copy of the SDK's interface has. */
async function refusal(run) {
  const error = await run().then(() => undefined, (error) => error);
  if (!ai.APICallError.isInstance(error)) throw new Error(`threw ${error}, expected an APICallError`);
  return error;
}

/** A video, and the addresses where the client would fetch it. */
async function video(id, prompt) {
  const fetched = [];
  const download = async ({ url: place }) => {
    fetched.push(place.href);
    return { data: new Uint8Array([7]), mediaType: "video/mp4" };
  };
  const model = xai(id).video("grok-imagine-video");
  await ai.experimental_generateVideo({ model, prompt, maxRetries: 0, poll: { intervalMs: 1 }, download });
  return fetched;
}

test("text", ["text"], async (id) => {
  const { text, finishReason } = await ask(id, "please say hello");
  equal([text, finishReason], ["Hello! How can I help you today?", "stop"]);
});

test("stream", ["stream"], async (id) => {
  const stream = open(id, "trickle");
  equal([await all(stream.textStream), await stream.finishReason], [["abcd", "efgh", "ijkl"], "stop"]);
});

test("parallel_calls", ["tools"], async (id) => {
  const inert = ai.tool({ inputSchema: ai.jsonSchema({ type: "object" }) });
  const tools = { get_weather: inert, get_time: inert };
  const stream = open(id, "weather in Oslo and Rome", { tools });
  for (const calls of [(await ask(id, "weather in Oslo and Rome", { tools })).toolCalls, await stream.toolCalls]) {
    equal(calls.map((call) => [call.toolCallId, call.toolName, call.input]), [
      ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
      ["call_rome", "get_weather", { city: "Rome" }],
      ["call_time", "get_time", {}],
    ]);
  }
});

test("structured_output", ["structured"], async (id) => {
  const output = ai.Output.object({ schema: ai.jsonSchema({ type: "object" }) });
  equal((await ask(id, "plan the party", { output })).output, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("usage", ["usage"], async (id) => {
  const stream = open(id, "given usage, chat style");
  for (const used of [(await ask(id, "given usage, chat style")).usage, await stream.usage]) {
    equal([used.inputTokens, used.outputTokens, used.totalTokens], [11, 7, 18]);
  }
});

test("typed_errors", ["error"], async (id) => {
  for (const [status, message] of [[400, "that is not allowed"], [429, "slow down"], [500, "broken inside"]]) {
    const error = await refusal(() => ask(id, `fail with ${status}`));
    equal([error.statusCode, error.message, error.isRetryable], [status, message, status !== 400]);
  }
});

test("retry_then_success", ["retry"], async (id) => {
  equal((await ask(id, "fail once", { maxRetries: 1 })).text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("broken_stream", ["cut"], async (id) => {
  const pieces = [];
  const error = await refusal(async () => {
    for await (const piece of open(id, "break off").textStream) pieces.push(piece);
  });
  equal([error.cause?.message, "abcdefghijklmnop".startsWith(pieces.join(""))], ["terminated", true], "what came before the cut");
});

test("image", ["images"], async (id) => {
  const image = (prompt) => ai.generateImage({ model: xai(id).image("grok-imagine-image"), prompt, maxRetries: 0 });
  equal((await image("a cat")).image.base64, "/wABAv79gICAgA==");
  equal((await refusal(() => image("refused"))).message, "not that picture");
});

test("video", async (id) => {
  equal(await video(id, "a slow cat"), ["https://videos.example/1.mp4"]);
  equal((await refusal(() => video(id, "refused"))).message, "Client specified an invalid argument: not that video");
  const failure = await video(id, "a lost cat").then(() => undefined, (error) => error);
  equal(failure?.message.includes("no such cat"), true, `${failure}`);
});
