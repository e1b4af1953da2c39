"""The sources of a chunk, fetched into its working directory when they are asked for, or one ahead."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.stored_object import StoredObject
from workers.chunks.stored_objects import StoredObjects


class SourceFiles:
    """Numbered objects as files of the working directory. The child removes a file when it asks for the next one."""

    def __init__(self, objects: StoredObjects, sources: Sequence[StoredObject]) -> None:
        """`sources` may still grow."""
        self._objects = objects
        self._sources = sources
        self._fetched: dict[int, str] = {}

    def get(self, k: int) -> str | None:
        """The name of the k-th file; None where there is no such source."""
        self.prefetch(k)
        return self._fetched.pop(k, None)

    def prefetch(self, k: int) -> None:
        """Fetch the k-th file, if there is such a source and it is not there."""
        if 0 <= k < len(self._sources) and k not in self._fetched:
            self._fetched[k] = self._objects.fetch(self._sources[k], f"source-{k}")
