// OpenRouter's own client, and the AI SDK with OpenRouter's provider.

import { pathToFileURL } from "node:url";
import path from "node:path";
import { all, load, user } from "./clients.mjs";
import { equal, journal, key, statuses, suite, throws, url } from "./harness.mjs";

// Both are ES modules alone, which `require` cannot find.
const root = path.resolve(process.env.AIMOCK_NODE_MODULES ?? "target/clients/node/node_modules");
const module = (file) => import(pathToFileURL(path.join(root, file)).href);
const { OpenRouter } = await module("@openrouter/sdk/esm/index.js");
const errors = await module("@openrouter/sdk/esm/models/errors/index.js");
const { createOpenRouter } = await load("@openrouter/ai-sdk-provider");
const { APICallError, Output, embed, generateText, jsonSchema, streamText, tool } = await load("ai");
const test = suite("openrouter");

const HELLO = "Hello! How can I help you today?";
const MODEL = "openai/gpt-4o";
const CLAUDE = "anthropic/claude-sonnet-4";
const offer = (name) => ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } });
const OFFERED = [offer("get_weather"), offer("get_time")];
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];

/** OpenRouter's client, which says nothing of its own in its requests but a header of ours. */
function client(id, options = {}) {
  const { HTTPClient } = http;
  const httpClient = new HTTPClient();
  httpClient.addHook("beforeRequest", (request) => {
    const own = new Request(request);
    own.headers.set("X-Test-Id", id);
    return own;
  });
  return new OpenRouter({ apiKey: key, serverURL: `${url}/api/v1`, httpClient, retryConfig: { strategy: "none" }, ...options });
}
const http = await module("@openrouter/sdk/esm/lib/http.js");
const ask = (id, text, more = {}, options = {}) =>
  client(id, options).chat.send({ chatRequest: { model: MODEL, messages: user(text), ...more } });

test("text", async (id) => {
  const answer = await ask(id, "please say hello");
  equal([answer.choices[0].message.content, answer.choices[0].finishReason, answer.model], [HELLO, "stop", MODEL]);
  equal(answer.id.startsWith("gen-"), true, `prefix of ${answer.id}`);
});

test("stream", async (id) => {
  const chunks = await all(ask(id, "trickle", { stream: true }));
  equal(chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content)).filter(Boolean), ["abcd", "efgh", "ijkl"]);
  equal(chunks.at(-1).usage.completionTokens, 3);
});

test("waiting", async (id) => {
  const chunks = await all(ask(id, "take your time", { stream: true }));
  equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), "There it is.");
});

test("parallel_calls", async (id) => {
  const { message } = (await ask(id, "weather in Oslo and Rome", { tools: OFFERED })).choices[0];
  equal(message.toolCalls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]), CALLS);
  const found = [];
  for (const chunk of await all(ask(id, "weather in Oslo and Rome", { tools: OFFERED, stream: true }))) {
    for (const piece of chunk.choices[0]?.delta.toolCalls ?? []) {
      found[piece.index] ??= ["", "", ""];
      found[piece.index][0] += piece.id ?? "";
      found[piece.index][1] += piece.function?.name ?? "";
      found[piece.index][2] += piece.function?.arguments ?? "";
    }
  }
  equal(found.map(([call, name, text]) => [call, name, JSON.parse(text)]), CALLS);
});

test("failover", async (id) => {
  const answer = await ask(id, "route me", { model: "first/down", models: ["second/up"] });
  equal([answer.choices[0].message.content, answer.model], ["The second answers.", "second/up"]);
  equal((await journal(id))[0].response.attempts.map((attempt) => [attempt.model, attempt.error]), [["first/down", 503], ["second/up", undefined]]);
});

test("cost", async (id) => {
  const parts = { upstreamInferenceCost: 0.25, upstreamInferencePromptCost: 0, upstreamInferenceCompletionsCost: 0 };
  for (const { usage } of [await ask(id, "what does it cost"), (await all(ask(id, "what does it cost", { stream: true }))).at(-1)]) {
    equal([usage.promptTokens, usage.completionTokens, usage.totalTokens, usage.cost, usage.isByok], [20, 10, 30, 0.25, false]);
    equal({ ...usage.costDetails }, parts);
    equal([usage.promptTokensDetails.cachedTokens, usage.completionTokensDetails.reasoningTokens], [16, 4]);
  }
});

test("reasoning", async (id) => {
  const { message } = (await ask(id, "think about it", { model: CLAUDE })).choices[0];
  equal([message.content, message.reasoning], ["Therefore: 42.", "First this, then that."]);
  equal([message.reasoningDetails[0].type, message.reasoningDetails[0].signature], ["reasoning.text", "c2lnbmF0dXJl"]);
  const deltas = (await all(ask(id, "think about it", { model: CLAUDE, stream: true }))).map((chunk) => chunk.choices[0]?.delta ?? {});
  equal(deltas.map((delta) => delta.reasoning ?? "").join(""), "First this, then that.");
  equal(deltas.flatMap((delta) => delta.reasoningDetails ?? []).map((detail) => detail.text ?? "").join(""), "First this, then that.");
});

