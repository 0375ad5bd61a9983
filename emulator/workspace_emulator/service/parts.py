"""The parts of one running workspace, and how they are put together; what they do is said where they are defined."""

import sqlite3
from dataclasses import dataclass
from functools import partial

from workspace_emulator.behaviour import BehaviourSwitch
from workspace_emulator.clock import Clock
from workspace_emulator.faults.armed import Faults
from workspace_emulator.jobs.database import read_clock_offset, write_clock_offset
from workspace_emulator.jobs.execution import Execution
from workspace_emulator.jobs.job_store import JobStore
from workspace_emulator.jobs.ledger import Ledger
from workspace_emulator.jobs.session_rules import SessionRules
from workspace_emulator.jobs.session_store import SessionStore
from workspace_emulator.jobs.timeline import Timeline
from workspace_emulator.jobs.workspace import Workspace
from workspace_emulator.service.credentials import Credentials
from workspace_emulator.service.traffic import Traffic
from workspace_emulator.settings import Settings
from workspace_emulator.storage.account import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What routes, gateway and admin speak to."""

    workspace: Workspace
    sessions: SessionRules
    timeline: Timeline
    jobs: JobStore
    session_store: SessionStore
    ledger: Ledger
    storage: Storage
    clock: Clock
    behaviour: BehaviourSwitch
    faults: Faults
    traffic: Traffic
    credentials: Credentials


def assemble(settings: Settings, connection: sqlite3.Connection, storage: Storage, credentials: Credentials) -> Parts:
    """Return the parts of a workspace whose state is in a database."""
    clock = Clock(read_clock_offset(connection), on_advance=partial(write_clock_offset, connection))
    behaviour, faults = BehaviourSwitch(settings.behaviour()), Faults(settings.seed)
    jobs, session_store, ledger = JobStore(connection), SessionStore(connection), Ledger(connection)
    sessions = SessionRules(sessions=session_store, jobs=jobs, clock=clock, behaviour=behaviour)
    timeline = Timeline(
        jobs=jobs,
        ledger=ledger,
        execution=Execution(storage, simulations=settings.simulations),
        clock=clock,
        behaviour=behaviour,
        faults=faults,
        on_end=sessions.note_end,
    )
    workspace = Workspace(
        jobs=jobs,
        ledger=ledger,
        sessions=sessions,
        timeline=timeline,
        storage=storage,
        clock=clock,
        behaviour=behaviour,
    )
    return Parts(
        workspace=workspace,
        sessions=sessions,
        timeline=timeline,
        jobs=jobs,
        session_store=session_store,
        ledger=ledger,
        storage=storage,
        clock=clock,
        behaviour=behaviour,
        faults=faults,
        traffic=Traffic(),
        credentials=credentials,
    )
