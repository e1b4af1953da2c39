"""The voices of a VITS checkpoint: one, or numbered speakers. Reads only its config."""

from __future__ import annotations

from pathlib import Path

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import UnsupportedOption
from pipelines.family import Voice

#: Published models of one voice whose speaker is known.
_GENDERS = {"vits-ljs": "female"}


def list_voices(entry: SynthesisEntry, folder: Path) -> list[Voice]:
    """In the order of their numbers."""
    settings = read_config(entry, folder / "config.json")
    count = int(settings.get("num_speakers", 1))
    rate = int(settings.get("sampling_rate", entry.sample_rate_hz))
    language = next(iter(entry.languages), "en")
    names = [(entry.name, entry.name)]
    if count > 1:
        names = [(f"speaker-{number}", f"Speaker {number}") for number in range(count)]
    return [
        Voice(id=key, name=name, language=language, family="vits", gender=_GENDERS.get(key), sample_rate_hz=rate)
        for key, name in names
    ]


def resolve_speaker(entry: SynthesisEntry, count: int, voice: str) -> int | None:
    """The number of a voice; "" is the first. Raises `UnsupportedOption` naming the choices."""
    if count <= 1:
        if voice in ("", entry.name, entry.default_voice):
            return None
        raise UnsupportedOption(f"{entry.name} has one voice, {entry.name!r}, not {voice!r}.", field="voice")
    number = (voice or entry.default_voice or "speaker-0").removeprefix("speaker-")
    if number.isdecimal() and int(number) < count:
        return int(number)
    raise UnsupportedOption(
        f"{entry.name} has the voices speaker-0 to speaker-{count - 1}, not {voice!r}.", field="voice"
    )
