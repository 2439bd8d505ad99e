// OpenAI responses: text, streams, tools, reasoning, structured output, usage, trouble, answers asked for again.

import { OpenAI, all, chat, load, model } from "./clients.mjs";
import { equal, nearest, statuses, suite, throws } from "./harness.mjs";

const { zodTextFormat } = await load("openai/helpers/zod");
const { z } = await load("zod");
const test = suite("openai_responses", "openai");

const HELLO = "Hello! How can I help you today?";
const LETTERS = 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end';
const tool = (name) => ({ type: "function", name, parameters: { type: "object", properties: {} }, strict: false });
const LOOKUP = [tool("lookup")];
const WEATHER = [tool("get_weather"), tool("get_time")];
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];

/** One response. */
const ask = (client, input, more = {}) => client.responses.create({ model, input, ...more });
const calls = (response) =>
  response.output.filter((item) => item.type === "function_call").map((call) => [call.call_id, call.name, JSON.parse(call.arguments)]);
const deltas = (events) => events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta);

test("text", ["text"], async (id) => {
  const answer = await ask(chat(id), "please say hello");
  equal([answer.output_text, answer.object, answer.model, answer.status], [HELLO, "response", "gpt-4o", "completed"]);
  equal(answer.id.startsWith("resp_"), true, `prefix of ${answer.id}`);
});

test("stream", ["stream"], async (id) => {
  const events = await all(ask(chat(id), "say hello", { stream: true }));
  equal(deltas(events).join(""), HELLO);
  equal(events.map((event) => event.sequence_number), [...events.keys()]);
  equal([events[0].type, events.at(-1).type, events.at(-1).response.status], ["response.created", "response.completed", "completed"]);
});

test("stream_helper", async (id) => {
  const runner = chat(id).responses.stream({ model, input: "say hello" });
  const pieces = [];
  runner.on("response.output_text.delta", (event) => pieces.push(event.delta));
  const final = await runner.finalResponse();
  equal([pieces.join(""), final.output_text], [HELLO, HELLO]);
});

test("stream_keeps_letters_whole", async (id) => {
  const slices = deltas(await all(ask(chat(id), "mind the letters", { stream: true })));
  equal(slices.filter((text) => !text.isWellFormed()), [], "slices with half a character");
  equal(slices.join(""), LETTERS);
});

test("parallel_calls", ["tools"], async (id) => {
  const answer = await ask(chat(id), "weather in Oslo and Rome", { tools: WEATHER });
  equal([calls(answer), answer.output_text], [CALLS, ""]);
  const final = await chat(id).responses.stream({ model, input: "weather in Oslo and Rome", tools: WEATHER }).finalResponse();
  equal(calls(final), CALLS, "streamed");
});

async function loop(client, text, results) {
  const items = [{ role: "user", content: text }];
  const seen = [];
  for (const result of [...results, undefined]) {
    const answer = await ask(client, items, { tools: LOOKUP });
    const found = calls(answer);
    if (!found.length) return [seen, answer.output_text];
    seen.push(...found.map(([call]) => call));
    items.push(...answer.output, ...found.map(([call]) => ({ type: "function_call_output", call_id: call, output: result })));
  }
  throw new Error(`the loop does not end: ${seen}`);
}

test("loops", async (id) => {
  equal(await loop(chat(id), "loop by id", ["found it"]), [["call_by_id"], "Rust is a language."]);
  equal(await loop(chat(id), "loop by flag", ["it is red"]), [["call_by_flag"], "The flag is red."]);
  equal(await loop(chat(id), "loop in turns", ["1", "2"]), [["call_turn_0", "call_turn_1"], "Done after two calls."]);
});

test("reasoning", async (id) => {
  const [thought] = (await ask(chat(id), "think about it", { model: "o4-mini" })).output;
  equal([thought.type, thought.summary.map((part) => part.text)], ["reasoning", ["First this, then that."]]);
  const events = await all(ask(chat(id), "think about it", { model: "o4-mini", stream: true }));
  const thoughts = events.filter((event) => event.type === "response.reasoning_summary_text.delta").map((event) => event.delta);
  equal([thoughts.join(""), deltas(events).join("")], ["First this, then that.", "Therefore: 42."]);
});

