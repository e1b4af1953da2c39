"""eSpeak NG as a phonemiser of words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.text.pronunciation import espeak_library
from pipelines.text.pronunciation.espeak_library import EspeakLibrary, get_library


def test_there_is_one_instance_in_a_process() -> None:
    assert get_library() is get_library()


def test_words_come_as_their_phones_in_the_language_of_the_call() -> None:
    assert get_library().phonemise_words("two cats", "en-us") == [("t", "ˈuː"), ("k", "ˈæ", "t", "s")]
    assert get_library().phonemise_words("zwei", "de") == [("ts", "v", "ˈaɪ")]


def test_region_without_a_voice_gets_that_of_its_language() -> None:
    assert get_library().phonemise_words("zwei", "de-AT") == get_library().phonemise_words("zwei", "de")


def test_unknown_language_is_refused_and_does_not_stay_selected() -> None:
    with pytest.raises(UnsupportedOption) as raised:
        get_library().phonemise_words("a", "xx-nowhere")
    assert raised.value.field == "language"
    assert get_library().phonemise_words("two", "en-us") == [("t", "ˈuː")]


def test_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_library, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'voicemill\[espeak\]'"):
        EspeakLibrary()


def test_path_that_is_too_long_for_the_library_is_replaced_with_a_link(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120) / "espeak-ng-data"
    folder.mkdir(parents=True)
    (folder / "phontab").touch()
    short = espeak_library._short_path(folder)
    assert len(str(short)) <= espeak_library._MAX_PATH_BYTES and (short / "phontab").exists()
    assert espeak_library._short_path(Path("/short")) == Path("/short")
