// OpenAI's client and trouble: typed errors, retries, misses, broken streams.

import { OpenAI, ask, chat } from "./clients.mjs";
import { equal, nearest, statuses, suite, throws } from "./harness.mjs";

const test = suite("openai_errors", "openai");
const strict = { "X-AIMock-Strict": "true" };

const table = [
  ["bad_request", "fail with 400", OpenAI.BadRequestError, 400, "that is not allowed"],
  ["authentication", "fail with 401", OpenAI.AuthenticationError, 401, "who are you"],
  ["permission", "fail with 403", OpenAI.PermissionDeniedError, 403, "not yours"],
  ["rate_limit", "fail with 429", OpenAI.RateLimitError, 429, "slow down"],
  ["server_error", "fail with 500", OpenAI.InternalServerError, 500, "broken inside"],
];

for (const [name, text, kind, status, message] of table) {
  test(name, ["error"], async (id) => {
    for (const stream of [false, true]) {
      const error = await throws(kind, () => ask(chat(id), text, { stream }));
      equal([error.status, error.error.message], [status, message]);
      if (status === 429) equal(error.headers.get("retry-after"), "7", "retry-after");
      if (status === 400) equal([error.type, error.param, error.code], ["invalid_request_error", "messages", "bad_value"]);
    }
  });
}

test("wrong_body", async (id) => {
  const error = await throws(OpenAI.BadRequestError, () => ask(chat(id), "", { messages: "not a list" }));
  equal([error.status, error.type], [400, "invalid_request_error"]);
});

test("retry_then_success", ["retry"], async (id) => {
  equal((await ask(chat(id, 2), "fail once")).choices[0].message.content, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("retries_run_out", ["retry"], async (id) => {
  await throws(OpenAI.RateLimitError, () => ask(chat(id, 1), "keep failing"));
  equal(await statuses(id), [429, 429]);
});

test("miss", async (id) => {
  const error = await throws(OpenAI.NotFoundError, () => ask(chat(id, 2), "please say helo"));
  equal([error.type, error.code, error.error.message], ["invalid_request_error", "no_fixture_match", "No fixture matched"]);
  equal(nearest(error.error), ["hello-text", "userMessage"], "nearest fixture and the key that failed");
  equal(await statuses(id), [404]);
});

test("strict_miss_is_not_retried", async (id) => {
  const error = await throws(OpenAI.InternalServerError, () => ask(chat(id, 2, strict), "nobody knows this"));
  equal([error.status, error.code, error.error.message], [503, "no_fixture_match", "Strict mode: no fixture matched"]);
  equal(await statuses(id), [503]);
});

test("broken_stream", ["cut"], async (id) => {
  const slices = [];
  const error = await throws(TypeError, async () => {
    for await (const chunk of await ask(chat(id), "break off", { stream: true })) slices.push(chunk.choices[0].delta.content ?? "");
  });
  equal(error.message, "terminated", "how this runtime's fetch names a broken body");
  equal(slices, ["", "abcd", "efgh", "ijkl"], "what came before the cut");
});
