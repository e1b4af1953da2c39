"""`python -m workers.replace_storage`: pairs the database with the storage of the settings, instead of an earlier one.

For an installation whose storage was emptied or given up for good. What the jobs so far had stored is not moved.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from jobs.errors import JobsError
from jobs.settings import read_settings
from jobs.storage.pairing import replace_storage

from .wiring import wire


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2: the database or the storage does not answer, or the storage is another installation's."""
    argparse.ArgumentParser(prog="python -m workers.replace_storage", description=__doc__).parse_args(arguments)
    try:
        services = wire(read_settings(), threads=1)
        replace_storage(services.storage, services.store.maintenance)
    except JobsError as error:
        sys.stderr.write(f"voicemill: {error.for_operator()}\n")
        return 2
    sys.stdout.write("The database is paired with the storage of the settings.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
