// OpenAI's legacy text completions.

import { OpenAI, all, chat } from "./clients.mjs";
import { equal, suite, throws } from "./harness.mjs";

const test = suite("openai_completions", "openai");
const HELLO = "Hello! How can I help you today?";

/** One text completion. */
const ask = (client, prompt, more = {}) => client.completions.create({ model: "gpt-3.5-turbo-instruct", prompt, ...more });

test("text", async (id) => {
  const answer = await ask(chat(id), "please say hello");
  equal([answer.object, answer.choices[0].text, answer.choices[0].finish_reason], ["text_completion", HELLO, "stop"]);
  equal(answer.usage.prompt_tokens, 4);
});

test("stream", async (id) => {
  const chunks = await all(ask(chat(id), "say hello", { stream: true }));
  equal(chunks.map((chunk) => chunk.choices[0].text).join(""), HELLO);
  equal(chunks.at(-1).choices[0].finish_reason, "stop");
});

test("trouble", async (id) => {
  const error = await throws(OpenAI.RateLimitError, () => ask(chat(id), "fail with 429"));
  equal([error.error.message, error.headers.get("retry-after")], ["slow down", "7"]);
  equal((await throws(OpenAI.BadRequestError, () => ask(chat(id), 5))).param, "prompt");
  const texts = [];
  await throws(TypeError, async () => {
    for await (const chunk of await ask(chat(id), "break off", { stream: true })) texts.push(chunk.choices[0].text);
  });
  equal(texts, ["abcd", "efgh", "ijkl", "mnop"], "what came before the cut");
});
