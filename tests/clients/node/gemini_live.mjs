// Google's client and Gemini Live: text, tools, audio, usage, errors, cuts.

import { load } from "./clients.mjs";
import { equal, key, statuses, suite, timeout, url } from "./harness.mjs";

const { GoogleGenAI, Modality } = await load("@google/genai");
const test = suite("gemini_live", "google-genai");
const hello = "Hello! How can I help you today?";

async function connect(testId, config = {}) {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, timeout, headers: { "X-Test-Id": testId } } });
  const [queue, waiting] = [[], []];
  const push = (message) => (waiting.length ? waiting.shift()(message) : queue.push(message));
  const session = await client.live.connect({
    model: "gemini-2.5-flash",
    config: { responseModalities: [Modality.TEXT], ...config },
    callbacks: { onmessage: push, onclose: ({ code }) => push({ closed: code }) },
  });
  const next = () => (queue.length ? Promise.resolve(queue.shift()) : new Promise((resolve) => waiting.push(resolve)));
  const turn = async () => {
    const messages = [];
    for (;;) {
      messages.push(await next());
      const { serverContent, toolCall, closed, error } = messages.at(-1);
      if (serverContent?.turnComplete || toolCall || closed || error) return messages;
    }
  };
  const ask = (text) => {
    session.sendClientContent({ turns: text });
    return turn();
  };
  equal((await next()).setupComplete !== undefined, true, "setupComplete");
  return { session, ask, turn };
}

const said = (messages) => messages.map((message) => message.serverContent?.modelTurn?.parts?.[0]?.text ?? "").join("");

test("text", ["stream"], async (id) => {
  const { session, ask } = await connect(id, { systemInstruction: "The user is Ada." });
  const messages = await ask("please say hello");
  equal(said(messages), hello);
  const { promptTokenCount, responseTokenCount, totalTokenCount } = messages.at(-1).usageMetadata;
  equal([responseTokenCount > 0, totalTokenCount], [true, promptTokenCount + responseTokenCount]);
  equal(said(await ask("who am I")), "You are Ada.");
  session.close();
  equal(await statuses(id), [200, 200]);
});

test("parallel_calls", ["tools"], async (id) => {
  const { session, ask } = await connect(id);
  const { functionCalls } = (await ask("weather in Oslo and Rome")).at(-1).toolCall;
  equal(functionCalls.map((call) => [call.id, call.name, call.args]), [
    ["call_oslo", "get_weather", { city: "Oslo", days: [1, 2.5], note: 'sn"ow ☃' }],
    ["call_rome", "get_weather", { city: "Rome" }],
    ["call_time", "get_time", {}],
  ]);
  session.close();
});

test("audio", ["audio"], async (id) => {
  const { session, ask } = await connect(id);
  const parts = (await ask("speak to me over the socket")).flatMap((message) => message.serverContent?.modelTurn?.parts ?? []);
  equal(parts[0].inlineData, { mimeType: "audio/pcm", data: "UklGRgAAAAA=" });
  session.close();
});

test("errors", ["error"], async (id) => {
  const { session, ask } = await connect(id);
  equal((await ask("fail with 429")).at(-1).error.status, "RESOURCE_EXHAUSTED");
  equal((await ask("nobody answers this")).at(-1).error.status, "NOT_FOUND");
  equal(said(await ask("please say hello")), hello);
  session.close();
});

test("cut", ["cut"], async (id) => {
  const { ask } = await connect(id);
  equal((await ask("break off")).at(-1).closed, 1006);
});
