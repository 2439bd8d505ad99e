// Veo's jobs on the Gemini API, by the last of Google's clients that asks for them there: from 3.0 on they are Vertex AI's alone.

import { load } from "./clients.mjs";
import { equal, key, suite, timeout, url } from "./harness.mjs";

const { GoogleGenAI } = await load("genai2");
const test = suite("google_veo", "google-genai");

test("video", [], async (id) => {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, timeout, headers: { "X-Test-Id": id } } });
  let operation = await client.models.generateVideos({ model: "veo-3.1-generate-preview", source: { prompt: "a slow cat" } });
  equal([operation.done ?? false, operation.name.startsWith("models/veo-3.1-generate-preview/operations/")], [false, true]);
  for (let polls = 0; !operation.done && polls < 9; polls++) operation = await client.operations.getVideosOperation({ operation });
  equal(operation.response.generatedVideos.length, 1);
});
