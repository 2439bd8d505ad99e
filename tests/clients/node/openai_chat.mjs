// OpenAI chat completions: text, streams, tool loops, reasoning, usage, structured output.

import { all, ask, chat, load, model, user } from "./clients.mjs";
import { equal, suite } from "./harness.mjs";

const { zodResponseFormat } = await load("openai/helpers/zod");
const { z } = await load("zod");
const test = suite("openai_chat", "openai");

const HELLO = "Hello! How can I help you today?";
const LETTERS = 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end';
const tool = (name) => ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } });
const LOOKUP = [tool("lookup")];
const WEATHER = [tool("get_weather"), tool("get_time")];
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];
const calls = (message) => message.tool_calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]);

test("text", ["text"], async (id) => {
  const answer = await ask(chat(id), "please say hello");
  equal(answer.choices[0].message.content, HELLO);
  equal([answer.choices[0].message.role, answer.choices[0].finish_reason], ["assistant", "stop"]);
  equal([answer.object, answer.model], ["chat.completion", "gpt-4o"]);
  equal(answer.id.startsWith("chatcmpl-"), true, `prefix of ${answer.id}`);
});

test("stream", ["stream"], async (id) => {
  const chunks = await all(ask(chat(id), "say hello", { stream: true }));
  equal(chunks[0].choices[0].delta.role, "assistant", "the first chunk's role");
  equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), HELLO);
  equal(chunks.map((chunk) => chunk.choices[0].finish_reason).filter(Boolean), ["stop"]);
});

test("stream_helper", async (id) => {
  const runner = chat(id).chat.completions.stream({ model, messages: user("say hello") });
  const pieces = [];
  runner.on("content", (delta) => pieces.push(delta));
  const final = await runner.finalChatCompletion();
  equal(pieces.join(""), HELLO);
  equal([final.choices[0].message.content, final.choices[0].finish_reason], [HELLO, "stop"]);
});

test("stream_in_slices", async (id) => {
  const chunks = await all(ask(chat(id), "trickle", { stream: true }));
  equal(chunks.map((chunk) => chunk.choices[0].delta.content).filter(Boolean), ["abcd", "efgh", "ijkl"]);
});

test("stream_keeps_letters_whole", async (id) => {
  const slices = (await all(ask(chat(id), "mind the letters", { stream: true }))).map((chunk) => chunk.choices[0].delta.content ?? "");
  equal(slices.filter((text) => !text.isWellFormed()), [], "slices with half a character");
  equal(slices.join(""), LETTERS);
  equal((await ask(chat(id), "mind the letters")).choices[0].message.content, LETTERS);
});

test("parallel_calls", ["tools"], async (id) => {
  const [choice] = (await ask(chat(id), "weather in Oslo and Rome", { tools: WEATHER })).choices;
  equal(calls(choice.message), CALLS);
  equal([choice.message.content, choice.finish_reason], [null, "tool_calls"]);
});

test("parallel_calls_streamed", ["tools"], async (id) => {
  const runner = chat(id).chat.completions.stream({ model, messages: user("weather in Oslo and Rome"), tools: WEATHER });
  const final = await runner.finalChatCompletion();
  equal(calls(final.choices[0].message), CALLS);
  equal(final.choices[0].finish_reason, "tool_calls");
});

test("parallel_calls_by_hand", async (id) => {
  const found = [];
  for (const chunk of await all(ask(chat(id), "weather in Oslo and Rome", { tools: WEATHER, stream: true }))) {
    for (const delta of chunk.choices[0].delta.tool_calls ?? []) {
      found[delta.index] ??= ["", "", ""];
      found[delta.index][0] += delta.id ?? "";
      found[delta.index][1] += delta.function?.name ?? "";
      found[delta.index][2] += delta.function?.arguments ?? "";
    }
  }
  equal(found.map(([call, name, text]) => [call, name, JSON.parse(text)]), CALLS);
});

