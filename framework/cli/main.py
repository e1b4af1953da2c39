"""The entry point of `voicemill`: registers the commands by name, and knows nothing of what they do."""

from __future__ import annotations

from typing import Annotated

import typer

from .commands import (
    audit,
    cancel,
    evaluate,
    job,
    jobs,
    keys,
    migrate,
    models,
    retry,
    speak,
    transcribe,
    up,
    voices,
    worker,
)

app = typer.Typer(
    name="voicemill",
    help="Long text to speech and long speech to text, as durable jobs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("worker")(worker.worker)
app.command("speak")(speak.speak)
app.command("transcribe")(transcribe.transcribe)
app.command("evaluate")(evaluate.evaluate)
app.command("jobs")(jobs.jobs)
app.command("job")(job.job)
app.command("cancel")(cancel.cancel)
app.command("retry")(retry.retry)
app.command("models")(models.models)
app.add_typer(voices.app, name="voices")
app.add_typer(keys.app, name="keys")
app.command("audit")(audit.audit)
app.command("migrate")(migrate.migrate)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"voicemill {version('voicemill')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Long text to speech and long speech to text, as durable jobs.

    The commands connect to the server of VOICEMILL_URL and VOICEMILL_API_KEY, else to the one that `voicemill up`
    started here (by client.json in VOICEMILL_DATA_DIR). Exit codes: 0 for success, 1 if a job or the server failed, 2
    if the input is invalid.
    """


def run() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    run()
