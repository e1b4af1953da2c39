"""Whisper: windows of many jobs in, phrases and words out, each window for itself.

Knows the order of the steps (features, states, language, text, a second look where it is doubtful, word times). What
runs the weights is behind `decoding.Encoder` and `decoding.Decoder`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure
from pipelines.family import RecogniseRequest, Recognition, Selection, Tick

from .decode_thresholds import Gates, level_db, without_loop
from .decoding import Attempt, Decoded, Decoder, Encoded, Encoder
from .features import FRAMES, WINDOW_S, log_mel
from .languages import tag_of, token_name
from .prompt import LONGEST, prompt_tokens, start_sequence
from .segment_window import Stretch
from .segments import closed, goes_on_at
from .tokenizer import Tokenizer

#: Shorter windows hold no word. Seconds.
_SHORTEST_S = 0.1


class Whisper:
    """One loaded model. `gates` may be replaced, as the benchmarks do whose random weights nobody can believe.

    Options of a request, both True by default: `timestamps`, whether the model writes times of phrases into its text
    (without them a window is one phrase); `detect`, whether it tells what language it hears where one is named.
    """

    def __init__(
        self,
        entry: Entry,
        revision: str,
        tokenizer: Tokenizer,
        encoder: Encoder,
        decoder: Decoder,
        *,
        longest: int,
        selection: Selection | None = None,
    ) -> None:
        """`longest`: most tokens of prompt and text together. `selection`: why it is this decoder, where others were
        there to choose from."""
        self.entry = entry
        self.revision = revision
        self.engine = " + ".join(dict.fromkeys((encoder.name, decoder.name)))
        self.selection = selection
        self.gates = Gates()
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._decoder = decoder
        self._longest = longest

    @property
    def languages(self) -> Sequence[str]:
        """BCP 47 tags of what it understands."""
        known = self._tokenizer.languages if self._tokenizer.is_multilingual else ("en",)
        return [tag_of(name) for name in known]

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`. Windows of all requests are decoded together."""
        waiting = [self._stretch(number, request) for number, request in enumerate(requests)]
        heard: list[list[Stretch]] = [[stretch] for stretch in waiting]
        waiting = [stretch for stretch in waiting if self._is_audible(stretch)]
        while waiting:
            rests = self._hear(waiting, tick)
            for rest in rests:
                heard[rest.window].append(rest)
            waiting = rests
        return [self._answer(stretches) for stretches in heard]

    def close(self) -> None:
        """See `RecognitionFamily`."""
        if self._encoder is not self._decoder:
            self._encoder.close()
        self._decoder.close()

    def _stretch(self, number: int, request: RecogniseRequest) -> Stretch:
        stretch = Stretch(number, request, request.samples)
        if request.language is not None:
            known = self._tokenizer.languages if self._tokenizer.is_multilingual else ("en",)
            stretch.language = token_name(self.entry.name, request.language, known)
            stretch.language_confidence = 1.0
        elif not self._tokenizer.is_multilingual:
            stretch.language = "en"
        return stretch

    def _is_audible(self, stretch: Stretch) -> bool:
        return stretch.seconds >= _SHORTEST_S and level_db(stretch.samples) > self.gates.silent_db

    def _hear(self, stretches: Sequence[Stretch], tick: Tick) -> list[Stretch]:
        """Text and times into the stretches; what they broke off before, as further ones."""
        mels = np.stack([log_mel(stretch.samples, self._decoder.bins) for stretch in stretches])
        encoded = self._encoder.encode(mels, tick)
        self._detect(stretches, encoded)
        self._decode(stretches, encoded, tick)
        rests = [rest for stretch in stretches if (rest := self._settle(stretch)) is not None]
        tick()
        self._align(stretches, encoded)
        return rests

    def _detect(self, stretches: Sequence[Stretch], encoded: Encoded) -> None:
        """The language of each window; where the request named one it is heard all the same, to tell of another."""
        asked = [number for number, stretch in enumerate(stretches) if self._is_to_be_detected(stretch)]
        if not asked:
            return
        found = self._decoder.languages(encoded[asked])
        for number, (language, confidence) in zip(asked, found, strict=True):
            stretch = stretches[number]
            stretch.detected = (tag_of(language), confidence)
            if stretch.language is None:
                stretch.language, stretch.language_confidence = language, confidence

    def _is_to_be_detected(self, stretch: Stretch) -> bool:
        if not self._tokenizer.is_multilingual or stretch.start:
            return False  # of the rest of a window the language is known
        return stretch.language is None or bool(stretch.request.options.get("detect", True))

    def _decode(self, stretches: Sequence[Stretch], encoded: Encoded, tick: Tick) -> None:
        """The best text of each: all together, and again those that are doubtful."""
        doubtful: Sequence[int] = range(len(stretches))
        for attempt in self._decoder.attempts:
            for numbers in self._groups(stretches, doubtful):
                chosen = [stretches[number] for number in numbers]
                found = self._generate(chosen, encoded[numbers], attempt, tick)
                for stretch, decoded in zip(chosen, found, strict=True):
                    stretch.decoded = self._better(stretch.decoded, decoded)
            doubtful = [number for number in doubtful if self._is_doubtful(stretches[number].decoded)]

    def _groups(self, stretches: Sequence[Stretch], numbers: Sequence[int]) -> list[list[int]]:
        """Those that one call can take: whose prompts have the same layout. Languages and tasks may differ."""
        groups = defaultdict[tuple[int, bool], list[int]](list)
        for number in numbers:
            groups[len(self._prompt(stretches[number])), self._timed(stretches[number])].append(number)
        return list(groups.values())

    def _generate(self, stretches: Sequence[Stretch], encoded: Encoded, attempt: Attempt, tick: Tick) -> list[Decoded]:
        found = self._decoder.generate(
            encoded,
            [self._prompt(stretch) for stretch in stretches],
            attempt,
            limit=self._limit(stretches[0]),
            seeds=[stretch.request.seed for stretch in stretches],
            tick=tick,
        )
        if any(math.isnan(decoded.logprob) for decoded in found):
            # An engine would go on with any token at all, and the text would look like a bad recording's.
            raise EngineFailure(
                f"{self.entry.name} computes NaN in {self.engine}: its weights in {self.entry.source} are damaged, or "
                "too large for this precision."
            )
        return found

    def _prompt(self, stretch: Stretch) -> list[int]:
        request = stretch.request
        assert stretch.language is not None
        return prompt_tokens(
            self._tokenizer,
            stretch.language,
            request.task,
            timestamps=self._timed(stretch),
            text=request.prompt,
            vocabulary=request.vocabulary,
        )

    def _limit(self, stretch: Stretch) -> int:
        return min(LONGEST, self._longest - len(self._prompt(stretch)))

    def _timed(self, stretch: Stretch) -> bool:
        return bool(stretch.request.options.get("timestamps", True))

    def _better(self, old: Decoded | None, new: Decoded) -> Decoded:
        if old is None or self._rank(new) < self._rank(old):
            return new
        return old

    def _rank(self, decoded: Decoded) -> tuple[bool, float]:
        return self.gates.rank(decoded, self._tokenizer.decode(decoded.tokens))

    def _is_doubtful(self, decoded: Decoded | None) -> bool:
        return decoded is not None and self.gates.is_doubtful(decoded, self._tokenizer.decode(decoded.tokens))

    def _settle(self, stretch: Stretch) -> Stretch | None:
        """Keep what is believed of the text; the rest of the stretch where the text breaks off before its end."""
        decoded = stretch.decoded
        assert decoded is not None
        if self.gates.is_silence(decoded, level_db(stretch.samples)):
            return None
        at = None
        if self._timed(stretch):
            at = goes_on_at(self._tokenizer, decoded.tokens, stretch.seconds, self._limit(stretch))
        rest = stretch.rest(at) if at is not None else None
        if rest is not None and not self._is_audible(rest):
            rest = None
        tokens = list(decoded.tokens) if rest is None else closed(self._tokenizer, decoded.tokens)
        stretch.keep(self._tokenizer, without_loop(tokens) if self.gates.loops else tokens)
        return rest

    def _align(self, stretches: Sequence[Stretch], encoded: Encoded) -> None:
        """Times of the words, where they are wanted: all texts of a language and task together."""
        groups = defaultdict[tuple[int, ...], list[int]](list)
        for number, stretch in enumerate(stretches):
            if stretch.request.words and stretch.text_tokens():
                assert stretch.language is not None
                begin = start_sequence(self._tokenizer, stretch.language, stretch.request.task)
                groups[tuple(begin)].append(number)
        for start, numbers in groups.items():
            chosen = [stretches[number] for number in numbers]
            frames = [min(FRAMES, max(2, round(stretch.seconds * FRAMES / WINDOW_S))) for stretch in chosen]
            found = self._decoder.align(encoded[numbers], start, [each.text_tokens() for each in chosen], frames)
            for stretch, alignment in zip(chosen, found, strict=True):
                stretch.alignment = alignment

    def _answer(self, stretches: Sequence[Stretch]) -> Recognition:
        first = stretches[0]
        phrases = tuple(
            phrase for stretch in stretches if stretch.decoded for phrase in stretch.phrases(self._tokenizer)
        )
        if first.decoded is None:
            return Recognition(phrases)
        language = "en" if first.request.task == "translate" else tag_of(first.language or "en")
        return Recognition(phrases, language, first.language_confidence, *first.detected)
