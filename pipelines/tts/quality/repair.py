"""What is done about a sentence that sounds bad, before anybody listens: it is said once more, or mended.

A take stays only where it has fewer or lesser faults than the one it would replace. Knows which fault wants which;
nothing of signals and of models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipelines.audio.repair import MENDABLE
from pipelines.audio.repair import mended as repaired
from pipelines.tts.part_file import SpeechPart, SpokenSentence, SpokenWord
from pipelines.tts.renditions import Take, take_of

from .scores import better

#: What no filter can put right and another seed may. ("attention" is not among them: such a model has tried by itself.)
_SAID_WRONG = frozenset({"no_sound", "rate", "repetition", "collapse"})
#: Such a sentence is said so often again at most.
MOST_AT_ONCE = 2


def said_again(part: SpeechPart, take: Callable[[SpokenSentence, int], Take]) -> SpeechPart:
    """`part`, which has its faults, with better takes of what was said wrong; `take` makes the n-th one, from 0."""
    for nth in range(MOST_AT_ONCE):
        wrong = [sentence for sentence in part.sentences if _SAID_WRONG.intersection(sentence.faults)]
        part = better(part, {sentence.piece: take(sentence, nth) for sentence in wrong}) if wrong else part
    return part


def mended(part: SpeechPart) -> SpeechPart:
    """`part`, which has its faults, with as many of them put right as can be; `mended` of a sentence names these."""
    bad = [sentence for sentence in part.sentences if MENDABLE.intersection(sentence.faults)]
    part = better(part, {sentence.piece: _repaired(part, sentence) for sentence in bad}) if bad else part
    sentences = [replace(each, mended=tuple(sorted(set(each.mended) - set(each.faults)))) for each in part.sentences]
    return replace(part, sentences=tuple(sentences))


def _repaired(part: SpeechPart, sentence: SpokenSentence) -> Take:
    old = take_of(part, sentence)
    repair = repaired(old.samples, old.sample_rate_hz, sentence.faults)
    words = [SpokenWord(word.text, repair.place(word.start), repair.place(word.end)) for word in old.sentence.words]
    new = replace(
        old.sentence,
        end=len(repair.samples),
        words=tuple(words),
        mended=tuple({*sentence.mended, *MENDABLE.intersection(sentence.faults)}),
    )
    return Take(new, repair.samples, old.sample_rate_hz, [(name, repair.place(at)) for name, at in old.named])
