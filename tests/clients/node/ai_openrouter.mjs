// The AI SDK with OpenRouter's provider: text, streams, tools, reasoning, cost, failover, errors, embeddings, videos.

import { all, load } from "./clients.mjs";
import { equal, key, statuses, suite, url } from "./harness.mjs";

const { createOpenRouter } = await load("@openrouter/ai-sdk-provider");
const { APICallError, Output, embed, generateText, jsonSchema, streamText, tool } = await load("ai");
const test = suite("ai_openrouter", "ai-sdk-openrouter");

const HELLO = "Hello! How can I help you today?";
const MODEL = "openai/gpt-4o";
const CLAUDE = "anthropic/claude-sonnet-4";
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];

const provider = (id) => createOpenRouter({ baseURL: `${url}/api/v1`, apiKey: key, headers: { "X-Test-Id": id } });
const WEATHER = {
  get_weather: tool({ inputSchema: jsonSchema({ type: "object" }) }),
  get_time: tool({ inputSchema: jsonSchema({ type: "object" }) }),
};
/** The provider's error is of a class that its own copy of the SDK's interface has. */
async function refusal(run) {
  const error = await run().then(() => undefined, (error) => error);
  if (!APICallError.isInstance(error)) throw new Error(`threw ${error}, expected an APICallError`);
  return error;
}
const quietly = (settings) => streamText({ maxRetries: 0, onError: () => {}, ...settings });
const calls = (found) => found.map((call) => [call.toolCallId, call.toolName, call.input]);

test("text_and_stream", ["text", "stream"], async (id) => {
  const model = provider(id)(MODEL);
  const answer = await generateText({ model, prompt: "say hello" });
  equal([answer.text, answer.finishReason, answer.usage.inputTokens, answer.usage.outputTokens], [HELLO, "stop", 3, 8]);
  equal(answer.providerMetadata.openrouter.provider, "openai");
  const stream = quietly({ model, prompt: "say hello" });
  equal((await all(stream.textStream)).join(""), HELLO);
  equal([await stream.finishReason, (await stream.usage).outputTokens], ["stop", 8]);
});

test("parallel_calls", ["tools"], async (id) => {
  const model = provider(id)(MODEL);
  equal(calls((await generateText({ model, prompt: "weather in Oslo and Rome", tools: WEATHER })).toolCalls), CALLS);
  const stream = quietly({ model, prompt: "weather in Oslo and Rome", tools: WEATHER });
  equal([calls(await stream.toolCalls), await stream.finishReason], [CALLS, "tool-calls"]);
});

test("reasoning", async (id) => {
  const model = provider(id)(CLAUDE);
  const answer = await generateText({ model, prompt: "think about it" });
  equal([answer.reasoningText, answer.text], ["First this, then that.", "Therefore: 42."]);
  const stream = quietly({ model, prompt: "think about it" });
  equal([await stream.reasoningText, await stream.text], ["First this, then that.", "Therefore: 42."]);
});

test("cost_and_failover", ["usage"], async (id) => {
  const costs = await generateText({ model: provider(id)(MODEL, { usage: { include: true } }), prompt: "what does it cost" });
  const { usage } = costs.providerMetadata.openrouter;
  equal([usage.cost, usage.promptTokensDetails.cachedTokens, usage.costDetails.upstreamInferenceCost], [0.25, 16, 0.25]);
  const model = provider(id)("first/down", { models: ["first/down", "second/up"] });
  equal((await generateText({ model, prompt: "route me" })).text, "The second answers.");
});

test("structured_output", ["structured"], async (id) => {
  const schema = jsonSchema({ type: "object", properties: { title: { type: "string" } }, required: ["title"], additionalProperties: true });
  const answer = await generateText({ model: provider(id)(MODEL), prompt: "plan the party", output: Output.object({ schema }) });
  equal(answer.output, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("typed_errors", ["error", "retry"], async (id) => {
  const model = provider(id)(MODEL);
  const error = await refusal(() => generateText({ model, prompt: "fail with 429", maxRetries: 0 }));
  equal([error.statusCode, error.message, error.isRetryable], [429, "slow down", true]);
  equal((await refusal(() => generateText({ model, prompt: "fail with 400", maxRetries: 0 }))).isRetryable, false);
  equal((await generateText({ model, prompt: "fail once", maxRetries: 2 })).text, "second time lucky");
  equal(await statuses(id), [429, 400, 429, 200]);
});

test("broken_streams", ["cut"], async (id) => {
  const parts = async (prompt) => all(quietly({ model: provider(id)(MODEL), prompt }).fullStream);
  for (const prompt of ["break off", "leave on the way"]) {
    const found = await parts(prompt);
    equal(found.filter((part) => part.type === "text-delta").map((part) => part.text).join("").startsWith("abcd"), true, prompt);
    equal(found.some((part) => part.type === "error"), true, `${prompt}: ${JSON.stringify(found.map((part) => part.type))}`);
  }
});

test("embeddings", ["embeddings"], async (id) => {
  const answer = await embed({ model: provider(id).textEmbeddingModel("openai/text-embedding-3-small"), value: "one vector" });
  equal(answer.embedding, [0.5, -0.25, 1, 0.125]);
});
