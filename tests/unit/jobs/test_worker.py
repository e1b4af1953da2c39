"""What a worker reports about itself, and its JSON."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.worker import LoadReport, ModelState, ModelStatus, VoiceInfo, WorkerInfo

VOICE = VoiceInfo("de", "German", "de", "espeak", "espeak", sample_rate_hz=22_050)


@pytest.mark.parametrize(
    ("info", "json"),
    [
        (WorkerInfo(), {}),
        (WorkerInfo(restrictions=["seccomp"], engine_rss_bytes=[7]), {"walls": ["seccomp"], "engine_rss_bytes": [7]}),
        (WorkerInfo(features=[]), {"features": []}),
        (WorkerInfo(features=["diarization"]), {"features": ["diarization"]}),
        (WorkerInfo(models={}, voices=(), audit={}), {"models": {}, "voices": [], "audit": {}}),
        (
            WorkerInfo(models={"a": ModelStatus(ModelState.FAILED, detail="no weights")}, rss_bytes=9),
            {"models": {"a": {"state": "failed", "detail": "no weights"}}, "rss_bytes": 9},
        ),
        (
            WorkerInfo(models={"a": ModelStatus(ModelState.WARM, loaded=LoadReport("1", "numpy", None, 2.5))}),
            {"models": {"a": {"state": "warm", "revision": "1", "engine": "numpy", "selection": None, "load_s": 2.5}}},
        ),
        (
            WorkerInfo(voices=(VOICE,)),
            {
                "voices": [
                    {
                        "id": "de",
                        "name": "German",
                        "language": "de",
                        "family": "espeak",
                        "model": "espeak",
                        "gender": None,
                        "sample_rate_hz": 22_050,
                    }
                ]
            },
        ),
    ],
)
def test_a_report_is_written_and_read_as_json(info: WorkerInfo, json: dict[str, Any]) -> None:
    assert info.to_json() == json
    assert WorkerInfo.from_json(json) == info


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    info = WorkerInfo.from_json(
        {
            "models": {"a": "warm", "b": {"state": "sleeping"}, "c": {"state": "warm", "new": 1}},
            "voices": ["de", {"id": "x"}, {"id": "y", "language": "en", "family": "tone"}],
            "new": {},
        }
    )
    assert info.models == {"a": ModelStatus(), "b": ModelStatus(), "c": ModelStatus(ModelState.WARM)}
    assert info.voices == (VoiceInfo("y", "y", "en", "tone", model="tone"),)
    assert WorkerInfo.from_json({"models": ["a"], "voices": 1}) == WorkerInfo(models={}, voices=())


def test_voice_of_a_model_has_its_name() -> None:
    info = WorkerInfo.from_json({"models": {"a": {"voices": [{"id": "x", "language": "en", "family": "tone"}]}}})
    assert info.models is not None
    assert [voice.model for voice in info.models["a"].voices] == ["a"]


def test_only_a_loaded_model_or_one_that_can_be_loaded_is_able() -> None:
    assert [state.value for state in ModelState if state.is_able] == ["ready", "warm"]
