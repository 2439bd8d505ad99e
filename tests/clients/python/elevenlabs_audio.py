"""ElevenLabs' client: speech, effects, music; bytes as they are, and its own errors."""

import base64

from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

from harness import KEY, TIMEOUT, URL, case, equal
from openai_media import BYTES

VOICE = "JBFqnCBsd6RMkjVDRZzb"


def client(test_id):
    import httpx

    return ElevenLabs(base_url=URL, api_key=KEY, httpx_client=httpx.Client(headers={"X-Test-Id": test_id}, timeout=TIMEOUT))


@case
def speech(test_id):
    speaker = client(test_id).text_to_speech
    equal(b"".join(speaker.convert(VOICE, text="say it", output_format="mp3_44100_128")), BYTES)
    equal(b"".join(speaker.stream(VOICE, text="say it")), BYTES)


@case
def timestamps(test_id):
    answer = client(test_id).text_to_speech.convert_with_timestamps(VOICE, text="say it")
    equal((base64.b64decode(answer.audio_base_64), "".join(answer.alignment.characters)), (BYTES, "say it"))
    [chunk] = client(test_id).text_to_speech.stream_with_timestamps(VOICE, text="say it")
    equal(base64.b64decode(chunk.audio_base_64), BYTES)


@case
def effects_and_music(test_id):
    own = client(test_id)
    equal(b"".join(own.text_to_sound_effects.convert(text="a door")), BYTES)
    equal(b"".join(own.music.compose(prompt="a waltz")), BYTES)
    equal(b"".join(own.music.stream(prompt="a waltz")), BYTES)


@case
def refused(test_id):
    try:
        b"".join(client(test_id).text_to_speech.convert(VOICE, text="refused", request_options={"max_retries": 0}))
    except ApiError as error:
        equal((error.status_code, error.body["detail"]["status"], error.body["detail"]["message"]), (401, "quota_exceeded", "quota is used up"))
        return
    raise AssertionError("nothing was raised")
