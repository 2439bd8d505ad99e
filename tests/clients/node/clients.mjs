// The vendors' clients, pointed at the server, one test id each. The packages live outside this folder, where
// `cargo xtask ci` installed them (`AIMOCK_NODE_MODULES`).

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import { key, timeout, url } from "./harness.mjs";

const root = path.resolve(process.env.AIMOCK_NODE_MODULES ?? "target/clients/node/node_modules");
const require = createRequire(path.join(root, "x.js"));

/** A module of an installed package. */
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);

export const { default: OpenAI, AzureOpenAI, toFile } = await load("openai");
export const { default: Anthropic } = await load("@anthropic-ai/sdk");

export const model = "gpt-4o";
export const claudeModel = "claude-test";

const shared = (testId, retries, extra) => ({
  apiKey: key,
  maxRetries: retries,
  timeout,
  defaultHeaders: { "X-Test-Id": testId, ...extra },
});

/** A client of OpenAI's API. */
export const chat = (testId, retries = 0, extra = {}) => new OpenAI({ baseURL: `${url}/v1`, ...shared(testId, retries, extra) });

/** A client of Azure's deployments. */
export const azure = (testId) => new AzureOpenAI({ endpoint: url, apiVersion: "2024-10-21", ...shared(testId, 0, {}) });

/** A client of Anthropic's API. */
export const claude = (testId, retries = 0, extra = {}) => new Anthropic({ baseURL: url, ...shared(testId, retries, extra) });

/** A conversation of one user message. */
export const user = (text) => [{ role: "user", content: text }];

/** One chat completion. */
export const ask = (client, text, more = {}) => client.chat.completions.create({ model, messages: user(text), ...more });

/** One message of Anthropic's API. */
export const tell = (client, text, more = {}) =>
  client.messages.create({ model: claudeModel, max_tokens: 256, messages: user(text), ...more });

/** Everything that an async iterable yields. */
export async function all(items) {
  const found = [];
  for await (const item of await items) found.push(item);
  return found;
}
