"""The objects that the campaign's users make: manifests, and what each was asked to do.

Values only; `users` sends them. Must not live here: when anything happens (`plan`).
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from faults.judge import Wish
from quantumjob_operator.model.naming import job_id

API: Final = "/apis/quantumjobs.dev/v1alpha1"
ROLE: Final = "faults.test/role"
_PROGRAM: Final = json.dumps({"qubits": 1, "circuit": [{"gate": "h", "target": 0}]})

Object = dict[str, Any]


class Target(StrEnum):
    """Targets whose jobs differ in how long they take; `BEHAVIOUR` tells the workspace."""

    SHORT = "ionq.simulator"
    LONG = "ionq.qpu.aria-1"  # until it is cancelled
    DELAYED = "ionq.qpu.forte-1"  # waits until the clock is put forward, then as LONG
    TIMED = "ionq.qpu.forte-enterprise-1"  # executes until the clock is put forward


CLOCK_STEP: Final = 200.0
"""Seconds by which the workspace's clock is put forward, so that DELAYED jobs begin and TIMED ones end."""

_FOR_EVER: Final = 10_000_000
BEHAVIOUR: Final = {
    "waiting_seconds": 0.1,
    "executing_seconds": 0.3,
    # Half of the operator's visibility delay.
    "hidden_seconds": 0.5,
    "targets": {
        Target.LONG.value: {"waiting_seconds": 0, "executing_seconds": _FOR_EVER},
        Target.DELAYED.value: {"waiting_seconds": CLOCK_STEP / 2, "executing_seconds": _FOR_EVER},
        Target.TIMED.value: {"waiting_seconds": 0, "executing_seconds": CLOCK_STEP / 2},
    },
}


@dataclass(slots=True)
class Job:
    """An object that users made, and what was asked of it since.

    Attributes:
        role: Why it was made.
        attempts: How many paid attempts were asked for until now.
        orphan: Its remote job is to be left without an object.
        endable: Its end was asked for, or may be through another object.
        made: When the API server had it (seconds of the wall clock).
        deleted: When its deletion was first asked for.
        manifest: As it was made, to make it again.
    """

    name: str
    namespace: str
    uid: str
    role: str = ""
    attempts: int = 1
    orphan: bool = False
    endable: bool = False
    made: float = 0.0
    deleted: float | None = None
    manifest: Object = field(default_factory=dict, repr=False)
    workspace: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Its path at the API server."""
        return f"{API}/namespaces/{self.namespace}/quantumjobs/{self.name}"

    @property
    def wish(self) -> Wish:
        """What the judge is to know of it."""
        return Wish(self.uid, self.key, self.attempts, self.orphan, self.endable, self.made, self.deleted)

    def remote(self, attempt: int = 1) -> str:
        """Id of the remote job of an attempt."""
        return job_id(self.workspace, self.namespace, uid=self.uid, key=None, attempt=attempt)


def quantum_job(name: str, target: Target, role: str, **spec: Any) -> Object:
    """A manifest; `spec` adds fields."""
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name, "labels": {ROLE: role}},
        "spec": {
            "provider": "ionq",
            "target": target.value,
            "parameters": {"shots": 10},
            "program": {"format": "ionq.circuit.v1", "source": _PROGRAM},
            **spec,
        },
    }
