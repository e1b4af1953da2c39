"""Submitting texts and documents, and the list of voices."""

from __future__ import annotations

import io
import json

import pytest

from jobs.states import JobState


def test_text_is_accepted_with_a_location_and_a_time_to_retry(client, worker, dispatch):
    worker()
    answer = client.post("/tts/synthesize", json={"text": "Hello there.", "labels": {"book": "1"}})
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert job["state"] == "accepted"
    assert job["model"] == "espeak"
    assert job["labels"] == {"book": "1"}
    assert job["progress"]["stage"] == "waiting_for_worker"
    assert job["request"]["text"] == "Hello there."
    assert job["request"]["speed"] == 1.0
    assert dispatch.notified == [("cpu", job["id"])]


def test_job_without_a_worker_is_accepted_for_a_named_model(client):
    answer = client.post("/tts/synthesize", json={"text": "Hello.", "model": "espeak"})
    assert answer.status_code == 202
    assert answer.json["progress"]["stage"] == "waiting_for_worker"


def test_auto_without_a_worker_of_the_day_asks_to_come_back_later(client):
    answer = client.post("/tts/synthesize", json={"text": "Hello."})
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (503, "no_worker", True)
    assert int(answer.headers["Retry-After"]) >= 60
    assert "voicemill" not in answer.json["detail"]


def test_auto_is_accepted_while_the_only_worker_restarts(client, worker, services):
    stopped = worker()
    services.store.workers.retire(stopped.id)
    answer = client.post("/tts/synthesize", json={"text": "Hello.", "language": "en"})
    assert (answer.status_code, answer.json["model"]) == (202, "espeak")
    assert answer.json["progress"]["stage"] == "waiting_for_worker"