test("unfinished", async (id) => {
  const answer = await ask(chat(id), "cut me short");
  equal([answer.status, answer.incomplete_details.reason], ["incomplete", "max_output_tokens"]);
  equal((await all(ask(chat(id), "cut me short", { stream: true }))).at(-1).type, "response.incomplete");
});

test("usage", ["usage"], async (id) => {
  const table = [
    ["estimate the usage", [5, 3, 8]],
    ["estimate a call", [4, 3, 7]],
    ["given usage, messages style", [21, 9, 30]],
  ];
  for (const [text, expected] of table) {
    for (const found of [await ask(chat(id), text), (await all(ask(chat(id), text, { stream: true }))).at(-1).response]) {
      equal([found.usage.input_tokens, found.usage.output_tokens, found.usage.total_tokens], expected, text);
    }
  }
});

test("structured_output", ["structured"], async (id) => {
  const Plan = z.object({ title: z.string(), guests: z.array(z.string()), budget: z.number() });
  const text = { format: zodTextFormat(Plan, "plan") };
  const answer = await chat(id).responses.parse({ model, input: "plan the party", text });
  equal(answer.output_parsed, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});

test("asked_for_again", async (id) => {
  const client = chat(id);
  const answer = await ask(client, "say hello");
  equal((await client.responses.retrieve(answer.id)).output_text, HELLO);
  const rest = await all(client.responses.retrieve(answer.id, { stream: true, starting_after: 3 }));
  equal([rest[0].sequence_number, rest.at(-1).type], [4, "response.completed"]);
  const items = await all(client.responses.inputItems.list(answer.id));
  equal(items.map((item) => item.content[0].text), ["say hello"]);
  await client.responses.delete(answer.id);
  const error = await throws(OpenAI.NotFoundError, () => client.responses.retrieve(answer.id));
  equal(error.error.message, `Response with id '${answer.id}' not found.`);
});

const table = [
  ["fail with 400", OpenAI.BadRequestError, "that is not allowed"],
  ["fail with 401", OpenAI.AuthenticationError, "who are you"],
  ["fail with 403", OpenAI.PermissionDeniedError, "not yours"],
  ["fail with 429", OpenAI.RateLimitError, "slow down"],
  ["fail with 500", OpenAI.InternalServerError, "broken inside"],
];

test("typed_errors", ["error"], async (id) => {
  for (const [text, kind, message] of table) {
    for (const stream of [false, true]) {
      equal((await throws(kind, () => ask(chat(id), text, { stream }))).error.message, message);
    }
  }
  equal((await throws(OpenAI.BadRequestError, () => ask(chat(id), 5))).param, "input");
});

test("retry_rules", ["retry"], async (id) => {
  equal((await ask(chat(id, 2), "fail once")).output_text, "second time lucky");
  const error = await throws(OpenAI.NotFoundError, () => ask(chat(id, 2), "please say helo"));
  equal(nearest(error.error), ["hello-text", "userMessage"], "nearest fixture and the key that failed");
  await throws(OpenAI.InternalServerError, () => ask(chat(id, 2, { "X-AIMock-Strict": "true" }), "nobody knows this"));
  equal(await statuses(id), [429, 200, 404, 503]);
});

test("broken_stream", ["cut"], async (id) => {
  const events = [];
  const error = await throws(TypeError, async () => {
    for await (const event of await ask(chat(id), "break off in the text", { stream: true })) events.push(event);
  });
  equal(error.message, "terminated", "how this runtime's fetch names a broken body");
  equal(deltas(events), ["abcd", "efgh", "ijkl"], "what came before the cut");
});

test("error_in_the_stream", async (id) => {
  const events = [];
  const error = await throws(OpenAI.APIError, async () => {
    for await (const event of await ask(chat(id), "fail midway", { stream: true })) events.push(event);
  });
  equal([error.error.message, error.code, events.length], ["too busy", "busy", 7]);
});
