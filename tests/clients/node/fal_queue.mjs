// fal's client, led here by its own setting for proxies, which names the URL that is meant in a header.

import { load } from "./clients.mjs";
import { equal, key, statuses, suite, throws, url } from "./harness.mjs";

const { createFalClient, ValidationError: FalError } = await load("@fal-ai/client");
const test = suite("fal_queue", "fal");
const app = "fal-ai/flux/dev";
const client = (testId) =>
  createFalClient({
    credentials: key,
    fetch: (target, options) => {
      const meant = new URL(target);
      const headers = { ...options.headers, "x-fal-target-host": meant.host, "x-test-id": testId };
      return fetch(`${url}/fal${meant.pathname}${meant.search}`, { ...options, headers });
    },
  });

test("subscribe", ["images"], async (id) => {
  const seen = [];
  const { data, requestId } = await client(id).subscribe(app, {
    input: { prompt: "a slow cat" },
    pollInterval: 1,
    onQueueUpdate: (update) => seen.push(update.status),
  });
  equal([data.images[0].url, data.seed, typeof requestId, seen.at(-1)], ["https://images.example/1.png", 7, "string", "COMPLETED"]);
});

test("queue", async (id) => {
  const own = client(id);
  const { request_id: requestId } = await own.queue.submit(app, { input: { prompt: "a slow cat" } });
  equal((await own.queue.status(app, { requestId })).status, "IN_PROGRESS");
  equal((await own.queue.status(app, { requestId })).status, "COMPLETED");
  equal((await own.queue.result(app, { requestId })).data.seed, 7);
});

test("run", async (id) => {
  equal((await client(id).run(app, { input: { prompt: "a slow cat" } })).data.seed, 7);
});

test("proxied", async (id) => {
  const target = "https://fal.run/fal-ai/flux/dev";
  const headers = { "x-fal-target-url": target, "x-test-id": id };
  const answer = await fetch(`${url}/fal/proxy`, { method: "POST", headers, body: JSON.stringify({ prompt: "a slow cat" }) });
  equal((await answer.json()).seed, 7);
});

test("refused", ["error"], async (id) => {
  const error = await throws(FalError, () => client(id).run(app, { input: { prompt: "refused" } }));
  equal([error.status, error.body.detail], [422, "not that picture"]);
});

test("retry_rule", ["retry"], async (id) => {
  equal((await client(id).run(app, { input: { prompt: "busy at first" } })).data.seed, 8);
  equal(await statuses(id), [429, 200]);
});
