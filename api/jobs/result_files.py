"""The files of a job's result, as the worker recorded them."""

from __future__ import annotations

from collections.abc import Sequence

from api.http.errors import NoResult
from jobs.errors import NotFinished, NotFound
from jobs.job import Job, Json
from jobs.states import JobState
from jobs.stored_object import StoredFile


def list_files(result: Json) -> Sequence[StoredFile]:
    """The files of a job's result, in the order in which they were made."""
    return [StoredFile.from_json(file) for file in result.get("files", ())]


def find_file(job: Job, name: str | None) -> StoredFile:
    """The named file of the job's result; the first one if `name` is None. Raises NotFinished, NoResult, NotFound."""
    if not job.state.is_terminal:
        raise NotFinished(f"The job is {job.state}; its result comes when it has succeeded.")
    if job.state is not JobState.SUCCEEDED or not job.result:
        raise NoResult(f"The job ended as {job.state}; there is no result.")
    files = list_files(job.result)
    for stored in files:
        if name is None or stored.name == name:
            return stored
    names = ", ".join(stored.name for stored in files)
    raise NotFound(f"The result has no such file; it has: {names}.")
