"""What a finished speech job says of its own quality: scores, faults, sentences that stayed doubtful, warnings.

Knows parts; nothing of how a sentence was judged or graded.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipelines.audio.acx import Levels
from pipelines.pipeline import Sink
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import SpeechPart, SpokenSentence

#: Doubtful and worst sentences named in the job's result; all doubtful ones are in the file.
_MOST_NAMED, _MOST_WORST = 50, 10
_LONGEST_TEXT = 500
FILE = "quality.json"


class SpeechReport:
    """Takes the parts of one job in order."""

    def __init__(self, request: SynthesisRequest) -> None:
        self._request = request
        self._sentences = 0
        self._heard = 0
        self._again = 0
        self._models: Counter[str] = Counter()
        self._mended: Counter[str] = Counter()
        self._sentences_mended = 0
        self._doubtful: list[dict[str, Any]] = []
        self._scales: set[str] = set()
        self._levels: Levels | None = None
        self._graded = 0
        self._score = 0.0
        self._faults: Counter[str] = Counter()
        #: The lowest scores, the least of them last to go: (−score, −number, sentence).
        self._worst: list[tuple[float, int, dict[str, Any]]] = []

    def add(self, part: SpeechPart) -> None:
        """The final part of the next chunk."""
        self._scales |= {part.scale} - {""}
        for sentence in part.sentences:
            self._sentences += 1
            self._heard += sentence.likeness is not None
            self._again += sentence.takes > 1
            self._models[sentence.model] += 1
            self._mended.update(sentence.mended)
            self._sentences_mended += bool(sentence.mended)
            if sentence.is_doubtful:
                self._doubtful.append(_doubt(part, sentence))
            if sentence.score is not None:
                self._grade(part, sentence, sentence.score)

    def finish(self, sink: Sink, levels: Levels | None = None) -> dict[str, Any]:
        """`result.quality`; every doubtful sentence goes to `quality.json` where a listener was asked for.

        `levels` are those of the file, where they were to be as audiobook shops want them.
        """
        quality = self._grades() if self._graded else {}
        if levels is not None:
            self._levels = levels
            quality["acx"] = {**asdict(levels), "is_within": levels.is_within}
        if not self._request.verify:
            return quality
        counts = {
            "verify_model": self._request.verify_model,
            "sentences_heard": self._heard,
            "sentences_doubtful": len(self._doubtful),
            **({"sentences_by_model": dict(self._models)} if self._request.retry_models else {}),
        }
        path = sink.directory / FILE
        whole = {**quality, **counts, "doubtful_sentences": self._doubtful}
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        sink.put(FILE, path, content_type="application/json")
        return {**quality, **counts, "doubtful_sentences": self._doubtful[:_MOST_NAMED]}

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Code and detail of what the user should look at."""
        if silent := self._faults["no_sound"]:
            yield "no_sound", f"Nothing sounds in {silent} of {self._sentences} sentences; see quality.worst_sentences."
        if lost := self._faults["attention"]:
            yield (
                "attention",
                f"The model lost its place in {lost} of {self._sentences} sentences, however often it spoke them: "
                "words may be missing or come twice. Listen to those that quality.worst_sentences names.",
            )
        levels = self._levels
        if levels is not None and not levels.is_within:
            yield (
                "acx",
                "The file is not as ACX wants it (RMS from -23 to -18 dB, peak of -3 dB, noise floor of -60 dB): "
                f"RMS {levels.rms_db} dB, peak {levels.peak_db} dB, noise floor {levels.noise_floor_db} dB.",
            )
        if not self._request.verify:
            return
        model = self._request.verify_model
        if self._doubtful:
            yield (
                "doubtful_speech",
                f"{model} heard too little of the text, or more than it, in {len(self._doubtful)} of {self._heard} "
                f"sentences, however often they were spoken; listen to those that {FILE} names.",
            )
        if len(self._models) > 1:
            counts = ", ".join(f"{count} by {name}" for name, count in self._models.most_common())
            yield (
                "several_models",
                f"Not all sentences are in one voice, for {model} understood some only of another model: {counts}.",
            )
        if self._heard < self._sentences:
            yield (
                "not_verified",
                f"{self._sentences - self._heard} of {self._sentences} sentences were not verified: {model} does not "
                "hear their language, or there are no letters in them.",
            )

    def _grade(self, part: SpeechPart, sentence: SpokenSentence, score: float) -> None:
        self._graded += 1
        self._score += score
        self._faults.update(sentence.faults)
        found = {"chapter": part.chapter, "text": sentence.text[:_LONGEST_TEXT], "score": score}
        # The best of the worst is the first to go, of equals the last one spoken.
        heapq.heappush(self._worst, (-score, -self._sentences, {**found, "faults": list(sentence.faults)}))
        if len(self._worst) > _MOST_WORST:
            heapq.heappop(self._worst)

    def _grades(self) -> dict[str, Any]:
        worst = [each for *_, each in sorted(self._worst, reverse=True)]
        if not self._request.quality:  # the signal alone: what has no fault is not the worst of anything
            worst = [each for each in worst if each["faults"]]
        return {
            "score": round(self._score / self._graded, 2),
            "scale": " and ".join(sorted(self._scales)),
            "sentences": self._sentences,
            "faults": dict(sorted(self._faults.items())),
            "sentences_spoken_again": self._again,
            "sentences_mended": self._sentences_mended,
            **({"faults_mended": dict(sorted(self._mended.items()))} if self._mended else {}),
            "worst_sentences": worst,
        }


def _doubt(part: SpeechPart, sentence: SpokenSentence) -> dict[str, Any]:
    found = sentence.likeness
    shares = {name: round(getattr(found, name), 3) for name in ("alike", "missing", "invented")} if found else {}
    text, heard = sentence.text[:_LONGEST_TEXT], (sentence.heard or "")[:_LONGEST_TEXT]
    return {"chapter": part.chapter, "text": text, "heard": heard, "model": sentence.model, **shares}
