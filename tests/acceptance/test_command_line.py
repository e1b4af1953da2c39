"""The command line as a user types it, against the whole stack that `voicemill up` starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import wave
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest

from tests.audio_factories import make_wav_bytes
from tests.material.make_dialogue import DIALOGUE
from tests.services.machine_speed import deadline, poll
from tests.services.process import Child

VOICEMILL = str(Path(sys.executable).with_name("voicemill"))
#: Tones cost nothing; diarization needs a real recogniser and a real speaker encoder.
FAMILIES = "tone,pocketsphinx,resemblyzer"
Voicemill = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Without the settings of a server of the developer's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
    return {**inherited, "VOICEMILL_DATA_DIR": str(tmp_path_factory.mktemp("stack"))}


@pytest.fixture(scope="module")
def stack(environment: dict[str, str]) -> Iterator[Child]:
    data_dir = Path(environment["VOICEMILL_DATA_DIR"])
    child = Child([VOICEMILL, "up", "--port", "0", "--families", FAMILIES], log=data_dir / "up.log", env=environment)
    child.wait_ready(lambda: (data_dir / "client.json").is_file(), deadline_s=120)
    yield child
    child.stop(grace_s=90)


@pytest.fixture
def voicemill(stack: Child, environment: dict[str, str], tmp_path: Path) -> Voicemill:
    """`voicemill("jobs", "--json")` with `tmp_path` as its working directory."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [VOICEMILL, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=deadline(120),
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


def test_text_is_synthesised_and_transcribed(voicemill: Voicemill, tmp_path: Path) -> None:
    spoken = voicemill("speak", "Hello there. This is a test.", "-o", "hello.wav", "--model", "tone", "--marks")
    assert spoken.returncode == 0, spoken.stderr
    assert spoken.stdout.split() == ["hello.wav", "hello.marks.json", "hello.vtt", "hello.chapters.json"]
    with wave.open(str(tmp_path / "hello.wav")) as audio:
        seconds = audio.getnframes() / audio.getframerate()
    assert json.loads((tmp_path / "hello.marks.json").read_text())["words"][-1]["end"] <= seconds
    transcribed = voicemill(
        "transcribe", "hello.wav", "--model", "tone-listener", "-f", "txt,srt,json", "-o", "out", "--json"
    )
    assert transcribed.returncode == 0, transcribed.stderr
    [outcome] = json.loads(transcribed.stdout)["jobs"]
    assert sorted(outcome["saved"]) == ["out/hello.json", "out/hello.srt", "out/hello.txt"]
    assert outcome["job"]["result"]["duration_s"] == pytest.approx(seconds, abs=0.05)
    assert "-->" in (tmp_path / "out" / "hello.srt").read_text()


def test_worker_beside_the_stack_finds_its_broker(
    voicemill: Voicemill, environment: dict[str, str], tmp_path: Path
) -> None:
    """Its family is none of the stack's, and it is told the data directory alone."""
    data_dir = environment["VOICEMILL_DATA_DIR"]
    elsewhere = {name: value for name, value in environment.items() if name != "VOICEMILL_DATA_DIR"}
    command = [VOICEMILL, "worker", "--family", "espeak", "--data-dir", data_dir]
    worker = Child(command, log=tmp_path / "worker.log", env=elsewhere)
    try:
        spoken = voicemill("speak", "Hello.", "-o", "hello.wav", "--model", "espeak", "--data-dir", data_dir)
    finally:
        worker.stop(grace_s=90)
    assert spoken.returncode == 0, (tmp_path / "worker.log").read_text()


