"""`python -m migrations`: bring the database of the settings up to date. Exit code 2: it cannot be reached."""

from __future__ import annotations

import sys

from sqlalchemy import exc

from jobs.errors import JobsError
from jobs.settings import read_settings
from migrations import upgrade


def main() -> int:
    """Upgrade; what cannot work is one sentence."""
    try:
        upgrade(read_settings().resolved_database_url())
    except exc.OperationalError as error:
        # The driver's first line names host and port, and no password.
        reason = str(error.orig).partition("\n")[0]
    except exc.ArgumentError:
        reason = "VOICEMILL_DATABASE_URL is no database URL; give postgresql+psycopg://user:password@host/name"
    except JobsError as error:
        reason = error.for_operator()
    else:
        return 0
    sys.stderr.write(f"voicemill migrate: {reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
