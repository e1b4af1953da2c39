"""How many bytes the objects have that the database records: a sum over its rows, never a listing of the storage."""

from __future__ import annotations

import sqlalchemy as sa

from jobs.sql.database import Database
from jobs.stored_object import StoredBytes

#: Kind → the sum over its rows. `{files}` reads the field `files` of a JSON column as rows `f`, `{bytes}` is a file's
#: size. The part of a stitch chunk is the first file of the result.
_QUERIES = {
    "input": "SELECT sum(input_bytes) FROM jobs WHERE blanked_at IS NULL AND input_key IS NOT NULL",
    "part": """
        SELECT sum(n) FROM (
            SELECT sum(result_bytes) AS n FROM chunks
            WHERE state = 'succeeded' AND step <> 'stitch' AND job_id NOT IN ({without_parts})
            UNION ALL
            SELECT sum({bytes}) FROM chunks, {notes_files}
            WHERE state = 'succeeded' AND step = 'plan' AND job_id NOT IN ({without_parts})) AS sums""",
    "result": "SELECT sum({bytes}) FROM jobs, {result_files} WHERE blanked_at IS NULL AND state = 'succeeded'",
    "voice": "SELECT sum(reference_bytes) FROM voices",
}
_WITHOUT_PARTS = "SELECT id FROM jobs WHERE parts_dropped_at IS NOT NULL"
_FILES_OF = {
    "postgresql": "json_array_elements(CASE WHEN json_typeof({0} -> 'files') = 'array' THEN {0} -> 'files' END) AS f",
    "sqlite": "json_each({0}, '$.files') AS f",
}
_BYTES = {"postgresql": "CAST(f.value ->> 'bytes' AS BIGINT)", "sqlite": "json_extract(f.value, '$.bytes')"}


def sum_stored_bytes(db: Database) -> StoredBytes:
    """See Maintenance.stored_bytes."""
    dialect = "postgresql" if db.is_postgres else "sqlite"
    fields = {
        "bytes": _BYTES[dialect],
        "without_parts": _WITHOUT_PARTS,
        "notes_files": _FILES_OF[dialect].format("chunks.notes"),
        "result_files": _FILES_OF[dialect].format("jobs.result"),
    }

    def read(connection: sa.Connection) -> StoredBytes:
        # Only this module's constants are put together here.
        sums = {kind: connection.scalar(sa.text(query.format(**fields))) for kind, query in _QUERIES.items()}
        now_ms = connection.scalar(sa.text(f"SELECT {db.now_sql}"))
        return StoredBytes(int(now_ms or 0), {kind: int(total or 0) for kind, total in sums.items()})

    return db.read(read)
