"""Keeps sessions: rows of the database from and to values; no rule about sessions is known here."""

import sqlite3
from collections.abc import Iterable

from workspace_emulator.contract.definitions import SessionDefinition
from workspace_emulator.jobs.database import Page, select_page, upsert
from workspace_emulator.jobs.filters import Condition, Order
from workspace_emulator.jobs.session import OPEN, Session, SessionStatus


class SessionStore:
    """The table of sessions.

    Args:
        connection: The open database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def save(self, session: Session) -> None:
        """Keep a session in its present state."""
        definition = session.definition
        row = {
            "id": session.id,
            "definition": definition.model_dump_json(),
            "name": definition.name,
            "provider": definition.provider_id,
            "target": definition.target,
            "status": session.status,
            "created": session.created,
            "last_active": session.last_active,
            "begun": session.begun,
            "ended": session.ended,
            "has_failures": session.has_failures,
        }
        upsert(self._connection, "sessions", ("id",), row)

    def find(self, session_id: str) -> Session | None:
        """Return a session, or None."""
        row = self._connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
        return None if row is None else session_from_row(row)

    def still_open(self) -> Iterable[Session]:
        """Return all sessions that are not closed."""
        holders = ", ".join("?" for _ in OPEN)
        sql = f"SELECT * FROM sessions WHERE status IN ({holders})"  # noqa: S608 - only place-holders
        return [session_from_row(row) for row in self._connection.execute(sql, tuple(OPEN))]

    def page(self, condition: Condition, order: Order, *, skip: int, size: int) -> Page:
        """Return a page of sessions."""
        return select_page(self._connection, "sessions", condition, order, skip=skip, size=size)


def session_from_row(row: sqlite3.Row) -> Session:
    """Return a row as a session."""
    return Session(
        id=row["id"],
        definition=SessionDefinition.model_validate_json(row["definition"]),
        status=SessionStatus(row["status"]),
        created=row["created"],
        last_active=row["last_active"],
        begun=row["begun"],
        ended=row["ended"],
        has_failures=bool(row["has_failures"]),
    )
