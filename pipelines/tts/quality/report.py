"""Quality report of a finished speech job: scores, faults, sentences that stayed doubtful, warnings.

Knows parts; nothing of how a sentence was verified or scored.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipelines.audio.acx import AcxLevels
from pipelines.pipeline import Sink
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import SpeechPart, SpokenSentence

#: Doubtful and worst sentences in the job's result at most; the file has all doubtful ones.
_MAX_DOUBTFUL, _MAX_WORST = 50, 10
_MAX_TEXT_CHARACTERS = 500
FILE = "quality.json"


class QualityReport:
    """Collects figures from the parts of one job, in order."""

    def __init__(self, request: SynthesisRequest) -> None:
        self._request = request
        self._sentences = 0
        self._verified = 0
        self._resynthesised = 0
        self._models: Counter[str] = Counter()
        self._repaired_faults: Counter[str] = Counter()
        self._sentences_repaired = 0
        self._doubtful: list[dict[str, Any]] = []
        self._scales: set[str] = set()
        self._levels: AcxLevels | None = None
        self._scored = 0
        self._score_sum = 0.0
        self._faults: Counter[str] = Counter()
        #: A heap of the lowest scores, the best of them on top: (−score, −number, sentence).
        self._worst: list[tuple[float, int, dict[str, Any]]] = []

    def add(self, part: SpeechPart) -> None:
        """Add the final part of the next chunk."""
        self._scales |= {part.score_scale} - {""}
        for sentence in part.sentences:
            self._sentences += 1
            self._verified += sentence.similarity is not None
            self._resynthesised += sentence.attempts > 1
            self._models[sentence.model] += 1
            self._repaired_faults.update(sentence.repaired_faults)
            self._sentences_repaired += bool(sentence.repaired_faults)
            if sentence.is_doubtful:
                self._doubtful.append(_describe_doubtful(part, sentence))
            if sentence.score is not None:
                self._add_score(part, sentence, sentence.score)

    def finish(self, sink: Sink, levels: AcxLevels | None = None) -> dict[str, Any]:
        """`result.quality`; where the job is verified, all doubtful sentences are written to `quality.json`.

        `levels`: those of the file where it was mastered to ACX levels.
        """
        quality = self._scores() if self._scored else {}
        if levels is not None:
            self._levels = levels
            quality["acx"] = {**asdict(levels), "is_within": levels.is_within}
        if not self._request.verify:
            return quality
        counts = {
            "verify_model": self._request.verify_model,
            "sentences_heard": self._verified,
            "sentences_doubtful": len(self._doubtful),
            **({"sentences_by_model": dict(self._models)} if self._request.retry_models else {}),
        }
        path = sink.directory / FILE
        report = {**quality, **counts, "doubtful_sentences": self._doubtful}
        path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        sink.put(FILE, path, content_type="application/json")
        return {**quality, **counts, "doubtful_sentences": self._doubtful[:_MAX_DOUBTFUL]}

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Codes and details of the warnings for the user."""
        if silent := self._faults["no_sound"]:
            yield "no_sound", f"Nothing sounds in {silent} of {self._sentences} sentences; see quality.worst_sentences."
        if lost := self._faults["attention"]:
            yield (
                "attention",
                f"The model lost its place in {lost} of {self._sentences} sentences, after all retries: "
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
                f"{model} recognised too little of the text, or more than it, in {len(self._doubtful)} of "
                f"{self._verified} sentences, after all retries; listen to those that {FILE} names.",
            )
        if len(self._models) > 1:
            counts = ", ".join(f"{count} by {name}" for name, count in self._models.most_common())
            yield (
                "several_models",
                f"Not all sentences are in one voice, for {model} recognised some only from another model: {counts}.",
            )
        if self._verified < self._sentences:
            yield (
                "not_verified",
                f"{self._sentences - self._verified} of {self._sentences} sentences were not verified: {model} does "
                "not know their language, or there are no letters in them.",
            )

    def _add_score(self, part: SpeechPart, sentence: SpokenSentence, score: float) -> None:
        self._scored += 1
        self._score_sum += score
        self._faults.update(sentence.faults)
        described = {"chapter": part.chapter, "text": sentence.text[:_MAX_TEXT_CHARACTERS], "score": score}
        # Of the worst sentences the best is dropped first, and of equals the last one.
        heapq.heappush(self._worst, (-score, -self._sentences, {**described, "faults": list(sentence.faults)}))
        if len(self._worst) > _MAX_WORST:
            heapq.heappop(self._worst)

    def _scores(self) -> dict[str, Any]:
        worst = [each for *_, each in sorted(self._worst, reverse=True)]
        if not self._request.quality:  # scores of the signal alone: a sentence without faults is not among the worst
            worst = [each for each in worst if each["faults"]]
        return {
            "score": round(self._score_sum / self._scored, 2),
            "scale": " and ".join(sorted(self._scales)),
            "sentences": self._sentences,
            "faults": dict(sorted(self._faults.items())),
            "sentences_spoken_again": self._resynthesised,
            "sentences_mended": self._sentences_repaired,
            **({"faults_mended": dict(sorted(self._repaired_faults.items()))} if self._repaired_faults else {}),
            "worst_sentences": worst,
        }


def _describe_doubtful(part: SpeechPart, sentence: SpokenSentence) -> dict[str, Any]:
    similarity = sentence.similarity
    shares = {}
    if similarity is not None:
        shares = {
            "alike": round(similarity.ratio, 3),
            "missing": round(similarity.missing, 3),
            "invented": round(similarity.inserted, 3),
        }
    text, recognised = sentence.text[:_MAX_TEXT_CHARACTERS], (sentence.recognised_text or "")[:_MAX_TEXT_CHARACTERS]
    return {"chapter": part.chapter, "text": text, "heard": recognised, "model": sentence.model, **shares}
