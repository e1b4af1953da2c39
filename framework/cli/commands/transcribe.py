"""`voicemill transcribe`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, show_json
from framework.cli.request_options import RequestOptions, Written
from pipelines.requests import TranscriptionRequest

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

FORMATS = ("json", "txt", "srt", "vtt", "tsv", "docx")
OPTIONS = RequestOptions(
    TranscriptionRequest,
    {
        "task": Written("--translate", asks="translate", help="Into English."),
        "vocabulary": Written(metavar="WORDS"),
        "punctuate": Written(help="Neither signs nor capitals."),
        "known_speakers": Written("--known-speaker", metavar="VOICE_ID"),
        "min_confidence": Written(help="Below it, another model listens."),
        "retry_models": Written("--retry-model", metavar="MODEL", help="The one that listens then."),
        "max_line_length": Written("--line-length"),
        "max_lines": Written("--lines"),
        "max_chars_per_second": Written("--chars-per-second"),
        "speakers_in_subtitles": Written(help="Subtitles do not say who speaks."),
    },
    without=frozenset({"formats"}),
)


@OPTIONS
def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Recordings, in any format.", show_default=False)
    ],
    *,
    formats: Annotated[str, typer.Option("-f", "--format", help=f"Any of {','.join(FORMATS)}.")] = "json,txt",
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to save.")] = Path(),
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save, or just submit.")] = True,
    as_json: AsJson = False,
    **asked: Any,
) -> None:
    """Write down what FILEs say: wait, save, exit.

    voicemill transcribe meeting.opus -f srt,json -o transcripts/
    """
    with errors_shown(as_json):
        options = OPTIONS.fields(asked, formats=_formats(formats))
        _check(files, output)
        with connected() as client:
            _transcribe(client, files, output, options, wait=wait, as_json=as_json)


def _transcribe(
    client: Client, files: Sequence[Path], output: Path, options: dict[str, Any], *, wait: bool, as_json: bool
) -> None:
    from framework.cli import progress
    from framework.cli.job_monitor import Following, Outcome, show_troubles, worst
    from framework.client.errors import InvalidRequest

    stems = _stems(files)
    news = progress.choose(as_json=as_json)
    following = Following(client, news)
    try:
        with news:
            for file, stem in zip(files, stems, strict=True):
                try:
                    job = client.transcribe(file, wait=False, on_upload=partial(news.uploading, stem), **options)
                except InvalidRequest as error:
                    # This recording is refused; the others may be fine.
                    following.refused(stem, error)
                    continue
                if wait:
                    following.add(stem, job, partial(save_transcript, client, directory=output, stem=stem))
                else:
                    following.outcomes.append(Outcome(stem, job))
            outcomes = following.join()
    except KeyboardInterrupt:
        following.interrupted()
    if as_json:
        show_json({"jobs": [outcome.as_json() for outcome in outcomes]})
    else:
        show_troubles(outcomes)
        for outcome in outcomes:
            for line in outcome.saved if wait else [outcome.job.id] if outcome.job else ():
                typer.echo(line)
    raise typer.Exit(worst(outcomes))


def save_transcript(client: Client, job: Job, *, directory: Path, stem: str) -> list[Path]:
    """Save all files of the result as `directory/stem.<ending>`."""
    return [
        client.jobs.download(job, file.name, directory / f"{stem}{Path(file.name).suffix}")
        for file in (job.result.files if job.result else ())
    ]


def _stems(files: Sequence[Path]) -> list[str]:
    """Names to save under; where two recordings share one, each keeps its suffix, then a number."""
    shared = Counter(file.stem for file in files)
    stems: list[str] = []
    for file in files:
        stem = first = file.stem if shared[file.stem] == 1 else file.name
        number = 1
        while stem in stems:
            number += 1
            stem = f"{first}-{number}"
        stems.append(stem)
    return stems


def _formats(text: str) -> list[str]:
    from framework.client.errors import BadArgument

    formats = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in formats if part not in FORMATS]
    if unknown or not formats:
        raise BadArgument(f"--format {text!r}: choose any of {', '.join(FORMATS)}.")
    return formats


def _check(files: Sequence[Path], output: Path) -> None:
    """Before anything is sent."""
    from framework.client.errors import BadArgument

    for file in files:
        if not file.is_file():
            raise BadArgument(f"{file} is not a file that can be read.")
    if output.exists() and not output.is_dir():
        raise BadArgument(f"-o {output}: this is a file; name a directory.")