def test_a_model_is_evaluated_on_synthesised_recordings(voicemill: Voicemill, tmp_path: Path) -> None:
    """The speech marks are the reference."""
    (tmp_path / "calls").mkdir()
    for name, text in (("one", "The first call is short."), ("two", "And this is the second of both calls.")):
        spoken = voicemill("speak", text, "-o", f"{name}.wav", "--model", "tone", "--marks")
        assert spoken.returncode == 0, spoken.stderr
        (tmp_path / f"{name}.wav").rename(tmp_path / "calls" / f"{name}.wav")
        (tmp_path / f"{name}.marks.json").rename(tmp_path / "calls" / f"{name}.json")
    evaluated = voicemill("evaluate", "calls", "--model", "tone-listener", "--language", "en", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    scores = json.loads(evaluated.stdout)
    assert [score["recording"] for score in scores["recordings"]] == ["one.wav", "two.wav"]
    (total,) = scores["models"]
    assert (total["words"], total["wer"], total["cer"], total["timed_edges"]) == (13, 0.0, 0.0, 26)
    assert total["timing_p95_s"] < 0.02
    assert total["real_time_factor"] > 0


def test_read_along_book_is_created_with_a_lexicon(voicemill: Voicemill, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("Brannock = brannuck\n")
    spoken = voicemill(
        "speak",
        "CHAPTER I\n\nBrannock is an island.\n\nCHAPTER II\n\nIt is small.",
        "-o",
        "book.mp3",
        "--model",
        "tone",
        "--loudness",
        "acx",
        "--read-along",
        "--lexicon",
        "words.txt",
        "--title",
        "Brannock",
    )
    assert spoken.returncode == 0, spoken.stderr
    assert spoken.stdout.split() == ["book.mp3", "book.epub"]
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        assert "Brannock is an island." in book.read("OEBPS/chapter-0.xhtml").decode()
        assert book.read("OEBPS/audio.mp3") == (tmp_path / "book.mp3").read_bytes()


def test_speakers_of_a_dialogue_are_separated(voicemill: Voicemill, tmp_path: Path) -> None:
    reference = [word for word in json.loads((DIALOGUE / "truth.json").read_text())["words"] if word["end"] < 30.0]
    (tmp_path / "dialogue.wav").write_bytes(beginning(DIALOGUE / "dialogue.opus", 30.0))
    transcribed = voicemill(
        "transcribe",
        "dialogue.wav",
        "--model",
        "pocketsphinx",
        "--language",
        "en",
        "--diarize",
        "--max-speakers",
        "3",
        "-f",
        "json,txt",
    )
    assert transcribed.returncode == 0, transcribed.stderr
    found = [
        word
        for segment in json.loads((tmp_path / "dialogue.json").read_text())["segments"]
        for word in segment["words"]
    ]
    labels: dict[str, Counter[str]] = {"rms": Counter(), "slt": Counter()}
    for word in found:
        nearest = min(reference, key=lambda spoken: abs(spoken["start"] - word["start"]))
        labels.setdefault(nearest["voice"], Counter())[word["speaker"]] += 1
    assert {speaker for counts in labels.values() for speaker in counts} <= {"speaker_1", "speaker_2", "speaker_3"}
    (first, often), (second, as_often) = (labels[voice].most_common(1)[0] for voice in ("rms", "slt"))
    assert first != second
    assert often + as_often > 0.8 * (labels["rms"].total() + labels["slt"].total()), labels
    assert "speaker_2: " in (tmp_path / "dialogue.txt").read_text()


def beginning(recording: Path, seconds: float) -> bytes:
    """The first seconds of a recording in mono, as WAV."""
    with av.open(str(recording)) as container:
        frames = list(takewhile(lambda frame: frame.time < seconds, container.decode(audio=0)))
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return make_wav_bytes((samples * 32_767).astype(np.int16), rate_hz=frames[0].sample_rate)


def test_a_fallback_model_waits_for_its_worker(voicemill: Voicemill) -> None:
    """Tones are never recognised with full confidence, and no worker here serves the fallback model."""
    assert voicemill("speak", "Hello there.", "-o", "hello.wav", "--model", "tone").returncode == 0
    submitted = voicemill(
        "transcribe",
        "hello.wav",
        "--model",
        "tone-listener",
        "--min-confidence",
        "1",
        "--retry-model",
        "whisper-tiny",
        "--no-wait",
    )
    assert submitted.returncode == 0, submitted.stderr
    job_id = submitted.stdout.strip()

    def read_job() -> dict[str, Any]:
        return json.loads(voicemill("job", job_id, "--json").stdout)["job"]

    assert poll(lambda: "model" in read_job()["provenance"], deadline_s=60, every_s=0.5)
    assert read_job()["progress"]["stage"] == "waiting_for_worker"
    assert 0 < read_job()["progress"]["fraction"] < 1
    assert voicemill("cancel", job_id).returncode == 0


def test_job_that_waits_for_a_worker_is_cancelled_retried_and_deleted(voicemill: Voicemill) -> None:
    submitted = voicemill("speak", "Nobody speaks this.", "--model", "espeak", "--no-wait", "--label", "test=cancel")
    job_id = submitted.stdout.strip()
    assert submitted.returncode == 0, submitted.stderr
    assert json.loads(voicemill("cancel", job_id, "--json").stdout)["jobs"][0]["id"] == job_id
    ended = voicemill("job", job_id, "--wait", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["job"]["state"]) == (1, "cancelled")
    retried = voicemill("retry", job_id).stdout.strip()
    assert json.loads(voicemill("job", retried, "--json").stdout)["job"]["parent_id"] == job_id
    assert voicemill("cancel", retried).returncode == 0
    listed = json.loads(voicemill("jobs", "--label", "test=cancel", "--json").stdout)["data"]
    assert {job["id"] for job in listed} == {job_id, retried}
    assert voicemill("job", job_id, "--delete", "--yes").returncode == 0
    gone = voicemill("job", job_id)
    assert gone.returncode == 2
    assert "deleted" in gone.stderr


def test_waiting_survives_the_death_of_the_api(
    stack: Child, voicemill: Voicemill, environment: dict[str, str], tmp_path: Path
) -> None:
    job_id = voicemill("speak", "Nobody speaks this.", "--model", "espeak", "--no-wait").stdout.strip()
    api_log = Path(environment["VOICEMILL_DATA_DIR"]) / "logs" / "api.log"
    streams = count_event_streams(api_log)
    with (tmp_path / "waiting.log").open("w+") as log:
        command = [VOICEMILL, "job", job_id, "--wait", "--json"]
        waiting = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            # A command that cannot reach the server when it starts ends at once; one that waits does not.
            assert poll(lambda: count_event_streams(api_log) > streams, deadline_s=60)
            apis = api_processes(stack)
            assert poll(lambda: any(has_connection(api, waiting.pid) for api in apis), deadline_s=60)
            for api in apis:
                api.kill()
            assert poll(lambda: voicemill("cancel", job_id).returncode == 0, deadline_s=60)
            assert waiting.wait(timeout=deadline(120)) == 1
        finally:
            waiting.kill()
            waiting.wait()
        log.seek(0)
        assert json.load(log)["job"]["state"] == "cancelled"


def count_event_streams(api_log: Path) -> int:
    """How many event streams of jobs the API has begun to send."""
    return api_log.read_text().count("route=/jobs/<job_id>/events")


def api_processes(stack: Child) -> list[psutil.Process]:
    """The server of the API and its workers."""
    children = psutil.Process(stack.pid).children(recursive=True)
    return [child for child in children if "api.rsgi:server" in child.cmdline()]


def has_connection(api: psutil.Process, client_pid: int) -> bool:
    """Whether this process has a connection to that client."""
    client_ports = {
        c.laddr.port for c in psutil.Process(client_pid).net_connections("tcp") if c.status == "ESTABLISHED"
    }
    return any(c.raddr and c.raddr.port in client_ports for c in api.net_connections("tcp"))


def test_file_that_is_not_audio_fails_with_the_reason(voicemill: Voicemill, tmp_path: Path) -> None:
    (tmp_path / "letter.wav").write_text("Dear server, this is no recording.")
    failed = voicemill("transcribe", "letter.wav", "--model", "tone-listener")
    assert failed.returncode == 1
    assert "failed:" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["speak", "Hello.", "-o", "a.wav", "--speed", "9"], "speed"),
        (["speak", "Hello.", "-o", "a.wav", "--model", "nonsense"], "model"),
        (["speak", "", "-o", "a.wav"], "text"),
    ],
)
def test_refused_request_names_the_field(voicemill: Voicemill, arguments: list[str], field: str) -> None:
    refused = voicemill(*arguments)
    assert refused.returncode == 2
    assert field in refused.stderr


