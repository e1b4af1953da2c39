"""The last line of `transcribe`: how much was recognised, and how fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .job_monitor import Outcome
from .progress import format_duration

if TYPE_CHECKING:
    from framework.client.job import Job

#: Languages that put no spaces between words: only the recogniser knows their number.
_WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my", "bo"})


def summarise_transcripts(outcomes: Sequence[Outcome]) -> str | None:
    """`2 recordings: 1:02:03 of sound, 9,812 words in 4:10, 14.9 times as fast as it plays`; None without a result."""
    finished = [(outcome.job, outcome.saved) for outcome in outcomes if outcome.job and outcome.job.result]
    if not finished:
        return None
    duration_s = sum(job.result.duration_s for job, _ in finished if job.result)
    elapsed_s = _elapsed_s([job for job, _ in finished])
    counts = [_count_words(job, saved) for job, saved in finished]
    known = [count for count in counts if count is not None]
    recordings = f"{len(finished)} recordings: " if len(outcomes) > 1 else ""
    words = f", {sum(known):,} {'word' if sum(known) == 1 else 'words'}" if len(known) == len(counts) else ""
    speed = f", {duration_s / elapsed_s:.1f} times as fast as it plays" if elapsed_s > 0 and duration_s > 0 else ""
    return f"{recordings}{format_duration(duration_s)} of sound{words} in {format_duration(elapsed_s)}{speed}"


def _elapsed_s(jobs: Sequence[Job]) -> float:
    """Seconds that the server took: of one job, or from the first start to the last end, since jobs run in parallel."""
    starts = [job.started_at for job in jobs if job.started_at]
    ends = [job.finished_at for job in jobs if job.finished_at]
    if len(jobs) > 1 and starts and ends:
        return (max(ends) - min(starts)).total_seconds()
    return sum(job.result.processing_s for job in jobs if job.result)


def _count_words(job: Job, saved: Sequence[Path]) -> int | None:
    """Words of a transcript that was saved; None where none of its files tells."""
    files = {path.suffix: path for path in saved}
    has_spaces = not (job.result and job.result.language in _WITHOUT_SPACES)
    try:
        if ".json" in files:
            document = json.loads(files[".json"].read_bytes())
            segments = document.get("segments") or []
            if any("words" in segment for segment in segments):
                return sum(len(segment.get("words") or ()) for segment in segments)
            return len(document["text"].split()) if has_spaces else None
        # A text names speakers where the request asked for them; these are no words.
        names_speakers = any((job.raw.get("request") or {}).get(field) for field in ("diarize", "known_speakers"))
        if ".txt" in files and has_spaces and not names_speakers:
            return len(files[".txt"].read_text(encoding="utf-8").split())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        pass  # A file that somebody took away or changed: the transcript itself is saved, so this is no failure.
    return None