def test_long_text_becomes_an_object_and_leaves_the_row(client, worker, services, settings, objects):
    worker()
    text = "word " * (settings.inline_text_bytes // 5 + 1)
    job = client.post("/tts/synthesize", json={"text": text}).json
    stored = services.store.jobs.get("local", job["id"])
    assert stored.params["text"] is None
    assert stored.params["source_type"] == "txt"
    assert b"".join(services.storage.read(stored.input_key)) == text.encode()
    assert objects() == [stored.input_key]
    assert stored.input_bytes == len(text)


def test_document_goes_to_the_storage_with_its_type_and_name(client, worker, services):
    worker()
    form = {"file": (io.BytesIO(b"# Title\n\nText."), "books/story.md"), "speed": "1.5", "labels": '{"a": "b"}'}
    answer = client.post("/tts/synthesize", data=form)
    assert answer.status_code == 202
    stored = services.store.jobs.get("local", answer.json["id"])
    assert (stored.params["source_type"], stored.params["source_name"]) == ("md", "story.md")
    assert stored.params["speed"] == 1.5
    assert stored.labels == {"a": "b"}
    assert b"".join(services.storage.read(stored.input_key)) == b"# Title\n\nText."


def test_text_may_be_sent_as_a_form(client, worker):
    worker()
    answer = client.post("/tts/synthesize", data={"text": "Hello."}, content_type="multipart/form-data")
    assert answer.status_code == 202
    assert answer.json["request"]["text"] == "Hello."


def test_ssml_is_taken_as_a_field_and_as_a_file(client, worker, services):
    worker()
    answer = client.post("/tts/synthesize", json={"ssml": "<speak>Hello.</speak>", "lexicon": {"Hello": "hallo"}})
    assert answer.status_code == 202
    assert answer.json["request"]["ssml"] == "<speak>Hello.</speak>"
    answer = client.post("/tts/synthesize", data={"file": (io.BytesIO(b"<speak>Hello.</speak>"), "a.ssml")})
    assert answer.status_code == 202
    assert services.store.jobs.get("local", answer.json["id"]).params["source_type"] == "ssml"


BAD_BODIES = [
    ({}, 422, "text"),
    ({"text": ""}, 422, "text"),
    ({"text": " \n\t"}, 422, "text"),
    ({"text": "a", "ssml": "<speak/>"}, 422, "body"),
    ({"ssml": " "}, 422, "text"),
    ({"text": "a", "voice": "de", "language": "fr"}, 422, "language"),
    ({"text": "a", "lexicon": {"": "b"}}, 422, "lexicon..[key]"),
    ({"text": "a", "lexicon": {"b": " "}}, 422, "lexicon.b"),
    ({"text": "a", "lexicon": {"b": "/c/"}, "model": "tone"}, 422, "lexicon"),
    ({"text": "a", "normalise": "often"}, 422, "normalise"),
    ({"text": "a", "encoding": "zip"}, 422, "encoding"),
    ({"text": "a", "notes": "some"}, 422, "notes"),
    ({"text": "a", "cast": {"Alice": "nobody"}}, 422, "cast"),
    ({"text": "a", "voice": "nobody"}, 422, "voice"),
    ({"text": "a", "language": "xx-nothing"}, 422, "language"),
    ({"text": "a", "language": "ja"}, 422, "language"),
    ({"text": "a", "model": "nothing"}, 422, "model"),
    ({"text": "a", "speed": 3}, 422, "speed"),
    ({"text": "a", "emotion": "joy"}, 422, "emotion"),
    ({"text": "a", "format": "exe"}, 422, "format"),
    ({"text": "a", "unknown": 1}, 422, "unknown"),
    ({"text": "a", "source_type": "epub"}, 422, "source_type"),
    ({"text": "a", "labels": {"a b": "c"}}, 422, "labels.a b.[key]"),
    ({"text": "a", "webhook_url": "gopher://x"}, 422, "webhook_url"),
    ({"text": "a", "webhook_url": "http://example.com/hook"}, 422, "webhook_url"),
    ({"text": "a", "webhook_url": "https://127.0.0.1/hook"}, 422, "webhook_url"),
    ({"text": "a", "webhook_url": "https://user:secret@example.com/"}, 422, "webhook_url"),
    ({"text": "a", "deadline_s": 0}, 422, "deadline_s"),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD_BODIES, ids=[json.dumps(bad[0]) for bad in BAD_BODIES])
def test_bad_request_names_the_field(client, worker, services, body, status, field):
    worker()
    answer = client.post("/tts/synthesize", json=body)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert services.store.jobs.list("local").jobs == []


def test_text_past_the_limit_is_refused_with_both_numbers(client, worker, settings):
    worker()
    settings.max_text_characters = 1000
    answer = client.post("/tts/synthesize", json={"text": "x" * 1001})
    assert answer.status_code == 413
    assert answer.json["code"] == "text_too_long"
    assert "1,001" in answer.json["detail"] and "1,000" in answer.json["detail"]
    assert answer.json["errors"][0]["field"] == "text"


def test_text_of_25_million_characters_is_refused(client, worker, services, objects):
    worker()
    answer = client.post("/tts/synthesize", json={"text": "x" * 25_000_000})
    assert answer.status_code == 413
    assert answer.json["code"] == "text_too_long"
    assert objects() == []


BAD_BODIES_AS_BYTES = [
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'"text"', "application/json", 400),
    (b"", "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"text": "\\ud800"}', "application/json", 400),
    (b'{"text": "a", "speed": NaN}', "application/json", 400),
    (b"text=hello", "application/x-www-form-urlencoded", 415),
    (b"hello", "text/plain", 415),
    (b"hello", "multipart/form-data", 415),
    (b"hello", "multipart/form-data; boundary=x", 400),
]


@pytest.mark.parametrize(("body", "content_type", "status"), BAD_BODIES_AS_BYTES)
def test_unreadable_body_is_refused(client, worker, body, content_type, status):
    worker()
    answer = client.post("/tts/synthesize", data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"file": (io.BytesIO(b""), "empty.txt")}, "file"),
        ({"file": (io.BytesIO(b"x"), "program.exe")}, "file"),
        ({"file": (io.BytesIO(b"x"), "a.txt"), "text": "y"}, "text"),
        ({"file": (io.BytesIO(b"x"), "a.txt"), "speed": "fast"}, "speed"),
        ({"file": (io.BytesIO(b"x"), "a.txt"), "lexicon": "no json"}, "lexicon"),
        ({"file": (io.BytesIO(b"x"), "a.txt"), "unknown": "1"}, "unknown"),
        ({"file": (io.BytesIO(b"x"), "a.txt"), "speed": ["1", "2"]}, "speed"),
        ({"other": (io.BytesIO(b"x"), "a.txt")}, "other"),
        ({"file": "not a file"}, "file"),
    ],
)
def test_bad_form_names_the_field_and_leaves_nothing_behind(client, worker, objects, services, form, field):
    worker()
    for value in form.values():
        if isinstance(value, tuple):
            value[0].seek(0)
    answer = client.post(
        "/tts/synthesize",
        data={
            name: (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value
            for name, value in form.items()
        },
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert objects() == []
    assert services.store.jobs.list("local").jobs == []


def test_prefer_wait_answers_202_when_the_job_takes_longer(client, worker):
    worker()
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers={"Prefer": "wait=0.1"})
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_priority_deadline_and_retention_reach_the_record(client, worker, services):
    worker()
    job = client.post(
        "/tts/synthesize", json={"text": "Hello.", "priority": "bulk", "deadline_s": 60, "retain_s": 5}
    ).json
    stored = services.store.jobs.get("local", job["id"])
    assert stored.priority == "bulk"
    assert stored.deadline_at - stored.created_at == 60_000
    assert stored.state is JobState.ACCEPTED


def test_voices_are_those_of_live_workers(client, worker):
    assert client.get("/tts/voices").json["data"] == []
    worker()
    assert [voice["id"] for voice in client.get("/tts/voices").json["data"]] == ["de", "en-us"]
    assert [voice["id"] for voice in client.get("/tts/voices?language=en").json["data"]] == ["en-us"]
    assert [voice["id"] for voice in client.get("/tts/voices?language=en-GB").json["data"]] == ["en-us"]
    assert client.get("/tts/voices?language=fr").json["data"] == []
    assert [voice["id"] for voice in client.get("/tts/voices?family=espeak").json["data"]] == ["de", "en-us"]
    assert client.get("/tts/voices?family=other").json["data"] == []
    assert client.get("/tts/voices?nonsense=1").status_code == 422
