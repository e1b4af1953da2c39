"""pipelines/support.py: what is refused, and under which name."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from pipelines.catalog import Catalog
from pipelines.errors import UnsupportedOption
from pipelines.requests import TranscriptionRequest
from pipelines.support import check_transcription


def check(model: str, **params: Any) -> None:
    check_transcription(Catalog().get(model, "stt"), TranscriptionRequest(**params))


@pytest.mark.parametrize(
    ("model", "params", "field"),
    [
        ("pocketsphinx", {"diarize": True}, "diarize"),
        ("whisper-base", {"diarize": True}, "diarize"),
        ("whisper-base", {"max_speakers": 2}, "max_speakers"),
        ("whisper-base", {"noise_reduction": True}, "noise_reduction"),
        ("whisper-base", {"min_confidence": 0.5}, "min_confidence"),
        ("whisper-base", {"retry_models": ["whisper-small"]}, "retry_models"),
        ("whisper-base", {"language": "tlh"}, "language"),
        ("whisper-base.en", {"task": "translate"}, "task"),
        ("whisper-base.en", {"language": "de"}, "language"),
        ("whisper-large-v3-turbo", {"task": "translate"}, "task"),
        ("pocketsphinx", {"task": "translate"}, "task"),
        ("pocketsphinx", {"vocabulary": ["Kennedy"]}, "vocabulary"),
        ("pocketsphinx", {"language": "fr"}, "language"),
        ("tone-listener", {"timestamps": "none", "formats": ["txt", "srt"]}, "timestamps"),
    ],
)
def test_option_that_cannot_be_honoured_is_refused_by_name(model: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(UnsupportedOption) as refused:
        check(model, **params)
    assert refused.value.field == field
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("pocketsphinx", {}),
        ("pocketsphinx", {"language": "en-GB", "channels": "split", "punctuate": False, "timestamps": "segment"}),
        ("whisper-base", {"task": "translate", "language": "de", "vocabulary": ["Kennedy"]}),
        ("whisper-base", {"language": "zh-Hant-TW"}),
        ("whisper-base.en", {"language": "en-US"}),
        ("tone-listener", {"language": "tlh", "timestamps": "none", "formats": ["json", "txt"]}),
    ],
)
def test_option_that_can_be_honoured_is_taken(model: str, params: dict[str, Any]) -> None:
    check(model, **params)


def test_checking_loads_no_audio_library_and_no_model() -> None:
    code = "import sys, pipelines.support; print(*{'av', 'numpy', 'onnxruntime', 'faster_whisper'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
