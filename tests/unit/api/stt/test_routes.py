"""Submitting recordings."""

from __future__ import annotations

import io

import pytest


def recording(data: bytes = b"RIFF....WAVE", name: str = "meeting.wav") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def test_recording_is_stored_hashed_and_accepted(client, worker, services, objects):
    worker("stt.pocketsphinx")
    answer = client.post("/stt/transcribe", data={"file": recording(), "formats": "json,srt"})
    assert answer.status_code == 202
    job = services.store.jobs.get("local", answer.json["id"])
    assert job.model == "pocketsphinx-en-us"
    assert job.params["formats"] == ["json", "srt"]
    assert job.params["source_name"] == "meeting.wav"
    assert answer.json["provenance"] == {"input_sha256": job.input_sha256}
    assert b"".join(services.storage.read(job.input_key)) == b"RIFF....WAVE"
    assert job.input_key.startswith(f"jobs/local/{job.id}/input/")
    assert objects() == [job.input_key]


def test_list_may_repeat_its_field(client, worker):
    worker("stt.pocketsphinx")
    answer = client.post("/stt/transcribe", data={"file": recording(), "formats": ["json", "vtt"]})
    assert answer.json["request"]["formats"] == ["json", "vtt"]


@pytest.mark.parametrize("name", ["audio_url", "file_id"])
def test_recording_elsewhere_is_an_unsupported_option(client, worker, name):
    worker("stt.pocketsphinx")
    answer = client.post("/stt/transcribe", json={name: "https://example.com/a.wav"})
    assert answer.status_code == 422
    assert answer.json["code"] == "unsupported_option"
    assert answer.json["errors"][0]["field"] == name
    form = client.post("/stt/transcribe", data={name: "x"}, content_type="multipart/form-data")
    assert form.json["code"] == "unsupported_option"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "file"),
        ({"file": recording(b"")}, "file"),
        ({"file": recording(), "model": "nothing"}, "model"),
        ({"file": recording(), "language": "de"}, "language"),
        ({"file": recording(), "model": "pocketsphinx", "language": "de"}, "language"),
        ({"file": recording(), "language": "klingon"}, "language"),
        ({"file": recording(), "diarize": "true", "channels": "split"}, "diarize"),
        ({"file": recording(), "task": "translate"}, "task"),
        ({"file": recording(), "formats": "pdf"}, "formats.0"),
        ({"file": recording(), "min_confidence": "0.5", "retry_models": "nothing"}, "retry_models"),
        ({"file": recording(), "min_confidence": "0.5", "retry_models": "pocketsphinx"}, "retry_models"),
        ({"file": recording(), "min_confidence": "0.5", "retry_models": "nothing"}, "retry_models"),
        ({"file": recording(), "min_confidence": "0.5", "retry_models": "pocketsphinx"}, "retry_models"),
        ({"file": recording(), "surprise": "1"}, "surprise"),
    ],
)
def test_bad_form_names_the_field_and_leaves_nothing_behind(client, worker, services, objects, form, field):
    worker("stt.pocketsphinx")
    if "file" in form:
        form = {**form, "file": (io.BytesIO(form["file"][0].getvalue()), form["file"][1])}
    answer = client.post("/stt/transcribe", data=form or {"language": "en"}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert objects() == []
    assert services.store.jobs.list("local").jobs == []


def test_file_past_the_limit_is_refused_and_leaves_nothing_behind(client, worker, settings, objects):
    worker("stt.pocketsphinx")
    settings.max_upload_bytes = 100_000
    answer = client.post("/stt/transcribe", data={"file": recording(b"x" * 100_001)})
    assert answer.status_code == 413
    assert "100000" in answer.json["detail"]
    assert objects() == []


def test_json_without_a_source_is_refused_with_the_way_to_send_one(client):
    answer = client.post("/stt/transcribe", json={"language": "en"})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "file"
    assert "multipart" in answer.json["detail"]


def test_only_an_admin_reads_the_command_that_starts_a_model(client_of):
    for scopes, shown in ((["read"], False), (["admin"], True)):
        for path in ("/stt/models", "/audio/models"):
            models = client_of(scopes=scopes).get(path).json["data"]
            assert any(model["install"] for model in models) is shown, (scopes, path)


def test_models_are_listed_with_their_state(client, worker):
    worker("stt.pocketsphinx")
    models = {model["name"]: model for model in client.get("/stt/models").json["data"]}
    assert models["pocketsphinx-en-us"]["state"] == "warm"
    assert models["pocketsphinx-en-us"]["install"] is None
    assert models["whisper-base"]["state"] == "absent"
    assert models["whisper-base"]["install"] == "voicemill worker --family whisper --model whisper-base"
    assert "espeak" not in models
    assert models["pocketsphinx-en-us"]["engine_error"] is None
    assert models["pocketsphinx-en-us"]["engine_candidates"] == []
    everything = {model["name"]: model for model in client.get("/audio/models").json["data"]}
    assert "espeak" in everything and "whisper-base" in everything
    assert {"neutral", "sad", "calm"} <= set(everything["espeak"]["emotions"])
    assert "laughing" in everything["bark"]["emotions"]
    assert everything["speecht5"]["emotions"] == ["neutral"]
    assert everything["whisper-base"]["emotions"] == []


def test_model_lists_the_engines_that_were_tried_with_their_errors(client, worker):
    candidates = [{"engine": "ctranslate2/int8", "error": 0.09}, {"engine": "ctranslate2/float32", "error": 0.0}]
    reported = {"state": "warm", "engine": "ctranslate2/float32"}
    warned = {"limit": 0.02, "candidates": candidates[:1], "warning": "further from float32 than the limit"}
    chosen = {"limit": 0.02, "candidates": candidates, "warning": ""}
    worker(
        "stt.whisper",
        models={"whisper-tiny": {**reported, "selection": chosen}, "whisper-base": {**reported, "selection": warned}},
    )
    models = {model["name"]: model for model in client.get("/audio/models").json["data"]}
    assert models["whisper-tiny"]["engine"] == "ctranslate2/float32"
    assert models["whisper-tiny"]["engine_candidates"] == candidates
    assert models["whisper-tiny"]["engine_error"] == 0.0 and models["whisper-tiny"]["engine_warning"] is None
    assert models["whisper-base"]["engine_error"] == 0.09
    assert models["whisper-base"]["engine_warning"] == "further from float32 than the limit"
    assert models["whisper-small"]["engine"] is models["whisper-small"]["engine_error"] is None
