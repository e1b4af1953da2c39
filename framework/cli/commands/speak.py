"""`voicemill speak`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.lexicon_file import read_lexicon
from framework.cli.output import AsJson, exit_on_error, parse_pairs, show_json, show_message
from framework.cli.output_files import Force, OutputFiles
from framework.cli.request_options import OptionSpec, RequestOptions
from framework.cli.source_argument import find_document
from pipelines.requests import AudioFormat, SynthesisRequest

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

FORMATS: tuple[str, ...] = get_args(AudioFormat)
#: Result file → the option that asks for it, and the suffix of the file that it is saved as, beside the audio.
_COMPANIONS = {
    "marks.json": ("speech_marks", ".marks.json"),
    "captions.vtt": ("speech_marks", ".vtt"),
    "chapters.json": ("speech_marks", ".chapters.json"),
    "book.epub": ("read_along", ".epub"),
    "quality.json": ("verify", ".quality.json"),
}

OPTIONS = RequestOptions(
    SynthesisRequest,
    {
        "voice": OptionSpec(help="One of `voicemill voices`; unset = the model's default."),
        "cast": OptionSpec(
            metavar="NAME=VOICE",
            parse=partial(parse_pairs, form="NAME=VOICE"),
            repeatable=True,
            help="Voice of the lines that begin with `[NAME]`; `narrator` is the voice of all other text. Repeatable.",
        ),
        "sample_rate_hz": OptionSpec("--sample-rate"),
        "speech_marks": OptionSpec("--marks", help="Also save word times, captions and chapters."),
        "read_along": OptionSpec(help="Also save an EPUB with synchronised text and audio."),
        "chapters": OptionSpec("--no-chapters", constant="none", help="No chapters, even if the text has headings."),
        "lexicon": OptionSpec(
            metavar="FILE",
            parse=read_lexicon,
            help="Lines of `word = pronunciation`, or JSON; IPA between slashes.",
        ),
        "retry_models": OptionSpec("--retry-model", metavar="MODEL"),
    },
    without=frozenset({"text", "ssml", "format"}),
)


@OPTIONS
def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="Text, a document, or `-` for text on stdin.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to save the audio as; its suffix is the format.", show_default=False),
    ] = None,
    format: Annotated[str | None, typer.Option("-f", "--format", help=" ".join(FORMATS))] = None,
    ssml: Annotated[bool, typer.Option("--ssml", help="TEXT is SSML; files with the suffix .ssml always are.")] = False,
    is_text: Annotated[
        bool, typer.Option("--text", help="TEXT is to be spoken, also where it is or looks like a file's name.")
    ] = False,
    force: Force = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save the result, or only submit.")] = True,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Synthesise TEXT or a FILE (txt, md, html, epub, docx, ssml), wait, and save the audio.

    voicemill speak book.epub -o book.m4b
    """
    with exit_on_error(as_json):
        document = None if is_text or text == "-" else find_document(text)
        destination, audio_format = _choose_destination(document.stem if document else "speech", output, format)
        request = OPTIONS.build_fields(given, format=audio_format)
        # Standard input may be a file too.
        read = [document, Path("/dev/stdin") if text == "-" else None, given.get("lexicon")]
        outputs = OutputFiles([Path(path) for path in read if path], force=force)
        if wait:
            outputs.reserve([destination, *_companion_paths(request, destination).values()])
        source = _read_source(text, document, ssml=ssml, is_text=is_text)
        with connect(data_dir) as client:
            _speak(client, source | request, destination, outputs, wait=wait, as_json=as_json)


def _speak(
    client: Client, request: dict[str, Any], destination: Path, outputs: OutputFiles, *, wait: bool, as_json: bool
) -> None:
    from framework.cli.job_monitor import JobMonitor, combined_exit_code, show_problems
    from framework.cli.progress import choose_display, format_duration

    name = destination.name

    def save(job: Job) -> Sequence[Path]:
        return _save_speech(client, job, outputs, destination, _companion_paths(request, destination))

    display = choose_display(as_json=as_json)
    monitor = JobMonitor(client, display)
    try:
        with display:
            job = client.speak(wait=False, on_upload=partial(display.update_upload, name), **request)
            if wait:
                monitor.add(name, job, save)
            outcomes = monitor.join()
    except KeyboardInterrupt:
        monitor.handle_interrupt()
    if not wait:
        show_json({"job": job.raw, "saved": []}) if as_json else typer.echo(job.id)
        return
    if as_json:
        show_json(outcomes[0].as_json())
    else:
        show_problems(outcomes)
        for path in outcomes[0].saved:
            typer.echo(path)
        result = outcomes[0].job.result if outcomes[0].job else None
        if result:
            speech, took = format_duration(result.duration_s), format_duration(result.processing_s)
            show_message(f"{speech} of speech in {took}")
    raise typer.Exit(combined_exit_code(outcomes))


def _save_speech(
    client: Client, job: Job, outputs: OutputFiles, destination: Path, companions: Mapping[str, Path]
) -> list[Path]:
    """Save the audio as `destination`, and the result files of `companions`, such as captions, beside it."""
    saved: list[Path] = []
    for file in job.result.files if job.result else ():
        if file.name.startswith("audio."):
            saved.insert(0, outputs.save(client, job, file.name, destination))
        elif file.name in companions:
            saved.append(outputs.save(client, job, file.name, companions[file.name]))
    return saved


def _companion_paths(request: Mapping[str, Any], destination: Path) -> dict[str, Path]:
    """Result file → where it is saved, for those that the request asks for."""
    return {
        name: destination.with_name(destination.stem + suffix)
        for name, (option, suffix) in _COMPANIONS.items()
        if request.get(option)
    }


def _read_source(text: str, document: Path | None, *, ssml: bool, is_text: bool) -> dict[str, Any]:
    """The input as fields of the request."""
    if document is not None:
        # The server reads a document by the suffix of its name.
        name = document.name if not ssml or document.suffix.lower() == ".ssml" else f"{document.name}.ssml"
        return {"file": (name, document)}
    return {"ssml" if ssml else "text": sys.stdin.read() if text == "-" and not is_text else text}


def _choose_destination(stem: str, output: Path | None, format: str | None) -> tuple[Path, str]:
    """The file to save the audio as, and its format. Raises BadArgument for an unknown format."""
    from framework.client.errors import BadArgument

    if format is not None and format not in FORMATS:
        raise BadArgument(f"--format {format!r}: choose one of {', '.join(FORMATS)}.")
    if output is None or output.is_dir():
        audio_format = format or "wav"
        return (output or Path()) / f"{stem}.{audio_format}", audio_format
    suffix = output.suffix.lower().removeprefix(".")
    if format is None and suffix not in FORMATS:
        raise BadArgument(f"-o {output}: its suffix is no format; use one of {', '.join(FORMATS)}, or add --format.")
    return output, format or suffix