test("text_and_call", async (id) => {
  const { message } = (await ask(chat(id), "say it and do it", { tools: LOOKUP })).choices[0];
  equal([message.content, calls(message)], ["Looking that up.", [["call_both", "lookup", { query: "rust" }]]]);
});

async function loop(client, text, results) {
  const messages = user(text);
  const seen = [];
  for (const result of [...results, undefined]) {
    const { message } = (await ask(client, "", { messages, tools: LOOKUP })).choices[0];
    if (!message.tool_calls?.length) return [seen, message.content];
    seen.push(...message.tool_calls.map((call) => call.id));
    messages.push(message, ...message.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: result })));
  }
  throw new Error(`the loop does not end: ${seen}`);
}

test("loop_by_tool_call_id", async (id) => {
  equal(await loop(chat(id), "loop by id", ["found it"]), [["call_by_id"], "Rust is a language."]);
});

test("loop_by_tool_result", async (id) => {
  equal(await loop(chat(id), "loop by flag", ["it is red"]), [["call_by_flag"], "The flag is red."]);
  equal(await loop(chat(id), "loop by flag", ["it is blue"]), [["call_by_flag"], "The flag has another colour."]);
});

test("loop_by_turns", async (id) => {
  equal(await loop(chat(id), "loop in turns", ["1", "2"]), [["call_turn_0", "call_turn_1"], "Done after two calls."]);
});

for (const stream of [false, true]) {
  test(stream ? "run_tools_streamed" : "run_tools", async (id) => {
    const asked = [];
    const lookup = {
      type: "function",
      function: {
        name: "lookup",
        description: "Looks something up.",
        parameters: { type: "object", properties: { query: { type: "string" } } },
        parse: JSON.parse,
        function: ({ query }) => (asked.push(query), "it is red"),
      },
    };
    const runner = chat(id).chat.completions.runTools({ model, stream, messages: user("loop by flag"), tools: [lookup] });
    equal(await runner.finalContent(), "The flag is red.");
    equal(asked, ["flag"]);
  });
}

test("reasoning", async (id) => {
  const { message } = (await ask(chat(id), "think about it", { model: "o4-mini" })).choices[0];
  equal([message.reasoning_content, message.content], ["First this, then that.", "Therefore: 42."]);
  const deltas = (await all(ask(chat(id), "think about it", { model: "o4-mini", stream: true }))).map((chunk) => chunk.choices[0].delta);
  equal(deltas[0].role, "assistant", "the first chunk's role");
  equal(deltas.map((delta) => delta.reasoning_content ?? "").join(""), "First this, then that.");
  equal(deltas.map((delta) => delta.content ?? "").join(""), "Therefore: 42.");
});

test("usage", ["usage"], async (id) => {
  const table = [
    ["estimate the usage", [5, 3, 8]],
    ["estimate a call", [4, 3, 7]],
    ["given usage, chat style", [11, 7, 18]],
    ["given usage, messages style", [21, 9, 30]],
  ];
  for (const [text, expected] of table) {
    const { usage } = await ask(chat(id), text);
    equal([usage.prompt_tokens, usage.completion_tokens, usage.total_tokens], expected, text);
    const chunks = await all(ask(chat(id), text, { stream: true, stream_options: { include_usage: true } }));
    const last = chunks.at(-1);
    equal(last.choices, [], "choices of the last chunk");
    equal([last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens], expected, `${text}, streamed`);
  }
});

test("structured_output", ["structured"], async (id) => {
  const Plan = z.object({ title: z.string(), guests: z.array(z.string()), budget: z.number() });
  const answer = await chat(id).chat.completions.parse({
    model,
    messages: user("plan the party"),
    response_format: zodResponseFormat(Plan, "plan"),
  });
  equal(answer.choices[0].message.parsed, { title: "Party", guests: ["Ada", "Grace"], budget: 12.5 });
});
