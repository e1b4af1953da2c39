"""Windows of speech → segments with their times in the recording, by asking a family.

Knows requests to a family and what its answers mean; nothing of files. Where the language is left to the model, a
window that it is unsure of is heard again in the language of the windows around it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pipelines.family import Phrase, RecogniseRequest, Recognition, RecognitionFamily
from pipelines.requests import TranscriptionRequest
from pipelines.stt.text.numbers import in_digits
from pipelines.stt.text.pauses import parted_at_pauses
from pipelines.stt.text.punctuation import mended
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.part_file import HeardWindow, Segment
from pipelines.transcript.timeline import Timeline

#: A language that the model believes in less than this is doubtful …
_DOUBTFUL = 0.5
#: … and gives way to one that most of the chunk was heard in with more than this.
_BELIEVED = 0.7


class Hearing:
    """The windows of one chunk and what was heard in them."""

    def __init__(self, request: TranscriptionRequest, windows: Sequence[ChunkWindow]) -> None:
        self._request = request
        self._windows = windows
        self._answers: dict[int, Recognition] = {}

    def ask(self, family: RecognitionFamily, progress: Callable[[float], None]) -> None:
        """Have every window recognised. `progress` is told the share that is done, 0–1, and may raise."""
        language = None if self._request.language == "auto" else self._request.language
        total_s = sum(window.seconds for window in self._windows) or 1.0
        done_s = 0.0
        for numbers in self._batches(range(len(self._windows)), family):
            self._ask(family, numbers, language, partial(progress, done_s / total_s))
            done_s += sum(self._windows[number].seconds for number in numbers)
            progress(done_s / total_s)
        if language is None and self._request.task == "transcribe":
            likely, doubtful = self._second_thoughts()
            for numbers in self._batches(doubtful, family):
                self._ask(family, numbers, likely, partial(progress, 1.0))

    def windows(self, *, model: str, punctuates: bool) -> Iterator[HeardWindow]:
        """What was said in each window, as the part file holds it."""
        for number, answer in sorted(self._answers.items()):
            window = self._windows[number]
            yield HeardWindow(
                number=window.number,
                seconds=window.seconds,
                model=model,
                asked=(model,),
                segments=tuple(self._segments(window, answer, model, punctuates)),
                language=answer.language,
                language_confidence=answer.language_confidence,
                detected_language=answer.detected_language,
                detected_confidence=answer.detected_confidence,
            )

    def _segments(self, window: ChunkWindow, answer: Recognition, model: str, punctuates: bool) -> Iterator[Segment]:
        heard = [part for phrase in answer.phrases for part in parted_at_pauses(_in_recording(phrase, window.timeline))]
        if self._request.numbers == "digits":
            heard = [in_digits(phrase, answer.language) for phrase in heard]
        for phrase in mended(heard, wanted=self._request.punctuate, written=punctuates, language=answer.language):
            segment: Segment = {
                "start": phrase.start,
                "end": phrase.end,
                "text": phrase.text,
                "confidence": round(phrase.confidence, 4),
                "language": answer.language,
                "language_confidence": answer.language_confidence,
                "model": model,
                "channel": window.channel,
                "words": [],
            }
            for word in phrase.words:
                confidence = round(word.confidence, 4)
                segment["words"].append(
                    {"word": word.word, "start": word.start, "end": word.end, "confidence": confidence}
                )
            yield segment

    def _batches(self, numbers: Sequence[int], family: RecognitionFamily) -> Iterator[Sequence[int]]:
        size = max(1, family.entry.slots)
        return (numbers[first : first + size] for first in range(0, len(numbers), size))

    def _ask(
        self, family: RecognitionFamily, numbers: Sequence[int], language: str | None, tick: Callable[[], None]
    ) -> None:
        answers = family.recognise([self._request_of(number, language) for number in numbers], tick)
        self._answers.update(zip(numbers, answers, strict=True))

    def _request_of(self, number: int, language: str | None) -> RecogniseRequest:
        request = self._request
        return RecogniseRequest(
            self._windows[number].samples,
            language=language,
            task=request.task,
            # Subtitles and turns are cut by words even where the transcript does not show them.
            words=request.timestamps == "word" or request.diarize or bool({"srt", "vtt"} & set(request.formats)),
            prompt=request.prompt,
            vocabulary=tuple(request.vocabulary),
            seed=self._windows[number].seed,
        )

    def _second_thoughts(self) -> tuple[str | None, Sequence[int]]:
        """The language of the chunk, and the windows that were heard in another one without conviction."""
        believed = defaultdict[str, float](float)
        for number, answer in self._answers.items():
            if answer.language and (answer.language_confidence or 0.0) > _BELIEVED:
                believed[answer.language] += self._windows[number].seconds
        if not believed:
            return None, ()
        likely = max(believed, key=lambda name: believed[name])
        doubtful = [
            number
            for number, answer in self._answers.items()
            if answer.language not in (None, likely) and (answer.language_confidence or 0.0) < _DOUBTFUL
        ]
        return likely, doubtful


def _in_recording(phrase: Phrase, timeline: Timeline) -> Phrase:
    """The phrase and its words where they were in the recording, where pauses have their true length."""
    start, end = timeline.between(phrase.start, phrase.end)
    words = []
    for word in phrase.words:
        first, last = timeline.between(word.start, word.end)
        words.append(replace(word, start=first, end=last))
    return replace(phrase, start=start, end=end, words=tuple(words))
