"""`voicemill transcribe`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer

Work = Callable[..., None]
FILES = {"transcript.srt": b"1\n", "transcript.json": b"{}"}


def recording(name: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"sound of {name}".encode())
    return path


def test_recording_is_transcribed_into_the_directory(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files=FILES))
    result = voicemill("transcribe", recording("talk.opus"), "-f", "srt,json", "-o", "out", "--language", "en")
    assert (result.exit_code, result.stdout) == (0, "out/talk.srt\nout/talk.json\n")
    assert Path("out/talk.srt").read_bytes() == b"1\n"
    assert "3.5 s of sound in 1.2 s, 2.8 times as fast as it plays" in result.stderr
    [request] = wire.received("POST", "/stt/transcribe")
    assert request.form == {"formats": ["srt", "json"], "language": ["en"]}
    assert request.file == b"sound of talk.opus"


def test_options_of_recognition_and_of_subtitles_are_sent(voicemill: Voicemill, wire: WireServer) -> None:
    options = ("--noise-reduction", "--min-confidence", 0.6, "--retry-model", "a", "--retry-model", "b")
    result = voicemill(
        "transcribe", recording("talk.opus"), "-f", "srt", "--no-wait", *options, "--line-length", 32, "--lines", 1
    )
    assert result.exit_code == 0, result.stderr
    [request] = wire.received("POST", "/stt/transcribe")
    assert request.form == {
        "formats": ["srt"],
        "noise_reduction": ["true"],
        "min_confidence": ["0.6"],
        "retry_models": ["a", "b"],
        "max_line_length": ["32"],
        "max_lines": ["1"],
    }


def test_options_of_speakers_and_words_are_sent_as_the_api_accepts_them(voicemill: Voicemill, wire: WireServer) -> None:
    known = "voice_" + "0" * 32
    result = voicemill(
        "transcribe",
        recording("talk.opus"),
        "-f",
        "srt",
        "--no-wait",
        "--diarize",
        "--min-speakers",
        2,
        "--max-speakers",
        3,
        "--known-speaker",
        known,
        "--speaker-model",
        "wespeaker",
        "--channels",
        "split",
        "--vocabulary",
        "Brannock,Rosslare",
        "--vocabulary",
        "Malin Head",
        "--numbers",
        "digits",
        "--translate",
        "--prompt",
        "Dear listeners, ",
        "--timestamps",
        "segment",
        "--no-punctuate",
        "--no-speakers-in-subtitles",
    )
    assert result.exit_code == 0, result.stderr
    [request] = wire.received("POST", "/stt/transcribe")
    assert request.form == {
        "formats": ["srt"],
        "diarize": ["true"],
        "min_speakers": ["2"],
        "max_speakers": ["3"],
        "known_speakers": [known],
        "speaker_model": ["wespeaker"],
        "channels": ["split"],
        "vocabulary": ["Brannock", "Rosslare", "Malin Head"],
        "numbers": ["digits"],
        "task": ["translate"],
        "prompt": ["Dear listeners, "],
        "timestamps": ["segment"],
        "punctuate": ["false"],
        "speakers_in_subtitles": ["false"],
    }


def test_warnings_of_the_server_are_printed_and_are_no_failure(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    warning = {"code": "no_speech", "detail": "The transcript is empty: no speech was found."}
    start_worker(partial(wire.succeed, files=FILES, warnings=[warning]))
    result = voicemill("transcribe", recording("quiet.wav"), "-o", "out")
    assert result.exit_code == 0
    assert "Warning: quiet: The transcript is empty: no speech was found." in result.stderr
    assert "Warning" not in result.stdout


def test_one_refused_recording_does_not_stop_the_others(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files=FILES))
    wire.refuse_next(422, "unreadable_input", detail="This is not a recording.", retryable=False)
    result = voicemill("transcribe", recording("a.doc"), recording("b.wav"), recording("c.wav"))
    assert result.exit_code == 2
    assert "a: This is not a recording." in result.stderr
    assert sorted(result.stdout.split()) == ["b.json", "b.srt", "c.json", "c.srt"]


def test_one_failed_job_does_not_lose_the_others(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.fail, detail="No sound in it."), partial(wire.succeed, files=FILES))
    names = [f"{number}.wav" for number in range(12)]
    result = voicemill("transcribe", *(recording(name) for name in names), "--json")
    assert result.exit_code == 1
    output = json.loads(result.stdout)["jobs"]
    assert len(output) == 12
    assert [("error" in entry, len(entry["saved"])) for entry in output].count((True, 0)) == 1
    assert [("error" in entry, len(entry["saved"])) for entry in output].count((False, 2)) == 11


def test_recordings_of_one_name_do_not_overwrite_each_other(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files={"transcript.txt": b"x"}))
    files = [recording("day1/talk.wav"), recording("day2/talk.wav"), recording("day2/talk.mp3")]
    result = voicemill("transcribe", *files, "-f", "txt")
    assert sorted(result.stdout.split()) == ["talk.mp3.txt", "talk.wav-2.txt", "talk.wav.txt"]


def test_names_that_differ_in_case_alone_are_one_name(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files={"transcript.txt": b"x"}))
    result = voicemill("transcribe", recording("Talk.wav"), recording("talk.mp3"), "-f", "txt")
    assert sorted(result.stdout.split()) == ["Talk.wav.txt", "talk.mp3.txt"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_no_transcript_replaces_a_recording(voicemill: Voicemill, wire: WireServer, force: list[str]) -> None:
    result = voicemill("transcribe", recording("a.wav"), recording("b.json"), "-f", "txt,json", *force)
    assert (result.exit_code, "b.json would replace b.json" in result.stderr) == (2, True)
    assert wire.requests == []
    assert Path("b.json").read_bytes() == b"sound of b.json"


def test_existing_transcript_is_replaced_only_by_force(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files={"transcript.txt": b"x"}))
    Path("b.txt").write_text("mine")
    arguments = ("transcribe", recording("a.wav"), recording("b.wav"), "-f", "txt")
    refused = voicemill(*arguments)
    assert (refused.exit_code, "b.txt exists already; add --force" in refused.stderr) == (2, True)
    assert wire.requests == []
    assert not Path("a.txt").exists()
    assert voicemill(*arguments, "--force").exit_code == 0
    assert Path("b.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.wav"], "missing.wav is not a file"),
        (["talk.wav", "missing.wav"], "missing.wav is not a file"),
        (["talk.wav", "-f", "srt,doc"], "choose any of json, txt, srt, vtt, tsv"),
        (["talk.wav", "-f", ","], "choose any of"),
        (["talk.wav", "-o", "talk.wav"], "this is a file; name a directory"),
        (["talk.wav", "--label", "=x"], "--label '=x': write it as key=value."),
        (["talk.wav", "--max-speakers", "many"], "--max-speakers 'many': input should be a valid integer"),
        (["talk.wav", "--timestamps", "all"], "--timestamps 'all': input should be 'none', 'segment' or 'word'."),
        (["talk.wav", "--known-speaker", "ann"], "--known-speaker 'ann': string should match pattern"),
        (["talk.wav", "--min-confidence", "2"], "--min-confidence '2': input should be less than or equal to 1."),
    ],
)
def test_bad_arguments_are_exit_code_two_and_send_nothing(
    voicemill: Voicemill, wire: WireServer, arguments: list[str], message: str
) -> None:
    recording("talk.wav")
    result = voicemill("transcribe", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert wire.requests == []


def test_wrong_key_ends_the_whole_command(
    voicemill: Voicemill, wire: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEMILL_API_KEY", "vm_wrong")
    result = voicemill("transcribe", recording("a.wav"), recording("b.wav"))
    assert result.exit_code == 2
    assert "Set VOICEMILL_API_KEY" in result.stderr
    assert len(wire.received("POST", "/stt/transcribe")) == 1


def test_submitting_without_waiting_prints_the_ids(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("transcribe", recording("a.wav"), recording("b.wav"), "--no-wait")
    assert (result.exit_code, result.stdout.split()) == (0, list(wire.jobs))
