"""OpenAI's images, audio, moderations, videos and models: bytes as they are, streams, typed errors."""

import base64

import openai

from clients import chat
from harness import by, equal, raises

case = by("openai")

BYTES = bytes([0xFF, 0, 1, 2, 0xFE, 0xFD, 0x80, 0x80, 0x80, 0x80])
IMAGE = "gpt-image-1"
AUDIO = ("meeting.mp3", b"\xff\xfe\x00\r\n--", "audio/mpeg")


def transcribe(client, file=AUDIO, model="gpt-4o-transcribe", **more):
    return client.audio.transcriptions.create(file=file, model=model, **more)


@case.shows("images")
def image(test_id):
    answer = chat(test_id).images.generate(model=IMAGE, prompt="a cat", size="1536x1024", quality="low")
    equal(base64.b64decode(answer.data[0].b64_json), BYTES)
    equal((answer.size, answer.quality, answer.output_format, answer.background), ("1536x1024", "low", "png", "opaque"))
    equal((answer.usage.output_tokens, answer.usage.total_tokens), (408, 410))


@case
def several_images(test_id):
    answer = chat(test_id).images.generate(model="dall-e-3", prompt="two cats")
    equal((answer.data[0].url, answer.data[0].revised_prompt), ("https://images.example/1.png", "one cat"))
    equal((answer.data[1].url, answer.usage), (None, None))


@case.shows("images")
def image_stream(test_id):
    events = list(chat(test_id).images.generate(model=IMAGE, prompt="a cat", stream=True, partial_images=2))
    equal([event.type for event in events], ["image_generation.partial_image"] * 2 + ["image_generation.completed"])
    equal([event.partial_image_index for event in events[:2]], [0, 1])
    equal((base64.b64decode(events[2].b64_json), events[2].usage.output_tokens), (BYTES, 1056))


@case.shows("images")
def image_edit(test_id):
    client = chat(test_id)
    files = [("one.png", b"\x89PNG\r\n"), ("two.png", b"\x89PNG\r\n")]
    answer = client.images.edit(model=IMAGE, image=files, mask=("mask.png", b"x"), prompt="a hat on a cat")
    equal(base64.b64decode(answer.data[0].b64_json), BYTES)
    events = list(client.images.edit(model=IMAGE, image=files[0], prompt="a cat", stream=True, partial_images=1))
    equal([event.type for event in events], ["image_edit.partial_image", "image_edit.completed"])


@case
def image_refused(test_id):
    error = raises(openai.BadRequestError, lambda: chat(test_id).images.generate(model=IMAGE, prompt="refused"))
    equal((error.code, error.type, error.body["message"]), ("moderation_blocked", "image_generation_user_error", "not that picture"))


@case.shows("audio")
def speech(test_id):
    answer = chat(test_id).audio.speech.create(model="tts-1", voice="alloy", input="say it", response_format="wav")
    equal((answer.response.headers["content-type"], answer.content), ("audio/wav", BYTES))


@case
def speech_streams(test_id):
    client = chat(test_id)
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="say it") as answer:
        equal(b"".join(answer.iter_bytes()), BYTES)
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="say it", stream_format="sse"
    ) as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    equal(("speech.audio.delta" in lines[0], "speech.audio.done" in lines[-1]), (True, True))


@case
def speech_refused(test_id):
    error = raises(openai.RateLimitError, lambda: chat(test_id).audio.speech.create(model="tts-1", voice="alloy", input="say nothing"))
    equal((error.response.headers["retry-after"], error.body["message"]), ("2", "too many voices"))


@case.shows("audio")
def transcription(test_id):
    answer = transcribe(chat(test_id))
    equal((answer.text, answer.usage.type), ("Good morning everyone.", "tokens"))


