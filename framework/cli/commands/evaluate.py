"""`voicemill evaluate`: how well and how fast this server's models hear, on recordings whose words are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.cli.connection import connected
from framework.cli.output import FAILED, AsJson, errors_shown, given, say, show_error, show_json, show_table
from framework.cli.progress import duration

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.evaluation.error_rates import Score

_NEEDS = ("jiwer", "whisper_normalizer", "pysubs2")
_HEADINGS = ("MODEL", "RECORDING", "AUDIO", "WORDS", "WER", "CER", "OFF BY", "95 % WITHIN", "REAL TIME")


@dataclass(frozen=True, slots=True)
class _Line:
    """One recording heard by one model; `name` is None for all recordings together."""

    model: str
    name: str | None
    score: Score

    def cells(self) -> tuple[str, ...]:
        score = self.score
        return (
            self.model,
            self.name or "all",
            duration(score.audio_s),
            str(score.words.length),
            _percent(score.words.rate),
            _percent(score.characters.rate),
            _milliseconds(score.timing_median_s),
            _milliseconds(score.timing_p95_s),
            "" if score.real_time_factor is None else f"{score.real_time_factor:.2f}",
        )

    def as_json(self) -> dict[str, Any]:
        named = {} if self.name is None else {"recording": self.name}
        return {"model": self.model, **named, **self.score.as_json()}


def evaluate(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Recordings, each with a truth of the same name beside it: txt, json, srt or vtt.",
            show_default=False,
        ),
    ],
    *,
    model: Annotated[list[str] | None, typer.Option(help="Model to measure; repeatable. Else `auto`.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; else heard from each recording.")] = None,
    noise_reduction: Annotated[bool, typer.Option("--noise-reduction", help="Clean the recordings first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure models on recordings whose words are known, to choose one.

    Word and character error rates after Whisper's normaliser, how far word edges are off where the truth has times,
    and seconds of work for a second of audio. One recording at a time, so that the speeds can be compared.

    voicemill evaluate calls/ --model whisper-base --model whisper-small
    """
    with errors_shown(as_json):
        pairs = _pairs(directory)
        options = given({"language": language, "noise_reduction": noise_reduction or None})
        with connected() as client:
            lines, failed = _measured(client, pairs, model or ["auto"], options)
    totals = _totals(lines)
    if as_json:
        show_json({"recordings": [line.as_json() for line in lines], "models": [line.as_json() for line in totals]})
    else:
        show_table(_HEADINGS, [line.cells() for line in [*lines, *totals]])
    if failed:
        raise typer.Exit(FAILED)


def _pairs(directory: Path) -> list[tuple[Path, Path]]:
    from framework.client.errors import BadArgument
    from framework.evaluation.references import with_truths

    if any(find_spec(name) is None for name in _NEEDS):
        raise BadArgument("What measures is not installed here: pip install 'voicemill[evaluate]'.")
    if not directory.is_dir():
        raise BadArgument(f"{directory}: there is no such directory.")
    pairs = with_truths(directory)
    if not pairs:
        raise BadArgument(f"{directory}: there is no recording with a truth beside it, such as a.wav with a.txt.")
    return pairs


def _measured(
    client: Client, pairs: Sequence[tuple[Path, Path]], models: Sequence[str], options: Mapping[str, Any]
) -> tuple[list[_Line], bool]:
    """A line for each recording and model that gave a transcript, and whether any did not."""
    from framework.client.errors import JobUnsuccessful
    from framework.evaluation.error_rates import score
    from framework.evaluation.references import read_truth, words_of_transcript

    lines, failed = [], False
    truths = {truth: read_truth(truth) for _, truth in pairs}
    for asked in models:
        for recording, truth in pairs:
            say(f"{recording.name}: {asked} listens")
            try:
                job = client.transcribe(recording, model=asked, formats=["json"], timestamps="word", **options)
            except JobUnsuccessful as error:
                show_error(error, about=recording.name)
                failed = True
                continue
            transcript = json.loads(client.jobs.read(job, "json"))
            assert job.result is not None
            measured = score(truths[truth], words_of_transcript(transcript), transcript.get("language"))
            took = replace(measured, audio_s=job.result.duration_s, processing_s=job.result.processing_s)
            lines.append(_Line(job.model, recording.name, took))
    return lines, failed


def _totals(lines: Sequence[_Line]) -> list[_Line]:
    from framework.evaluation.error_rates import Score

    sums: dict[str, Score] = {}
    for line in lines:
        sums[line.model] = sums.get(line.model, Score()) + line.score
    return [_Line(model, None, total) for model, total in sums.items()]


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"
