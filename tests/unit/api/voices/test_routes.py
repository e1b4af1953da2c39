"""Enrolled voices, and jobs that use them."""

from __future__ import annotations

import hashlib
import io
import json

import pytest

from jobs.errors import StorageUnavailable, StoreUnavailable

AUDIO = {"audio.wav": ("audio/wav", b"sound")}
SPEECH = b"RIFF, as far as the API can tell"
FORM = {"name": "Ann", "language": "en-GB", "gender": "female", "consent": "true"}


def enrol(client, data=SPEECH, **changes):
    fields = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    return client.post("/voices", data={**fields, "file": (io.BytesIO(data), "ann.wav")})


def speak(client, **fields):
    return client.post("/tts/synthesize", json={"text": "Hello.", "model": "yourtts", **fields})


def refused(answer):
    return answer.status_code, [(error["field"], error["code"]) for error in answer.json.get("errors") or ()]


def test_voice_is_enrolled_listed_and_deleted_with_its_recording(client, services, objects):
    answer = enrol(client)
    assert answer.status_code == 201
    voice = answer.json
    assert (voice["object"], voice["name"], voice["language"], voice["gender"]) == ("voice", "Ann", "en-GB", "female")
    assert (voice["bytes"], voice["sha256"]) == (len(SPEECH), hashlib.sha256(SPEECH).hexdigest())
    assert voice["consented_at"] is not None
    (key,) = objects()
    assert key.startswith(f"voices/local/{voice['id']}/reference/")
    assert b"".join(services.storage.read(key)) == SPEECH
    assert client.get(f"/voices/{voice['id']}").json == voice
    assert client.get("/voices").json["data"] == [voice]
    assert client.delete(f"/voices/{voice['id']}").status_code == 204
    assert objects() == []
    assert client.get("/voices").json["data"] == []
    assert client.get(f"/voices/{voice['id']}").status_code == 404
    assert client.delete(f"/voices/{voice['id']}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"consent": None}, ("consent", "missing")),
        ({"consent": "false"}, ("consent", "value_error")),
        ({"consent": "maybe"}, ("consent", "bool_parsing")),
        ({"name": None}, ("name", "missing")),
        ({"name": ""}, ("name", "string_pattern_mismatch")),
        ({"gender": "loud"}, ("gender", "literal_error")),
        ({"language": "xx-nonsense-q"}, ("language", "unknown_language")),
        ({"data": b""}, ("file", "empty")),
    ],
)
def test_enrolment_that_lacks_something_is_refused_and_leaves_nothing(client, objects, changes, expected):
    assert refused(enrol(client, **changes)) == (422, [expected])
    assert objects() == []


def test_enrolment_needs_a_recording(client):
    answer = client.post("/voices", data=FORM, content_type="multipart/form-data")
    assert refused(answer) == (422, [("file", "missing")])


def test_recording_past_the_limit_is_refused_and_leaves_nothing(client, objects, monkeypatch):
    monkeypatch.setattr("api.voices.routes.MAX_BYTES", 10)
    assert enrol(client).status_code == 413
    assert objects() == []


def test_voice_of_another_tenant_does_not_exist(client, client_of, objects):
    voice_id, other = enrol(client).json["id"], client_of("other")
    assert other.get("/voices").json["data"] == []
    assert other.get(f"/voices/{voice_id}").status_code == 404
    assert other.delete(f"/voices/{voice_id}").status_code == 404
    assert refused(speak(other, voice=voice_id)) == (422, [("voice", "unknown_voice")])
    assert len(objects()) == 1
    assert other.get("/tts/voices").json["data"] == []


def test_enrolment_needs_the_scope_submit(client_of):
    assert enrol(client_of(scopes=("read",))).status_code == 403


