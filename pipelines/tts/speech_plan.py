"""The plan of a synthesis job: its header, and what each chunk of it is to speak. Typed here, stored as JSON.

The names in the JSON are those of earlier versions, whose jobs still run: "pieces", "speaker", "remarks". Knows text
segments and covers; nothing of models and of sound.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.text.document import Cover
from pipelines.text.splitting.segment import TextSegment


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """The data of a span: what its chunk is to speak, and in later rounds, which sentences of it."""

    segments: Sequence[TextSegment] = ()
    #: An index into the chapters of the header.
    chapter: int = 0
    #: Of the request or the document; None = not known.
    language: str | None = None
    #: What the text seems to be in where neither names a language; None = not sure.
    detected_language: str | None = None
    #: The number of its first sentence in the job.
    first_sentence: int = 0
    #: The model that spoke the chunk in the first round; "" = that round is not done yet.
    model: str = ""
    #: The segments that a later round is about; None = all.
    only: Sequence[int] | None = None

    @property
    def chosen(self) -> Sequence[int]:
        """The indexes of the segments that this round is about."""
        return range(len(self.segments)) if self.only is None else self.only

    def to_json(self) -> dict[str, Any]:
        """The data to store."""
        data: dict[str, Any] = {
            "chapter": self.chapter,
            "language": self.language,
            "first_sentence": self.first_sentence,
            "pieces": [segment.to_json() for segment in self.segments],
        }
        if self.detected_language:
            data["detected_language"] = self.detected_language
        if self.model:
            data["speaker"] = self.model
        if self.only is not None:
            data["only"] = list(self.only)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SpeechSpan:
        """The span that `to_json` wrote; earlier versions left out some of it."""
        return cls(
            segments=tuple(TextSegment.from_json(segment) for segment in data["pieces"]),
            chapter=data.get("chapter", 0),
            language=data.get("language"),
            detected_language=data.get("detected_language"),
            first_sentence=data.get("first_sentence", 0),
            model=data.get("speaker", ""),
            only=data.get("only"),
        )


@dataclass(frozen=True, slots=True)
class PlannedChapter:
    """A chapter, and the span that begins it."""

    title: str
    first_idx: int


@dataclass(frozen=True, slots=True)
class SpeechHeader:
    """What the stitch has to know of the whole document."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    chapters: Sequence[PlannedChapter] = ()
    #: For the user, about the document.
    warnings: Sequence[str] = ()
    cover: Cover | None = None

    def to_json(self) -> dict[str, Any]:
        """The header to store."""
        header: dict[str, Any] = {
            "title": self.title,
            "author": self.author,
            "language": self.language,
            "chapters": [{"title": each.title, "first_idx": each.first_idx} for each in self.chapters],
            "remarks": list(self.warnings),
        }
        if self.cover is not None:
            encoded = base64.b64encode(self.cover.data).decode()
            header["cover"] = {"content_type": self.cover.content_type, "base64": encoded}
        return header

    @classmethod
    def from_json(cls, header: Mapping[str, Any]) -> SpeechHeader:
        """The header that `to_json` wrote."""
        cover = header.get("cover")
        return cls(
            title=header.get("title"),
            author=header.get("author"),
            language=header.get("language"),
            chapters=tuple(PlannedChapter(each["title"], each["first_idx"]) for each in header["chapters"]),
            warnings=tuple(header["remarks"]),
            cover=Cover(cover["content_type"], base64.b64decode(cover["base64"])) if cover else None,
        )
