"""models, voices, keys; and the verbs that become one of the server's own programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer

from framework.cli.server_modules import become
from tests.unit.framework.cli.conftest import Program, Voicemill
from tests.unit.framework.wire_server import WireServer


def test_models_that_no_worker_has_are_shown_on_demand(voicemill: Voicemill) -> None:
    assert "whisper-base" not in voicemill("models").stdout
    everything = voicemill("models", "--all").stdout
    assert "whisper-base\tstt\twhisper\tabsent\t*\t0\tvoicemill up --families whisper" in everything
    assert len(json.loads(voicemill("models", "--json").stdout)["data"]) == 2


def test_voices_are_listed(voicemill: Voicemill, wire: WireServer) -> None:
    assert "en-gb\tBritish English\ten-GB\tespeak\tmale" in voicemill("voices", "--language", "en").stdout
    assert wire.requests[-1].query == {"language": ["en"]}


def test_sample_of_a_voice_is_saved(voicemill: Voicemill, wire: WireServer, tmp_path: Path) -> None:
    wire.previews["/tts/voices/espeak/de/preview"] = sample = wire.add_job("tts.synthesize")
    wire.succeed(sample, {"audio.mp3": b"ID3"})
    assert voicemill("voices", "preview", "espeak", "de", "-o", "de.mp3").stdout == "de.mp3\n"
    assert (tmp_path / "de.mp3").read_bytes() == b"ID3"
    told = voicemill("voices", "preview", "espeak", "de", "-o", ".", "--json").stdout
    assert json.loads(told) == {"saved": ["audio.mp3"]}
    refused = voicemill("voices", "preview", "espeak", "de", "-o", "de.wav")
    assert (refused.exit_code, "samples are MP3" in refused.stderr) == (2, True)


def test_id_of_an_enrolled_voice_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer, tmp_path: Path) -> None:
    recording = tmp_path / "ann.wav"
    recording.write_bytes(b"speech")
    assert voicemill("voices", "add", str(recording), "--name", "Ann", "--consent").stdout == "voice_1\n"
    assert wire.requests[-1].form == {"name": ["Ann"], "consent": ["true"]}
    voicemill("voices", "add", str(recording), "--name", "Ann", "--gender", "female")
    assert wire.requests[-1].form == {"name": ["Ann"], "consent": ["false"], "gender": ["female"]}
    assert json.loads(voicemill("voices", "rm", "voice_1", "--json").stdout) == {"removed": "voice_1"}


def test_secret_of_a_new_key_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("keys", "create", "laptop", "--scopes", "read, submit", "--expires", "2")
    assert result.stdout == "vm_k1_secret\n"
    assert wire.requests[-1].json == {"name": "laptop", "scopes": ["read", "submit"], "expires_in_s": 172_800.0}
    assert voicemill("keys", "revoke", "k1").exit_code == 0
    assert json.loads(voicemill("keys", "revoke", "k1", "--json").stdout) == {"revoked": "k1"}


# -- verbs that need the server's code ---------------------------------------------------------------------------------
@pytest.fixture
def server_code(program: Program, tmp_path: Path) -> Program:
    """Stands in a folder that has packages of the server's names; the real ones come first on the path."""
    told = "import json, sys\nprint(json.dumps([{where!r}, sys.executable, sys.argv[1:]]))\n"
    for where in ("installed", "here"):
        for module in ("workers/stack", "workers/controller", "workers/maintenance/audit", "migrations/__main__"):
            path = tmp_path / where / f"{module}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            for package in (path.parent, tmp_path / where / module.split("/")[0]):
                (package / "__init__.py").touch()
            path.write_text(told.format(where=where))
    environment = {**program.environment, "PYTHONPATH": str(tmp_path / "installed"), "PYTHONSAFEPATH": "1"}
    return Program(environment, tmp_path / "here")


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["up", "--data-dir", "/d", "--port", "9000"], ["--data-dir", "/d", "--port", "9000"]),
        (
            ["up", "--data-dir", "/d", "--families", "espeak,tone"],
            ["--data-dir", "/d", "--port", "8080", "--families", "espeak,tone"],
        ),
        (
            ["worker", "--family", "whisper", "--device", "cuda:0", "--engines", "2", "--model", "whisper-base"],
            ["--family", "whisper", "--device", "cuda:0", "--engines", "2", "--model", "whisper-base"],
        ),
        (["worker", "--family", "cpu"], ["--family", "cpu"]),
        (
            ["worker", "--family", "tone", "--model", "tone", "--model", "tone-listener"],
            ["--family", "tone", "--model", "tone", "--model", "tone-listener"],
        ),
        (["audit"], []),
        (["audit", "--deep"], ["--deep"]),
        (["migrate"], []),
    ],
)
def test_verb_becomes_the_servers_program(server_code: Program, arguments: list[str], passed: list[str]) -> None:
    ended = server_code.run(*arguments)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == ["installed", sys.executable, passed]


def test_data_directory_comes_from_the_environment_and_is_absolute(server_code: Program) -> None:
    here = Program({**server_code.environment, "VOICEMILL_DATA_DIR": "data"}, server_code.directory)
    _, _, passed = json.loads(here.run("up").stdout)
    assert passed[:2] == ["--data-dir", str(server_code.directory / "data")]


def test_exit_code_is_that_of_the_program(server_code: Program, tmp_path: Path) -> None:
    (tmp_path / "installed" / "workers" / "maintenance" / "audit.py").write_text("raise SystemExit(7)")
    assert server_code.run("audit").returncode == 7


def test_without_the_servers_code_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        become("not_here.stack", [])
    assert caught.value.exit_code == 2
    assert "not_here.stack is not installed here" in capsys.readouterr().err
