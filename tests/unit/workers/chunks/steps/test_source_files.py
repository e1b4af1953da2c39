"""Sources of a chunk, fetched when they are needed."""

from __future__ import annotations

from jobs.stored_object import StoredObject
from workers.chunks.steps.source_files import SourceFiles


class Objects:
    def __init__(self) -> None:
        self.fetched: list[tuple[str, str]] = []

    def fetch(self, source: StoredObject, name: str) -> str:
        self.fetched.append((source.key, name))
        return name


SOURCES = [StoredObject(f"key-{number}", "0" * 64, 1) for number in range(3)]


def test_a_source_is_fetched_once_ahead_or_on_demand() -> None:
    objects = Objects()
    files = SourceFiles(objects, SOURCES)  # type: ignore[arg-type]
    assert files.get(0) == "source-0"
    files.prefetch(1)
    files.prefetch(1)
    assert files.get(1) == "source-1"
    assert objects.fetched == [("key-0", "source-0"), ("key-1", "source-1")]


def test_a_source_that_was_taken_is_fetched_again() -> None:
    objects = Objects()
    files = SourceFiles(objects, SOURCES)  # type: ignore[arg-type]
    assert [files.get(2), files.get(2)] == ["source-2", "source-2"]
    assert len(objects.fetched) == 2


def test_there_is_no_source_past_the_end_or_before_the_start() -> None:
    objects = Objects()
    files = SourceFiles(objects, SOURCES)  # type: ignore[arg-type]
    assert [files.get(3), files.get(-1)] == [None, None]
    files.prefetch(3)
    assert objects.fetched == []


def test_sources_may_still_grow() -> None:
    sources: list[StoredObject] = []
    files = SourceFiles(Objects(), sources)  # type: ignore[arg-type]
    assert files.get(0) is None
    sources.append(SOURCES[0])
    assert files.get(0) == "source-0"
