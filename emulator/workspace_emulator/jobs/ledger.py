"""The ledger of billed runs: one row for each time that a job was accepted to run, which outlives the job's record.

A repeated PUT that is taken as a second billed run is a second row. A run costs from the moment it executes.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from workspace_emulator.behaviour import Behaviour, UnfinishedCost
from workspace_emulator.clock import rfc3339
from workspace_emulator.contract.billing import CURRENCY, cost_json
from workspace_emulator.contract.catalogue import find_target
from workspace_emulator.jobs.database import upsert
from workspace_emulator.jobs.job import FINAL, Job, JobStatus

SUPERSEDED: Final = "Superseded"  # a second billed run took the job over before this one ended
RECORD_DELETED: Final = "RecordDeleted"  # the record was deleted before this one ended
_ENDED: Final = ", ".join(f"'{status}'" for status in (*sorted(FINAL), SUPERSEDED, RECORD_DELETED))


class Ledger:
    """The table of runs.

    Args:
        connection: The open database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, job: Job, *, ending: str | None = None, now: float | None = None) -> None:
        """Write down where the present run of a job is.

        Args:
            job: The job.
            ending: How the run ended, if it is not the job's own status that says so.
            now: When it ended so.
        """
        definition = job.definition
        row: dict[str, Any] = {
            "job": job.id,
            "run": job.run,
            "name": definition.name,
            "metadata": json.dumps(definition.metadata),
            "provider": definition.provider_id,
            "target": definition.target,
            "accepted": job.created,
            "ended": now if ending else job.ended or job.cancelled,
            "status": ending or job.status,
            "units": job.units,
            "cost": job.cost,
        }
        if job.begun is not None:  # a cancelled job no longer shows its begin; the ledger still does
            row["started"] = job.begun
        upsert(self._connection, "runs", ("job", "run"), row)

    def rows(self) -> list[dict[str, Any]]:
        """Return all runs as JSON, in the order in which they were accepted."""
        runs = self._connection.execute("SELECT * FROM runs ORDER BY rowid")
        return [_presented(dict(row)) for row in runs]

    def consumption(self, provider: str) -> Mapping[str, float]:
        """Return a provider's units: `utilization` of ended runs, and `holds` of those that are under way."""
        sql = f"""
            SELECT coalesce(sum(units) FILTER (WHERE status IN ({_ENDED}) AND started IS NOT NULL), 0.0) AS utilization,
                   coalesce(sum(units) FILTER (WHERE status NOT IN ({_ENDED})), 0.0) AS holds
            FROM runs WHERE provider = ?
        """  # noqa: S608 - the inserted text is a constant
        return dict(self._connection.execute(sql, (provider,)).fetchone())

    def last_end(self, provider: str) -> float | None:
        """Return when a run of a provider ended last; None if none has."""
        sql = "SELECT max(ended) FROM runs WHERE provider = ? AND started IS NOT NULL"
        (ended,) = self._connection.execute(sql, (provider,)).fetchone()
        return None if ended is None else float(ended)


def cost_estimate(job: Job, behaviour: Behaviour, now: float) -> dict[str, Any] | None:
    """Return a job's `costEstimate`: None until it has succeeded.

    Args:
        job: The job.
        behaviour: When a bill is told, and what a job shows that was billed and did not succeed.
        now: The time in seconds since the epoch.
    """
    known, ended = find_target(job.definition.provider_id, job.definition.target), job.ended
    if not job.is_paid or not job.is_final or known is None:
        return None
    if ended is not None and now < ended + behaviour.bill_delay_seconds:
        return None
    if job.status is JobStatus.SUCCEEDED:
        return cost_json(known.dimensions, units=job.units, unit_price=job.unit_price)
    if behaviour.unfinished_cost is UnfinishedCost.NONE:
        return None
    return cost_json(known.dimensions, units=job.units / 2, unit_price=job.unit_price)


def _presented(row: dict[str, Any]) -> dict[str, Any]:
    times = {key: rfc3339(row[key]) for key in ("accepted", "started", "ended")}
    return {**row, **times, "metadata": json.loads(row["metadata"]), "currency": CURRENCY}
