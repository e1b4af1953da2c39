"""The catalogue with the models of the data directory's `models.toml`."""

from __future__ import annotations

from pathlib import Path

from jobs.errors import Misconfigured
from pipelines.catalog.catalog import Catalog


def read_catalog(data_dir: Path) -> Catalog:
    """Raises Misconfigured where `models.toml` cannot be used."""
    try:
        return Catalog.read(data_dir / "models.toml")
    except ValueError as error:
        raise Misconfigured(str(error), field="models.toml") from error