def test_enrolled_voices_are_listed_for_synthesis(client):
    voice_id = enrol(client).json["id"]
    (listed,) = client.get("/tts/voices?family=yourtts&language=en").json["data"]
    assert listed == {
        "id": voice_id,
        "name": "Ann",
        "language": "en-GB",
        "family": "yourtts",
        "model": "yourtts",
        "gender": "female",
        "sample_rate_hz": 16_000,
        "preview": f"http://voicemill.test/tts/voices/yourtts/{voice_id}/preview",
    }
    assert client.get("/tts/voices?language=de").json["data"] == []


def test_job_gets_a_recording_of_its_own(client, services, objects):
    voice = enrol(client).json
    job = speak(client, voice=voice["id"]).json
    stored = services.store.jobs.get("local", job["id"])
    assert stored.params["references"] == {
        voice["id"]: {"sha256": voice["sha256"], "bytes": voice["bytes"], "name": "Ann"}
    }
    assert "references" not in job["request"]
    copy = f"jobs/local/{job['id']}/input/{voice['sha256']}"
    client.delete(f"/voices/{voice['id']}")
    assert objects() == [copy]
    assert b"".join(services.storage.read(copy)) == SPEECH


def test_a_cast_may_hold_several_voices_even_of_one_recording(client, services):
    first, second = enrol(client).json["id"], enrol(client).json["id"]
    job = speak(client, text="[A] Hi. [B] Ho.", cast={"A": first, "B": second, "narrator": "female-en-5"}).json
    assert set(services.store.jobs.get("local", job["id"]).params["references"]) == {first, second}


def test_retry_gets_recordings_of_its_own(client, services, objects):
    voice = enrol(client).json
    job = speak(client, voice=voice["id"]).json
    client.post(f"/jobs/{job['id']}/cancel")
    client.delete(f"/voices/{voice['id']}")
    again = client.post(f"/jobs/{job['id']}/retry")
    assert again.status_code == 202
    assert client.delete(f"/jobs/{job['id']}").status_code == 204
    assert objects() == [f"jobs/local/{again.json['id']}/input/{voice['sha256']}"]
    params = services.store.jobs.get("local", again.json["id"]).params
    assert params["references"][voice["id"]]["sha256"] == voice["sha256"]


def test_patch_brings_an_enrolled_voice_along_beside_those_of_the_book(client, services, finished_job, objects):
    first, second = enrol(client).json, enrol(client, b"RIFF of another").json
    references = {first["id"]: {"sha256": first["sha256"], "bytes": first["bytes"], "name": "Ann"}}
    book = finished_job(AUDIO, model="yourtts", params={"text": "Hi.", "voice": first["id"], "references": references})
    services.storage.put_bytes(f"jobs/local/{book.id}/input/{first['sha256']}", SPEECH)
    answer = client.post(f"/jobs/{book.id}/patch", json={"sentence": 0, "voice": second["id"]})
    assert (answer.status_code, answer.json["parent_id"]) == (202, book.id)
    assert "references" not in answer.json["request"]
    params = services.store.jobs.get("local", answer.json["id"]).params
    assert {voice: reference["sha256"] for voice, reference in params["references"].items()} == {
        voice["id"]: voice["sha256"] for voice in (first, second)
    }
    for voice in (first, second):
        assert f"jobs/local/{answer.json['id']}/input/{voice['sha256']}" in objects()


def test_patch_with_a_voice_of_the_book_needs_no_enrolled_voice(client, services, finished_job):
    voice = enrol(client).json
    references = {voice["id"]: {"sha256": voice["sha256"], "bytes": voice["bytes"], "name": "Ann"}}
    cast = {"A": voice["id"]}
    book = finished_job(AUDIO, model="yourtts", params={"text": "[A] Hi. Ho.", "cast": cast, "references": references})
    services.storage.put_bytes(f"jobs/local/{book.id}/input/{voice['sha256']}", SPEECH)
    client.delete(f"/voices/{voice['id']}")
    answer = client.post(f"/jobs/{book.id}/patch", json={"sentence": 1, "voice": voice["id"]})
    assert answer.status_code == 202
    assert services.store.jobs.get("local", answer.json["id"]).params["references"] == references


