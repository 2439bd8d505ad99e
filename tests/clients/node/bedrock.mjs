// Amazon Bedrock's clients, pointed at the server with credentials that are nobody's.

import { key, timeout, url } from "./harness.mjs";
import { load } from "./clients.mjs";

export const aws = await load("@aws-sdk/client-bedrock-runtime");
const { createAmazonBedrock } = await load("@ai-sdk/amazon-bedrock");

export const modelId = "us.anthropic.claude-test-v1:0";
const credentials = { accessKeyId: key, secretAccessKey: "not-a-real-secret" };

/** AWS's client of Bedrock's runtime, which speaks HTTP/2 in clear text; `attempts` counts the first one. */
export function runtime(testId, attempts = 1, extra = {}) {
  const client = new aws.BedrockRuntimeClient({ region: "us-east-1", endpoint: url, credentials, maxAttempts: attempts });
  const add = (next) => (input) => {
    Object.assign(input.request.headers, { "X-Test-Id": testId, ...extra });
    return next(input);
  };
  client.middlewareStack.add(add, { step: "build", name: "ownHeaders" });
  return client;
}

/** The AI SDK's provider; with an API key it sends that, else it signs. */
export const bedrock = (testId, extra = {}) =>
  createAmazonBedrock({ region: "us-east-1", baseURL: url, ...credentials, apiKey: undefined, headers: { "X-Test-Id": testId }, ...extra });

/** A conversation of one user message, as Converse takes it. */
export const user = (text) => [{ role: "user", content: [{ text }] }];

export const converse = (client, text, more = {}) => client.send(new aws.ConverseCommand({ modelId, messages: user(text), ...more }));

/** The events of a stream, each a name and what it says. */
export async function converseStream(client, text, more = {}, seen = []) {
  const { stream } = await client.send(new aws.ConverseStreamCommand({ modelId, messages: user(text), ...more }));
  for await (const event of stream) seen.push(Object.entries(event)[0]);
  return seen;
}

const body = (text, more) =>
  JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 64, messages: [{ role: "user", content: text }], ...more });

/** The model's answer. */
export async function invoke(client, text, more = {}) {
  const answer = await client.send(new aws.InvokeModelCommand({ modelId, contentType: "application/json", body: body(text, more) }));
  return JSON.parse(new TextDecoder().decode(answer.body));
}

/** The model's events in the chunks of a stream. */
export async function invokeStream(client, text, more = {}, seen = []) {
  const command = new aws.InvokeModelWithResponseStreamCommand({ modelId, contentType: "application/json", body: body(text, more) });
  const answer = await client.send(command);
  for await (const event of answer.body) seen.push(JSON.parse(new TextDecoder().decode(event.chunk.bytes)));
  return seen;
}

/** A tool configuration of Converse. */
export const tools = (...names) => ({
  tools: names.map((name) => ({ toolSpec: { name, inputSchema: { json: { type: "object", properties: {} } } } })),
});

export { timeout };
