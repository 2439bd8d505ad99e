// OpenAI's images, audio, moderations, videos and models: bytes as they are, streams, typed errors.

import { OpenAI, all, chat, toFile } from "./clients.mjs";
import { equal, suite, throws } from "./harness.mjs";

const test = suite("openai_media", "openai");
const bytes = [0xff, 0, 1, 2, 0xfe, 0xfd, 0x80, 0x80, 0x80, 0x80];
const plain = (base64) => [...Buffer.from(base64, "base64")];
const file = (name) => toFile(Buffer.from([0xff, 0xfe, 0, 13, 10]), name);
const transcribe = async (client, name, more = {}) =>
  client.audio.transcriptions.create({ file: await file(name), model: "gpt-4o-transcribe", ...more });

test("image", ["images"], async (id) => {
  const answer = await chat(id).images.generate({ model: "gpt-image-1", prompt: "a cat" });
  equal([plain(answer.data[0].b64_json), answer.usage.output_tokens], [bytes, 1056]);
});

test("image_stream", ["images"], async (id) => {
  const events = await all(chat(id).images.generate({ model: "gpt-image-1", prompt: "a cat", stream: true, partial_images: 1 }));
  equal(events.map((event) => event.type), ["image_generation.partial_image", "image_generation.completed"]);
  equal(plain(events[1].b64_json), bytes);
});

test("image_edit", ["images"], async (id) => {
  const answer = await chat(id).images.edit({ model: "gpt-image-1", image: await file("cat.png"), prompt: "a cat in a hat" });
  equal(plain(answer.data[0].b64_json), bytes);
});

test("image_refused", async (id) => {
  const error = await throws(OpenAI.BadRequestError, () => chat(id).images.generate({ prompt: "refused" }));
  equal([error.code, error.type], ["moderation_blocked", "image_generation_user_error"]);
});

test("speech", ["audio"], async (id) => {
  const answer = await chat(id).audio.speech.create({ model: "tts-1", voice: "alloy", input: "say it", response_format: "opus" });
  equal([answer.headers.get("content-type"), [...new Uint8Array(await answer.arrayBuffer())]], ["audio/opus", bytes]);
  await throws(OpenAI.RateLimitError, () => chat(id).audio.speech.create({ model: "tts-1", voice: "alloy", input: "say nothing" }));
});

test("transcription", ["audio"], async (id) => {
  equal((await transcribe(chat(id), "meeting.mp3")).text, "Good morning everyone.");
  const verbose = await transcribe(chat(id), "meeting.mp3", { model: "whisper-1", response_format: "verbose_json" });
  equal([verbose.duration, verbose.segments[0].seek], [2.5, 0]);
  equal(await transcribe(chat(id), "meeting.mp3", { model: "whisper-1", response_format: "text" }), "Good morning everyone.\n");
  const events = await all(transcribe(chat(id), "meeting.mp3", { stream: true }));
  equal(events.at(-1).text, "Good morning everyone.");
  await throws(OpenAI.BadRequestError, () => transcribe(chat(id), "broken.mp3"));
});

test("translation", async (id) => {
  equal((await chat(id).audio.translations.create({ file: await file("x.mp3"), model: "whisper-1" })).text, "Good day.");
});

test("moderation", async (id) => {
  const { results } = await chat(id).moderations.create({ input: "I will hit you" });
  equal([results[0].flagged, results[0].categories.violence, results[0].category_scores.violence], [true, true, 0.75]);
  await throws(OpenAI.BadRequestError, () => chat(id).moderations.create({ input: "refused" }));
});

test("video", async (id) => {
  const client = chat(id);
  const begun = await client.videos.create({ model: "sora-2", prompt: "a slow cat", input_reference: await file("cat.png") });
  equal([begun.status, (await client.videos.retrieve(begun.id)).progress], ["queued", 50]);
  equal((await client.videos.retrieve(begun.id)).status, "completed");
  const content = await client.videos.downloadContent(begun.id);
  equal([...new Uint8Array(await content.arrayBuffer())], bytes);
  equal((await all(client.videos.list())).map((video) => video.id), [begun.id]);
  equal((await client.videos.delete(begun.id)).deleted, true);
  await throws(OpenAI.NotFoundError, () => client.videos.retrieve(begun.id));
});

test("models", async (id) => {
  const [first] = await all(chat(id).models.list());
  equal((await chat(id).models.retrieve(first.id)).object, "model");
  equal((await throws(OpenAI.NotFoundError, () => chat(id).models.retrieve("nobody"))).code, "model_not_found");
});
