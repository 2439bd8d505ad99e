// Tavily's client: results, limits, its errors.

import { load } from "./clients.mjs";
import { equal, key, statuses, suite, throws, url } from "./harness.mjs";

const { tavily } = await load("@tavily/core");
const { default: axios } = await load("axios");
const test = suite("tavily_search", "tavily-core");

/** Asks through the library below the client, which takes no headers itself. */
function search(testId, query, more = {}) {
  axios.defaults.headers.common["X-Test-Id"] = testId;
  return tavily({ apiKey: key, apiBaseURL: url }).search(query, more);
}

test("search", async (id) => {
  const answer = await search(id, "weather in Oslo");
  equal([answer.query, answer.answer, answer.results.map((result) => result.title)], ["weather in Oslo", "Sunny.", ["Oslo", "Bergen"]]);
  equal((await search(id, "weather in Oslo", { maxResults: 1 })).results.length, 1);
  equal((await search(id, "nobody knows")).results, []);
});

test("refused", ["error"], async (id) => {
  equal((await throws(Error, () => search(id, "refused"))).message, "your plan is used up");
});

test("retry_rule", ["retry"], async (id) => {
  equal((await throws(Error, () => search(id, "too often"))).message, "not so fast");
  equal(await statuses(id), [429], "it asks once");
});