test("structured_output", async (id) => {
  const schema = { type: "object", properties: { title: { type: "string" } } };
  const answer = await ask(id, "plan the party", { responseFormat: { type: "json_schema", jsonSchema: { name: "plan", schema } } });
  equal(JSON.parse(answer.choices[0].message.content), { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("typed_errors", async (id) => {
  const table = [
    ["fail with 400", errors.BadRequestResponseError, 400, "that is not allowed"],
    ["fail with 401", errors.UnauthorizedResponseError, 401, "who are you"],
    ["fail with 429", errors.TooManyRequestsResponseError, 429, "slow down"],
    ["fail with 500", errors.InternalServerResponseError, 500, "broken inside"],
    ["fail with 529", errors.ProviderOverloadedResponseError, 529, "too busy"],
    ["nobody knows this", errors.NotFoundResponseError, 404, undefined],
  ];
  for (const [text, kind, status, message] of table) {
    const error = await throws(kind, () => ask(id, text));
    equal([error.statusCode, error.error.code, message ?? error.error.message], [status, status, error.error.message]);
  }
});

test("retries", async (id) => {
  const retryConfig = { strategy: "backoff", backoff: { initialInterval: 10, maxInterval: 50, exponent: 1.5, maxElapsedTime: 5000 } };
  const answer = await client(id, { retryConfig }).chat.send({ chatRequest: { model: MODEL, messages: user("fail once") } }, { retryCodes: ["429"] });
  equal(answer.choices[0].message.content, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("broken_streams", async (id) => {
  await throws(TypeError, () => all(ask(id, "break off", { stream: true })));
  const last = (await all(ask(id, "leave on the way", { stream: true }))).at(-1);
  equal([last.error.code, last.error.message, last.choices[0].finishReason], [500, "the provider left", "error"]);
});

test("embeddings", async (id) => {
  const answer = await client(id).embeddings.generate({ requestBody: { model: "openai/text-embedding-3-small", input: "one vector" } });
  equal(answer.data[0].embedding, [0.5, -0.25, 1, 0.125]);
});

test("models_key_and_credits", async (id) => {
  const list = await client(id).models.list();
  const { data, totalCount } = list.result ?? list;
  equal([data.some((model) => model.id === "second/up"), data.length === totalCount], [true, true]);
  equal((await client(id).apiKeys.getCurrentKeyMetadata()).data.label, "sk-or-v1-aimock");
  equal({ ...(await client(id).credits.getCredits()).data }, { totalCredits: 0, totalUsage: 0 });
});

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

test("ai_text_and_stream", async (id) => {
  const model = provider(id)(MODEL);
  const answer = await generateText({ model, prompt: "say hello" });
  equal([answer.text, answer.finishReason, answer.usage.inputTokens, answer.usage.outputTokens], [HELLO, "stop", 3, 8]);
  equal(answer.providerMetadata.openrouter.provider, "openai");
  const stream = quietly({ model, prompt: "say hello" });
  equal((await all(stream.textStream)).join(""), HELLO);
  equal([await stream.finishReason, (await stream.usage).outputTokens], ["stop", 8]);
});

test("ai_parallel_calls", async (id) => {
  const model = provider(id)(MODEL);
  equal(calls((await generateText({ model, prompt: "weather in Oslo and Rome", tools: WEATHER })).toolCalls), CALLS);
  const stream = quietly({ model, prompt: "weather in Oslo and Rome", tools: WEATHER });
  equal([calls(await stream.toolCalls), await stream.finishReason], [CALLS, "tool-calls"]);
});

test("ai_reasoning", async (id) => {
  const model = provider(id)(CLAUDE);
  const answer = await generateText({ model, prompt: "think about it" });
  equal([answer.reasoningText, answer.text], ["First this, then that.", "Therefore: 42."]);
  const stream = quietly({ model, prompt: "think about it" });
  equal([await stream.reasoningText, await stream.text], ["First this, then that.", "Therefore: 42."]);
});

test("ai_cost_and_failover", async (id) => {
  const costs = await generateText({ model: provider(id)(MODEL, { usage: { include: true } }), prompt: "what does it cost" });
  const { usage } = costs.providerMetadata.openrouter;
  equal([usage.cost, usage.promptTokensDetails.cachedTokens, usage.costDetails.upstreamInferenceCost], [0.25, 16, 0.25]);
  const model = provider(id)("first/down", { models: ["first/down", "second/up"] });
  equal((await generateText({ model, prompt: "route me" })).text, "The second answers.");
});

test("ai_structured_output", async (id) => {
  const schema = jsonSchema({ type: "object", properties: { title: { type: "string" } }, required: ["title"], additionalProperties: true });
  const answer = await generateText({ model: provider(id)(MODEL), prompt: "plan the party", output: Output.object({ schema }) });
  equal(answer.output, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("ai_typed_errors", async (id) => {
  const model = provider(id)(MODEL);
  const error = await refusal(() => generateText({ model, prompt: "fail with 429", maxRetries: 0 }));
  equal([error.statusCode, error.message, error.isRetryable], [429, "slow down", true]);
  equal((await refusal(() => generateText({ model, prompt: "fail with 400", maxRetries: 0 }))).isRetryable, false);
  equal((await generateText({ model, prompt: "fail once", maxRetries: 2 })).text, "second time lucky");
  equal(await statuses(id), [429, 400, 429, 200]);
});

test("ai_broken_streams", async (id) => {
  const parts = async (prompt) => all(quietly({ model: provider(id)(MODEL), prompt }).fullStream);
  for (const prompt of ["break off", "leave on the way"]) {
    const found = await parts(prompt);
    equal(found.filter((part) => part.type === "text-delta").map((part) => part.text).join("").startsWith("abcd"), true, prompt);
    equal(found.some((part) => part.type === "error"), true, `${prompt}: ${JSON.stringify(found.map((part) => part.type))}`);
  }
});

test("ai_embeddings", async (id) => {
  const answer = await embed({ model: provider(id).textEmbeddingModel("openai/text-embedding-3-small"), value: "one vector" });
  equal(answer.embedding, [0.5, -0.25, 1, 0.125]);
});
