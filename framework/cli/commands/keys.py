"""`voicemill keys`: list, create, revoke. Needs a key with the scope `admin`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, say, show_json, show_table

app = typer.Typer(help="API keys: list, create, revoke.", no_args_is_help=True)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    with errors_shown(as_json):
        with connected() as client:
            known = client.keys.list()
        if as_json:
            show_json({"data": known})
            return
        columns = ("id", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
        show_table(
            ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"],
            [
                [key.get("id"), key.get("name"), " ".join(key.get("scopes") or ()), *(key.get(c) for c in columns[2:])]
                for key in known
            ],
        )


@app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scopes: Annotated[str, typer.Option(help="Any of read,submit,stream,admin.")] = "read,submit",
    expires: Annotated[float | None, typer.Option(help="Days until it ends; else never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is shown this once."""
    with errors_shown(as_json):
        chosen = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        with connected() as client:
            key = client.keys.create(name, scopes=chosen, expires_in_s=None if expires is None else expires * 86_400)
        if as_json:
            show_json(key)
            return
        say(f"{key.get('id')}: keep this secret, it is not shown again.")
        typer.echo(key.get("secret"))


@app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """End a key."""
    with errors_shown(as_json):
        with connected() as client:
            client.keys.revoke(key_id)
        show_json({"revoked": key_id}) if as_json else say(f"Revoked: {key_id}")
