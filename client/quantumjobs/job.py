"""One job, as a handle: its newest known resource, and what can be asked about it.

Must not live here: how a job is made (`cluster`), or many of them (`jobset`).
"""

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from quantumjobs import counts as reading
from quantumjobs import facts, waiting
from quantumjobs.counts import Counts, Header
from quantumjobs.errors import NoCountsError, QuantumJobsError
from quantumjobs.facts import Outcome
from quantumjobs.following import Selection
from quantumjobs.foreign import shallow
from quantumjobs.kubeapi import CONFIG_MAPS, JOBS, KubeApi
from quantumjobs.waiting import Ending, Until, Watcher
from quantumjobs.why import Explanation, explain

Resource = dict[str, Any]

_MOST_PARAMETERS: Final = 1_000
"""Each is a column beside every job of a table, also those of others."""


class Job:
    """A QuantumJob.

    Attributes:
        name: Of the resource.
        namespace: Of the resource.
    """

    def __init__(self, api: KubeApi, resource: Resource) -> None:
        self._api = api
        self._resource = resource
        self._output: Resource | None = None
        self.name = facts.name_of(resource)
        self.namespace = str(resource["metadata"]["namespace"])

    @property
    def resource(self) -> Resource:
        """The object as `kubectl get -o json` shows it, read anew unless the job has ended."""
        if facts.outcome(self._resource) is Outcome.RUNNING:
            self._resource = self._api.get(JOBS, self.namespace, self.name)
        return self._resource

    @property
    def status(self) -> str:
        """Pending, Suspended, Waiting, Executing, Cancelling, Succeeded, Failed or Cancelled."""
        return facts.state(self.resource)

    @property
    def outcome(self) -> Outcome:
        """How it ended; a success counts once its output is there."""
        return facts.outcome(self.resource)

    @property
    def job_id(self) -> str:
        """Its GUID in Azure; empty before it is submitted."""
        return str(facts.status_of(self.resource).get("jobId") or "")

    @property
    def cost(self) -> tuple[str, str] | None:
        """Amount and currency, as the service estimates them; None while it says nothing."""
        return facts.cost(self.resource)

    @property
    def waited_seconds(self) -> float | None:
        """How long it stood in the provider's queue; None before it is submitted."""
        return facts.waited_seconds(self.resource, datetime.now(UTC))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The values that were put into the program."""
        return parameters_of(self._resource)

    @property
    def header(self) -> Header:
        """What was known of the program when it was sent."""
        return Header.from_json(facts.annotation(self._resource, facts.HEADER))

    def why(self) -> Explanation:
        """Why it is where it is, what to do, and what comes next."""
        return explain(self.resource)

    def wait(self, timeout: float | None = None, *, until: str = "finished", watcher: Watcher | None = None) -> Outcome:
        """Wait until it has ended (or, with `until="submitted"`, was accepted).

        Args:
            timeout: Seconds; None waits for ever.
            until: `finished` or `submitted`.
            watcher: Told of each change.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
            NotFoundError: It was deleted meanwhile.
        """
        ending = self.ending(timeout, until=until, watcher=watcher)
        if ending.gone or not ending.met:
            raise ending.error() or AssertionError("unreachable: such an ending has an error")
        return facts.outcome(ending.resource)

    def ending(
        self, timeout: float | None = None, *, until: str = "finished", watcher: Watcher | None = None
    ) -> Ending:
        """Wait as `wait` does; returns how it ended, without raising."""
        selection = Selection(self.namespace, names=frozenset({self.name}))
        (ending,) = waiting.wait(self._api, selection, timeout=timeout, until=Until(until), watcher=watcher)
        self._resource = ending.resource
        return ending

    def counts(self, *, register: str | None = None, timeout: float | None = None) -> Counts:
        """How often each outcome was measured, waiting for the job's end first.

        Bits and registers are in Qiskit's order, if the program was sent by this client and its language knows one.

        Args:
            register: Only this register.
            timeout: Seconds to wait for the end.

        Raises:
            JobFailedError: It failed.
            JobCancelledError: It was cancelled.
            NoCountsError: It succeeded and has no counts.
        """
        counts = reading.read_counts(self.output(timeout), self.header)
        return counts if register is None else reading.of_register(counts, self.header, register)

    def probabilities(self, *, timeout: float | None = None) -> dict[str, float] | None:
        """The probabilities, where the provider gives those instead of samples."""
        return reading.read_probabilities(self.output(timeout))

    def result_bytes(self, *, timeout: float | None = None) -> bytes:
        """What the provider wrote, byte for byte.

        Raises:
            NoCountsError: It is too large for the cluster; the text says where it is.
        """
        return reading.read_result(self.output(timeout))

    def output(self, timeout: float | None = None) -> Resource:
        """The output ConfigMap, after the job's success."""
        if self._output is None:
            if self.outcome is Outcome.RUNNING:
                self.wait(timeout)
            error = Ending(self._resource, gone=False, met=True).error()
            if error:
                raise error
            name = facts.output_name(self._resource)
            if not name:
                raise NoCountsError(f"{self.name} says of no ConfigMap that it holds its output")
            self._output = self._api.get(CONFIG_MAPS, self.namespace, name)
        return self._output

    def cancel(self) -> None:
        """Cancel it and keep the resource; what had begun may be billed. Harmless after its end."""
        self._resource = self._api.patch(JOBS, self.namespace, self.name, {"spec": {"cancel": True}})

    def _repr_mimebundle_(self, **_kinds: Any) -> dict[str, str]:
        """For notebooks: as it is now, or as it was last seen if the cluster cannot be asked."""
        from quantumjobs.display import job_html  # noqa: PLC0415 - for notebooks alone

        with contextlib.suppress(QuantumJobsError):
            _ = self.resource
        return {"text/plain": repr(self), "text/html": job_html(self._resource, self.parameters)}

    def __repr__(self) -> str:
        key = self._resource["spec"].get("idempotencyKey")
        once = f", once={key!r}" if key else ""
        target = self._resource["spec"]["target"]
        return f"<Job {self.name} on {target}: {facts.state(self._resource)}{once}>"


def parameters_of(resource: Resource) -> Mapping[str, Any]:
    """The values that were put into a job's program; none if there are more than any table has columns for."""
    try:
        read = json.loads(facts.annotation(resource, facts.PARAMETERS) or "{}")
    except (ValueError, RecursionError):
        return {}
    return shallow(read) if isinstance(read, dict) and len(read) <= _MOST_PARAMETERS else {}
