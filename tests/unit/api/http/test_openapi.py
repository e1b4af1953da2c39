"""The document: valid, complete, and true to what is served. The page that shows it needs no network."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.audio_factories import make_wav_bytes
from tests.unit.api.conftest import VOICES

#: Open to all on purpose.
#: Asked without a key, and not for problems.
PROBES = ("/livez", "/readyz")
PAGES = ("/problems", "/problems/{code}")
HEALTH = ("/audio/health", "/readyz")
#: Either header carries the key.
KEYED = [{"key": []}, {"keyHeader": []}]
OPEN = {("get", "/audio/health"), ("get", "/audio/metrics"), ("get", "/jobs/{job_id}/result")}


@pytest.fixture
def document(anyone):
    answer = anyone.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(document):
    return [(method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_documented_and_every_documented_one_served(app, document):
    served = {
        (method.lower(), re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/docs", "/openapi.json"))
    }
    assert served == {(method, path) for method, path, _ in operations(document)}


def test_every_route_asks_for_a_key_or_is_open_on_purpose(document, anyone):
    for method, path, operation in operations(document):
        if path in (*PROBES, *PAGES):
            assert operation["security"] == [{}]
            continue
        if (method, path) in OPEN:
            assert operation["security"] == [*KEYED, {}]
            continue
        assert operation["security"] == KEYED, path
        answer = anyone.open(path.replace("{job_id}", "job_" + "0" * 32), method=method.upper())
        assert (answer.status_code, answer.json["code"]) == (401, "unauthorized"), path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_route_documents_its_problems(document):
    for method, path, operation in operations(document):
        answers = operation["responses"]
        for status in {"500", "503"} - ({"503"} if path in HEALTH else set()):
            assert "application/problem+json" in answers[status]["content"], (method, path, status)
        if operation["security"] == KEYED:
            assert {"401", "403"} <= answers.keys(), path
        if "{" in path:
            assert "404" in answers, path
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= answers.keys(), path
        for status, answer in answers.items():
            assert answer["description"], (path, status)
            if int(status) >= 400 and path not in HEALTH:
                assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_fields_of_the_server_are_not_offered(document):
    for name in ("SynthesisRequest", "SynthesisForm", "TranscriptionForm"):
        properties = document["components"]["schemas"][name]["properties"]
        assert "source_type" not in properties and "source_name" not in properties
    assert "file" in document["components"]["schemas"]["TranscriptionForm"]["required"]


def bodies(document):
    """(method, path, media type, its description) of each request body."""
    return [
        (method, path, media, described)
        for method, path, operation in operations(document)
        for media, described in operation.get("requestBody", {}).get("content", {}).items()
    ]


def schema_of(document, described):
    return document["components"]["schemas"][described["schema"]["$ref"].rpartition("/")[2]]


def test_every_body_has_a_schema_with_a_title_of_its_own(document):
    """Generators of clients name classes by titles: bodies with one title would be one class."""
    schemas = document["components"]["schemas"]
    assert all(schema["title"] == name for name, schema in schemas.items())
    assert len({schema_of(document, described)["title"] for *_, described in bodies(document)}) == len(bodies(document))


def test_fields_of_forms_queries_and_headers_are_never_null(document):
    forms = [schema_of(document, described) for _, _, media, described in bodies(document) if "form" in media]
    fields = [field for form in forms for field in form["properties"].values()]
    for _, _, operation in operations(document):
        fields += [parameter["schema"] for parameter in operation.get("parameters", ())]
    assert len(forms) == 3 and len(fields) > 50
    assert all(
        {"type": "null"} not in field.get("anyOf", ()) and field.get("default", 0) is not None for field in fields
    )


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        ("SynthesisRequest", {}, False),
        ("SynthesisRequest", {"text": "Hello."}, True),
        ("SynthesisRequest", {"ssml": "<speak>Hello.</speak>", "text": None}, True),
        ("SynthesisForm", {"language": "en"}, False),
        ("SynthesisForm", {"file": "bytes"}, True),
        ("SynthesisForm", {"text": None}, False),
        ("SpeechPatch", {"sentence": 1}, False),
        ("SpeechPatch", {"sentence": 1, "voice": "en-us"}, True),
        ("VoiceForm", {"file": "bytes", "name": "Ada", "consent": True}, True),
        ("VoiceForm", {"file": "bytes", "name": "Ada", "consent": False}, False),
        ("TranscriptionForm", {}, False),
    ],
)
def test_schema_of_a_body_refuses_what_the_route_refuses(document, name, value, is_valid):
    assert Draft202012Validator(document["components"]["schemas"][name]).is_valid(value) is is_valid


def test_document_names_the_server_that_serves_it(document):
    assert document["servers"] == [{"url": "http://voicemill.test"}]


def as_form(value):
    """Arguments of the test client for a form of these fields, sent as OpenAPI says."""
    texts = {name: each if isinstance(each, str | list) else json.dumps(each) for name, each in value.items()}
    return {"data": texts, "content_type": "multipart/form-data"}


@pytest.mark.parametrize(("media", "name"), [("json", "SynthesisRequest"), ("form", "SynthesisForm")])
def test_speech_with_every_default_sent_is_the_same_as_without(document, client, worker, media, name):
    """Clients that are generated send all defaults."""
    worker(voices=VOICES)
    fields = document["components"]["schemas"][name]["properties"]
    value = {"text": "Hello."} | {
        field: schema["default"] for field, schema in fields.items() if "default" in schema and field != "text"
    }
    answer = client.post("/tts/synthesize", **({"json": value} if media == "json" else as_form(value)))
    assert answer.status_code == 202, answer.text


def test_transcription_with_every_default_sent_is_the_same_as_without(document, client, worker):
    worker("stt.pocketsphinx")
    fields = document["components"]["schemas"]["TranscriptionForm"]["properties"]
    sent = as_form({field: schema["default"] for field, schema in fields.items() if "default" in schema})
    sent["data"]["file"] = (io.BytesIO(make_wav_bytes(np.zeros(16_000, np.int16))), "a.wav")
    answer = client.post("/stt/transcribe", **sent)
    assert answer.status_code == 202, answer.text


def test_every_body_has_examples_and_the_server_accepts_them(document, client, worker, finished_job):
    """As they are: with the file that they name, for forms."""
    worker(voices=VOICES)
    worker("stt.pocketsphinx")
    book = finished_job({"audio.wav": ("audio/wav", b"RIFF")})
    files = {"txt": b"It was a bright day.", "wav": make_wav_bytes(np.zeros(16_000, np.int16))}
    for method, path, media, described in bodies(document):
        assert described["examples"], (path, media)
        for name, example in described["examples"].items():
            value = dict(example["value"])
            body = {"$ref": described["schema"]["$ref"], "components": document["components"]}
            Draft202012Validator(body).validate(value)
            if media == "application/json":
                sent = {"json": value}
            else:
                sent = as_form(value)
                if "file" in value:
                    sent["data"]["file"] = (io.BytesIO(files[value["file"].rpartition(".")[2]]), value["file"])
            answer = client.open(path.replace("{job_id}", book.id), method=method.upper(), **sent)
            assert answer.status_code in (201, 202), (path, media, name, answer.text)


def test_operations_have_summaries_and_ids_of_their_own(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for _, _, operation in operations(document))


def test_page_and_all_that_it_loads_come_from_this_server(anyone):
    page = anyone.get("/docs", follow_redirects=True)
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text)
    loaded = re.findall(r"(?:src|href)=\"(swagger/[^\"]+)\"", page.text)
    assert len(loaded) >= 3
    for path in loaded:
        with anyone.get(f"/docs/{path}") as answer:
            assert (answer.status_code, len(answer.data) > 1000) == (200, True), path
    assert '"../openapi.json"' in page.text
    assert "validatorUrl" in page.text and "null" in page.text
