"""Chooses the audio track of a recording that has several: players follow the default flag, recorders leave tracks
silent, films have one for each language.

Knows numbers, languages and flags of tracks; nothing of decoders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.errors import BadInput
from pipelines.language_tags import same_language


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """An audio track, as the file describes it."""

    #: From 1, among the audio tracks.
    number: int
    #: As written in the file, mostly of three letters; None where the file names none.
    language: str | None
    is_default: bool
    #: Whether its codec is one that is opened here.
    is_readable: bool

    @property
    def label(self) -> str:
        """For messages: its number, and its language where it is known."""
        return f"{self.number} ({self.language})" if self.language else str(self.number)


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """The track to decode, and the numbers of those that were found to be silent."""

    track: AudioTrack
    silent: frozenset[int] = frozenset()


def choose_track(
    tracks: Sequence[AudioTrack], wanted: str | None, is_silent: Callable[[AudioTrack], bool], name: str
) -> TrackChoice:
    """The track `wanted` by number or language; else the default one, or the first one with sound where that is silent.

    Raises `BadInput` where `wanted` names no track. `is_silent` is asked only where the file leaves a choice.
    """
    if wanted is not None:
        return TrackChoice(_find_wanted(tracks, wanted, name))
    readable = [track for track in tracks if track.is_readable] or list(tracks)
    if len(readable) == 1:
        return TrackChoice(readable[0])
    preferred = sorted(readable, key=lambda track: not track.is_default)
    silent: set[int] = set()
    for track in preferred:
        if not is_silent(track):
            return TrackChoice(track, frozenset(silent))
        silent.add(track.number)
    return TrackChoice(preferred[0], frozenset(silent))


def describe_others(choice: TrackChoice, tracks: Sequence[AudioTrack]) -> str:
    """What a user should know of the tracks that are not decoded, as a sentence."""
    others = [
        f"{track.label}, which is silent" if track.number in choice.silent else track.label
        for track in tracks
        if track.number != choice.track.number
    ]
    return (
        f"The recording has {len(tracks)} audio tracks. Track {choice.track.label} was transcribed; not transcribed: "
        f"track {'; track '.join(others)}. Choose another one with audio_track, by number or language."
    )


def _find_wanted(tracks: Sequence[AudioTrack], wanted: str, name: str) -> AudioTrack:
    for track in tracks:
        if wanted.isdigit() and int(wanted) == track.number:
            return track
        if not wanted.isdigit() and track.language and same_language(track.language, wanted):
            return track
    there = ", ".join(track.label for track in tracks)
    raise BadInput(f"{name} has no audio track {wanted!r}; it has track {there}.", field="audio_track")
