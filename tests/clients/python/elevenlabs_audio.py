"""ElevenLabs' client: speech, effects, music; bytes as they are, and its own errors."""

import base64

import httpx

from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses
from openai_media import BYTES

case = by("elevenlabs")

ONCE = {"max_retries": 0}
VOICE = "JBFqnCBsd6RMkjVDRZzb"


def client(test_id, **headers):
    return ElevenLabs(base_url=URL, api_key=KEY, httpx_client=httpx.Client(headers={"X-Test-Id": test_id, **headers}, timeout=TIMEOUT))


@case.shows("audio")
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


@case.shows("error")
def refused(test_id):
    try:
        b"".join(client(test_id).text_to_speech.convert(VOICE, text="refused", request_options={"max_retries": 0}))
    except ApiError as error:
        equal((error.status_code, error.body["detail"]["status"], error.body["detail"]["message"]), (401, "quota_exceeded", "quota is used up"))
        return
    raise AssertionError("nothing was raised")


@case.shows("retry")
def retry_rule(test_id):
    """Of its own accord, after the time that the answer names; never where the answer is a stream of bytes."""
    own = f"{test_id}/whole"
    equal(base64.b64decode(client(own).text_to_speech.convert_with_timestamps(VOICE, text="busy at first").audio_base_64), BYTES)
    equal(statuses(own), [429, 200])
    raises(ApiError, lambda: b"".join(client(test_id).text_to_speech.convert(VOICE, text="busy at first")))
    equal(statuses(test_id), [429])


@case.shows("cut")
def cut_short(test_id):
    cut = client(test_id, **{"X-AIMock-Chaos-Disconnect": "1"})
    error = raises(httpx.RemoteProtocolError, lambda: b"".join(cut.text_to_speech.stream(VOICE, text="say it", request_options=ONCE)))
    equal(str(error), "Server disconnected without sending a response.")
