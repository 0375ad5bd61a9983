"""Keeps jobs: rows of the database from and to values; no rule about jobs is known here."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from workspace_emulator.contract.definitions import JobDefinition
from workspace_emulator.contract.errors import JobError
from workspace_emulator.jobs.database import Page, select_page, upsert
from workspace_emulator.jobs.filters import Condition, Order
from workspace_emulator.jobs.job import FINAL, Job, JobStatus
from workspace_emulator.storage.account import BlobName

# Columns that are fields of a job as they are.
_PLAIN: Final = (
    *("stale_sas", "run", "units", "unit_price"),
    *("created", "visible_from", "due", "begun", "ended", "cancelled"),
)


class JobStore:
    """The table of jobs.

    Args:
        connection: The open database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def save(self, job: Job) -> None:
        """Keep a job in its present state."""
        upsert(self._connection, "jobs", ("id",), _row(job))

    def find(self, job_id: str) -> Job | None:
        """Return a job, also while it is hidden, or None."""
        row = self._connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else job_from_row(row)

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def unfinished(self) -> list[Job]:
        """Return all jobs that are not final, the oldest first."""
        holders = ", ".join("?" for _ in FINAL)
        sql = f"SELECT * FROM jobs WHERE status NOT IN ({holders}) ORDER BY created"  # noqa: S608 - only place-holders
        return [job_from_row(row) for row in self._connection.execute(sql, tuple(FINAL))]

    def has_unfinished(self, session_id: str) -> bool:
        """Return whether a session has a job that is not final."""
        holders = ", ".join("?" for _ in FINAL)
        sql = f"SELECT 1 FROM jobs WHERE session = ? AND status NOT IN ({holders}) LIMIT 1"  # noqa: S608 - only place-holders
        return self._connection.execute(sql, (session_id, *FINAL)).fetchone() is not None

    def ahead_of(self, job: Job) -> int:
        """Return how many jobs wait for the same target and were accepted before."""
        sql = """
            SELECT count(*) FROM jobs, (SELECT rowid AS number FROM jobs WHERE id = ?) AS own
            WHERE status = ? AND target = ? COLLATE NOCASE AND (created, jobs.rowid) < (?, own.number)
        """
        values = (job.id, JobStatus.WAITING, job.definition.target, job.created)
        return int(self._connection.execute(sql, values).fetchone()[0])

    def page(self, condition: Condition, order: Order, *, skip: int, size: int, now: float) -> Page:
        """Return a page of the jobs that are visible now."""
        visible = Condition(f"visible_from <= ? AND {condition.sql}", (now, *condition.values))
        return select_page(self._connection, "jobs", visible, order, skip=skip, size=size)


def in_session(session_id: str, condition: Condition) -> Condition:
    """Return a condition that holds for the jobs of one session only."""
    return Condition(f"session = ? AND {condition.sql}", (session_id, *condition.values))


def job_from_row(row: sqlite3.Row) -> Job:
    """Return a row as a job."""
    error = None if row["error_code"] is None else JobError(row["error_code"], row["error_message"])
    return Job(
        id=row["id"],
        definition=JobDefinition.model_validate_json(row["definition"]),
        program=BlobName(row["program_container"], row["program_blob"]),
        output=BlobName(row["output_container"], row["output_blob"]),
        status=JobStatus(row["status"]),
        error=error,
        is_paid=bool(row["is_paid"]),
        **{name: row[name] for name in _PLAIN},
    )


def _row(job: Job) -> Mapping[str, Any]:
    return {
        "id": job.id,
        "definition": job.definition.model_dump_json(),
        "name": job.definition.name,
        "provider": job.definition.provider_id,
        "target": job.definition.target,
        "session": job.definition.session_id,
        "status": job.status,
        "program_container": job.program.container,
        "program_blob": job.program.blob,
        "output_container": job.output.container,
        "output_blob": job.output.blob,
        "error_code": job.error and job.error.code,
        "error_message": job.error and job.error.message,
        "is_paid": job.is_paid,
        **{name: getattr(job, name) for name in _PLAIN},
    }
