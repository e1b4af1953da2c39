"""`voicemill voices`: list voices, save a sample of one, enrol one from a recording, delete one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json, show_message, show_table
from framework.cli.output_files import Force, OutputFiles

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def voices(
    context: typer.Context,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; `en` finds `en-GB` too.")] = None,
    family: Annotated[str | None, typer.Option(help="Model family.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the voices of ready models; `preview` saves a sample, `add` and `rm` enrol and delete your own."""
    if context.invoked_subcommand is not None:
        return
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            found = client.voices(language=language, family=family)
        if as_json:
            show_json({"data": found})
            return
        show_table(
            ["VOICE", "NAME", "LANGUAGE", "FAMILY", "GENDER", "MODEL"],
            [[voice.get(key) for key in ("id", "name", "language", "family", "gender", "model")] for voice in found],
        )


@app.command("preview")
def preview_voice(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model of the list.")],
    voice: Annotated[str, typer.Argument(metavar="VOICE", help="The id of one of its voices.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="MP3 file to save the sample as, or a directory.")],
    force: Force = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Save a sample of a voice; the server creates it the first time."""
    from framework.client.errors import BadArgument

    with exit_on_error(as_json):
        if not output.is_dir() and output.suffix.lower() != ".mp3":
            raise BadArgument(f"-o {output}: samples are MP3; give it the suffix .mp3.")
        if not output.is_dir():
            OutputFiles(force=force).reserve([output])
        with connect(data_dir) as client:
            saved = client.save_preview(model, voice, output, overwrite=force)
        show_json({"saved": [str(saved)]}) if as_json else typer.echo(saved)


@app.command("add")
def add_voice(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="10 to 30 seconds of one person speaking.")],
    *,
    name: Annotated[str, typer.Option(help="The name in lists.")],
    consent: Annotated[bool, typer.Option("--consent", help="The speaker has agreed to this.")] = False,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag of the language spoken.")] = None,
    gender: Annotated[str | None, typer.Option(help="female or male.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a voice from a recording: models that clone accept its id as `--voice`."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            voice = client.add_voice(recording, name, consent=consent, language=language, gender=gender)
        show_json(voice) if as_json else typer.echo(voice.get("id"))


@app.command("rm")
def remove_voice(
    voice_id: Annotated[str, typer.Argument(metavar="ID")], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Delete an enrolled voice and its recording."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            client.delete_voice(voice_id)
        show_json({"removed": voice_id}) if as_json else show_message(f"Removed: {voice_id}")
