"""What all crash tests share: a system with a short fence and a workspace that makes every mistake expensive.

Lives here: arguments, jobs, and what the workspace's ledger says. Must not live here: when anything is killed.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from localstack.stack import Stack

UID: Final = "quantumjobs_uid"
SHORT_FENCE: Final = (
    "--put-start-seconds=1",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=0.5",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=1",
)
EXPENSIVE: Final = (
    "--repeated-put=second-run",
    "--no-simulate",
    "--waiting-seconds=0.2",
    "--executing-seconds=0.3",
)
_BELL: Final = {
    "qubits": 2,
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}

Object = dict[str, Any]


def quantum_job(name: str, **spec: Any) -> Object:
    """A small job; `spec` adds or replaces fields."""
    program = {"format": "ionq.circuit.v1", "source": json.dumps(_BELL)}
    usual = {"provider": "ionq", "target": "ionq.simulator", "parameters": {"shots": 100}, "program": program}
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name},
        "spec": usual | spec,
    }


def create(stack: Stack, jobs: Iterable[Object]) -> None:
    """Create jobs with one call."""
    listed = {"apiVersion": "v1", "kind": "List", "items": list(jobs)}
    stack.kubectl("create", "--filename=-", stdin=json.dumps(listed))


def read_jobs(stack: Stack) -> list[Object]:
    """All jobs of the namespace `default`."""
    items: list[Object] = json.loads(stack.kubectl("get", "quantumjobs", "--output=json"))["items"]
    return items


def runs_by_object(stack: Stack) -> Counter[str]:
    """How many paid runs there were for each object, by its uid."""
    return Counter(run["metadata"][UID] for run in stack.emulator.ledger())


def unlike_one_success_each(stack: Stack, jobs: Iterable[Object]) -> dict[str, str]:
    """The jobs that didn't end as Succeeded after exactly one paid run, and what they are instead."""
    billed = runs_by_object(stack)
    found = {}
    for job in jobs:
        state, runs = job.get("status", {}).get("state"), billed[job["metadata"]["uid"]]
        if (state, runs) != ("Succeeded", 1):
            found[job["metadata"]["name"]] = f"{state} after {runs} paid runs"
    return found


@dataclass(frozen=True, slots=True)
class Submissions:
    """PUTs of jobs, as the workspace sees them.

    Attributes:
        applied: Those that had their effect: each is a paid run.
        answered: Those whose answer was sent, or would have been if the client still listened.
    """

    applied: int
    answered: int


class Spy:
    """Looks into the workspace, quickly enough to see a PUT whose answer is under way."""

    def __init__(self, stack: Stack) -> None:
        self._client = httpx.Client(base_url=f"{stack.emulator.url}/admin/", trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def submissions(self) -> Submissions:
        """What holds now; an answer that is sent between the two readings makes it say too many, never too few."""
        applied = self.applied()
        return Submissions(applied, self.answered())

    def applied(self) -> int:
        """PUTs that had their effect."""
        return len(self._client.get("ledger").raise_for_status().json()["runs"])

    def answered(self) -> int:
        """Successful PUTs that were answered."""
        operations = self._client.get("requests").raise_for_status().json()["operations"]
        return sum(count for status, count in operations.get("create-job", {}).items() if status.startswith("2"))
