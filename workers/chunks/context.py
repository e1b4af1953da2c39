"""The context of a chunk's run, which all three steps use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.chunk import Chunk, Claim
from jobs.settings import Settings
from jobs.store import Store
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.catalog.job_kinds import PIPELINES, PipelineSpec

from .stored_objects import StoredObjects
from .workdir import Workdir

#: Rows read at once.
_PAGE = 500


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """One claimed chunk with its files and objects."""

    claim: Claim
    workdir: Workdir
    objects: StoredObjects
    store: Store
    catalog: Catalog
    settings: Settings

    @property
    def entry(self) -> Entry:
        """The model of this chunk. Raises UnsupportedOption where this version does not know it."""
        follows = self.claim.chunk.span.get("model")
        return self.follow_up_entry(follows) if follows else self.catalog.get(self.claim.job.model, self._kind)

    def follow_up_entry(self, model: str) -> Entry:
        """A model that a part asks for, of this job's kind or of another. Raises UnsupportedOption."""
        return self.catalog.named(model) if self.catalog.knows(model) else self.catalog.get(model, self._kind)

    @property
    def pipeline(self) -> PipelineSpec:
        """The declaration of the job's kind."""
        return PIPELINES[self.claim.job.kind]

    @property
    def _kind(self) -> str:
        return self.pipeline.model_kind

    @property
    def is_plain_text(self) -> bool:
        """Whether all that the user sent is a text among the parameters, which no document parser reads."""
        job = self.claim.job
        has_objects = job.input_key is not None or job.params.get("references")
        return not has_objects and self.pipeline.is_plain_text(job.params)

    def sharing_tenant(self, *, parses_user_input: bool) -> str | None:
        """The tenant whose processes this chunk may share; None where it needs a process of its own."""
        chunk = self.claim.chunk
        is_first_attempt = not (chunk.error_count or chunk.crash_count)
        return chunk.tenant_id if is_first_attempt and not parses_user_input else None

    def finished_chunks(self, job_id: str) -> Iterator[Chunk]:
        """The succeeded work chunks of a job in the order (idx, round), a page at a time."""
        after, page_is_full = -1, True
        while page_is_full:
            page = self.store.jobs.finished_chunks(job_id, after_idx=after, limit=_PAGE)
            yield from page
            page_is_full = len(page) >= _PAGE
            after = page[-1].idx if page else after
