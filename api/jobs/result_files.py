"""The files of a job's result, as the worker recorded them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from api.http.errors import NoResult
from jobs.errors import NotFinished, NotFound
from jobs.job import Job
from jobs.states import JobState


class StoredFile(TypedDict):
    """A file in the storage. `name` is for the client, `key` for the storage."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    key: str


def find_file(job: Job, name: str | None) -> StoredFile:
    """The named file of the job's result; the first one if `name` is None. Raises NotFinished, NoResult, NotFound."""
    if not job.state.is_terminal:
        raise NotFinished(f"The job is {job.state}; its result comes when it has succeeded.")
    if job.state is not JobState.SUCCEEDED or not job.result:
        raise NoResult(f"The job ended as {job.state}; there is no result.")
    files: Sequence[StoredFile] = job.result.get("files", ())
    for stored in files:
        if name is None or stored["name"] == name:
            return stored
    names = ", ".join(stored["name"] for stored in files)
    raise NotFound(f"The result has no such file; it has: {names}.")
