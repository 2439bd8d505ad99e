// AWS's client and Bedrock's four operations: text, streams, tools, reasoning, structured output, usage, trouble.

import { aws, converse, converseStream, invoke, invokeStream, modelId, runtime, tools, user } from "./bedrock.mjs";
import { equal, statuses, suite, throws } from "./harness.mjs";

const test = suite("bedrock_aws", "client-bedrock-runtime");
const HELLO = "Hello! How can I help you today?";
const LETTERS = 'a😀b 👨‍👩‍👧‍👦 e\u0301 🇳🇴 "quoted"\r\n\ttab 漢字 עברית end';
const WEATHER = tools("get_weather", "get_time");
const CALLS = [
  ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
  ["call_rome", "get_weather", { city: "Rome" }],
  ["call_time", "get_time", {}],
];
const OPERATIONS = [converse, converseStream, invoke, invokeStream];

test("converse_text", ["text"], async (id) => {
  const answer = await converse(runtime(id), "please say hello");
  equal(answer.output.message, { role: "assistant", content: [{ text: HELLO }] });
  equal([answer.stopReason, answer.metrics.latencyMs > 0, answer.$metadata.requestId?.length > 8], ["end_turn", true, true]);
});

test("converse_text_streamed", ["stream"], async (id) => {
  const events = await converseStream(runtime(id), "trickle");
  const deltas = Array(3).fill("contentBlockDelta");
  equal(events.map(([name]) => name), ["messageStart", ...deltas, "contentBlockStop", "messageStop", "metadata"]);
  equal(events.slice(1, 4).map(([, event]) => event.delta.text), ["abcd", "efgh", "ijkl"]);
});

test("invoke_text", ["text"], async (id) => {
  const message = await invoke(runtime(id), "please say hello");
  equal([message.content.map((block) => block.text), message.model, message.stop_reason], [[HELLO], modelId, "end_turn"]);
});

test("invoke_text_streamed", ["stream"], async (id) => {
  const events = await invokeStream(runtime(id), "trickle");
  equal(events.filter((event) => event.type === "content_block_delta").map((event) => event.delta.text), ["abcd", "efgh", "ijkl"]);
  const { inputTokenCount, outputTokenCount } = events.at(-1)["amazon-bedrock-invocationMetrics"];
  equal([inputTokenCount > 0, outputTokenCount], [true, events.at(-2).usage.output_tokens]);
});

test("letters_stay_whole", async (id) => {
  const events = await converseStream(runtime(id), "mind the letters");
  const pieces = events.filter(([name]) => name === "contentBlockDelta").map(([, event]) => event.delta.text);
  equal([pieces.join(""), pieces.every((piece) => piece.isWellFormed())], [LETTERS, true]);
});

test("models_by_arn", async (id) => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-test-v1:0";
  for (const [model, expected] of [[modelId, "asked by id"], [arn, "asked by ARN"]]) {
    const answer = await converse(runtime(id), "by which name", { modelId: model });
    equal(answer.output.message.content[0].text, expected, model);
  }
});

const calls = (content) => content.map(({ toolUse }) => [toolUse.toolUseId, toolUse.name, toolUse.input]);

test("parallel_calls", ["tools"], async (id) => {
  const answer = await converse(runtime(id), "weather in Oslo and Rome", { toolConfig: WEATHER });
  equal([calls(answer.output.message.content), answer.stopReason], [CALLS, "tool_use"]);
});

test("parallel_calls_streamed", ["tools"], async (id) => {
  const events = await converseStream(runtime(id), "weather in Oslo and Rome", { toolConfig: WEATHER });
  const found = events.filter(([name]) => name === "contentBlockStart").map(([, { contentBlockIndex, start }]) => {
    const own = events.filter(([name, event]) => name === "contentBlockDelta" && event.contentBlockIndex === contentBlockIndex);
    const input = JSON.parse(own.map(([, event]) => event.delta.toolUse.input).join(""));
    return [start.toolUse.toolUseId, start.toolUse.name, input];
  });
  equal(found, CALLS);
});

