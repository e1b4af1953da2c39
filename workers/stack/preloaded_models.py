"""The models of `voicemill up --model`, for the workers of their families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.errors import Misconfigured
from workers.catalog_file import read_catalog


def models_by_family(names: Sequence[str], families: Sequence[str], data_dir: Path) -> Mapping[str, Sequence[str]]:
    """The models to load at the start, by family. Raises Misconfigured for one of no family that is served."""
    if not names:
        return {}
    catalog = read_catalog(data_dir)
    found: dict[str, list[str]] = {}
    for name in names:
        if not catalog.knows(name):
            raise Misconfigured(f"there is no model {name!r}; `voicemill models` lists them", field="--model")
        family = catalog.named(name).family
        if family not in families:
            raise Misconfigured(
                f"the model {name} is of the family {family}: add it to --families {','.join(families)}",
                field="--model",
            )
        found.setdefault(family, []).append(name)
    return found
