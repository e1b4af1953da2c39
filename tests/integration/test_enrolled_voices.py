"""A voice from its enrolment over the API to speech: the recording is opened in the sandbox, YourTTS speaks with it.

The checkpoint is small and random: what it says means nothing, but it says it differently for every voice.
"""

from __future__ import annotations

import io

import numpy as np
import pytest

from api.app import create_app
from api.wiring import assemble
from jobs.dispatch import NullDispatch
from jobs.storage_marker import mark_storage
from tests.factories import FIXTURES, JFK, jfk, make_silence, wav_bytes
from tests.integration.workplace import TENANT, Workplace
from workers.audit import check

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
    made = Workplace(tmp_path, sqlite_store, sandboxes, models=YOURTTS)
    mark_storage(made.objects, sqlite_store.installation_id())
    yield made
    made.close()


@pytest.fixture
def client(place):
    services = assemble(place.settings, store=place.record, storage=place.objects, dispatch=NullDispatch())
    client = create_app(services).test_client()
    _, secret = place.record.create_key(TENANT, "test", ["read", "submit"])
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    yield client
    services.close()


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
    return np.frombuffer(answer.data[44:], "<i2")


def test_a_job_speaks_with_an_enrolled_voice_even_when_that_is_deleted_meanwhile(place, client):
    first, second = enrol(client, JFK.read_bytes()), enrol(client, wav_bytes(jfk(), rate_hz=13_000))
    jobs = [submitted(client, voice=voice) for voice in (first, second, None)]
    again = submitted(client, voice=first)
    assert client.delete(f"/voices/{first}").status_code == 204
    run(place)
    sounds = [samples(client, job_id) for job_id in jobs]
    assert np.array_equal(sounds[0], samples(client, again))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert len(sounds[one]) != len(sounds[other]) or not np.array_equal(sounds[one], sounds[other])
    assert {name: rows for name, rows in check(place.record, place.objects, deep=True).items() if rows} == {}


def test_a_patch_says_one_sentence_with_an_enrolled_voice_and_no_other_chunk_again(place, client):
    voice = enrol(client, JFK.read_bytes())
    book = submitted(client, voice=voice, speech_marks=True)
    run(place)
    client.delete(f"/voices/{voice}")
    other = enrol(client, wav_bytes(jfk(), rate_hz=13_000))
    steps, sounds = [], []
    for voice_of_patch in (other, voice):  # the second says the same sentence as the book says it
        answer = client.post(f"/jobs/{book}/patch", json={"sentence": 0, "voice": voice_of_patch})
        assert answer.status_code == 202, answer.text
        while claim := place.step(*QUEUES):
            steps.append(str(claim.chunk.step))
        sounds.append(samples(client, answer.json["id"]))
    assert steps == ["plan", "work", "stitch"] * 2
    marks = client.get(f"/jobs/{book}/result?file=marks.json").json["sentences"]
    assert len({mark["sentence"] for mark in marks}) > 1
    before, (patched, same) = samples(client, book), sounds
    rest = round(marks[1]["start"] * 16_000)
    assert not np.array_equal(before[:rest], patched[:rest])
    assert np.array_equal(before[rest:], patched[rest - len(before) :])
    assert np.array_equal(before, same)
    assert {name: rows for name, rows in check(place.record, place.objects, deep=True).items() if rows} == {}


def test_a_recording_in_which_nobody_speaks_fails_the_job_by_its_voice(place, client):
    job_id = submitted(client, voice=enrol(client, wav_bytes(make_silence(5.0))))
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


def test_a_known_speaker_is_called_by_name(place, client):
    known = enrol(client, wav_bytes(jfk()[: 16_000 * 7]))
    other = enrol(client, wav_bytes(jfk(), rate_hz=10_000))
    speakers = []
    for voice in (known, other):
        form = {"file": (io.BytesIO(JFK.read_bytes()), "talk.flac"), "model": "pocketsphinx-en-us", "diarize": "true",
                "max_speakers": "1", "known_speakers": voice}  # fmt: skip
        answer = client.post("/stt/transcribe", data=form)
        assert answer.status_code == 202, answer.text
        run(place)
        transcript = client.get(f"/jobs/{answer.json['id']}/result?file=transcript.json").json
        speakers.append({segment["speaker"] for segment in transcript["segments"]})
    assert speakers == [{"John"}, {"speaker_1"}]
