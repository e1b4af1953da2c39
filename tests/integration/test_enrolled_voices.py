"""A voice from its enrolment to speech: the recording is decoded in the sandbox, YourTTS synthesises with it.

The checkpoint is small and random: its speech is noise, but a different one for every voice.
"""

from __future__ import annotations

import io

import numpy as np
import pytest

from jobs.storage.ownership import mark_storage
from tests.audio_factories import FIXTURES, JFK, load_jfk, make_silence, make_wav_bytes
from tests.integration.worker_harness import TENANT, WorkerHarness
from workers.maintenance.audit import check

YOURTTS = f"""
[[model]]
name = "yourtts"
kind = "tts"
family = "yourtts"
target = "pipelines.families.yourtts:load"
engines = ["torch"]
languages = ["en", "fr", "pt"]
default_voice = "female-en-5"
voices_target = "pipelines.families.yourtts:voices"
sample_rate_hz = 16000
options = ["speed", "noise_scale", "duration_noise", "reference"]
chunk_characters = 40
source = "{FIXTURES / "yourtts"}"
"""
QUEUES = ("cpu", "tts.yourtts", "stt.pocketsphinx", "speaker.resemblyzer")
TEXT = "Be a voice, not an echo.\n\nThis cake is great, and so is the next one."


@pytest.fixture
def place(tmp_path, sqlite_store, sandboxes):
    made = WorkerHarness(tmp_path, sqlite_store, sandboxes, models=YOURTTS)
    mark_storage(made.objects, sqlite_store.maintenance.installation_id())
    yield made
    made.close()


def enrol(client, data):
    form = {"name": "John", "consent": "true", "file": (io.BytesIO(data), "john.flac")}
    answer = client.post("/voices", data=form)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def submitted(client, **fields):
    answer = client.post("/tts/synthesize", json={"text": TEXT, "model": "yourtts", "language": "en", **fields})
    assert answer.status_code == 202, answer.text
    return answer.json["id"]


def run(place):
    while place.step(*QUEUES):
        pass


def samples(client, job_id):
    answer = client.get(f"/jobs/{job_id}/result?file=audio.wav")
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.data[answer.data.index(b"data") + 8 :], "<i2")


def test_job_uses_an_enrolled_voice_that_is_deleted_meanwhile(place, client):
    first, second = enrol(client, JFK.read_bytes()), enrol(client, make_wav_bytes(load_jfk(), rate_hz=13_000))
    jobs = [submitted(client, voice=voice) for voice in (first, second, None)]
    again = submitted(client, voice=first)
    assert client.delete(f"/voices/{first}").status_code == 204
    run(place)
    sounds = [samples(client, job_id) for job_id in jobs]
    assert np.array_equal(sounds[0], samples(client, again))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert len(sounds[one]) != len(sounds[other]) or not np.array_equal(sounds[one], sounds[other])
    assert {
        name: rows for name, rows in check(place.record.maintenance, place.objects, deep=True).items() if rows
    } == {}


def sentences(client, job_id):
    return client.get(f"/jobs/{job_id}/result?file=marks.json").json["sentences"]


def patched(place, client, book, **patch):
    """The finished job of a patch, and the steps that were run for it."""
    answer = client.post(f"/jobs/{book}/patch", json=patch)
    assert answer.status_code == 202, answer.text
    return answer.json["id"], [str(claim.chunk.step) for claim in iter(lambda: place.step(*QUEUES), None)]


def test_patch_synthesises_the_chunk_of_its_sentence_only(place, client):
    voice = enrol(client, JFK.read_bytes())
    book = submitted(client, voice=voice, speech_marks=True)
    run(place)
    client.delete(f"/voices/{voice}")
    other = enrol(client, make_wav_bytes(load_jfk(), rate_hz=13_000))
    one_chunk = ["plan", "work", "stitch"]
    changed, steps = patched(place, client, book, sentence=0, voice=other)
    assert steps == one_chunk
    before, after = samples(client, book), samples(client, changed)
    rest = round(sentences(client, book)[1]["start"] * 16_000)
    assert not np.array_equal(before[:rest], after[:rest])
    assert np.array_equal(before[rest:], after[rest - len(before) :])

    # The voice of the book may be gone; in a patch of a patched book every sentence keeps its voice.
    same, steps = patched(place, client, book, sentence=0, voice=voice)
    assert steps == one_chunk and np.array_equal(before, samples(client, same))
    twice, steps = patched(place, client, changed, sentence=1, text="Enough.")
    end = round(sentences(client, changed)[0]["end"] * 16_000)
    assert steps == one_chunk and np.array_equal(after[:end], samples(client, twice)[:end])
    assert len(samples(client, twice)) != len(after)
    assert {
        name: rows for name, rows in check(place.record.maintenance, place.objects, deep=True).items() if rows
    } == {}


def test_sample_of_an_enrolled_voice_is_deleted_with_it(place, client):
    voice = enrol(client, JFK.read_bytes())
    url = f"/tts/voices/yourtts/{voice}/preview"
    job_id = client.post(url).json["id"]
    run(place)
    sample = client.get(url)
    assert (sample.status_code, sample.content_type) == (200, "audio/mpeg")
    assert client.delete(f"/voices/{voice}").status_code == 204
    assert (client.get(url).status_code, client.get(f"/jobs/{job_id}").status_code) == (404, 410)
    assert [path for path in place.objects._root.rglob("*") if path.is_file() and TENANT in path.parts] == []


def test_recording_without_speech_fails_the_job_by_its_voice(place, client):
    job_id = submitted(client, voice=enrol(client, make_wav_bytes(make_silence(5.0))))
    run(place)
    job = client.get(f"/jobs/{job_id}").json
    assert job["state"] == "failed"
    assert (job["error"]["code"], job["error"]["field"]) == ("bad_input", "voice")
    assert "no speech" in job["error"]["detail"]


def test_bytes_that_are_no_recording_fail_the_job_and_no_worker(place, client):
    job_id = submitted(client, voice=enrol(client, b"RIFF" + bytes(range(256)) * 50))
    run(place)
    error = client.get(f"/jobs/{job_id}").json["error"]
    assert (error["class"], error["field"]) == ("bad_input", "voice")
    other = submitted(client, voice=enrol(client, JFK.read_bytes()))
    run(place)
    assert client.get(f"/jobs/{other}").json["state"] == "succeeded"


def test_known_speaker_is_identified_by_name(place, client):
    known = enrol(client, make_wav_bytes(load_jfk()[: 16_000 * 7]))
    other = enrol(client, make_wav_bytes(load_jfk(), rate_hz=10_000))
    speakers = []
    for voice in (known, other):
        form = {
            "file": (io.BytesIO(JFK.read_bytes()), "talk.flac"),
            "model": "pocketsphinx-en-us",
            "diarize": "true",
            "max_speakers": "1",
            "known_speakers": voice,
        }
        answer = client.post("/stt/transcribe", data=form)
        assert answer.status_code == 202, answer.text
        run(place)
        transcript = client.get(f"/jobs/{answer.json['id']}/result?file=transcript.json").json
        speakers.append({segment["speaker"] for segment in transcript["segments"]})
    assert speakers == [{"John"}, {"speaker_1"}]
