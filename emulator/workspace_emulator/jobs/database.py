"""The SQLite file that holds all state, and pages of its tables; what the rows mean is known to the stores alone."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workspace_emulator.jobs.filters import Condition, Order

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, definition TEXT NOT NULL,
    name TEXT NOT NULL, provider TEXT NOT NULL, target TEXT NOT NULL, session TEXT,
    status TEXT NOT NULL, run INTEGER NOT NULL, created REAL NOT NULL, visible_from REAL NOT NULL, due REAL NOT NULL,
    program_container TEXT NOT NULL, program_blob TEXT NOT NULL,
    output_container TEXT NOT NULL, output_blob TEXT NOT NULL, stale_sas TEXT NOT NULL,
    begun REAL, ended REAL, cancelled REAL, error_code TEXT, error_message TEXT,
    units REAL NOT NULL, unit_price REAL NOT NULL, is_paid INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);
CREATE INDEX IF NOT EXISTS jobs_by_session ON jobs (session);
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, definition TEXT NOT NULL,
    name TEXT NOT NULL, provider TEXT NOT NULL, target TEXT NOT NULL, status TEXT NOT NULL,
    created REAL NOT NULL, last_active REAL NOT NULL, begun REAL, ended REAL, has_failures INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    job TEXT NOT NULL, run INTEGER NOT NULL,
    name TEXT NOT NULL, metadata TEXT, provider TEXT NOT NULL, target TEXT NOT NULL,
    accepted REAL NOT NULL, started REAL, ended REAL, status TEXT NOT NULL, units REAL NOT NULL, cost REAL NOT NULL,
    PRIMARY KEY (job, run)
);
CREATE TABLE IF NOT EXISTS clock (number INTEGER PRIMARY KEY CHECK (number = 1), offset REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and after how many rows the next one begins; None after the last."""

    rows: Sequence[sqlite3.Row]
    following: int | None


def open_database(file: Path) -> sqlite3.Connection:
    """Return a connection for this process alone, with all tables there.

    A crash of the machine may lose the last changes; a killed process loses none.
    """
    connection = sqlite3.connect(file, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(_SCHEMA)
    return connection


def upsert(connection: sqlite3.Connection, table: str, key: Sequence[str], row: Mapping[str, Any]) -> None:
    """Write a row, over the one with the same key, whose row number stays."""
    columns = ", ".join(row)
    changes = ", ".join(f"{column} = excluded.{column}" for column in row)
    holders = ", ".join(f":{column}" for column in row)
    # Table and column names are constants of the stores; every value is bound.
    sql = f"INSERT INTO {table} ({columns}) VALUES ({holders}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"  # noqa: S608
    connection.execute(sql, dict(row))


def read_clock_offset(connection: sqlite3.Connection) -> float:
    """Return by how many seconds the clock was put forward."""
    row = connection.execute("SELECT offset FROM clock").fetchone()
    return 0.0 if row is None else float(row["offset"])


def write_clock_offset(connection: sqlite3.Connection, offset: float) -> None:
    """Keep by how many seconds the clock was put forward."""
    upsert(connection, "clock", ("number",), {"number": 1, "offset": offset})


def select_page(
    connection: sqlite3.Connection, table: str, condition: Condition, order: Order, *, skip: int, size: int
) -> Page:
    """Return a page of the rows that fulfil a condition.

    A page begins after a number of rows, as the service's links say: rows that come or go meanwhile shift the others,
    so that a page can repeat a row or miss one.
    """
    direction = "DESC" if order.descending else "ASC"
    sorting = f"ORDER BY {order.column} {direction}, rowid {direction}"
    # The condition and the order are made of `filters`' own constants; every value is bound. Numbers are sorted, not
    # whole rows: each page sorts all of a list, and with ten thousand rows that takes a tenth of a second.
    numbers = f"SELECT rowid FROM {table} WHERE {condition.sql} {sorting} LIMIT ? OFFSET ?"  # noqa: S608
    sql = f"SELECT * FROM {table} WHERE rowid IN ({numbers}) {sorting}"  # noqa: S608
    rows = connection.execute(sql, (*condition.values, size + 1, skip)).fetchall()
    return Page(rows[:size], skip + size if len(rows) > size else None)
