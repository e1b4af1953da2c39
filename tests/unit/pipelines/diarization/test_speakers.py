"""pipelines/diarization/speakers.py: clusters of turns, names of speakers, labels of words."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.diarization.speakers import cluster_speakers, label_segments, name_speakers
from pipelines.transcript.segment import TranscriptSegment, TranscriptWord
from pipelines.transcript.turn import Turn
from tests.transcript_factories import make_segment, make_word


def turns(*who: int, seconds: float = 2.0, width: int = 32, spread: float = 0.25, seed: int = 1) -> list[Turn]:
    """One turn after the other, each of a voice near the axis of its number."""
    chance = np.random.default_rng(seed)
    made = []
    for number, voice in enumerate(who):
        vector = chance.normal(0, spread / np.sqrt(width), width) + np.eye(width)[voice]
        vector /= np.linalg.norm(vector)
        made.append(Turn(3.0 * number, 3.0 * number + seconds, vector.astype(np.float32)))
    return made


def word(start: float, text: str = "so") -> TranscriptWord:
    return make_word(text, start, start + 0.4)


def segment(*words: TranscriptWord, text: str = "") -> TranscriptSegment:
    return make_segment(text or " ".join(each.text for each in words), words[0].start, words[-1].end, *words)


def test_speakers_are_numbered_as_they_begin_to_speak():
    who = [5, 5, 2, 7, 5, 2, 2, 7, 7, 5] * 4
    assert cluster_speakers(turns(*who), least=3, most=3) == [{5: 0, 2: 1, 7: 2}[voice] for voice in who]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_number_of_speakers_is_estimated_where_it_is_not_given(count):
    who = [number % count for number in range(60)]
    assert cluster_speakers(turns(*who)) == who


def test_bounds_hold_even_where_the_embeddings_suggest_otherwise():
    who = [number % 4 for number in range(60)]
    assert len(set(cluster_speakers(turns(*who), most=2))) == 2
    assert len(set(cluster_speakers(turns(*who), least=6))) >= 6
    assert len(set(cluster_speakers(turns(*[0] * 20), least=2, most=2))) == 2


def test_short_turn_joins_the_nearest_voice_and_founds_none():
    long, short = turns(0, 1, 0, 1, 0, 1, 0, 1), turns(2, seconds=0.4)
    stray = Turn(100.0, 100.4, (short[0].embedding + 0.5 * long[1].embedding).astype(np.float32))
    assert cluster_speakers([*long, stray])[-1] == 1


def test_a_few_turns_or_none_are_no_fault():
    assert cluster_speakers([]) == []
    assert cluster_speakers(turns(0)) == [0]
    assert cluster_speakers(turns(0, 1), least=2, most=2) == [0, 1]
    assert cluster_speakers(turns(0), least=3, most=3) == [0]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_as_many_speakers_as_turns_are_each_one_of_their_own(count):
    assert cluster_speakers(turns(*range(count)), least=count) == list(range(count))
    assert cluster_speakers(turns(*range(count)), least=count + 3) == list(range(count))


def test_short_turns_speak_for_themselves_where_the_long_ones_are_too_few():
    short = Turn(20.0, 20.4, turns(2)[0].embedding)
    assert cluster_speakers([*turns(0, 1), short], least=3) == [0, 1, 2]


@pytest.mark.parametrize("most", [None, 2])
def test_two_turns_are_one_speaker_unless_two_are_requested(most):
    assert cluster_speakers(turns(0, 1), most=most) == [0, 0]


def test_turns_of_a_day_are_clustered_in_bounded_memory():
    who = list(np.random.default_rng(3).integers(0, 4, 6000))
    found = cluster_speakers(turns(*who), least=4, most=4)
    names = {voice: found[who.index(voice)] for voice in range(4)}
    assert sorted(names.values()) == [0, 1, 2, 3]
    assert np.mean([names[voice] == label for voice, label in zip(who, found, strict=True)]) > 0.99


def test_segment_is_split_where_the_speaker_changes():
    two = turns(0, 1)
    (first, second) = label_segments(
        [segment(word(0.2, "yes"), word(1.0, "but"), word(3.2, "no"), word(4.0, "never"))], two, ["A", "B"]
    )
    assert (first.speaker, first.text, first.start, first.end) == ("A", "yes but", 0.2, 1.4)
    assert (second.speaker, second.text, second.start, second.end) == ("B", "no never", 3.2, 4.4)
    assert [each.speaker for each in second.words] == ["B", "B"] and second.model == "m"


def test_segment_of_one_speaker_keeps_its_text_as_it_was_written():
    (only,) = label_segments([segment(word(0.2, "yes"), word(1.0, "but"), text="Yes, but …")], turns(0, 1), ["A", "B"])
    assert (only.speaker, only.text) == ("A", "Yes, but …")


def test_split_segment_keeps_its_spaces_and_punctuation():
    words = [word(0.2, "你好"), word(1.0, "吗"), word(3.2, "我很好")]
    found = label_segments([segment(*words, text="你好吗?我很好。")], turns(0, 1), ["A", "B"])
    assert [(each.speaker, each.text) for each in found] == [("A", "你好吗?"), ("B", "我很好。")]
    found = label_segments([segment(*words, text="Hello? Fine.")], turns(0, 1), ["A", "B"])
    assert [each.text for each in found] == ["你好 吗", "我很好"], "words that are not its own are all there is"


def test_word_outside_all_turns_belongs_to_the_nearest():
    found = list(label_segments([segment(word(2.2)), segment(word(2.7)), segment(word(99.0))], turns(0, 1), ["A", "B"]))
    assert [each.speaker for each in found] == ["A", "B", "B"]
    (wordless,) = label_segments([make_segment("so", 0.0, 2.0)], turns(0, 1), ["A", "B"])
    assert wordless.speaker == "A"
    (voiceless,) = label_segments([segment(word(0.0))], [], [])
    assert voiceless.speaker is None


def axis(*shares: float, width: int = 32) -> np.ndarray:
    """A voice between the axes of the first numbers, by these shares."""
    vector = np.zeros(width, np.float32)
    vector[: len(shares)] = shares
    return vector / np.linalg.norm(vector)


def test_known_voices_give_their_names_and_nobody_else_gets_one():
    spoken = turns(0, 1, 2, 1, 0)
    known = {"Ann": axis(0, 1), "Ben": axis(0, 0, 0, 1)}
    found = name_speakers(spoken, [0, 1, 2, 1, 0], known, same_voice=0.82)
    assert found == ["speaker_1", "Ann", "speaker_3", "Ann", "speaker_1"]
    found = name_speakers(spoken, [0, 1, 2, 1, 0], {}, same_voice=0.82)
    assert found == ["speaker_1", "speaker_2", "speaker_3", "speaker_2", "speaker_1"]
    assert name_speakers([], [], known, same_voice=0.82) == []


def test_a_name_goes_to_the_speaker_who_is_most_like_it_and_to_one_only():
    alike, more = axis(1, 0.6), axis(1, 0.3)
    assert float(axis(1) @ alike) > 0.82
    spoken = turns(0, 0, spread=0.0)
    assert name_speakers(spoken[:1], [0], {"Ann": alike, "Ben": more}, same_voice=0.82) == ["Ben"]
    apart = [Turn(0, 2, axis(1)), Turn(2, 4, axis(1, 0.2))]
    assert name_speakers(apart, [0, 1], {"Ann": alike}, same_voice=0.82) == ["speaker_1", "Ann"]


def test_how_alike_a_known_voice_must_be_is_the_encoders_business():
    spoken, known = [Turn(0, 2, axis(1))], {"Ann": axis(1, 1)}
    assert name_speakers(spoken, [0], known, same_voice=0.8) == ["speaker_1"]
    assert name_speakers(spoken, [0], known, same_voice=0.7) == ["Ann"]


def test_turns_count_by_their_length_in_the_voice_of_a_speaker():
    spoken = [Turn(0.0, 10.0, axis(1)), Turn(10.0, 10.2, axis(0, 1))]
    assert name_speakers(spoken, [0, 0], {"Ann": axis(1), "Ben": axis(0, 1)}, same_voice=0.82) == ["Ann", "Ann"]
