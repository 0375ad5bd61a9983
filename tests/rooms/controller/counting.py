"""A counter between a list and a ledger, which are played, and rows for the list."""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from quantumjob_operator.azure import wire
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_counter import BudgetCounter
from quantumjob_operator.controller.budget_ledger import Change, State
from quantumjob_operator.model.conditions import micro_stamp
from quantumjob_operator.model.naming import METADATA_CLUSTER, METADATA_NAME, METADATA_NAMESPACE, METADATA_UID
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings
from rooms.budgets.values import written
from rooms.model.bodies import Body, job_body, workspace_body

CLUSTER: Final = "lab"
FORMER: Final = "former-lab"
PAGE: Final = 100
Rows = list[Body]


def row(number: int, **told: Any) -> Body:
    """A row of a list, of a job that runs; its metadata may say something else."""
    metadata = {
        METADATA_CLUSTER: CLUSTER,
        METADATA_NAMESPACE: "mallory",
        METADATA_NAME: "bell",
        METADATA_UID: str(UUID(int=number)),
    }
    stamp = datetime.now(UTC).isoformat()
    return {
        "id": told.pop("id", str(UUID(int=number))),
        "name": "x",
        "status": told.pop("status", "Executing"),
        "creationTime": stamp,
        "metadata": metadata | {f"quantumjobs_{key}": text for key, text in told.items()},
    }


@dataclass
class Lab:
    """A counter between a list and a ledger, which are played; what it asks of namespaces is noted.

    Attributes:
        page: The rows of the page of a number.
        pages: How many there are.
        asked: The namespaces whose labels were asked for.
        reads: How often the list was read from its begin.
        newest: The budget by the time of a change, if it is another version.
    """

    page: Callable[[int], Rows]
    pages: int = 1
    cluster: str = CLUSTER
    budget_spec: Body = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reads: int = 0
    now: float = 0.0
    state: State | None = None
    slowest: float = 0.0
    refuses: bool = False
    newest: QuantumBudget | None = None

    async def list_whole_jobs(self, *, only: str, first: int = 0) -> AsyncIterator[list[RemoteJob]]:
        """As the client's."""
        assert (only, first) == ("", 0)
        self.reads += 1
        for number in range(self.pages):
            self.now += 1
            rows, _ = wire.parse_page(json.loads(json.dumps({"value": self.page(number)})))
            yield wire.parse_whole_rows(rows)

    async def get(self, workspace: Any) -> Connection:
        """As the connections'."""
        if self.refuses:
            raise ClusterError("GET secrets", 403, "Forbidden", "the operator may not read it")
        return Connection(workspace, self)  # type: ignore[arg-type]

    async def labels(self, name: str) -> dict[str, str]:
        """As the namespaces'."""
        self.asked.append(name)
        return {"tier": "gold"}

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """As the ledgers'."""
        assert (uid, patient) == (self.budget.uid, False)
        began, now, newest = time.process_time(), datetime.now(UTC), self.newest or self.budget
        self.state, answer = change(newest, State(ledger_of(newest, now)), now)
        self.slowest = time.process_time() - began
        return answer

    def __post_init__(self) -> None:
        """There is a budget that is not counted, and the QuantumWorkspace that it names."""
        spec = {"workspaces": ["mine"], "period": "Month", "limits": [{"unit": "USD", "amount": "1"}]}
        self.budget: QuantumBudget = parse_budget(
            {
                "metadata": {
                    "namespace": "mallory",
                    "name": "own",
                    "uid": "u",
                    "resourceVersion": "1",
                    "creationTimestamp": "2026-01-01T00:00:00Z",
                },
                "spec": spec | self.budget_spec,
            }
        )
        cache = self.cache = Cache()
        cache.put_workspace(parse_workspace(workspace_body(namespace="mallory", name="mine")))
        cache.put_budget(self.budget)
        self.counter = BudgetCounter(
            cache=cache,
            ledgers=self,
            connections=self,  # type: ignore[arg-type]
            namespaces=self,  # type: ignore[arg-type]
            settings=Settings(cluster_name=self.cluster, adoptable_clusters=[FORMER]),
            clock=Clock(lambda: self.now, lambda: datetime.now(UTC)),
        )

    async def look(self) -> Kept | None:
        """Have the budget counted."""
        return await self.counter.look(self.budget)


LIMITS: Final[Body] = {"limits": [{"unit": "USD", "amount": "2000"}], "perJob": [{"unit": "USD", "amount": "250"}]}


HERE: Final = '{"mallory/own":{"USD":"12.5"}}'
ELSEWHERE: Final = '{"mallory/other":{"USD":"12.5"}}'


def forgetful(number: int, spec: Body | None = None) -> QuantumJob:
    """The object of a row, restored to a time before its job was sent."""
    body = job_body({"workspaceRef": {"name": "mine"}} | (spec or {}), namespace="mallory", uid=str(UUID(int=number)))
    return parse_job(body)


def doubted(page: Callable[[int], Rows], **fields: Any) -> Lab:
    """A ledger that was counted a moment ago, may have been set back since, and lacks what a list shows."""
    lab = Lab(page, **fields)
    now = datetime.now(UTC)
    counted = written(lab.budget, replace(ledger_of(lab.budget, now), open={}), now)
    lab.budget = replace(counted, doubted=True, status=replace(counted.status, changed_at=micro_stamp(now)))
    lab.cache.budgets[lab.budget.uid] = lab.budget
    return lab