def test_models_voices_and_keys_are_those_of_the_stack(voicemill: Voicemill) -> None:
    assert "tone-listener" in voicemill("models").stdout
    assert voicemill("voices").stdout.splitlines()[1].startswith("tone\t")
    secret = voicemill("keys", "create", "laptop").stdout.strip()
    assert secret.startswith("vm_")
    keys = {key["name"]: key["id"] for key in json.loads(voicemill("keys", "list", "--json").stdout)["data"]}
    assert voicemill("keys", "revoke", keys["laptop"]).returncode == 0


def test_key_that_may_only_read_cannot_submit(voicemill: Voicemill, environment: dict[str, str]) -> None:
    secret = voicemill("keys", "create", "reader", "--scopes", "read").stdout.strip()
    base_url = json.loads((Path(environment["VOICEMILL_DATA_DIR"]) / "client.json").read_text())["base_url"]
    limited = {**environment, "VOICEMILL_URL": base_url, "VOICEMILL_API_KEY": secret}
    command = [VOICEMILL, "speak", "Hello.", "--no-wait"]
    ended = subprocess.run(command, env=limited, capture_output=True, text=True, timeout=deadline(120), check=False)
    assert ended.returncode == 2
    assert "Error:" in ended.stderr


def test_audit_finds_no_violation(voicemill: Voicemill) -> None:
    audited = voicemill("audit", "--deep")
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_ctrl_c_stops_the_stack_and_later_commands_report_it_missing(
    stack: Child, voicemill: Voicemill, environment: dict[str, str]
) -> None:
    stack.process.send_signal(signal.SIGINT)
    assert poll(lambda: not stack.is_alive, deadline_s=120)
    assert stack.process.returncode == 0
    gone = voicemill("jobs")
    assert gone.returncode in {1, 2}
    assert "`voicemill up`" in gone.stderr
