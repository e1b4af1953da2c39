"""`python -m migrations`: bring the database of the settings up to date."""

from __future__ import annotations

from jobs.settings import Settings
from migrations import upgrade

if __name__ == "__main__":
    upgrade(Settings().resolved_database_url())