@case
def transcription_formats(test_id):
    client = chat(test_id)
    verbose = transcribe(client, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"])
    segment = verbose.segments[0]
    equal((verbose.language, verbose.duration, verbose.words[0].word), ("english", 2.5, "Good"))
    equal((segment.seek, segment.tokens, segment.avg_logprob, segment.temperature), (0, [50364, 440], -0.5, 0.0))
    equal(transcribe(client, model="whisper-1", response_format="text"), "Good morning everyone.\n")
    subtitle = "00:00:00,000 --> 00:00:02,500\nGood morning everyone.\n\n"
    equal(transcribe(client, model="whisper-1", response_format="srt"), "1\n" + subtitle)
    equal(transcribe(client, model="whisper-1", response_format="vtt"), "WEBVTT\n\n" + subtitle.replace(",", "."))
    spoken = transcribe(client, model="gpt-4o-transcribe-diarize", response_format="diarized_json").segments[0]
    equal((spoken.speaker, spoken.end, spoken.type), ("A", 2.5, "transcript.text.segment"))


@case
def transcription_stream(test_id):
    events = list(transcribe(chat(test_id), stream=True))
    equal("".join(event.delta for event in events[:-1]), "Good morning everyone.")
    equal((events[-1].type, events[-1].text), ("transcript.text.done", "Good morning everyone."))


@case
def transcription_refused(test_id):
    error = raises(openai.BadRequestError, lambda: transcribe(chat(test_id), file=("broken.mp3", b"x")))
    equal(error.body["message"], "cannot decode")
    error = raises(openai.NotFoundError, lambda: transcribe(chat(test_id), file=("unknown.mp3", b"x")))
    equal(error.code, "no_fixture_match")


@case
def translation(test_id):
    client = chat(test_id)
    equal(client.audio.translations.create(file=AUDIO, model="whisper-1").text, "Good day.")
    verbose = client.audio.translations.create(file=AUDIO, model="whisper-1", response_format="verbose_json")
    equal((verbose.language, verbose.segments[0].text), ("german", "Good day."))


@case
def moderation(test_id):
    client = chat(test_id)
    result = client.moderations.create(input="I will hit you").results[0]
    equal((result.flagged, result.categories.violence, result.categories.hate), (True, True, False))
    equal((result.category_scores.violence, result.category_applied_input_types.hate), (0.75, ["text"]))
    equal([result.flagged for result in client.moderations.create(input=["good", "day"]).results], [False, False])
    error = raises(openai.BadRequestError, lambda: client.moderations.create(input="refused"))
    equal(error.body["message"], "no such model")


@case
def video(test_id):
    client = chat(test_id)
    begun = client.videos.create(model="sora-2", prompt="a slow cat", seconds="8", input_reference=("cat.png", b"\x89PNG\r\n"))
    equal((begun.status, begun.progress, begun.seconds, begun.object), ("queued", 0, "8", "video"))
    equal(client.videos.retrieve(begun.id).status, "in_progress")
    done = client.videos.poll(begun.id, poll_interval_ms=1)
    equal((done.status, done.progress), ("completed", 100))
    equal(client.videos.download_content(begun.id).read(), BYTES)
    equal([video.id for video in client.videos.list()], [begun.id])
    remix = client.videos.remix(begun.id, prompt="a slow cat at night")
    equal(remix.remixed_from_video_id, begun.id)
    equal(client.videos.delete(begun.id).deleted, True)
    raises(openai.NotFoundError, lambda: client.videos.retrieve(begun.id))


@case
def video_failed(test_id):
    client = chat(test_id)
    failed = client.videos.create_and_poll(model="sora-2", prompt="a lost cat")
    equal((failed.status, failed.error.code, failed.error.message), ("failed", "moderation_blocked", "no such cat"))
    error = raises(openai.BadRequestError, lambda: client.videos.create(prompt="refused"))
    equal(error.body["message"], "not that video")


@case
def models(test_id):
    client = chat(test_id)
    first = client.models.list().data[0]
    equal(client.models.retrieve(first.id).object, "model")
    equal(raises(openai.NotFoundError, lambda: client.models.retrieve("nobody")).code, "model_not_found")