test("tool_loop", async (id) => {
  const client = runtime(id);
  const messages = user("loop by flag");
  const first = await client.send(new aws.ConverseCommand({ modelId, messages, toolConfig: tools("lookup") }));
  const { message } = first.output;
  const { toolUseId } = message.content[0].toolUse;
  messages.push(message, { role: "user", content: [{ toolResult: { toolUseId, content: [{ json: { colour: "red" } }] } }] });
  const second = await client.send(new aws.ConverseCommand({ modelId, messages, toolConfig: tools("lookup") }));
  equal([toolUseId, second.output.message.content[0].text], ["call_by_flag", "The flag is red."]);
});

test("reasoning", async (id) => {
  const { content } = (await converse(runtime(id), "think about it")).output.message;
  equal(content[0].reasoningContent.reasoningText, { text: "First this, then that.", signature: "c2lnbmF0dXJl" });
  const events = await converseStream(runtime(id), "think and act", { toolConfig: tools("lookup") });
  const deltas = events.filter(([name]) => name === "contentBlockDelta").map(([, event]) => event.delta);
  equal(new TextDecoder().decode(deltas[0].reasoningContent.redactedContent), "opaque");
  equal(deltas.map((delta) => delta.reasoningContent?.text ?? "").join(""), "A tool is needed.");
});

test("structured_output", ["structured"], async (id) => {
  const structure = { jsonSchema: { schema: JSON.stringify({ type: "object" }), name: "plan" } };
  const answer = await converse(runtime(id), "plan the party", { outputConfig: { textFormat: { type: "json_schema", structure } } });
  equal(JSON.parse(answer.output.message.content[0].text).title, "Party");
});

test("usage", ["usage"], async (id) => {
  for (const [text, expected] of [["estimate the usage", [5, 3, 8]], ["given usage, chat style", [11, 7, 18]]]) {
    const streamed = Object.fromEntries(await converseStream(runtime(id), text)).metadata.usage;
    for (const usage of [(await converse(runtime(id), text)).usage, streamed]) {
      equal([usage.inputTokens, usage.outputTokens, usage.totalTokens], expected, text);
    }
  }
});

test("typed_errors", ["error"], async (id) => {
  const table = [
    ["fail with 400", aws.ValidationException, 400, "that is not allowed"],
    ["fail with 403", aws.AccessDeniedException, 403, "not yours"],
    ["fail with 429", aws.ThrottlingException, 429, "slow down"],
    ["fail with 500", aws.InternalServerException, 500, "broken inside"],
    ["fail with 529", aws.ServiceUnavailableException, 529, "too busy"],
    ["fail as Amazon does", aws.ModelTimeoutException, 408, "the model timed out"],
    ["please say helo", aws.ResourceNotFoundException, 404, "No fixture matched"],
  ];
  for (const operation of OPERATIONS) {
    for (const [text, kind, status, message] of table) {
      const error = await throws(kind, () => operation(runtime(id), text));
      equal([error.$metadata.httpStatusCode, error.message], [status, message], `${operation.name}: ${text}`);
    }
  }
});

test("throttled_calls_are_retried", ["retry"], async (id) => {
  equal((await converse(runtime(id, 3), "fail once")).output.message.content[0].text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("a_miss_is_not_retried", async (id) => {
  await throws(aws.ResourceNotFoundException, () => converse(runtime(id, 3), "please say helo"));
  equal(await statuses(id), [404]);
});

test("exceptions_inside_streams", async (id) => {
  for (const operation of [converseStream, invokeStream]) {
    const seen = [];
    const error = await throws(aws.ThrottlingException, () => operation(runtime(id), "stumble over the limit", {}, seen));
    equal([error.message, seen.length], ["too many tokens", 2], operation.name);
  }
});

test("broken_stream", ["cut"], async (id) => {
  const seen = [];
  let failed;
  try {
    await converseStream(runtime(id), "break off", {}, seen);
  } catch (error) {
    failed = error;
  }
  equal([failed instanceof Error, seen.map(([, event]) => event.delta?.text)], [true, [undefined, "abcd", "efgh", "ijkl"]]);
});

test("embeddings", ["embeddings"], async (id) => {
  const body = JSON.stringify({ inputText: "one vector" });
  const command = new aws.InvokeModelCommand({ modelId: "amazon.titan-embed-text-v2:0", contentType: "application/json", body });
  const answer = JSON.parse(new TextDecoder().decode((await runtime(id).send(command)).body));
  equal([answer.embedding, answer.inputTextTokenCount], [[0.5, -0.25, 1, 0.125], 3]);
});
