"""What every step of a chunk has at hand."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.job import Claim
from jobs.settings import Settings
from jobs.store import Store
from pipelines.catalog import Catalog, Entry
from workers.scratch import ChunkFiles
from workers.stored_objects import StoredObjects


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """One claimed chunk with its files and objects."""

    claim: Claim
    files: ChunkFiles
    objects: StoredObjects
    store: Store
    catalog: Catalog
    settings: Settings

    @property
    def model(self) -> str:
        """The model of this chunk: a follow-up names another than the job's."""
        return self.claim.chunk.span.get("model") or self.claim.job.model

    @property
    def entry(self) -> Entry:
        """The catalogue's word on `model`. Raises UnsupportedOption where this version does not know it."""
        return self.catalog.get(self.model, self.claim.job.kind.partition(".")[0])
