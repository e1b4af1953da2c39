"""`voicemill transcribe`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json, show_message
from framework.cli.output_files import Force, OutputFiles, fold_name
from framework.cli.request_options import OptionSpec, RequestOptions
from pipelines.requests import TranscriptFormat, TranscriptionRequest

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

FORMATS: tuple[str, ...] = get_args(TranscriptFormat)
OPTIONS = RequestOptions(
    TranscriptionRequest,
    {
        "task": OptionSpec("--translate", constant="translate", help="Translate into English."),
        "vocabulary": OptionSpec(metavar="WORDS"),
        "punctuate": OptionSpec(help="No punctuation and no capital letters."),
        "known_speakers": OptionSpec("--known-speaker", metavar="VOICE_ID"),
        "min_confidence": OptionSpec(help="Segments below it are transcribed again by --retry-model."),
        "retry_models": OptionSpec("--retry-model", metavar="MODEL", help="Model for segments below --min-confidence."),
        "max_line_length": OptionSpec("--line-length"),
        "max_lines": OptionSpec("--lines"),
        "max_chars_per_second": OptionSpec("--chars-per-second"),
        "speakers_in_subtitles": OptionSpec(help="Do not name the speakers in subtitles."),
    },
    without=frozenset({"formats"}),
)


@OPTIONS
def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Recordings: sound, or video with sound.", show_default=False)
    ],
    *,
    formats: Annotated[
        str, typer.Option("-f", "--format", help=f"Comma-separated: {', '.join(FORMATS)}.")
    ] = "json,txt",
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Directory to save the transcripts in.")
    ] = Path(),
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save the result, or only submit.")] = True,
    force: Force = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Transcribe FILEs, wait, and save the transcripts.

    voicemill transcribe meeting.opus -f srt,json -o transcripts/
    """
    with exit_on_error(as_json):
        options = OPTIONS.build_fields(given, formats=_parse_formats(formats))
        _check_paths(files, output)
        stems = _choose_stems(files)
        outputs = OutputFiles(files, force=force)
        if wait:
            outputs.reserve([_output_path(output, stem, name) for stem in stems for name in options["formats"]])
        with connect(data_dir) as client:
            save = partial(_save_transcript, client, outputs=outputs, directory=output)
            _transcribe(client, dict(zip(stems, files, strict=True)), options, save, wait=wait, as_json=as_json)


def _transcribe(
    client: Client,
    recordings: Mapping[str, Path],
    options: dict[str, Any],
    save: Callable[..., Sequence[Path]],
    *,
    wait: bool,
    as_json: bool,
) -> None:
    """Submit each recording, by its stem, and with `wait` save its result by `save(job, stem=…)`."""
    from framework.cli.job_monitor import JobMonitor, Outcome, combined_exit_code, show_problems
    from framework.cli.progress import choose_display
    from framework.cli.transcript_summary import summarise_transcripts
    from framework.client.errors import InvalidRequest

    display = choose_display(as_json=as_json)
    monitor = JobMonitor(client, display)
    try:
        with display:
            for stem, file in recordings.items():
                try:
                    job = client.transcribe(file, wait=False, on_upload=partial(display.update_upload, stem), **options)
                except InvalidRequest as error:
                    # This recording is rejected; the others may be valid.
                    monitor.add_rejected(stem, error)
                    continue
                if wait:
                    monitor.add(stem, job, partial(save, stem=stem))
                else:
                    monitor.outcomes.append(Outcome(stem, job))
            outcomes = monitor.join()
    except KeyboardInterrupt:
        monitor.handle_interrupt()
    if as_json:
        show_json({"jobs": [outcome.as_json() for outcome in outcomes]})
    else:
        show_problems(outcomes)
        for outcome in outcomes:
            for line in outcome.saved if wait else [outcome.job.id] if outcome.job else ():
                typer.echo(line)
        if wait and (summary := summarise_transcripts(outcomes)):
            show_message(summary)
    raise typer.Exit(combined_exit_code(outcomes))


def _save_transcript(client: Client, job: Job, *, outputs: OutputFiles, directory: Path, stem: str) -> list[Path]:
    """Save all result files as `directory/stem.<suffix>`."""
    return [
        outputs.save(client, job, file.name, _output_path(directory, stem, Path(file.name).suffix.removeprefix(".")))
        for file in (job.result.files if job.result else ())
    ]


def _output_path(directory: Path, stem: str, format: str) -> Path:
    return directory / f"{stem}.{format}"


def _choose_stems(files: Sequence[Path]) -> list[str]:
    """Stems of the output files; recordings that share one keep their suffix, then get a number.

    Names that differ in case alone are one name: some file systems do not know the difference.
    """
    shared = Counter(fold_name(file.stem) for file in files)
    stems: dict[str, str] = {}
    for file in files:
        stem = first = file.stem if shared[fold_name(file.stem)] == 1 else file.name
        number = 1
        while fold_name(stem) in stems:
            number += 1
            stem = f"{first}-{number}"
        stems[fold_name(stem)] = stem
    return list(stems.values())


def _parse_formats(text: str) -> list[str]:
    from framework.client.errors import BadArgument

    formats = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in formats if part not in FORMATS]
    if unknown or not formats:
        raise BadArgument(f"--format {text!r}: choose any of {', '.join(FORMATS)}.")
    return formats


def _check_paths(files: Sequence[Path], output: Path) -> None:
    """Raises BadArgument before anything is sent."""
    from framework.client.errors import BadArgument

    for file in files:
        if not file.is_file():
            raise BadArgument(f"{file} is not a file that can be read.")
    if output.exists() and not output.is_dir():
        raise BadArgument(f"-o {output}: this is a file; name a directory.")
