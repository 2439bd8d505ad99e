// OpenAI over WebSocket: realtime conversations and responses.

import net from "node:net";
import { chat, load, model } from "./clients.mjs";
import { equal, statuses, suite } from "./harness.mjs";

const { OpenAIRealtimeWS } = await load("openai/realtime/ws");
const { ResponsesWS } = await load("openai/resources/responses/ws");
const test = suite("realtime", "openai");
const hello = "Hello! How can I help you today?";

// The client opens `wss://` whatever its base URL says, and the server speaks no TLS.
const plain = { createConnection: ({ port, host }) => net.connect(port, host) };

/** A socket with its events in a queue; `next` gives them one by one, and `undefined` once it has closed. */
function listen(socket, raw) {
  const [queue, waiting] = [[], []];
  const push = (event) => (waiting.length ? waiting.shift()(event) : queue.push(event));
  const trouble = [];
  socket.on("error", (error) => trouble.push(error));
  socket.on("event", push);
  raw.on("close", (code) => push({ type: "closed", code }));
  const next = () => (queue.length ? Promise.resolve(queue.shift()) : new Promise((resolve) => waiting.push(resolve)));
  const until = async (...kinds) => {
    const events = [];
    for (;;) {
      events.push(await next());
      if (kinds.includes(events.at(-1).type)) return events;
    }
  };
  return { next, until, trouble };
}

async function realtime(testId) {
  const socket = new OpenAIRealtimeWS({ model: "gpt-realtime", options: { ...plain, headers: { "X-Test-Id": testId } } }, chat(testId));
  const events = listen(socket, socket.socket);
  equal((await events.next()).type, "session.created");
  const say = async (text) => {
    socket.send({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_text", text }] } });
    socket.send({ type: "response.create" });
    return events.until("response.done", "closed");
  };
  return { socket, say, ...events };
}

const joined = (events, kind) => events.filter((event) => event.type === kind).map((event) => event.delta).join("");

test("text", ["stream"], async (id) => {
  const { socket, say, next } = await realtime(id);
  socket.send({ type: "session.update", session: { type: "realtime", instructions: "The user is Ada." } });
  equal((await next()).session.instructions, "The user is Ada.");
  const events = await say("please say hello");
  equal(joined(events, "response.output_text.delta"), hello);
  const { status, output, usage } = events.at(-1).response;
  equal([status, output[0].content[0].text, usage.total_tokens], ["completed", hello, usage.input_tokens + usage.output_tokens]);
  equal(joined(await say("who am I"), "response.output_text.delta"), "You are Ada.");
  socket.close();
  equal(await statuses(id), [200, 200]);
});

test("parallel_calls", ["tools"], async (id) => {
  const { socket, say } = await realtime(id);
  const { output } = (await say("weather in Oslo and Rome")).at(-1).response;
  const calls = output.map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]);
  equal(calls, [
    ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
    ["call_rome", "get_weather", { city: "Rome" }],
    ["call_time", "get_time", {}],
  ]);
  socket.close();
});

test("audio", ["audio"], async (id) => {
  const { socket, say } = await realtime(id);
  const events = await say("speak to me over the socket");
  equal(joined(events, "response.output_audio.delta"), "UklGRgAAAAA=");
  equal(joined(events, "response.output_audio_transcript.delta"), "Listen.");
  socket.close();
});

test("errors", ["error"], async (id) => {
  const { socket, say, trouble } = await realtime(id);
  const limited = (await say("fail with 429")).at(-1).response;
  equal([limited.status, limited.status_details.error.type], ["failed", "rate_limit_error"]);
  equal(trouble.length, 0);
  equal((await say("nobody answers this")).at(-1).response.status, "failed");
  equal([trouble.length, trouble[0].constructor.name, trouble[0].error.code], [1, "OpenAIRealtimeError", "no_fixture_match"]);
  socket.close();
});

test("cut", ["cut"], async (id) => {
  const { say } = await realtime(id);
  const last = (await say("break off")).at(-1);
  equal([last.type, last.code], ["closed", 1006]);
});

test("responses", async (id) => {
  const socket = new ResponsesWS(chat(id), { ...plain, headers: { "X-Test-Id": id } });
  const { until, trouble } = listen(socket, socket.socket.platformSocket ?? socket.socket);
  const ask = (input) => {
    socket.send({ type: "response.create", model, input });
    return until("response.completed", "error", "closed");
  };
  const events = await ask("please say hello");
  equal(joined(events, "response.output_text.delta"), hello);
  equal(events.map((event) => event.sequence_number), events.map((_, index) => index));
  const [error] = await ask("nobody answers this");
  equal([error.status, error.error.code, trouble.length], [404, "no_fixture_match", 1]);
  equal(joined(await ask("please say hello"), "response.output_text.delta"), hello);
  socket.close();
  equal(await statuses(id), [200, 404, 200]);
});
