"""The options of `speak` and `transcribe` against the request models that they are generated from."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from framework.cli.commands.speak import speak
from framework.cli.commands.transcribe import transcribe
from pipelines.requests import JobRequest, SynthesisRequest, TranscriptionRequest
from tests.unit.framework.cli.conftest import Voicemill

#: Set by the server, or options of the command itself.
NO_OPTIONS = {"source_type", "source_name", "references", "patches", "text", "ssml", "format", "formats"}


@pytest.mark.parametrize(("command", "request_type"), [(speak, SynthesisRequest), (transcribe, TranscriptionRequest)])
def test_every_field_of_the_request_is_an_option(command: Callable[..., None], request_type: type[JobRequest]) -> None:
    missing = set(request_type.model_fields) - NO_OPTIONS - set(inspect.signature(command).parameters)
    assert missing == set()


@pytest.mark.parametrize("command", [speak, transcribe])
def test_every_option_has_help(command: Callable[..., None]) -> None:
    helps = {
        name: parameter.annotation.__metadata__[0].help
        for name, parameter in inspect.signature(command, eval_str=True).parameters.items()
    }
    assert [name for name, text in helps.items() if not text] == []


def test_help_shows_limits_choices_and_defaults(voicemill: Voicemill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    shown = voicemill("transcribe", "-h").stdout
    for text in ("none|segment|word", "16 to 120. Default: 42.", "WORDS", "Repeatable.", "--no-punctuate"):
        assert text in shown
