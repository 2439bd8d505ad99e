// OpenRouter's own client: chat, failover, cost, reasoning, structured output, errors, embeddings, videos, models.

import { pathToFileURL } from "node:url";
import path from "node:path";
import { all, user } from "./clients.mjs";
import { equal, journal, key, statuses, suite, throws, url } from "./harness.mjs";

// It is ES modules alone, which `require` cannot find.
const root = path.resolve(process.env.AIMOCK_NODE_MODULES ?? "target/clients/node/node_modules");
const module = (file) => import(pathToFileURL(path.join(root, file)).href);
const { OpenRouter } = await module("@openrouter/sdk/esm/index.js");
const errors = await module("@openrouter/sdk/esm/models/errors/index.js");
const test = suite("openrouter", "openrouter");

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

test("text", ["text"], async (id) => {
  const answer = await ask(id, "please say hello");
  equal([answer.choices[0].message.content, answer.choices[0].finishReason, answer.model], [HELLO, "stop", MODEL]);
  equal(answer.id.startsWith("gen-"), true, `prefix of ${answer.id}`);
});

test("stream", ["stream"], async (id) => {
  const chunks = await all(ask(id, "trickle", { stream: true }));
  equal(chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content)).filter(Boolean), ["abcd", "efgh", "ijkl"]);
  equal(chunks.at(-1).usage.completionTokens, 3);
});

test("waiting", async (id) => {
  const chunks = await all(ask(id, "take your time", { stream: true }));
  equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), "There it is.");
});

test("parallel_calls", ["tools"], async (id) => {
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

test("cost", ["usage"], async (id) => {
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

test("structured_output", ["structured"], async (id) => {
  const schema = { type: "object", properties: { title: { type: "string" } } };
  const answer = await ask(id, "plan the party", { responseFormat: { type: "json_schema", jsonSchema: { name: "plan", schema } } });
  equal(JSON.parse(answer.choices[0].message.content), { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("typed_errors", ["error"], async (id) => {
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

test("retries", ["retry"], async (id) => {
  const retryConfig = { strategy: "backoff", backoff: { initialInterval: 10, maxInterval: 50, exponent: 1.5, maxElapsedTime: 5000 } };
  const answer = await client(id, { retryConfig }).chat.send({ chatRequest: { model: MODEL, messages: user("fail once") } }, { retryCodes: ["429"] });
  equal(answer.choices[0].message.content, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("broken_streams", ["cut"], async (id) => {
  await throws(TypeError, () => all(ask(id, "break off", { stream: true })));
  const last = (await all(ask(id, "leave on the way", { stream: true }))).at(-1);
  equal([last.error.code, last.error.message, last.choices[0].finishReason], [500, "the provider left", "error"]);
});

test("embeddings", ["embeddings"], async (id) => {
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

test("video", async (id) => {
  const { videoGeneration } = client(id);
  let job = await videoGeneration.generate({ videoGenerationRequest: { model: "google/veo-3.1", prompt: "a slow cat" } });
  equal([job.status, job.pollingUrl.includes(job.id)], ["pending", true]);
  for (let polls = 0; job.status !== "completed" && polls < 9; polls++) job = await videoGeneration.getGeneration({ jobId: job.id });
  equal([job.status, job.unsignedUrls.length, job.usage.isByok], ["completed", 1, false]);
  const content = await videoGeneration.getVideoContent({ jobId: job.id });
  equal([...new Uint8Array(await new Response(content).arrayBuffer())], [0xff, 0, 1, 2, 0xfe, 0xfd, 0x80, 0x80, 0x80, 0x80]);
  const error = await throws(errors.BadRequestResponseError, () => videoGeneration.generate({ videoGenerationRequest: { model: "google/veo-3.1", prompt: "refused" } }));
  equal(error.error.message, "not that video");
  equal((await videoGeneration.listVideosModels()).data.length > 0, true);
});
