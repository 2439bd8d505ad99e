// Anthropic's client and trouble: typed errors, retries, misses, broken streams.

import { Anthropic, claude, tell } from "./clients.mjs";
import { equal, nearest, statuses, suite, throws } from "./harness.mjs";

const test = suite("anthropic_errors", "anthropic-sdk");
const strict = { "X-AIMock-Strict": "true" };

const table = [
  ["bad_request", "fail with 400", Anthropic.BadRequestError, 400, "invalid_request_error", "that is not allowed"],
  ["authentication", "fail with 401", Anthropic.AuthenticationError, 401, "authentication_error", "who are you"],
  ["permission", "fail with 403", Anthropic.PermissionDeniedError, 403, "permission_error", "not yours"],
  ["rate_limit", "fail with 429", Anthropic.RateLimitError, 429, "rate_limit_error", "slow down"],
  ["server_error", "fail with 500", Anthropic.InternalServerError, 500, "api_error", "broken inside"],
  ["overloaded", "fail with 529", Anthropic.OverloadedError, 529, "overloaded_error", "too busy"],
];

for (const [name, text, kind, status, type, message] of table) {
  test(name, ["error"], async (id) => {
    for (const stream of [false, true]) {
      const error = await throws(kind, () => tell(claude(id), text, { stream }));
      equal([error.status, error.error.type, error.error.error.type, error.error.error.message], [status, "error", type, message]);
      if (status === 429) equal(error.headers.get("retry-after"), "7", "retry-after");
    }
  });
}

test("request_id_of_errors", async (id) => {
  const error = await throws(Anthropic.BadRequestError, () => tell(claude(id), "fail with 400"));
  equal(typeof error.requestID, "string", "the request-id header is sent");
  equal(error.error.request_id, error.requestID, "request_id in the body");
});

test("wrong_body", async (id) => {
  const error = await throws(Anthropic.BadRequestError, () => tell(claude(id), "", { messages: "not a list" }));
  equal([error.error.type, error.error.error.type], ["error", "invalid_request_error"]);
});

test("retry_then_success", ["retry"], async (id) => {
  equal((await tell(claude(id, 2), "fail once")).content[0].text, "second time lucky");
  equal(await statuses(id), [429, 200]);
});

test("miss", async (id) => {
  const error = await throws(Anthropic.NotFoundError, () => tell(claude(id, 2), "please say helo"));
  equal([error.error.type, error.error.error.message], ["error", "No fixture matched"]);
  equal(nearest(error.error.error), ["hello-text", "userMessage"], "nearest fixture and the key that failed");
  equal(await statuses(id), [404]);
});

test("strict_miss_is_not_retried", async (id) => {
  const error = await throws(Anthropic.ServiceUnavailableError, () => tell(claude(id, 2, strict), "nobody knows this"));
  equal([error.status, error.error.type, error.error.error.message], [503, "error", "Strict mode: no fixture matched"]);
  equal(await statuses(id), [503]);
});

test("broken_stream", ["cut"], async (id) => {
  const pieces = [];
  const error = await throws(TypeError, async () => {
    for await (const event of await tell(claude(id), "break off", { stream: true })) {
      if (event.type === "content_block_delta") pieces.push(event.delta.text);
    }
  });
  equal(error.message, "terminated", "how this runtime's fetch names a broken body");
  equal(pieces, ["abcd", "efgh"], "what came before the cut");
});
