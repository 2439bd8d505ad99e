// What a test suite relies on beside the wire format: isolation, lists, contexts, headers, models, Azure.

import { all, ask, azure, chat, claude, tell } from "./clients.mjs";
import { equal, journal, suite } from "./harness.mjs";

const test = suite("server_manners");
const say = async (client, text, more) => (await ask(client, text, more)).choices[0].message.content;

test("test_ids_do_not_see_each_other", async (id) => {
  const [one, two] = [chat(`${id}/1`), chat(`${id}/2`)];
  const seen = [];
  for (const client of [one, one, two, one, two]) seen.push(await say(client, "count up"));
  equal(seen, ["one", "two", "one", "three", "two"]);
  equal([(await journal(`${id}/1`)).length, (await journal(`${id}/2`)).length], [3, 2], "journal entries");
});

test("list_repeats_its_last", async (id) => {
  const seen = [];
  for (let turn = 0; turn < 4; turn += 1) seen.push(await say(chat(id), "list then stay"));
  equal(seen, ["alpha", "beta", "gamma", "gamma"]);
});

test("parallel_requests_share_no_slot", async (id) => {
  const client = chat(id);
  const texts = await Promise.all(Array.from({ length: 8 }, () => say(client, "take a number")));
  equal(texts.sort(), ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"]);
});

test("context_header", async (id) => {
  for (const [context, expected] of [["red-team", "in the red context"], ["blue-team", "in the blue context"], ["green", "in no context"]]) {
    equal(await say(chat(id, 0, { "X-AIMock-Context": context }), "where am I"), expected);
  }
});

test("answers_name_their_fixture", async (id) => {
  const { response } = await ask(chat(id), "say hello").withResponse();
  equal(response.headers.get("x-aimock-fixture"), "hello-text");
});

test("request_ids_are_echoed", async (id) => {
  const extra = { "X-Request-Id": "suite.case-8" };
  equal((await ask(chat(id, 0, extra), "say hello"))._request_id, "suite.case-8");
  equal((await tell(claude(id, 0, extra), "say hello"))._request_id, "suite.case-8");
});

test("models", async (id) => {
  const named = ["gpt-4o", "claude-opus-4"];
  equal((await all(chat(id).models.list())).map((model) => model.id).filter((name) => named.includes(name)), named);
});

test("azure_deployment", async (id) => {
  const answer = await ask(azure(id), "say hello", { model: "my-deployment" });
  equal([answer.choices[0].message.content, answer.model], ["Hello! How can I help you today?", "my-deployment"]);
});
