"""`python -m workers.new_key`: creates an API key directly in the database, for the first key of a tenant.

With a key of the scope `admin` further ones are created over HTTP (`voicemill keys create`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from jobs.api_key import SCOPES
from jobs.errors import JobsError
from jobs.secret_box import open_secret_box
from jobs.settings import read_settings
from jobs.sql import open_store
from jobs.storage.object_keys import check_segment
from jobs.store import Store


def create_key(store: Store, tenant_id: str, name: str, scopes: Sequence[str]) -> str:
    """Returns the secret of a new key; creates the tenant if it is new. Raises InvalidKey for an invalid tenant id."""
    _, secret = store.keys.create(check_segment(tenant_id), name, scopes)
    return secret


def _scopes(text: str) -> list[str]:
    chosen = [scope.strip() for scope in text.split(",")]
    if not set(chosen) <= set(SCOPES):
        raise argparse.ArgumentTypeError(f"{text!r}: give one or more of {', '.join(SCOPES)}, parted by commas")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the secret, this once. Exit code 2: the settings or the tenant cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m workers.new_key", description=__doc__.splitlines()[0])
    parser.add_argument("--tenant", required=True, help="letters, digits and ._~-")
    parser.add_argument("--name", default="first", help="what the key is for")
    parser.add_argument("--scopes", type=_scopes, default=["read", "submit"], help=f"any of {','.join(SCOPES)}")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings()
        store = open_store(settings, open_secret_box(settings), pool_size=1)
        sys.stdout.write(create_key(store, options.tenant, options.name, options.scopes) + "\n")
    except JobsError as error:
        sys.stderr.write(f"voicemill: {error.for_operator()}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
