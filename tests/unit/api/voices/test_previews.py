"""Samples of voices: made once, found again, made again after a deletion; their tenant and their text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.job import Job
from pipelines.catalog.sample_sentences import SENTENCES
from tests.unit.api.conftest import TENANT, finish
from tests.unit.api.voices.test_routes import SPEECH, enrol

URL = "/tts/voices/espeak/de/preview"
SAMPLE = {"audio.mp3": ("audio/mpeg", b"ID3 of a sample")}


def made(client, services, url=URL) -> Job:
    """Ask for a sample, and finish the job that makes it."""
    answer = client.post(url)
    assert answer.status_code == 202, answer.text
    finish(services, services.store.jobs.get(TENANT, answer.json["id"]), SAMPLE)
    return services.store.jobs.get(TENANT, answer.json["id"])


def test_listed_voice_has_the_url_of_its_sample(client, worker):
    worker()
    voices = {voice["id"]: voice for voice in client.get("/tts/voices").json["data"]}
    assert voices["de"]["preview"] == f"http://voicemill.test{URL}"
    assert (voices["de"]["model"], voices["de"]["sample_rate_hz"], voices["de"]["gender"]) == ("espeak", 22_050, None)


def test_sample_is_an_interactive_job_that_speaks_the_language_of_the_voice(client, worker, dispatch):
    worker()
    answer = client.post(URL)
    assert answer.status_code == 202
    job = answer.json
    assert (job["kind"], job["model"], job["priority"]) == ("tts.synthesize", "espeak", "interactive")
    assert {name: job["request"][name] for name in ("text", "language", "voice", "format")} == {
        "text": SENTENCES["de"],
        "language": "de",
        "voice": "de",
        "format": "mp3",
    }
    assert job["labels"] == {"preview": "espeak/de"}
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert dispatch.notified == [("cpu", job["id"])]


def test_sample_is_served_once_it_is_made_and_not_before(client, worker, services):
    worker()
    for detail in ("POST to this address", "being made; see GET /jobs/job_"):
        answer = client.get(URL)
        assert (answer.status_code, answer.json["code"]) == (404, "no_preview")
        assert detail in answer.json["detail"]
        job = client.post(URL).json
    finish(services, services.store.jobs.get(TENANT, job["id"]), SAMPLE)
    answer = client.get(URL)
    assert (answer.status_code, answer.data) == (200, b"ID3 of a sample")
    assert answer.content_type == "audio/mpeg"
    assert client.get(URL, headers={"Range": "bytes=0-2"}).data == b"ID3"


def test_sample_is_made_once_however_often_it_is_requested(client, worker, services):
    worker()
    first = client.post(URL)
    again = client.post(URL)
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.post(URL, headers={"Idempotency-Key": "another"}).json["id"] == first.json["id"]
    assert client.post("/tts/voices/espeak/en-us/preview").json["id"] != first.json["id"]
    assert len(services.store.jobs.list(TENANT).jobs) == 2


def test_finished_sample_may_be_the_response_itself(client, worker, services):
    worker()
    made(client, services)
    answer = client.post(URL, headers={"Prefer": "wait=1", "Accept": "audio/*"})
    assert (answer.status_code, answer.data) == (200, b"ID3 of a sample")


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_sample_whose_job_has_no_result_is_made_again(client, worker, services, verb):
    worker()
    if verb == "delete":
        first = made(client, services).id
        assert client.delete(f"/jobs/{first}").status_code == 204
    else:
        first = client.post(URL).json["id"]
        client.post(f"/jobs/{first}/cancel")
    assert client.get(URL).json["code"] == "no_preview"
    again = client.post(URL)
    assert again.status_code == 202 and "Idempotency-Replayed" not in again.headers
    assert again.json["id"] != first


def test_sample_belongs_to_the_tenant_that_requested_it(client, client_of, worker, services):
    worker()
    made(client, services)
    other = client_of("other")
    assert other.get(URL).json["code"] == "no_preview"
    assert other.post(URL).status_code == 202


def test_scope_read_allows_to_get_a_sample_and_not_to_make_one(client, client_of, worker, services):
    worker()
    reader = client_of(scopes=("read",))
    assert reader.post(URL).status_code == 403
    made(client, services)
    assert reader.get(URL).status_code == 200


@pytest.mark.parametrize(
    "path", ["espeak/nobody", "none-such/de", "pocketsphinx-en-us/de", "yourtts/voice_" + "0" * 32, "espeak/.."]
)
def test_unknown_voice_has_no_sample(client, worker, path):
    worker()
    url = f"/tts/voices/{path}/preview"
    assert (client.get(url).status_code, client.post(url).status_code) == (404, 404)


def test_voice_whose_name_has_slashes_and_signs_has_a_sample(client, worker, services):
    named = "v2/en speaker+6?"
    voice = {"id": named, "name": "Six", "language": "en", "family": "bark", "model": "bark-small"}
    worker("tts.bark", models={"bark-small": {"state": "warm"}}, voices=[voice])
    (listed,) = client.get("/tts/voices").json["data"]
    url = listed["preview"].removeprefix("http://voicemill.test")
    assert url == "/tts/voices/bark-small/v2/en%20speaker%2B6%3F/preview"
    assert made(client, services, url).params["voice"] == named
    assert client.get(url).status_code == 200


def test_voice_without_a_language_gets_an_english_sentence_and_no_language(client, worker):
    voice = {"id": "tone", "name": "Tone", "language": "und", "family": "tone", "model": "tone"}
    worker("tts.tone", models={"tone": {"state": "warm"}}, voices=[voice])
    request = client.post("/tts/voices/tone/tone/preview").json["request"]
    assert (request["text"], request["language"]) == (SENTENCES["en"], None)


def test_voice_for_whose_language_there_is_no_sentence_is_refused(client, worker, services):
    yoruba = replace(services.catalog.named("mms-eng"), name="mms-yor", languages=("yo",))
    services.catalog._by_name["mms-yor"] = yoruba
    voice = {"id": "mms-yor", "name": "Yoruba", "language": "yo", "family": "vits", "model": "mms-yor"}
    worker("tts.vits", models={"mms-yor": {"state": "warm"}}, voices=[voice])
    answer = client.post("/tts/voices/mms-yor/mms-yor/preview")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "no_sentence")
    assert "POST /tts/synthesize" in answer.json["detail"]


def test_enrolled_voice_has_a_sample_in_a_language_of_the_model(client, services):
    for language, spoken in (("fr-CA", "fr"), ("de", "en"), (None, "en")):
        voice = enrol(client, language=language).json
        job = client.post(f"/tts/voices/yourtts/{voice['id']}/preview").json
        assert (job["request"]["language"], job["request"]["text"]) == (spoken, SENTENCES[spoken])
        assert voice["id"] in services.store.jobs.get(TENANT, job["id"]).params["references"]


def test_enrolled_voice_has_no_sample_by_a_model_that_cannot_clone(client, worker):
    worker()
    url = f"/tts/voices/espeak/{enrol(client).json['id']}/preview"
    assert client.get(url).json["code"] == "no_preview"
    assert client.post(url).json["code"] == "unsupported_option"


def test_samples_of_a_voice_are_deleted_with_it(client, services, objects):
    voice, other = enrol(client).json, enrol(client, SPEECH + b" again").json
    url = f"/tts/voices/yourtts/{voice['id']}/preview"
    sample, kept = made(client, services, url), made(client, services, url.replace(voice["id"], other["id"]))
    assert client.delete(f"/voices/{voice['id']}").status_code == 204
    assert client.get(f"/jobs/{sample.id}").status_code == 410
    assert (client.get(url).status_code, client.post(url).status_code) == (404, 404)
    assert not [key for key in objects() if sample.id in key or voice["id"] in key]
    assert client.get(f"/jobs/{kept.id}").status_code == 200
