"""The invariants, as queries that find the rows that violate them. Each name is the invariant in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.sql.database import Database

_MAX_ROWS = 20

#: Name → query for violating rows. `{now}` is the database's clock, `{start}` and `{end}` are read from a chunk's span,
#: `{result_s}` and `{part_s}` are the durations in the notes of a stitch chunk `s` and a work chunk `c`.
_QUERIES: Mapping[str, str] = {
    "01_every_known_id_has_its_row": """
        SELECT i.tenant_id, i.job_id FROM idempotency i LEFT JOIN jobs j ON j.id = i.job_id WHERE j.id IS NULL
        UNION ALL
        SELECT j.tenant_id, j.id FROM jobs j
        WHERE j.blanked_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.job_id = j.id AND c.step = 'plan')""",
    "02_an_open_job_has_an_open_chunk": """
        SELECT j.id, j.state FROM jobs j WHERE j.finished_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM chunks c WHERE c.job_id = j.id AND c.state IN ('ready', 'running'))""",
    "03_an_ended_job_does_not_change": """
        SELECT id, state, finished_at, updated_at FROM jobs
        WHERE finished_at IS NOT NULL AND deleted_at IS NULL AND updated_at > finished_at
        UNION ALL
        SELECT j.id, j.state, j.finished_at, e.at FROM jobs j JOIN chunks c ON c.job_id = j.id
        JOIN chunk_events e ON e.chunk_id = c.id
        WHERE e.to_state IN ('running', 'succeeded') AND e.at > j.finished_at""",
    "04_finished_means_ended": """
        SELECT id, state, finished_at FROM jobs
        WHERE (state IN ('succeeded', 'failed', 'cancelled', 'expired')) <> (finished_at IS NOT NULL)
        UNION ALL
        SELECT id, state, finished_at FROM chunks
        WHERE (state IN ('succeeded', 'failed', 'cancelled')) <> (finished_at IS NOT NULL)""",
    "05_running_means_owned": """
        SELECT id, state, lease_owner, lease_expires_at FROM chunks
        WHERE (state = 'running') <> (lease_owner IS NOT NULL AND lease_expires_at IS NOT NULL)""",
    "06_a_chunk_succeeds_once": """
        SELECT chunk_id, successes, withdrawn, fence, row_fence FROM (
            SELECT e.chunk_id, e.fence, min(c.fence) AS row_fence, min(c.state) AS state,
                sum(CASE WHEN e.to_state = 'succeeded' THEN 1 ELSE 0 END) AS successes,
                sum(CASE WHEN e.from_state = 'succeeded' THEN 1 ELSE 0 END) AS withdrawn
            FROM chunk_events e JOIN chunks c ON c.id = e.chunk_id
            WHERE e.to_state = 'succeeded' OR e.from_state = 'succeeded' GROUP BY e.chunk_id, e.fence) AS attempts
        WHERE successes <> 1 OR withdrawn > 1
            OR (withdrawn = 0 AND (fence <> row_fence OR state <> 'succeeded'))
            OR (withdrawn = 1 AND fence = row_fence AND state = 'succeeded')
        UNION ALL
        SELECT c.id, 0, 0, NULL, c.fence FROM chunks c WHERE c.state = 'succeeded' AND NOT EXISTS (
            SELECT 1 FROM chunk_events e WHERE e.chunk_id = c.id AND e.to_state = 'succeeded')""",
    "07_fences_only_rise": """
        SELECT chunk_id, id, fence, earlier FROM (
            SELECT id, chunk_id, fence, to_state,
                lag(fence) OVER (PARTITION BY chunk_id ORDER BY id) AS earlier FROM chunk_events) AS moves
        WHERE fence < earlier OR (to_state = 'running' AND fence <> coalesce(earlier, 0) + 1)
            OR (to_state <> 'running' AND fence <> coalesce(earlier, fence))
        UNION ALL
        SELECT c.id, NULL, c.fence, max(e.fence) FROM chunks c JOIN chunk_events e ON e.chunk_id = c.id
        GROUP BY c.id, c.fence HAVING c.fence <> max(e.fence)""",
    "08_counters_are_sums": """
        SELECT j.id, j.chunks_done, j.chunk_total, j.units_done, w.done, w.total, w.units FROM jobs j JOIN (
            SELECT job_id, count(*) AS total, sum(CASE WHEN state = 'succeeded' THEN 1 ELSE 0 END) AS done,
                sum(CASE WHEN state = 'succeeded' THEN units ELSE 0 END) AS units
            FROM chunks WHERE step = 'work' GROUP BY job_id) AS w ON w.job_id = j.id
        WHERE j.chunks_done <> w.done OR j.chunk_total <> w.total OR abs(j.units_done - w.units) > 0.001
        UNION ALL
        SELECT j.id, j.chunks_done, j.chunk_total, j.units_done, 0, 0, 0 FROM jobs j
        WHERE j.chunk_total > 0 AND j.blanked_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.job_id = j.id AND c.step = 'work')""",
    "09_success_names_its_objects": """
        SELECT c.id, c.result_key FROM chunks c
        WHERE c.state = 'succeeded' AND (c.result_sha256 IS NULL OR c.result_bytes IS NULL)
        UNION ALL
        SELECT j.id, NULL FROM jobs j WHERE j.state = 'succeeded' AND j.deleted_at IS NULL AND (
            j.result IS NULL OR NOT EXISTS (
                SELECT 1 FROM chunks c WHERE c.job_id = j.id AND c.step = 'stitch' AND c.state = 'succeeded'))""",
    "10_units_add_up": """
        SELECT j.id, 'units' AS what, j.units_total, sum(c.units) AS found FROM jobs j
        JOIN chunks c ON c.job_id = j.id AND c.step = 'work' WHERE j.units_total IS NOT NULL
        GROUP BY j.id, j.units_total HAVING abs(j.units_total - sum(c.units)) > 0.001 + 0.000001 * j.units_total
        UNION ALL
        SELECT job_id, 'idx', max(idx) + 1, count(*) FROM chunks WHERE step = 'work' AND round = 1
        GROUP BY job_id HAVING max(idx) + 1 <> count(*)
        UNION ALL
        SELECT job_id, 'order', starts, ended FROM (
            SELECT job_id, {start} AS starts, lag({end}) OVER (PARTITION BY job_id, round ORDER BY idx) AS ended
            FROM chunks WHERE step = 'work') AS places
        WHERE starts < ended - 0.001
        UNION ALL
        SELECT s.job_id, 'seconds', max({result_s}), sum({part_s}) FROM chunks s
        JOIN chunks c ON c.job_id = s.job_id AND c.step = 'work'
        WHERE s.step = 'stitch' AND s.state = 'succeeded'
        GROUP BY s.job_id HAVING count({part_s}) = count(*) AND abs(max({result_s}) - sum({part_s})) > 0.001""",
    "11_one_delivery_for_each_listener": """
        SELECT j.id, j.webhook_endpoint_id AS endpoint_id, count(d.id) AS rows_found FROM jobs j
        LEFT JOIN webhook_deliveries d ON d.subject_id = j.id AND d.endpoint_id = j.webhook_endpoint_id
            AND d.event_type = 'job.' || j.state
        JOIN webhook_endpoints e ON e.id = j.webhook_endpoint_id
        WHERE j.finished_at IS NOT NULL AND j.blanked_at IS NULL
            AND (e.disabled_at IS NULL OR e.disabled_at > j.finished_at)
            AND e.updated_at <= j.created_at
        GROUP BY j.id, j.webhook_endpoint_id HAVING count(d.id) <> 1
        UNION ALL
        SELECT j.id, e.id, 0 FROM jobs j JOIN webhook_endpoints e ON e.tenant_id = j.tenant_id AND NOT e.adhoc
        WHERE j.finished_at IS NOT NULL AND j.blanked_at IS NULL
            AND e.disabled_at IS NULL AND e.updated_at < j.finished_at
            AND CAST(e.events AS TEXT) = '[]' AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries d WHERE d.subject_id = j.id AND d.endpoint_id = e.id)""",
    "12_a_cancel_takes_hold": """
        SELECT j.id, e.at - j.cancel_requested_at AS late_ms FROM jobs j JOIN chunks c ON c.job_id = j.id
        JOIN chunk_events e ON e.chunk_id = c.id
        WHERE e.to_state = 'running' AND e.at > j.cancel_requested_at + 1000
        UNION ALL
        SELECT id, coalesce(finished_at, {now}) - cancel_requested_at FROM jobs
        WHERE coalesce(finished_at, {now}) - cancel_requested_at > 30000""",
    "13_limits_hold": """
        SELECT id, error_count, crash_count, rescue_count FROM chunks
        WHERE error_count > 5 OR crash_count > 3 OR rescue_count > 20""",
    "15_one_tenant_throughout": """
        SELECT c.id, j.tenant_id, c.tenant_id AS other FROM chunks c JOIN jobs j ON j.id = c.job_id
        WHERE c.tenant_id <> j.tenant_id
            OR c.result_key NOT LIKE 'jobs/' || j.tenant_id || '/' || j.id || '/%'
        UNION ALL
        SELECT j.id, j.tenant_id, j.input_key FROM jobs j WHERE j.input_key NOT LIKE '%/' || j.tenant_id || '/%'
        UNION ALL
        SELECT v.id, v.tenant_id, v.reference_key FROM voices v
        WHERE v.reference_key NOT LIKE 'voices/' || v.tenant_id || '/' || v.id || '/%'
        UNION ALL
        SELECT d.id, d.tenant_id, e.tenant_id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
        WHERE d.tenant_id <> e.tenant_id
        UNION ALL
        SELECT d.id, d.tenant_id, j.tenant_id FROM webhook_deliveries d JOIN jobs j ON j.id = d.subject_id
        WHERE d.tenant_id <> j.tenant_id
        UNION ALL
        SELECT j.id, j.tenant_id, p.tenant_id FROM jobs j JOIN jobs p ON p.id = j.parent_id
        WHERE p.tenant_id <> j.tenant_id""",
    "16_one_job_for_each_idempotency_key": """
        SELECT i.job_id, i.tenant_id, j.tenant_id AS other FROM idempotency i JOIN jobs j ON j.id = i.job_id
        WHERE j.tenant_id <> i.tenant_id
        UNION ALL
        SELECT job_id, min(tenant_id), max(tenant_id) FROM idempotency GROUP BY job_id HAVING count(*) > 1""",
}


class Audit:
    """Checks every invariant."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def audit(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """See Maintenance.audit."""
        json_field = "CAST({} ->> '{}' AS DOUBLE PRECISION)" if self._db.is_postgres else "json_extract({}, '$.{}')"
        fields = {
            "now": self._db.now_sql,
            "start": json_field.format("span", "start"),
            "end": json_field.format("span", "end"),
            "result_s": json_field.format("s.notes", "duration_s"),
            "part_s": json_field.format("c.notes", "duration_s"),
        }

        def run_queries(connection: sa.Connection) -> Mapping[str, Sequence[Mapping[str, Any]]]:
            return {
                name: [
                    dict(row)
                    for row in connection.execute(
                        # Only this module's constants are put together here.
                        sa.text(f"SELECT * FROM ({query.format(**fields)}) AS violations LIMIT {_MAX_ROWS}")  # noqa: S608
                    ).mappings()
                ]
                for name, query in _QUERIES.items()
            }

        return self._db.read(run_queries)
