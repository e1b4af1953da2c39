"""The entry point of `voicemill`: registers the commands by name, and knows nothing of what they do."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

#: The commands in the order of the help. Each is a module of `commands` with a function of its name or, where it has
#: commands of its own, with a Typer named `app`.
COMMANDS = (
    "up",
    "worker",
    "speak",
    "transcribe",
    "evaluate",
    "jobs",
    "job",
    "cancel",
    "retry",
    "models",
    "voices",
    "keys",
    "audit",
    "migrate",
)


class LazyCommands(TyperGroup):
    """The commands by name, imported when they are asked for: most of the start goes into modules of other commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Only the names are read here, for "Did you mean 'jobs'?".
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # they are imported by get_command

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # Typer's own context class
        """The names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # Typer's own classes
        """The command of that name; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__package__}.commands.{cmd_name}")
        own = getattr(module, "app", None)
        if own is None:
            own = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            own.command(cmd_name)(getattr(module, cmd_name))
        command = typer.main.get_command(own)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyCommands,
    name="voicemill",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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

    The commands connect to the server at VOICEMILL_URL, with the key in
    VOICEMILL_API_KEY; unset, to the one that `voicemill up` started on this
    machine (by client.json in VOICEMILL_DATA_DIR).

    Exit codes: 0 = success, 1 = a job or the server failed, 2 = invalid input.
    """


def run() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    run()
