"""Checks the database against its invariants: the implementation of `voicemill audit [--deep]`.

The store knows the invariants; here objects are compared with their rows: their sizes, and with `--deep` their bytes.
Exit code 1 with violations, 2 when the check was not possible.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jobs.errors import CorruptObject, JobsError, NotFound
from jobs.settings import read_settings
from jobs.storage.storage import Storage
from jobs.store.maintenance import ExpectedObject, Maintenance
from workers.wiring import wire

#: The invariant that objects are checked against.
OBJECTS = "09_objects_exist"
_SHOWN = 20
_PAGE = 100

Violations = dict[str, list[Mapping[str, Any]]]


def check(maintenance: Maintenance, storage: Storage, *, deep: bool) -> Violations:
    """Violations by invariant, 20 of each at most; empty lists where all is well. Raises StoreUnavailable, …"""
    found: Violations = {name: list(rows) for name, rows in maintenance.audit().items()}
    objects = found.setdefault(OBJECTS, [])
    for owner, (owner_id, source) in _list_objects(maintenance):
        if len(objects) >= _SHOWN:
            break
        if (problem := _find_problem(storage, source, deep=deep)) is not None:
            objects.append({owner: owner_id, "key": source.key, "problem": problem})
    return found


def _list_objects(maintenance: Maintenance) -> Iterator[tuple[str, tuple[str, ExpectedObject]]]:
    """("job" or "voice", (its id, an object of it))."""
    for owner, pages in (("job", maintenance.stored_objects), ("voice", maintenance.stored_voice_objects)):
        yield from ((owner, each) for each in _list_owned(pages))


def _list_owned(
    pages: Callable[..., Sequence[tuple[str, Sequence[ExpectedObject]]]],
) -> Iterator[tuple[str, ExpectedObject]]:
    after = ""
    while page := pages(after=after, limit=_PAGE):
        for owner_id, sources in page:
            yield from ((owner_id, source) for source in sources)
        after = page[-1][0]


def _find_problem(storage: Storage, source: ExpectedObject, *, deep: bool) -> str | None:
    size = storage.stat(source.key)
    if size is None:
        return "missing"
    if source.bytes is not None and size != source.bytes:
        return f"{size} bytes instead of {source.bytes}"
    if not deep or source.sha256 is None:
        return None
    digest = hashlib.sha256()
    try:
        for block in storage.read(source.key):
            digest.update(block)
    except NotFound:
        return "missing"
    except CorruptObject as error:
        return error.detail
    return None if digest.hexdigest() == source.sha256 else "other bytes than were written"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the violations, for people or as JSON."""
    parser = argparse.ArgumentParser(prog="voicemill audit")
    parser.add_argument("--deep", action="store_true", help="also read every object and check its SHA-256")
    parser.add_argument("--json", action="store_true", help="violations by invariant, as JSON")
    options = parser.parse_args(arguments)
    try:
        services = wire(read_settings())
        found = check(services.store.maintenance, services.storage, deep=options.deep)
    except JobsError as error:
        sys.stderr.write(f"voicemill audit: {error.for_operator()}\n")
        return 2
    broken = {name: rows for name, rows in found.items() if rows}
    if options.json:
        sys.stdout.write(json.dumps(found, indent=2, default=str) + "\n")
    else:
        for name, rows in broken.items():
            sys.stdout.write(f"{name}: {len(rows)}{' or more' if len(rows) >= _SHOWN else ''}\n")
            sys.stdout.writelines(f"  {json.dumps(dict(row), default=str)}\n" for row in rows)
        sys.stdout.write(f"{len(found)} invariants checked, {len(broken)} violated\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
