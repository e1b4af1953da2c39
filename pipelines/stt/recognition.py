"""Transcribes the windows of a chunk with a family: windows of speech → segments with their times in the recording.

Knows a family's inputs and results; nothing of files. Where the model detects the language, a window of whose language
it is unsure is transcribed again in the language of most of the chunk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pipelines.audio.sound_ends import SoundEnds
from pipelines.family import Phrase, Recognition, RecognitionFamily, TranscriptionInput
from pipelines.requests import TranscriptionRequest
from pipelines.stt.text.numbers import write_digits
from pipelines.stt.text.pauses import split_at_pauses
from pipelines.stt.text.punctuation import adjust_punctuation
from pipelines.subtitles.registry import SUBTITLE_FORMATS
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.part_file import RecognisedWindow
from pipelines.transcript.segment import TranscriptSegment, TranscriptWord
from pipelines.transcript.timeline import Timeline
from pipelines.transcript.word_times import order_times

#: A window whose language has less confidence than this is transcribed again …
_UNSURE = 0.5
#: … in the language of most of the chunk's windows that have more than this.
_SURE = 0.7


class ChunkRecognition:
    """The windows of one chunk and their recognitions."""

    def __init__(self, request: TranscriptionRequest, windows: Sequence[ChunkWindow]) -> None:
        self._request = request
        self._windows = windows
        self._recognitions: dict[int, Recognition] = {}

    def run(self, family: RecognitionFamily, progress: Callable[[float], None]) -> None:
        """Transcribe every window. `progress` is called with the share that is done, 0–1, and may raise."""
        language = None if self._request.language == "auto" else self._request.language
        total_s = sum(window.seconds for window in self._windows) or 1.0
        done_s = 0.0
        for numbers in self._batches(range(len(self._windows)), family):
            self._transcribe(family, numbers, language, partial(progress, done_s / total_s))
            done_s += sum(self._windows[number].seconds for number in numbers)
            progress(done_s / total_s)
        if language is None and self._request.task == "transcribe":
            main_language, unsure = self._find_unsure()
            for numbers in self._batches(unsure, family):
                self._transcribe(family, numbers, main_language, partial(progress, 1.0))

    def results(self, *, model: str, punctuates: bool) -> Iterator[RecognisedWindow]:
        """The transcript of each window, for the part file. `punctuates`: whether the model writes punctuation."""
        for number, recognition in sorted(self._recognitions.items()):
            window = self._windows[number]
            yield RecognisedWindow(
                number=window.number,
                seconds=window.seconds,
                model=model,
                tried_models=(model,),
                segments=tuple(self._segments(window, recognition, model, punctuates)),
                language=recognition.language,
                language_confidence=recognition.language_confidence,
                detected_language=recognition.detected_language,
                detected_confidence=recognition.detected_confidence,
            )

    def _segments(
        self, window: ChunkWindow, recognition: Recognition, model: str, punctuates: bool
    ) -> Iterator[TranscriptSegment]:
        sound = SoundEnds(window.samples) if recognition.phrases else None
        placed = [_to_recording(phrase, window.timeline, sound) for phrase in recognition.phrases]
        ordered = order_times(placed, window.timeline.end_s)
        phrases = [part for phrase in ordered for part in split_at_pauses(phrase)]
        if self._request.numbers == "digits":
            phrases = [write_digits(phrase, recognition.language) for phrase in phrases]
        for phrase in adjust_punctuation(
            phrases, wanted=self._request.punctuate, written=punctuates, language=recognition.language
        ):
            yield TranscriptSegment(
                phrase.text,
                phrase.start,
                phrase.end,
                words=tuple(
                    TranscriptWord(word.word, word.start, word.end, confidence=round(word.confidence, 4))
                    for word in phrase.words
                ),
                confidence=round(phrase.confidence, 4),
                language=recognition.language,
                language_confidence=recognition.language_confidence,
                model=model,
                channel=window.channel,
            )

    def _batches(self, numbers: Sequence[int], family: RecognitionFamily) -> Iterator[Sequence[int]]:
        size = max(1, family.entry.slots)
        return (numbers[first : first + size] for first in range(0, len(numbers), size))

    def _transcribe(
        self, family: RecognitionFamily, numbers: Sequence[int], language: str | None, tick: Callable[[], None]
    ) -> None:
        recognitions = family.transcribe([self._build_input(number, language) for number in numbers], tick)
        self._recognitions.update(zip(numbers, recognitions, strict=True))

    def _build_input(self, number: int, language: str | None) -> TranscriptionInput:
        request = self._request
        return TranscriptionInput(
            self._windows[number].samples,
            language=language,
            task=request.task,
            # Subtitles and speaker turns need words even where the transcript does not show them.
            words=request.timestamps == "word" or request.diarize or bool(SUBTITLE_FORMATS.keys() & request.formats),
            prompt=request.prompt,
            vocabulary=tuple(request.vocabulary),
            seed=self._windows[number].seed,
        )

    def _find_unsure(self) -> tuple[str | None, Sequence[int]]:
        """The main language of the chunk, and the windows with another language of low confidence."""
        sure_s = defaultdict[str, float](float)
        for number, recognition in self._recognitions.items():
            if recognition.language and (recognition.language_confidence or 0.0) > _SURE:
                sure_s[recognition.language] += self._windows[number].seconds
        if not sure_s:
            return None, ()
        main_language = max(sure_s, key=lambda name: sure_s[name])
        unsure = [
            number
            for number, recognition in self._recognitions.items()
            if recognition.language not in (None, main_language) and (recognition.language_confidence or 0.0) < _UNSURE
        ]
        return main_language, unsure


def _to_recording(phrase: Phrase, timeline: Timeline, sound: SoundEnds | None) -> Phrase:
    """The phrase and its words with their times in the recording."""
    words = []
    for word in phrase.words:
        first, last = timeline.word_to_recording(word.start, word.end, sound)
        words.append(replace(word, start=first, end=last))
    start, end = (words[0].start, words[-1].end) if words else timeline.to_recording(phrase.start, phrase.end)
    return replace(phrase, start=start, end=end, words=tuple(words))
