"""`voicemill voices`: list what can speak, hear a voice, enrol one from a recording, forget one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, say, show_json, show_table

app = typer.Typer()


@app.callback(invoke_without_command=True)
def voices(
    context: typer.Context,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; `en` finds `en-GB` too.")] = None,
    family: Annotated[str | None, typer.Option(help="Model family.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the voices that can speak right now; `preview` saves a sample, `add` and `rm` enrol and forget your own."""
    if context.invoked_subcommand is not None:
        return
    with errors_shown(as_json):
        with connected() as client:
            known = client.voices(language=language, family=family)
        if as_json:
            show_json({"data": known})
            return
        show_table(
            ["VOICE", "NAME", "LANGUAGE", "FAMILY", "GENDER", "MODEL"],
            [[voice.get(key) for key in ("id", "name", "language", "family", "gender", "model")] for voice in known],
        )


@app.command("preview")
def preview_voice(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="As the list names it.")],
    voice: Annotated[str, typer.Argument(metavar="VOICE", help="Id of one of its voices.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="MP3 file to save the sample as, or a directory.")],
    as_json: AsJson = False,
) -> None:
    """Save a sample of a voice; it is made where there is none yet."""
    from framework.client.errors import BadArgument

    with errors_shown(as_json):
        if not output.is_dir() and output.suffix.lower() != ".mp3":
            raise BadArgument(f"-o {output}: samples are MP3; give it the suffix .mp3.")
        with connected() as client:
            saved = client.save_preview(model, voice, output)
        show_json({"saved": [str(saved)]}) if as_json else typer.echo(saved)


@app.command("add")
def add_voice(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="A person speaking, 10 to 30 seconds of it.")],
    *,
    name: Annotated[str, typer.Option(help="How lists show it.")],
    consent: Annotated[bool, typer.Option("--consent", help="The person who speaks has agreed to this.")] = False,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag of what is spoken.")] = None,
    gender: Annotated[str | None, typer.Option(help="female or male.")] = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a voice from a recording: its id is then a `--voice` of models that clone."""
    with errors_shown(as_json):
        with connected() as client:
            voice = client.add_voice(recording, name, consent=consent, language=language, gender=gender)
        show_json(voice) if as_json else typer.echo(voice.get("id"))


@app.command("rm")
def remove_voice(voice_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Forget an enrolled voice and its recording."""
    with errors_shown(as_json):
        with connected() as client:
            client.delete_voice(voice_id)
        show_json({"removed": voice_id}) if as_json else say(f"Removed: {voice_id}")
