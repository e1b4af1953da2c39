"""Listening to a spoken chunk: a recogniser hears every sentence, and what it heard is held against the text.

A chunk goes speak → listen → speak again → listen …: each round's part is whole and replaces the one before. Only
doubtful sentences are spoken and heard again, by the model that spoke the chunk and then by each of `retry_models`; of
two takes the one that is more like its text stays. Knows the rounds, whose turn it is and what is doubtful; nothing of
how a sentence is spoken.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipelines.audio.file_resample import RateChange
from pipelines.audio.vad import RATE_HZ
from pipelines.catalog.capabilities import hears
from pipelines.family import RecogniseRequest, RecognitionFamily, Samples
from pipelines.pipeline import FollowUp, Part, Sink, Sources, Span
from pipelines.requests import SynthesisRequest
from pipelines.rounds import next_round, round_of
from pipelines.text.normalised_text import Wordings
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.similarity import Likeness, letters, likeness
from pipelines.text.splitting.chunks import Piece
from pipelines.tts.part_file import SpeechPart, SpokenSentence, read_part, write_part
from pipelines.tts.renditions import Take, take_of, with_takes

#: A doubtful sentence is spoken this often again at most by the model that spoke it first.
MOST_RETAKES = 2
#: A sentence is doubtful when more of its letters than this are missing, or invented. (Of 76 sentences of Flite that
#: were right, PocketSphinx missed 0.19 at most and invented 0.25; of halves it missed at least 0.29, in what was said
#: twice it invented at least 0.79.)
MOST_MISSING, MOST_INVENTED = 0.25, 0.35
#: It is also doubtful when it is less alike. Unrelated texts are up to 0.4 alike; a usual sentence is so to this much.
LEAST_ALIKE, _USUALLY_ALIKE = 0.4, 0.8
#: Where a listener understands a voice badly, the limits follow the worse quarter of the chunk, so far and no farther.
_SLACK, _FEWEST = 1.5, 8
_MISSING_AT_MOST, _INVENTED_AT_MOST, _ALIKE_AT_LEAST = 0.5, 0.7, 0.25
#: Silence before and behind a sentence, and how long a window is at most, and at least before it is cut, in samples.
_AIR = RATE_HZ // 5
_LONGEST, _EARLIEST_CUT = 28 * RATE_HZ, 18 * RATE_HZ
_CUT_FRAME = RATE_HZ // 20


def listening(request: SynthesisRequest, span: Span, speaker: str, *, only: Sequence[int]) -> FollowUp:
    """The follow-up that hears these pieces of a spoken chunk; `speaker` is the model that spoke it first."""
    return FollowUp(request.verify_model, next_round(span, {**span.data, "speaker": speaker, "only": list(only)}))


def takes_by(span: Span) -> int:
    """How many takes there are when a span is done: odd rounds speak, even ones listen."""
    return (round_of(span) + 1) // 2


def next_speaker(request: SynthesisRequest, span: Span) -> str | None:
    """The model whose turn it is after a round; None when nobody is left."""
    speakers = [span.data["speaker"]] * (1 + MOST_RETAKES) + request.retry_models
    return next(iter(speakers[takes_by(span) :]), None)


def listen(request: SynthesisRequest, span: Span, sources: Sources, family: RecognitionFamily, sink: Sink) -> Part:
    """Hear the sentences that the round before spoke. The parts of the rounds before come behind the inputs."""
    started, nth, first = time.monotonic(), round_of(span), len(span.inputs)
    before = read_part(sources(first + nth - 3)) if nth > 2 else None
    spoken = read_part(sources(first + nth - 2))
    only = set(span.data.get("only", range(len(span.data["pieces"]))))  # a version before this one left it out
    asked = [each for each in spoken.sentences if each.piece in only and hears(family.entry, each.language or "auto")]
    heard = _heard(asked, spoken, family, lambda: sink.progress(0.0), seed=span.idx << 16)
    wordings = Wordings(Lexicon(request.lexicon or {}), by_rules=True)
    compared = {
        each.piece: _compared(each, Piece.of(span.data["pieces"][each.piece]), text, wordings)
        for each, text in zip(asked, heard, strict=True)
    }
    part = replace(spoken, sentences=tuple(compared.get(each.piece, each) for each in spoken.sentences))
    if before is not None:
        part = with_takes(part, _better(before, part))
    part = replace(part, sentences=tuple(judged(part.sentences)))
    path = sink.directory / "part.bin"
    write_part(path, part)
    provenance = {"verify_model": f"{family.entry.name}, {family.revision}, {family.engine}"}
    duration_s = part.duration_s - spoken.duration_s
    return Part(path, _follow_ups(request, span, part), time.monotonic() - started, provenance, duration_s)


def judged(sentences: Sequence[SpokenSentence]) -> Iterator[SpokenSentence]:
    """The sentences, each doubtful or not. How well a voice is understood is a matter of the listener too: each is held
    against the others of its chunk."""
    limits = _limits([each.likeness for each in sentences if each.likeness is not None])
    for each in sentences:
        yield replace(each, is_doubtful=each.likeness is not None and _is_doubtful(each.likeness, limits))


#: Asked of a listener that understands the voice as well as PocketSphinx understands Flite.
_STRICT = Likeness(LEAST_ALIKE, MOST_MISSING, MOST_INVENTED)


def _limits(known: Sequence[Likeness]) -> Likeness:
    if len(known) < _FEWEST:
        return _STRICT
    alike = statistics.quantiles([each.alike for each in known], n=4)[0] * LEAST_ALIKE / _USUALLY_ALIKE
    missing = statistics.quantiles([each.missing for each in known], n=4)[2] * _SLACK
    invented = statistics.quantiles([each.invented for each in known], n=4)[2] * _SLACK
    return Likeness(
        max(_ALIKE_AT_LEAST, alike),
        min(_MISSING_AT_MOST, max(MOST_MISSING, missing)),
        min(_INVENTED_AT_MOST, max(MOST_INVENTED, invented)),
    )


def _is_doubtful(found: Likeness, limits: Likeness) -> bool:
    return found.missing > limits.missing or found.invented > limits.invented or found.alike < limits.alike


def _follow_ups(request: SynthesisRequest, span: Span, part: SpeechPart) -> Sequence[FollowUp]:
    doubtful = [each.piece for each in part.sentences if each.is_doubtful]
    speaker = next_speaker(request, span)
    if not doubtful or speaker is None:
        return ()
    return (FollowUp(speaker, next_round(span, {**span.data, "only": doubtful})),)


def _compared(sentence: SpokenSentence, piece: Piece, heard: str, wordings: Wordings) -> SpokenSentence:
    """Figures are written out on both sides: some voices read them by themselves, some listeners write them."""
    said = wordings.wording(piece.text, sentence.language, piece.readings).spoken.text
    if not letters(said):
        return sentence
    understood = wordings.wording(heard, sentence.language).spoken.text
    return replace(sentence, heard=heard, likeness=likeness(said, understood))


def _better(before: SpeechPart, part: SpeechPart) -> Mapping[int, Take]:
    """The earlier takes that were more like their text than the last ones."""
    now = {each.piece: each for each in part.sentences}
    return {
        old.piece: take_of(before, replace(old, takes=now[old.piece].takes))
        for old in before.sentences
        if now[old.piece].takes > old.takes and _rank(old) >= _rank(now[old.piece])
    }


def _rank(sentence: SpokenSentence) -> tuple[bool, float]:
    """The higher the better: first of all nothing is missing or invented."""
    found = sentence.likeness
    return (not _is_doubtful(found, replace(_STRICT, alike=0.0)), found.alike) if found else (False, 0.0)


def _heard(
    sentences: Sequence[SpokenSentence], part: SpeechPart, family: Any, tick: Callable[[], None], *, seed: int
) -> list[str]:
    """The words heard in each sentence; silence is not listened to."""
    windows = [
        (number, sentence.language or None, window)
        for number, sentence in enumerate(sentences)
        for window in _windows(part.samples[sentence.start : sentence.end], part.sample_rate_hz)
    ]
    texts: list[list[str]] = [[] for _ in sentences]
    slots = max(1, family.entry.slots)
    for first in range(0, len(windows), slots):
        several = windows[first : first + slots]
        requests = [
            RecogniseRequest(window, language=language, words=False, seed=seed + first + k)
            for k, (_, language, window) in enumerate(several)
        ]
        for (number, *_), answer in zip(several, family.recognise(requests, tick), strict=True):
            texts[number] += [phrase.text for phrase in answer.phrases]
        tick()
    return [" ".join(text).strip() for text in texts]


def _windows(samples: Samples, rate_hz: int) -> Iterator[Samples]:
    """A sentence for a recogniser, cut where it is quietest when it is too long for one window."""
    change = RateChange(rate_hz, RATE_HZ)
    sound = np.concatenate([change.change(samples), change.finish()])
    while len(sound) > _LONGEST:
        cut = _EARLIEST_CUT + _quietest(sound[_EARLIEST_CUT:_LONGEST])
        yield np.pad(sound[:cut], _AIR)
        sound = sound[cut:]
    if sound.any():
        yield np.pad(sound, _AIR)


def _quietest(samples: Samples) -> int:
    """The middle of the quietest twentieth of a second."""
    frames = samples[: len(samples) // _CUT_FRAME * _CUT_FRAME].reshape(-1, _CUT_FRAME).astype(np.float32)
    return int(np.square(frames).mean(axis=1).argmin()) * _CUT_FRAME + _CUT_FRAME // 2
