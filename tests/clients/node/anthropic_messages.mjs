// Anthropic messages: text, streams, tool use, thinking, usage, structured output.

import { all, claude, claudeModel, load, tell, user } from "./clients.mjs";
import { equal, suite } from "./harness.mjs";

const { betaTool } = await load("@anthropic-ai/sdk/helpers/beta/json-schema");
const { zodOutputFormat } = await load("@anthropic-ai/sdk/helpers/zod");
const { z } = await load("zod");
const test = suite("anthropic_messages", "anthropic-sdk");

const HELLO = "Hello! How can I help you today?";
const LETTERS = 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end';
const tool = (name) => ({ name, input_schema: { type: "object", properties: {} } });
const LOOKUP = [tool("lookup")];
const WEATHER = [tool("get_weather"), tool("get_time")];
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];
const calls = (content) => content.filter((block) => block.type === "tool_use").map((block) => [block.id, block.name, block.input]);
const open = (id, text, more = {}) => claude(id).messages.stream({ model: claudeModel, max_tokens: 64, messages: user(text), ...more });

test("text", ["text"], async (id) => {
  const message = await tell(claude(id), "please say hello");
  equal(message.content.map((block) => [block.type, block.text]), [["text", HELLO]]);
  equal([message.type, message.role, message.model, message.stop_reason], ["message", "assistant", claudeModel, "end_turn"]);
  equal(message.id.startsWith("msg_"), true, `prefix of ${message.id}`);
});

test("system_text_selects", async (id) => {
  equal((await tell(claude(id), "who am I", { system: "The user is Ada." })).content[0].text, "You are Ada.");
  equal((await tell(claude(id), "who am I")).content[0].text, "I do not know.");
});

test("stream_events", ["stream"], async (id) => {
  const events = (await all(tell(claude(id), "trickle", { stream: true }))).filter((event) => event.type !== "ping");
  const deltas = Array(3).fill("content_block_delta");
  equal(
    events.map((event) => event.type),
    ["message_start", "content_block_start", ...deltas, "content_block_stop", "message_delta", "message_stop"],
  );
  equal(events.slice(2, 5).map((event) => event.delta.text), ["abcd", "efgh", "ijkl"]);
  equal(events.at(-2).delta.stop_reason, "end_turn");
});

test("stream_helper", ["stream"], async (id) => {
  const pieces = [];
  const stream = open(id, "say hello").on("text", (delta) => pieces.push(delta));
  const final = await stream.finalMessage();
  equal([pieces.join(""), final.content[0].text, final.stop_reason], [HELLO, HELLO, "end_turn"]);
});

test("stream_keeps_letters_whole", async (id) => {
  const pieces = [];
  const final = await open(id, "mind the letters").on("text", (delta) => pieces.push(delta)).finalMessage();
  equal(pieces.filter((text) => !text.isWellFormed()), [], "slices with half a character");
  equal([pieces.join(""), final.content[0].text], [LETTERS, LETTERS]);
});

test("parallel_calls", ["tools"], async (id) => {
  const message = await tell(claude(id), "weather in Oslo and Rome", { tools: WEATHER });
  equal([calls(message.content), message.stop_reason], [CALLS, "tool_use"]);
});

test("parallel_calls_streamed", ["tools"], async (id) => {
  const message = await open(id, "weather in Oslo and Rome", { tools: WEATHER }).finalMessage();
  equal([calls(message.content), message.stop_reason], [CALLS, "tool_use"]);
});

test("blocks_keep_their_order", async (id) => {
  for (const { content } of [
    await tell(claude(id), "do it and say it", { tools: LOOKUP }),
    await open(id, "do it and say it", { tools: LOOKUP }).finalMessage(),
  ]) {
    equal(content.map((block) => block.type), ["tool_use", "text"]);
    equal([content[0].input, content[1].text], [{ query: "order" }, "Called before speaking."]);
  }
});

async function loop(client, text, results) {
  const messages = user(text);
  const seen = [];
  for (const result of [...results, undefined]) {
    const { content } = await tell(client, "", { messages, tools: LOOKUP });
    const found = calls(content).map(([call]) => call);
    if (!found.length) return [seen, content[0].text];
    seen.push(...found);
    messages.push({ role: "assistant", content });
    messages.push({ role: "user", content: found.map((call) => ({ type: "tool_result", tool_use_id: call, content: result })) });
  }
  throw new Error(`the loop does not end: ${seen}`);
}

test("loop_by_tool_call_id", async (id) => {
  equal(await loop(claude(id), "loop by id", ["found it"]), [["call_by_id"], "Rust is a language."]);
});

test("loop_by_tool_result", async (id) => {
  equal(await loop(claude(id), "loop by flag", ["it is red"]), [["call_by_flag"], "The flag is red."]);
});

test("loop_by_turns", async (id) => {
  equal(await loop(claude(id), "loop in turns", ["1", "2"]), [["call_turn_0", "call_turn_1"], "Done after two calls."]);
});

test("tool_runner", async (id) => {
  const asked = [];
  const lookup = betaTool({
    name: "lookup",
    description: "Looks something up.",
    inputSchema: { type: "object", properties: { query: { type: "string" } } },
    run: ({ query }) => (asked.push(query), "it is red"),
  });
  const final = await claude(id).beta.messages.toolRunner({
    model: claudeModel,
    max_tokens: 64,
    messages: user("loop by flag"),
    tools: [lookup],
  });
  equal([final.content[0].text, asked], ["The flag is red.", ["flag"]]);
});

test("thinking", async (id) => {
  for (const { content } of [await tell(claude(id), "think about it"), await open(id, "think about it").finalMessage()]) {
    equal(content.map((block) => block.type), ["thinking", "text"]);
    equal([content[0].thinking, content[0].signature], ["First this, then that.", "c2lnbmF0dXJl"]);
    equal(content[1].text, "Therefore: 42.");
  }
});

test("redacted_thinking", async (id) => {
  for (const { content } of [await tell(claude(id), "think and act"), await open(id, "think and act").finalMessage()]) {
    equal(content.map((block) => block.type), ["redacted_thinking", "thinking", "tool_use"]);
    equal([content[0].data, content[2].input], ["b3BhcXVl", { query: "thought" }]);
  }
});

test("usage", ["usage"], async (id) => {
  const table = [
    ["estimate the usage", [5, 3]],
    ["estimate a call", [4, 3]],
    ["given usage, messages style", [21, 9]],
    ["given usage, chat style", [11, 7]],
  ];
  for (const [text, expected] of table) {
    for (const { usage } of [await tell(claude(id), text), await open(id, text).finalMessage()]) {
      equal([usage.input_tokens, usage.output_tokens], expected, text);
    }
  }
});

test("structured_output", ["structured"], async (id) => {
  const Plan = z.object({ title: z.string(), guests: z.array(z.string()), budget: z.number() });
  const message = await claude(id).messages.parse({
    model: claudeModel,
    max_tokens: 64,
    messages: user("plan the picnic"),
    output_config: { format: zodOutputFormat(Plan) },
  });
  equal(message.parsed_output, { title: "Picnic", guests: ["Linus"], budget: 3 });
});
