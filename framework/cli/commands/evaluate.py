"""`voicemill evaluate`: error rates and speed of recognition models, on recordings with a reference transcript."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import (
    EXIT_FAILED,
    AsJson,
    drop_empty,
    exit_on_error,
    show_error,
    show_json,
    show_message,
    show_table,
)
from framework.cli.progress import format_duration

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.evaluation.error_rates import Score

_REQUIRED_PACKAGES = ("jiwer", "whisper_normalizer", "pysubs2")
_HEADINGS = ("MODEL", "RECORDING", "AUDIO", "WORDS", "WER", "CER", "OFF BY", "95 % WITHIN", "REAL TIME")


@dataclass(frozen=True, slots=True)
class _Row:
    """The score of one model on one recording; `name` is None for all recordings together."""

    model: str
    name: str | None
    score: Score

    def as_cells(self) -> tuple[str, ...]:
        score = self.score
        return (
            self.model,
            self.name or "all",
            format_duration(score.audio_s),
            str(score.words.length),
            _format_percent(score.words.rate),
            _format_percent(score.characters.rate),
            _format_milliseconds(score.timing_median_s),
            _format_milliseconds(score.timing_p95_s),
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
            help="Recordings, each with a reference of the same name beside it: txt, json, srt or vtt.",
            show_default=False,
        ),
    ],
    *,
    model: Annotated[list[str] | None, typer.Option(help="Model to measure; repeatable. Default: auto.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; unset = detected in each recording.")] = None,
    noise_reduction: Annotated[
        bool, typer.Option("--noise-reduction", help="Reduce noise before recognition.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare models on recordings with a reference transcript.

    Prints word and character error rates after Whisper's normaliser, the error of word times where the reference has
    times, and seconds of processing for a second of audio. One recording at a time, so that speeds are comparable.

    voicemill evaluate calls/ --model whisper-base --model whisper-small
    """
    with exit_on_error(as_json):
        recordings = _find_recordings(directory)
        options = drop_empty({"language": language, "noise_reduction": noise_reduction or None})
        with connect(data_dir) as client:
            rows, failed = _measure(client, recordings, model or ["auto"], options)
    totals = _sum_by_model(rows)
    if as_json:
        show_json({"recordings": [row.as_json() for row in rows], "models": [row.as_json() for row in totals]})
    else:
        show_table(_HEADINGS, [row.as_cells() for row in [*rows, *totals]])
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _find_recordings(directory: Path) -> list[tuple[Path, Path]]:
    from framework.client.errors import BadArgument
    from framework.evaluation.references import find_recordings

    if any(find_spec(name) is None for name in _REQUIRED_PACKAGES):
        raise BadArgument("The evaluation packages are not installed here: pip install 'voicemill[evaluate]'.")
    if not directory.is_dir():
        raise BadArgument(f"{directory}: there is no such directory.")
    recordings = find_recordings(directory)
    if not recordings:
        raise BadArgument(f"{directory}: there is no recording with a reference beside it, such as a.wav with a.txt.")
    return recordings


def _measure(
    client: Client, recordings: Sequence[tuple[Path, Path]], models: Sequence[str], options: Mapping[str, Any]
) -> tuple[list[_Row], bool]:
    """A row for each transcript, and whether any job failed."""
    from framework.client.errors import JobUnsuccessful
    from framework.evaluation.error_rates import score_transcript
    from framework.evaluation.references import parse_transcript, read_reference

    rows, failed = [], False
    references = {path: read_reference(path) for _, path in recordings}
    for model in models:
        for recording, reference in recordings:
            show_message(f"{recording.name}: transcribing with {model}")
            try:
                job = client.transcribe(recording, model=model, formats=["json"], timestamps="word", **options)
            except JobUnsuccessful as error:
                show_error(error, about=recording.name)
                failed = True
                continue
            transcript = json.loads(client.jobs.read(job, "json"))
            assert job.result is not None
            score = score_transcript(references[reference], parse_transcript(transcript), transcript.get("language"))
            score = replace(score, audio_s=job.result.duration_s, processing_s=job.result.processing_s)
            rows.append(_Row(job.model, recording.name, score))
    return rows, failed


def _sum_by_model(rows: Sequence[_Row]) -> list[_Row]:
    from framework.evaluation.error_rates import Score

    sums: dict[str, Score] = {}
    for row in rows:
        sums[row.model] = sums.get(row.model, Score()) + row.score
    return [_Row(model, None, total) for model, total in sums.items()]


def _format_percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _format_milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"
