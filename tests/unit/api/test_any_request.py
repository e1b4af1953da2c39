"""Whatever is sent: never an internal error, always a problem document, and what the document of the API promises."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.requests import SynthesisRequest, TranscriptionRequest

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
MANY = settings(
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def document(anyone):
    return anyone.get("/openapi.json").json


def expect(answer, document, method, path):
    assert answer.status_code != 500, answer.text
    assert str(answer.status_code) in document["paths"][path][method]["responses"]
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"] and answer.json["detail"]


def fields_of(model):
    return st.dictionaries(st.sampled_from([*model.model_fields, "nonsense"]), ODD, max_size=4)


@MANY
@given(fields=fields_of(SynthesisRequest))
def test_any_fields_of_a_synthesis(client, worker, document, fields):
    worker()
    body = {"text": "Hello.", "model": "espeak", **fields}
    expect(client.post("/tts/synthesize", json=body), document, "post", "/tts/synthesize")


@MANY
@given(fields=fields_of(TranscriptionRequest))
def test_any_fields_of_a_transcription(client, worker, document, fields):
    worker("stt.pocketsphinx")
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")
        + b"\r\n"
        for name, value in fields.items()
    ]
    parts.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nsound\r\n--b--\r\n')
    answer = client.post("/stt/transcribe", data=b"".join(parts), content_type="multipart/form-data; boundary=b")
    expect(answer, document, "post", "/stt/transcribe")


@MANY
@given(
    body=st.binary(max_size=200), content_type=st.sampled_from(["application/json", "multipart/form-data; boundary=b"])
)
def test_any_bytes_as_a_body(client, document, body, content_type):
    for path in ("/tts/synthesize", "/stt/transcribe"):
        expect(client.post(path, data=body, content_type=content_type), document, "post", path)


@MANY
@given(
    arguments=st.dictionaries(
        st.one_of(st.sampled_from(["state", "kind", "batch", "limit", "after", "label.a"]), st.text(max_size=8)),
        st.text(max_size=20),
        max_size=3,
    )
)
def test_any_filter_of_a_list(client, document, arguments):
    expect(client.get("/jobs", query_string=arguments), document, "get", "/jobs")


@MANY
@given(
    headers=st.dictionaries(
        st.sampled_from(["Prefer", "Accept", "Idempotency-Key", "X-Request-Id", "Range"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    )
)
def test_any_header(client, worker, document, headers):
    worker()
    headers = {name: value for name, value in headers.items() if "wait" not in value}
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers=headers)
    expect(answer, document, "post", "/tts/synthesize")
