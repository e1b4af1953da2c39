"""The options of `speak` and `transcribe` against the models that they are made from."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from framework.cli.commands.speak import speak
from framework.cli.commands.transcribe import transcribe
from framework.client.options import SpeechOptions, TranscriptionOptions
from pipelines.requests import JobRequest, SynthesisRequest, TranscriptionRequest
from tests.unit.framework.cli.conftest import Voicemill

#: Set by the server, or by the command's own arguments.
NO_OPTIONS = {"source_type", "source_name", "references", "patches", "text", "ssml", "format", "formats"}


@pytest.mark.parametrize(("command", "request_type"), [(speak, SynthesisRequest), (transcribe, TranscriptionRequest)])
def test_every_field_of_the_request_is_an_option(command: Callable[..., None], request_type: type[JobRequest]) -> None:
    missing = set(request_type.model_fields) - NO_OPTIONS - set(inspect.signature(command).parameters)
    assert missing == set()


@pytest.mark.parametrize(
    ("options", "request_type"), [(SpeechOptions, SynthesisRequest), (TranscriptionOptions, TranscriptionRequest)]
)
def test_every_field_of_the_request_is_typed_for_the_client(options: type, request_type: type[JobRequest]) -> None:
    without = {"source_type", "source_name", "references", "patches", "text", "ssml"}
    assert set(options.__annotations__) == set(request_type.model_fields) - without


@pytest.mark.parametrize("command", [speak, transcribe])
def test_every_option_says_what_it_is_for(command: Callable[..., None]) -> None:
    told = {
        name: parameter.annotation.__metadata__[0].help
        for name, parameter in inspect.signature(command, eval_str=True).parameters.items()
    }
    assert [name for name, said in told.items() if not said] == []


def test_limits_choices_and_what_holds_otherwise_are_told(
    voicemill: Voicemill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    told = voicemill("transcribe", "-h").stdout
    for said in ("none|segment|word", "16 to 120. Else 42.", "WORDS", "Repeatable.", "--no-punctuate"):
        assert said in told
