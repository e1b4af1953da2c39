"""`voicemill voices`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer


def test_voices_are_listed(voicemill: Voicemill, wire: WireServer) -> None:
    assert "en-gb\tBritish English\ten-GB\tespeak\tmale" in voicemill("voices", "--language", "en").stdout
    assert wire.requests[-1].query == {"language": ["en"]}


def test_sample_of_a_voice_is_saved(voicemill: Voicemill, wire: WireServer, tmp_path: Path) -> None:
    wire.previews["/tts/voices/espeak/de/preview"] = sample = wire.add_job("tts.synthesize")
    wire.succeed(sample, {"audio.mp3": b"ID3"})
    assert voicemill("voices", "preview", "espeak", "de", "-o", "de.mp3").stdout == "de.mp3\n"
    assert (tmp_path / "de.mp3").read_bytes() == b"ID3"
    output = voicemill("voices", "preview", "espeak", "de", "-o", ".", "--json").stdout
    assert json.loads(output) == {"saved": ["audio.mp3"]}


def test_sample_replaces_a_file_only_by_force(voicemill: Voicemill, wire: WireServer) -> None:
    wire.previews["/tts/voices/espeak/de/preview"] = sample = wire.add_job("tts.synthesize")
    wire.succeed(sample, {"audio.mp3": b"ID3"})
    for output, name in (("de.mp3", "de.mp3"), (".", "audio.mp3")):
        Path(name).write_bytes(b"mine")
        refused = voicemill("voices", "preview", "espeak", "de", "-o", output)
        assert (refused.exit_code, f"{name} exists already" in refused.stderr) == (2, True)
        assert voicemill("voices", "preview", "espeak", "de", "-o", output, "--force").exit_code == 0
        assert Path(name).read_bytes() == b"ID3"


def test_sample_in_another_format_is_refused(voicemill: Voicemill, wire: WireServer) -> None:
    refused = voicemill("voices", "preview", "espeak", "de", "-o", "de.wav")
    assert (refused.exit_code, "samples are MP3" in refused.stderr) == (2, True)
    assert wire.requests == []


def test_id_of_an_enrolled_voice_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer, tmp_path: Path) -> None:
    recording = tmp_path / "ann.wav"
    recording.write_bytes(b"speech")
    assert voicemill("voices", "add", str(recording), "--name", "Ann", "--consent").stdout == "voice_1\n"
    assert wire.requests[-1].form == {"name": ["Ann"], "consent": ["true"]}
    voicemill("voices", "add", str(recording), "--name", "Ann", "--gender", "female")
    assert wire.requests[-1].form == {"name": ["Ann"], "consent": ["false"], "gender": ["female"]}


def test_enrolled_voice_is_deleted(voicemill: Voicemill, wire: WireServer) -> None:
    assert json.loads(voicemill("voices", "rm", "voice_1", "--json").stdout) == {"removed": "voice_1"}
    assert (wire.requests[-1].method, wire.requests[-1].path) == ("DELETE", "/voices/voice_1")
