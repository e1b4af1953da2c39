"""The Whisper family: windows of several jobs to phrases and words; each window's result is independent of the others.

Knows the order of the steps: features, encoder states, language, text, further attempts where it is doubtful, word
times. The engines of the weights are behind `decoding.EncoderEngine` and `decoding.DecoderEngine`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import EngineFailure
from pipelines.family import EngineSelection, Recognition, Tick, TranscriptionInput

from .decode_thresholds import DecodeThresholds, measure_level_db, remove_loops
from .decoding import DecodeAttempt, DecodedText, DecoderEngine, Encoded, EncoderEngine
from .doubled_words import drop_first_text, find_doubled
from .features import FRAMES, WINDOW_S, compute_log_mel
from .languages import resolve_language, to_language_tag
from .prompt import MAX_NEW_TOKENS, build_prompt, build_start_sequence
from .segment_window import SegmentWindow
from .segments import UNHEARD_S, drop_open_segment, find_continuation, find_end
from .tokenizer import Tokenizer

#: Shorter windows contain no word. Seconds.
_MIN_S = 0.1


class Whisper:
    """See `RecognitionFamily`. `thresholds` may be replaced, as the benchmarks do for random weights.

    Options of a request, both True by default: `timestamps`, whether the model generates timestamps of phrases (without
    them a window is one phrase); `detect`, whether the language is detected although the request names one.
    """

    def __init__(
        self,
        entry: RecognitionEntry,
        revision: str,
        tokenizer: Tokenizer,
        encoder: EncoderEngine,
        decoder: DecoderEngine,
        *,
        max_tokens: int,
        selection: EngineSelection | None = None,
    ) -> None:
        """`max_tokens`: most tokens of prompt and text together. `selection`: how the decoder's engine was chosen,
        where there was a choice."""
        self.entry = entry
        self.revision = revision
        self.engine = " + ".join(dict.fromkeys((encoder.name, decoder.name)))
        self.selection = selection
        self.thresholds = DecodeThresholds()
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._decoder = decoder
        self._max_tokens = max_tokens

    @property
    def languages(self) -> Sequence[str]:
        """BCP 47 tags of the supported languages."""
        return [to_language_tag(name) for name in self._language_names]

    @property
    def _language_names(self) -> Sequence[str]:
        """Whisper's names of the supported languages."""
        return list(self._tokenizer.languages) if self._tokenizer.is_multilingual else ["en"]

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`. Windows of all requests are decoded together."""
        pending = [self._create_window(number, request) for number, request in enumerate(requests)]
        windows: list[list[SegmentWindow]] = [[window] for window in pending]
        pending = [window for window in pending if self._is_audible(window)]
        while pending:
            pending = self._process(pending, tick)
            for window in pending:
                windows[window.request_number].append(window)
        return [self._build_result(own) for own in windows]

    def close(self) -> None:
        """See `RecognitionFamily`."""
        # One engine may be both.
        for engine in {id(each): each for each in (self._encoder, self._decoder)}.values():
            engine.close()

    def _create_window(self, number: int, request: TranscriptionInput) -> SegmentWindow:
        window = SegmentWindow(number, request, request.samples)
        if request.language is not None:
            window.language = resolve_language(self.entry.name, request.language, self._language_names)
            window.language_confidence = 1.0
        elif not self._tokenizer.is_multilingual:
            window.language = "en"
        return window

    def _is_audible(self, window: SegmentWindow) -> bool:
        return window.seconds >= _MIN_S and measure_level_db(window.samples) > self.thresholds.silent_db

    def _process(self, windows: Sequence[SegmentWindow], tick: Tick) -> list[SegmentWindow]:
        """Set text and times of the windows; returns windows for the remainders of those whose text breaks off."""
        mels = np.stack([compute_log_mel(window.samples, self._decoder.bins) for window in windows])
        encoded = self._encoder.encode(mels, tick)
        self._detect_languages(windows, encoded)
        self._decode(windows, encoded, tick)
        for number, window in enumerate(windows):
            self._accept_text(window, encoded[[number]])
        tick()
        self._align(windows, encoded)
        remainders = [self._find_remainder(window, encoded[[number]]) for number, window in enumerate(windows)]
        return [rest for rest in remainders if rest is not None]

    def _detect_languages(self, windows: Sequence[SegmentWindow], encoded: Encoded) -> None:
        """Detect the languages of windows, also to report another one than that of the request."""
        numbers = [number for number, window in enumerate(windows) if self._needs_detection(window)]
        if not numbers:
            return
        found = self._decoder.detect_languages(encoded[numbers])
        for number, (language, confidence) in zip(numbers, found, strict=True):
            window = windows[number]
            window.detected = (to_language_tag(language), confidence)
            if window.language is None:
                window.language, window.language_confidence = language, confidence

    def _needs_detection(self, window: SegmentWindow) -> bool:
        if not self._tokenizer.is_multilingual or window.start:
            return False  # the language of a remainder is known
        return window.language is None or bool(window.request.options.get("detect", True))

    def _decode(self, windows: Sequence[SegmentWindow], encoded: Encoded, tick: Tick) -> None:
        """Set the best text of each window: all are decoded together, doubtful ones again with the next attempt."""
        doubtful: Sequence[int] = range(len(windows))
        for attempt in self._decoder.attempts:
            for numbers in self._group_by_prompt(windows, doubtful):
                group = [windows[number] for number in numbers]
                found = self._generate(group, encoded[numbers], attempt, tick)
                for window, decoded in zip(group, found, strict=True):
                    window.decoded = self._choose_better(window.decoded, decoded)
            doubtful = [number for number in doubtful if self._is_doubtful(windows[number].decoded)]

    def _group_by_prompt(self, windows: Sequence[SegmentWindow], numbers: Sequence[int]) -> list[list[int]]:
        """Groups for one call each: their prompts have the same layout. Languages and tasks may differ."""
        groups = defaultdict[tuple[int, bool], list[int]](list)
        for number in numbers:
            groups[len(self._build_prompt(windows[number])), self._has_timestamps(windows[number])].append(number)
        return list(groups.values())

    def _generate(
        self, windows: Sequence[SegmentWindow], encoded: Encoded, attempt: DecodeAttempt, tick: Tick
    ) -> list[DecodedText]:
        found = self._decoder.generate(
            encoded,
            [self._build_prompt(window) for window in windows],
            attempt,
            limit=self._token_limit(windows[0]),
            seeds=[window.request.seed for window in windows],
            tick=tick,
        )
        if any(math.isnan(decoded.logprob) for decoded in found):
            # An engine would generate arbitrary tokens, and the text would look like that of a bad recording.
            raise EngineFailure(
                f"{self.entry.name} computes NaN in {self.engine}: its weights in {self.entry.source} are damaged, or "
                "too large for this precision."
            )
        return found

    def _build_prompt(self, window: SegmentWindow) -> list[int]:
        request = window.request
        assert window.language is not None
        return build_prompt(
            self._tokenizer,
            window.language,
            request.task,
            timestamps=self._has_timestamps(window),
            text=request.prompt,
            vocabulary=request.vocabulary,
        )

    def _token_limit(self, window: SegmentWindow) -> int:
        return min(MAX_NEW_TOKENS, self._max_tokens - len(self._build_prompt(window)))

    def _has_timestamps(self, window: SegmentWindow) -> bool:
        return bool(window.request.options.get("timestamps", True))

    def _choose_better(self, old: DecodedText | None, new: DecodedText) -> DecodedText:
        if old is None or self._rank(new) < self._rank(old):
            return new
        return old

    def _rank(self, decoded: DecodedText) -> tuple[bool, float]:
        return self.thresholds.rank(decoded, self._tokenizer.decode(decoded.tokens))

    def _is_doubtful(self, decoded: DecodedText | None) -> bool:
        return decoded is not None and self.thresholds.is_doubtful(decoded, self._tokenizer.decode(decoded.tokens))

    def _accept_text(self, window: SegmentWindow, encoded: Encoded) -> None:
        """Set the window's tokens, and where its text breaks off, unless it is silent.

        `encoded`: the encoder states of this window alone.
        """
        decoded = window.decoded
        assert decoded is not None
        if self.thresholds.is_silence(decoded, measure_level_db(window.samples)):
            return
        at = None
        if self._has_timestamps(window):
            at = find_continuation(self._tokenizer, decoded.tokens, window.seconds, self._token_limit(window))
        if at is not None and self._is_audible(window.create_remainder(at, encoded)):
            window.breaks_off_at = at
        tokens = list(decoded.tokens)
        if window.breaks_off_at is not None:
            tokens = drop_open_segment(self._tokenizer, tokens)
        window.set_tokens(self._tokenizer, remove_loops(tokens) if self.thresholds.loops else tokens)
        if window.previous is not None:
            self._drop_doubled(window, *window.previous)

    def _find_remainder(self, window: SegmentWindow, encoded: Encoded) -> SegmentWindow | None:
        """A window for what follows the text, where it breaks off or ends long before the window does.

        Where it ends by itself, its last words may go on behind its last timestamp: the later time counts.
        """
        if window.breaks_off_at is not None:
            return window.create_remainder(window.breaks_off_at, encoded)
        at = self._find_end(window)
        if at is None:
            return None
        if not window.request.words:
            self._align_together([window], encoded)
        assert window.alignment is not None
        at = max(at, float(window.alignment.times[-1]))
        if not window.request.words:
            window.alignment = None
        rest = window.create_remainder(at, encoded)
        return rest if rest.seconds >= UNHEARD_S and self._is_audible(rest) else None

    def _find_end(self, window: SegmentWindow) -> float | None:
        if not window.text_tokens() or not self._has_timestamps(window):
            return None
        return find_end(self._tokenizer, window.tokens, window.seconds)

    def _drop_doubled(self, window: SegmentWindow, before: SegmentWindow, encoded: Encoded) -> None:
        """Drop the first words of a remainder that the text before it has already, unless they were said twice.

        The model decides: whether it believes more in the whole text with them, or without them, for the audio of the
        earlier window, which holds both.
        """
        earlier, own = before.text_tokens(), window.text_tokens()
        for count in find_doubled(self._tokenizer, earlier, own, window.language):
            own = own[:MAX_NEW_TOKENS]
            if self._measure_logprob(before, encoded, earlier + own[count:]) > self._measure_logprob(
                before, encoded, earlier + own
            ):
                window.set_tokens(self._tokenizer, drop_first_text(self._tokenizer, window.tokens, count))
                return

    def _measure_logprob(self, window: SegmentWindow, encoded: Encoded, text: Sequence[int]) -> float:
        """The logarithm of the probability that the window's audio says `text`."""
        assert window.language is not None
        start = build_start_sequence(self._tokenizer, window.language, window.request.task)
        text = text[: self._max_tokens - len(start) - 1]
        probabilities = self._decoder.align(encoded, start, [text], [_count_frames(window.seconds)])[0].probabilities
        return float(np.sum(np.log(np.maximum(probabilities, 1e-10))))

    def _align(self, windows: Sequence[SegmentWindow], encoded: Encoded) -> None:
        """Set the times of words where requested: all texts of a language and task together."""
        groups = defaultdict[tuple[int, ...], list[int]](list)
        for number, window in enumerate(windows):
            if window.request.words and window.text_tokens():
                assert window.language is not None
                start = build_start_sequence(self._tokenizer, window.language, window.request.task)
                groups[tuple(start)].append(number)
        for numbers in groups.values():
            self._align_together([windows[number] for number in numbers], encoded[numbers])

    def _align_together(self, windows: Sequence[SegmentWindow], encoded: Encoded) -> None:
        """Set the times of words; the windows have the same language and task."""
        assert windows[0].language is not None
        start = build_start_sequence(self._tokenizer, windows[0].language, windows[0].request.task)
        frames = [_count_frames(window.text_seconds) for window in windows]
        found = self._decoder.align(encoded, start, [window.text_tokens() for window in windows], frames)
        for window, alignment in zip(windows, found, strict=True):
            window.alignment = alignment

    def _build_result(self, windows: Sequence[SegmentWindow]) -> Recognition:
        first = windows[0]
        phrases = tuple(phrase for window in windows if window.decoded for phrase in window.phrases(self._tokenizer))
        if first.decoded is None:
            return Recognition(phrases)
        language = "en" if first.request.task == "translate" else to_language_tag(first.language or "en")
        return Recognition(phrases, language, first.language_confidence, *first.detected)


def _count_frames(seconds: float) -> int:
    """Frames of a spectrogram without padding."""
    return min(FRAMES, max(2, round(seconds * FRAMES / WINDOW_S)))
