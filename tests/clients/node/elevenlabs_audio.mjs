// ElevenLabs' client: speech, effects, music; bytes as they are, and its own errors.

import { load } from "./clients.mjs";
import { equal, key, statuses, suite, throws, url } from "./harness.mjs";

const { ElevenLabsClient, ElevenLabsError } = await load("@elevenlabs/elevenlabs-js");
const test = suite("elevenlabs_audio", "elevenlabs-js");

const BYTES = [0xff, 0, 1, 2, 0xfe, 0xfd, 0x80, 0x80, 0x80, 0x80];
const VOICE = "JBFqnCBsd6RMkjVDRZzb";
const client = (testId, headers = {}) =>
  new ElevenLabsClient({ baseUrl: url, apiKey: key, headers: { "X-Test-Id": testId, ...headers } });
const read = async (stream) => [...new Uint8Array(await new Response(await stream).arrayBuffer())];

test("speech", ["audio"], async (id) => {
  const speaker = client(id).textToSpeech;
  equal(await read(speaker.convert(VOICE, { text: "say it" })), BYTES);
  equal(await read(speaker.stream(VOICE, { text: "say it" })), BYTES);
  const answer = await speaker.convertWithTimestamps(VOICE, { text: "say it" });
  equal([[...Buffer.from(answer.audioBase64, "base64")], answer.alignment.characters.join("")], [BYTES, "say it"]);
});

test("effects_and_music", ["audio"], async (id) => {
  equal(await read(client(id).textToSoundEffects.convert({ text: "a door" })), BYTES);
  equal(await read(client(id).music.compose({ prompt: "a waltz" })), BYTES);
});

test("refused", ["error"], async (id) => {
  const error = await throws(ElevenLabsError, () => client(id).textToSpeech.convert(VOICE, { text: "refused" }));
  equal([error.statusCode, error.body.detail], [401, { status: "quota_exceeded", message: "quota is used up" }]);
});

test("retry_rule", ["retry"], async (id) => {
  equal(await read(client(id).textToSpeech.convert(VOICE, { text: "busy at first" })), BYTES);
  equal(await statuses(id), [429, 200]);
});

test("cut_short", ["cut"], async (id) => {
  const cut = client(id, { "X-AIMock-Chaos-Disconnect": "1" });
  const error = await throws(ElevenLabsError, () => cut.textToSpeech.stream(VOICE, { text: "say it" }, { maxRetries: 0 }));
  equal([error.statusCode, error.message], [undefined, "fetch failed"], "how this runtime's fetch names a lost connection");
});
