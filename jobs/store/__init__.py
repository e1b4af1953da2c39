"""The ports of the database. `Store` holds one of each."""

from .job_store import JobPage, SubmittedJob
from .maintenance import SweepResult
from .store import Store

__all__ = ["JobPage", "Store", "SubmittedJob", "SweepResult"]
