"""pipelines/requests.py: defaults, bounds and messages."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipelines.requests import REQUESTS, SynthesisRequest, TranscriptionRequest, parse


def refused_fields(model: type, **fields: object) -> list[str]:
    """The fields that validation complains about."""
    with pytest.raises(ValidationError) as caught:
        model(**fields)
    return [".".join(str(part) for part in error["loc"]) for error in caught.value.errors()]


def test_plain_text_is_enough_to_be_spoken():
    request = SynthesisRequest(text="Hello.")
    assert (request.model, request.priority, request.format, request.speed) == ("auto", "normal", "wav", 1.0)


def test_nothing_is_needed_to_be_transcribed():
    request = TranscriptionRequest()
    assert (request.language, request.task, request.timestamps) == ("auto", "transcribe", "word")
    assert request.formats == ["json", "txt"]


def test_text_and_ssml_together_are_refused():
    with pytest.raises(ValidationError, match="give text or ssml, not both"):
        SynthesisRequest(text="Hello.", ssml="<speak>Hello.</speak>")


def test_white_space_of_a_text_is_kept():
    assert SynthesisRequest(text="  One.\n\nTwo.\n").text == "  One.\n\nTwo.\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speed", 0.49),
        ("speed", 2.01),
        ("format", "wma"),
        ("sample_rate_hz", 7_999),
        ("sample_rate_hz", 48_001),
        ("loudness_lufs", -40.5),
        ("loudness_lufs", 0),
        ("chapters", "some"),
        ("title", "x" * 501),
        ("priority", "urgent"),
        ("deadline_s", 0),
        ("retain_s", -1),
        ("webhook_url", "ftp://example.com/"),
        ("webhook_url", "nonsense"),
        ("speed", "fast"),
        ("colour", "green"),
    ],
)
def test_wrong_value_of_a_synthesis_is_refused_by_its_field(field, value):
    assert refused_fields(SynthesisRequest, text="Hello.", **{field: value}) == [field]


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("formats", [], "formats"),
        ("formats", ["json", "pdf"], "formats.1"),
        ("task", "summarise", "task"),
        ("timestamps", "line", "timestamps"),
        ("channels", "left", "channels"),
        ("min_speakers", 0, "min_speakers"),
        ("max_speakers", 51, "max_speakers"),
        ("min_confidence", 1.1, "min_confidence"),
        ("vocabulary", ["word"] * 201, "vocabulary"),
        ("retry_models", ["a", "b", "c", "d"], "retry_models"),
        ("text", "Hello.", "text"),
        ("prompt", "", "prompt"),
        ("prompt", "x" * 2_001, "prompt"),
    ],
)
def test_wrong_value_of_a_transcription_is_refused_by_its_field(field, value, place):
    assert refused_fields(TranscriptionRequest, **{field: value}) == [place]


@pytest.mark.parametrize("value", [0.5, 2.0])
def test_bounds_of_speed_are_allowed(value):
    assert SynthesisRequest(text="Hello.", speed=value).speed == value


def test_labels_are_kept():
    assert TranscriptionRequest(labels={"meeting": "42"}).labels == {"meeting": "42"}


@pytest.mark.parametrize(
    "labels",
    [{"a b": "x"}, {"": "x"}, {"k" * 65: "x"}, {"k": "v" * 257}, {str(n): "x" for n in range(17)}],
    ids=["space in a key", "empty key", "long key", "long value", "seventeen of them"],
)
def test_labels_past_their_bounds_are_refused(labels):
    assert refused_fields(TranscriptionRequest, labels=labels)[0].startswith("labels")


@pytest.mark.parametrize("kind", REQUESTS)
def test_stored_request_is_read_back_as_it_was(kind):
    fields = {"webhook_url": "https://example.com/hook", "labels": {"a": "b"}, "deadline_s": 60.0, "priority": "bulk"}
    request = REQUESTS[kind](**fields)
    assert parse(kind, request.model_dump(mode="json")) == request


def test_lexicon_survives_storage():
    request = SynthesisRequest(text="Hello.", lexicon={"Brannock": "brannuck"}, speech_marks=True)
    assert parse("tts.synthesize", request.model_dump(mode="json")) == request


def test_a_voice_and_a_narrator_together_are_refused():
    with pytest.raises(ValidationError, match="give voice or a narrator in cast"):
        SynthesisRequest(text="Hi.", voice="de", cast={"Narrator": "fr"})
    assert SynthesisRequest(text="Hi.", voice="de", cast={"Alice": "fr"}).cast == {"Alice": "fr"}


@pytest.mark.parametrize("cast", [{"[A]": "de"}, {"": "de"}, {"A": ""}, {"A" * 101: "de"}])
def test_a_cast_whose_names_could_not_stand_in_brackets_is_refused(cast):
    with pytest.raises(ValidationError):
        SynthesisRequest(text="Hi.", cast=cast)
