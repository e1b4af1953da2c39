"""What a finished speech job says of its own quality: counts, the sentences that stayed doubtful, warnings.

Knows parts; nothing of how a sentence was judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .pipeline import Sink
from .requests import SynthesisRequest
from .speech_part import SpeechPart

#: Sentences named in the job's result; all of them are in the file.
_MOST_NAMED = 50
_LONGEST_TEXT = 500
FILE = "quality.json"


class SpeechReport:
    """Takes the parts of one job in order."""

    def __init__(self, request: SynthesisRequest) -> None:
        self._request = request
        self._sentences = 0
        self._heard = 0
        self._again = 0
        self._doubtful: list[dict[str, Any]] = []

    def add(self, part: SpeechPart) -> None:
        """The final part of the next chunk."""
        for sentence in part.sentences:
            self._sentences += 1
            self._heard += sentence.likeness is not None
            self._again += sentence.takes > 1
            if sentence.is_doubtful and sentence.likeness is not None:
                found = {name: round(getattr(sentence.likeness, name), 3) for name in ("alike", "missing", "invented")}
                text, heard = sentence.text[:_LONGEST_TEXT], (sentence.heard or "")[:_LONGEST_TEXT]
                self._doubtful.append({"chapter": part.chapter, "text": text, "heard": heard, **found})

    def finish(self, sink: Sink) -> dict[str, Any]:
        """`result.quality`; the whole list goes to `quality.json` where a listener was asked for."""
        if not self._request.verify:
            return {}
        counts = {
            "verify_model": self._request.verify_model,
            "sentences": self._sentences,
            "sentences_heard": self._heard,
            "sentences_spoken_again": self._again,
            "sentences_doubtful": len(self._doubtful),
        }
        path = sink.directory / FILE
        whole = {**counts, "doubtful_sentences": self._doubtful}
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        sink.put(FILE, path, content_type="application/json")
        return {**counts, "doubtful_sentences": self._doubtful[:_MOST_NAMED]}

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Code and detail of what the user should look at."""
        if not self._request.verify:
            return
        model = self._request.verify_model
        if self._doubtful:
            yield (
                "doubtful_speech",
                f"{model} heard too little of the text, or more than it, in {len(self._doubtful)} of {self._heard} "
                f"sentences, however often they were spoken; listen to those that {FILE} names.",
            )
        if self._heard < self._sentences:
            yield (
                "not_verified",
                f"{self._sentences - self._heard} of {self._sentences} sentences were not verified: {model} does not "
                "hear their language, or there are no letters in them.",
            )