@pytest.mark.parametrize(
    ("model", "voice", "code"),
    [("espeak", None, "unsupported_option"), ("yourtts", "voice_" + "0" * 32, "unknown_voice")],
)
def test_patch_with_an_unusable_voice_is_refused_and_leaves_nothing(client, finished_job, objects, model, voice, code):
    voice = voice or enrol(client).json["id"]
    book = finished_job(AUDIO, model=model)
    before = objects()
    answer = client.post(f"/jobs/{book.id}/patch", json={"sentence": 0, "voice": voice})
    assert refused(answer) == (422, [("voice", code)])
    assert objects() == before
    assert len(client.get("/jobs").json["data"]) == 1


def test_model_that_cannot_clone_refuses_enrolled_voices_by_field(client, worker, objects):
    worker()
    voice_id = enrol(client).json["id"]
    for fields, field in (({"voice": voice_id}, "voice"), ({"cast": {"A": voice_id}}, "cast")):
        answer = client.post("/tts/synthesize", json={"text": "Hello.", "model": "espeak", **fields})
        assert (answer.status_code, answer.json["code"]) == (422, "unsupported_option")
        assert answer.json["errors"][0]["field"] == field
        assert "GET /tts/voices" in answer.json["detail"]
    assert len(objects()) == 1


def test_transcription_gets_the_recordings_of_its_known_speakers(client, worker, services):
    worker("stt.pocketsphinx")
    voice = enrol(client).json
    form = {"file": (io.BytesIO(b"RIFF"), "talk.wav"), "diarize": "true", "known_speakers": voice["id"]}
    answer = client.post("/stt/transcribe", data=form)
    assert answer.status_code == 202, answer.json
    assert services.store.jobs.get("local", answer.json["id"]).params["references"][voice["id"]]["name"] == "Ann"
    form = {"file": (io.BytesIO(b"RIFF"), "talk.wav"), "known_speakers": voice["id"]}
    answer = client.post("/stt/transcribe", data=form)
    assert (answer.json["code"], answer.json["errors"][0]["field"]) == ("unsupported_option", "known_speakers")


def test_unknown_voice_is_refused_and_leaves_nothing(client, objects):
    known, unknown = enrol(client).json["id"], "voice_" + "0" * 32
    assert refused(speak(client, voice=unknown)) == (422, [("voice", "unknown_voice")])
    assert refused(speak(client, cast={"A": known, "B": unknown})) == (422, [("cast", "unknown_voice")])
    assert len(objects()) == 1


def test_clients_cannot_name_recordings_themselves(client):
    sent = {"voice_" + "0" * 32: {"sha256": "0" * 64, "bytes": 1}}
    assert refused(speak(client, references=sent)) == (422, [("references", "extra_forbidden")])


@pytest.mark.parametrize(
    ("path", "name"), [("/tts/synthesize", "a.txt"), ("/stt/transcribe", "a.wav")], ids=["synthesis", "transcription"]
)
def test_forms_cannot_name_recordings_either(client, worker, objects, path, name):
    worker("stt.pocketsphinx")
    sent = json.dumps({"voice_" + "0" * 32: {"sha256": "0" * 64, "bytes": 1}})
    form = {"references": sent, "file": (io.BytesIO(b"Hello."), name)}
    assert refused(client.post(path, data=form)) == (422, [("references", "extra_forbidden")])
    assert objects() == []


def test_recording_is_removed_where_the_voice_could_not_be_recorded(client, services, objects, monkeypatch):
    def fails(new):
        raise StoreUnavailable

    monkeypatch.setattr(services.store.voices, "add", fails)
    assert enrol(client).status_code == 503
    assert objects() == []


def test_voice_whose_recording_cannot_be_removed_can_be_deleted_later(client, services, monkeypatch):
    voice_id = enrol(client).json["id"]

    def fails(prefix):
        raise StorageUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(services.storage, "delete_prefix", fails)
        assert client.delete(f"/voices/{voice_id}").status_code == 503
    assert client.delete(f"/voices/{voice_id}").status_code == 204
