"""`voicemill evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from framework.cli.commands import evaluate
from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer

Work = Callable[..., None]


def transcript(text: str) -> dict[str, bytes]:
    words = [{"word": word, "start": at + 0.1, "end": at + 0.6} for at, word in enumerate(text.split())]
    segments = [{"text": text, "start": 0.1, "end": 9.0, "words": words}]
    return {"transcript.json": json.dumps({"text": text, "language": "en", "segments": segments}).encode()}


@pytest.fixture
def calls(voicemill: Voicemill) -> Path:
    """Two recordings with their references, one of them with times, and a recording without."""
    folder = Path("calls")
    folder.mkdir()
    for name in ("a.wav", "b.opus", "c.mp3"):
        (folder / name).write_bytes(b"sound of " + name.encode())
    words = [{"word": word, "start": at, "end": at + 0.5} for at, word in enumerate(("The", "cat", "sat."))]
    (folder / "a.json").write_text(json.dumps({"words": words}))
    (folder / "b.txt").write_text("the dog barked")
    return folder


def test_recordings_are_measured_one_after_the_other_and_together(
    voicemill: Voicemill, wire: WireServer, start_worker: Work, calls: Path
) -> None:
    start_worker(
        partial(wire.succeed, files=transcript("the cat sat")), partial(wire.succeed, files=transcript("the log"))
    )
    result = voicemill("evaluate", calls, "--model", "whisper-base", "--language", "en", "--json")
    assert result.exit_code == 0, result.stderr
    output = json.loads(result.stdout)
    first, second = output["recordings"]
    assert (first["recording"], first["words"], first["wer"], first["cer"]) == ("a.wav", 3, 0.0, 0.0)
    assert (first["timed_edges"], first["timing_median_s"]) == (6, 0.1)
    assert (second["recording"], second["word_errors"], second["timing_median_s"]) == ("b.opus", 2, None)
    (total,) = output["models"]
    assert (total["words"], total["wer"], total["audio_s"]) == (6, 0.3333, 7.0)
    assert total["real_time_factor"] == pytest.approx(1.25 / 3.5, abs=1e-4)
    sent = wire.received("POST", "/stt/transcribe")
    assert [request.form["model"] for request in sent] == [["whisper-base"]] * 2
    assert all(request.form["formats"] == ["json"] and request.form["language"] == ["en"] for request in sent)


def test_models_are_compared_in_a_table(
    voicemill: Voicemill, wire: WireServer, start_worker: Work, calls: Path
) -> None:
    start_worker(partial(wire.succeed, files=transcript("the cat sat")))
    result = voicemill("evaluate", calls, "--model", "one", "--model", "two")
    assert result.exit_code == 0, result.stderr
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[0] == ["MODEL", "RECORDING", "AUDIO", "WORDS", "WER", "CER", "OFF BY", "95 % WITHIN", "REAL TIME"]
    assert [(line[0], line[1], line[4]) for line in lines[1:]] == [
        ("one", "a.wav", "0.0%"),
        ("one", "b.opus", "66.7%"),
        ("two", "a.wav", "0.0%"),
        ("two", "b.opus", "66.7%"),
        ("one", "all", "33.3%"),
        ("two", "all", "33.3%"),
    ]
    assert lines[1][6:] == ["100 ms", "100 ms", "0.36"]


def test_a_recording_that_fails_does_not_stop_the_others(
    voicemill: Voicemill, wire: WireServer, start_worker: Work, calls: Path
) -> None:
    start_worker(partial(wire.fail, detail="It broke."), partial(wire.succeed, files=transcript("the dog barked")))
    result = voicemill("evaluate", calls, "--json")
    assert result.exit_code == 1
    assert "a.wav: " in result.stderr and "It broke." in result.stderr
    assert [line["recording"] for line in json.loads(result.stdout)["recordings"]] == ["b.opus"]


@pytest.mark.parametrize(
    ("folder", "message"), [("nowhere", "no such directory"), ("empty", "no recording with a reference")]
)
def test_a_directory_without_recordings_and_references_is_refused(
    voicemill: Voicemill, folder: str, message: str
) -> None:
    Path("empty").mkdir()
    result = voicemill("evaluate", folder)
    assert result.exit_code == 2
    assert message in result.stderr


def test_without_the_extra_the_error_says_what_to_install(
    voicemill: Voicemill, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "find_spec", lambda name: None)
    result = voicemill("evaluate", calls)
    assert result.exit_code == 2
    assert "pip install 'voicemill[evaluate]'" in result.stderr
