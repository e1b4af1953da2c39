"""`voicemill keys`: list, create, revoke. Needs a key with the scope `admin`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json, show_message, show_table

app = typer.Typer(
    help="API keys: list, create, revoke.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.command("list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            found = client.keys.list()
        if as_json:
            show_json({"data": found})
            return
        columns = ("created_at", "expires_at", "last_used_at", "revoked_at")
        show_table(
            ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"],
            [
                [key.get("id"), key.get("name"), " ".join(key.get("scopes") or ()), *(key.get(c) for c in columns)]
                for key in found
            ],
        )


@app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="A name, to recognise it by.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated: read, submit, stream, admin.")] = "read,submit",
    expires: Annotated[float | None, typer.Option(help="Days until it expires; unset = never.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a key. Its secret is shown only once."""
    with exit_on_error(as_json):
        scope_list = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        with connect(data_dir) as client:
            expires_in_s = None if expires is None else expires * 86_400
            key = client.keys.create(name, scopes=scope_list, expires_in_s=expires_in_s)
        if as_json:
            show_json(key)
            return
        show_message(f"{key.get('id')}: keep this secret, it is not shown again.")
        typer.echo(key.get("secret"))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Revoke a key."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            client.keys.revoke(key_id)
        show_json({"revoked": key_id}) if as_json else show_message(f"Revoked: {key_id}")
