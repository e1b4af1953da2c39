"""pipelines/audio/tracks.py: which audio track is transcribed, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipelines.audio.tracks import AudioTrack, TrackChoice, choose_track, describe_others
from pipelines.errors import BadInput


def track(number: int, language: str | None = None, *, default: bool = False, readable: bool = True) -> AudioTrack:
    return AudioTrack(number, language, default, readable)


def choose(tracks: Sequence[AudioTrack], wanted: str | None = None, silent: Sequence[int] = ()) -> TrackChoice:
    return choose_track(tracks, wanted, lambda each: each.number in silent, "The film")


def test_default_track_is_chosen_before_the_first() -> None:
    assert choose([track(1), track(2, default=True)]).track.number == 2


@pytest.mark.parametrize("default", [True, False])
def test_first_track_with_sound_is_chosen_where_the_default_one_is_silent(default: bool) -> None:
    choice = choose([track(1, default=default), track(2), track(3)], silent=[1, 2])
    assert (choice.track.number, choice.silent) == (3, {1, 2})


def test_default_track_is_chosen_where_all_are_silent() -> None:
    assert choose([track(1), track(2, default=True)], silent=[1, 2]).track.number == 2


def test_track_that_cannot_be_decoded_is_not_chosen() -> None:
    assert choose([track(1, default=True, readable=False), track(2)]).track.number == 2


@pytest.mark.parametrize("wanted", ["2", "de", "deu", "ger", "de-AT", "DE"])
def test_track_is_found_by_number_and_by_any_tag_of_its_language(wanted: str) -> None:
    assert choose([track(1, "eng", default=True), track(2, "deu")], wanted).track.number == 2


def test_wanted_track_is_taken_even_where_it_is_silent() -> None:
    assert choose([track(1), track(2)], "1", silent=[1]).track.number == 1


@pytest.mark.parametrize("wanted", ["3", "fr"])
def test_track_that_is_not_there_is_refused_with_those_that_are(wanted: str) -> None:
    with pytest.raises(BadInput, match=r"has track 1 \(eng\), 2") as caught:
        choose([track(1, "eng"), track(2)], wanted)
    assert caught.value.field == "audio_track"


def test_others_are_named_with_their_languages_and_with_silence() -> None:
    tracks = [track(1, "fra", default=True), track(2, "eng"), track(3)]
    said = describe_others(choose(tracks, silent=[1]), tracks)
    assert "Track 2 (eng) was transcribed" in said
    assert "track 1 (fra), which is silent; track 3." in said
    assert "audio_track" in said
