from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.families.vits.voice_list import list_voices, resolve_speaker
from tests.checkpoints import make_entry

ENTRY = make_entry(name="vits-x", languages=("de",), default_voice=None)


def test_one_speaker_has_the_name_of_the_entry(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"sampling_rate": 16_000}))
    (voice,) = list_voices(ENTRY, tmp_path)
    assert (voice.id, voice.language, voice.sample_rate_hz) == ("vits-x", "de", 16_000)


def test_several_speakers_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"num_speakers": 3}))
    assert [voice.id for voice in list_voices(ENTRY, tmp_path)] == ["speaker-0", "speaker-1", "speaker-2"]


def test_a_voice_is_resolved_to_its_number() -> None:
    assert resolve_speaker(ENTRY, 1, "") is resolve_speaker(ENTRY, 1, "vits-x") is None
    assert [resolve_speaker(ENTRY, 3, voice) for voice in ("", "speaker-2", "1")] == [0, 2, 1]
    assert resolve_speaker(make_entry(default_voice="speaker-1"), 3, "") == 1


@pytest.mark.parametrize(("count", "voice"), [(1, "speaker-0"), (3, "speaker-3"), (3, "anna")])
def test_an_unknown_voice_is_refused(count: int, voice: str) -> None:
    with pytest.raises(UnsupportedOption, match=voice) as refused:
        resolve_speaker(ENTRY, count, voice)
    assert refused.value.field == "voice"
