"""Crowds of jobs: made through the API with a few requests at a time, and what the service saw of them.

Must not live here: what is right (the tests).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from hostile.apiserver import ApiServer
from localstack.stack import Stack

NAMESPACE: Final = "quantumjobs_namespace"
NAME: Final = "quantumjobs_name"


@dataclass(frozen=True, slots=True)
class Tenants:
    """The tenants of one system.

    Attributes:
        stack: The system.
        api: Its API server, as the administrator.
    """

    stack: Stack
    api: ApiServer
    _made: dict[str, JobNamespace] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, stack: Stack) -> Iterator[Self]:
        """The tenants of a system."""
        with ApiServer.connect(stack.cluster) as api:
            yield cls(stack, api)

    def tenant(self, name: str) -> JobNamespace:
        """A namespace of this name, with a QuantumWorkspace of its own; made at the first call."""
        if name not in self._made:
            self._made[name] = JobNamespace.make(self.stack, name)
        return self._made[name]

    def crowd(self, place: JobNamespace, count: int, **spec: Any) -> None:
        """Make so many jobs in a namespace."""
        bodies = [("quantumjobs", json.dumps(jobs.ionq(f"crowd-{n}", **spec)).encode()) for n in range(count)]
        refused = [answer for answer in self.api.create_all(place.name, bodies) if answer.uid is None]
        assert not refused, refused[:3]

    def create(self, place: JobNamespace, name: str, **spec: Any) -> None:
        """Make one job, with one request: kubectl's own start takes as long as what is to be seen."""
        (answer,) = self.api.create_all(place.name, [("quantumjobs", json.dumps(jobs.ionq(name, **spec)).encode())])
        assert answer.uid, answer.text

    def accepted(self) -> list[tuple[str, str]]:
        """Namespace and name of each job that the service accepted, in that order."""
        return [(run["metadata"][NAMESPACE], run["metadata"][NAME]) for run in self.stack.emulator.ledger()]

    def wait_accepted(self, place: JobNamespace, name: str) -> int:
        """Wait until the service has accepted a job; returns how many it has accepted before."""

        def places() -> Sequence[int]:
            return [number for number, one in enumerate(self.accepted(), start=1) if one == (place.name, name)]

        return eventually(places, within=120)[0] - 1
