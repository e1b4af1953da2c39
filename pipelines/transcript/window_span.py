"""The pipeline's data in the span of a recognition chunk: where its windows are. Knows the JSON; nothing of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.audio.windows import SampleRange


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """Where a window is: in the chunk file from sample `offset` on, in the recording at `ranges` ("pieces" in JSON)."""

    channel: int
    offset: int
    ranges: Sequence[SampleRange]

    @property
    def length(self) -> int:
        """Samples, without the pauses that were left out."""
        return sum(each.length for each in self.ranges)

    def to_json(self) -> dict[str, Any]:
        """For the data of a span."""
        return {
            "channel": self.channel,
            "offset": self.offset,
            "pieces": [[each.start, each.length] for each in self.ranges],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WindowPlace:
        """The place that `to_json` encoded."""
        ranges = [SampleRange(start, length) for start, length in data["pieces"]]
        return cls(data["channel"], data["offset"], ranges)


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """`Span.data` of a recognition chunk, but for its round (pipelines/rounds.py)."""

    #: All windows of the chunk.
    windows: Sequence[WindowPlace]
    #: No window of a later chunk begins before this time of the recording; None = there is no later chunk.
    horizon_s: float | None = None
    #: The indexes of the windows to transcribe in a later round; None = all.
    only: Sequence[int] | None = None

    def to_json(self) -> dict[str, Any]:
        """For `Span.data`."""
        return {
            "windows": [window.to_json() for window in self.windows],
            "horizon_s": self.horizon_s,
            **({} if self.only is None else {"only": self.only}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WindowSpan:
        """The span data that `to_json` encoded."""
        windows = [WindowPlace.from_json(window) for window in data["windows"]]
        return cls(windows, data.get("horizon_s"), data.get("only"))
