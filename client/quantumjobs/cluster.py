"""The entry of the library: a cluster, into which jobs are submitted and in which they are found again.

Must not live here: requests (`kubeapi`), or how a program becomes what a target takes (`programs`).
"""

import importlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, cast

from quantumjobs import extras, facts, targets
from quantumjobs.errors import ForbiddenError, NotFoundError, UsageError
from quantumjobs.job import Job
from quantumjobs.jobset import JobSet
from quantumjobs.kubeapi import JOBS, WORKSPACES, KubeApi, joined
from quantumjobs.kubeconfig import Access
from quantumjobs.limits import limits
from quantumjobs.manifest import Order, manifest
from quantumjobs.programs.prepare import prepare
from quantumjobs.programs.prepared import Prepared, Target
from quantumjobs.submission import send

if TYPE_CHECKING:
    from quantumjobs.qiskit import ClusterBackend, ClusterJob

Resource = dict[str, Any]
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DEFAULT_WORKSPACE: Final = "default"
_SENDERS: Final = 8


class QuantumCluster:
    """A Kubernetes cluster with the operator in it.

    Nothing is asked of the cluster before the first call that needs it.

    Args:
        namespace: Where jobs go; the namespace of the kubeconfig's context, or of the pod.
        context: Of the kubeconfig; its current one if None.
        workspace: Name of the QuantumWorkspace, or `namespace/name`; the default one if None.
        access: All that kubectl's flags can say, instead of `context`.
    """

    def __init__(
        self,
        namespace: str | None = None,
        context: str | None = None,
        workspace: str | None = None,
        *,
        access: Access | None = None,
    ) -> None:
        self._api = KubeApi(access or Access(context=context))
        self._namespace = namespace
        self._workspace = workspace
        self._targets: list[Target] | None = None

    @property
    def api(self) -> KubeApi:
        """The connection, for what this class does not offer."""
        return self._api

    @property
    def namespace(self) -> str:
        """Where jobs go."""
        return self._namespace or self._api.namespace

    def targets(self) -> list[Target]:
        """What the workspace offers, as it says now.

        Raises:
            NotFoundError: There is no such QuantumWorkspace.
            ForbiddenError: It may not be read.
        """
        self._targets = targets.offered(self.workspace())
        return self._targets

    def workspace(self) -> Resource:
        """The QuantumWorkspace, as kubectl shows it.

        Raises:
            NotFoundError: There is none of that name.
            ForbiddenError: It may not be read.
        """
        namespace, _, name = (self._workspace or _DEFAULT_WORKSPACE).rpartition("/")
        return self._api.get(WORKSPACES, namespace or self.namespace, name)

    def target(self, name: str) -> Target:
        """The target of a name, by the workspace's word if it can be read.

        Raises:
            NotFoundError: The workspace does not offer it; the text has the nearest names.
        """
        return targets.choose(name, self._known_targets())

    def prepare(
        self, program: Any, *, target: str, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> Prepared:
        """Turn a program into what a target takes, and check it; nothing is sent.

        Args:
            program: A file's path, source text, a circuit of Qiskit or Cirq, or what an earlier call returned.
            target: As Azure Quantum names it.
            parameters: Values of the program's own parameters.
            options: `language`, `format`, `profile`, `entry` (see `quantumjobs.programs.prepare.prepare`).

        Raises:
            ProgramError: The target cannot run it.
        """
        return prepare(program, self.target(target), parameters=parameters or {}, **options)

    def order(
        self,
        program: Any,
        *,
        target: str,
        shots: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        name: str | None = None,
        once: bool | str = False,
        labels: Mapping[str, str] | None = None,
        max_cost: str | Sequence[str] = (),
        deadline: int | None = None,
        queue_deadline: int | None = None,
        **compilation: Any,
    ) -> Order:
        """What `submit` would send, with a program that is ready: for `send`, a dry run, or to look at."""
        values, allowed = dict(parameters or {}), limits(max_cost)
        return Order(
            program=self.prepare(program, target=target, parameters=values, **compilation),
            target=self.target(target),
            shots=shots,
            options=options or {},
            name=name,
            once=once,
            labels=labels or {},
            values=values,
            workspace=self._workspace,
            max_cost=allowed,
            deadline=deadline,
            queue_deadline=queue_deadline,
        )

    def submit(self, program: Any, *, target: str, shots: int | None = None, **more: Any) -> Job:
        """Submit a program; returns as soon as the cluster has it.

        Args:
            program: A file's path, source text, or a circuit of Qiskit or Cirq.
            target: As Azure Quantum names it.
            shots: How often it runs; None leaves it to the target.
            more: `parameters` of the program, `options` of the target, `name`, `once`, `labels`, `max_cost` ("5USD", or
                several), `deadline` and `queue_deadline` (seconds), and what `prepare` takes.

        Raises:
            ProgramError: The target cannot run it; nothing was sent.
            NameTakenError: The name belongs to another job.
            OutcomeUnknownError: The answer was lost; nothing is sent a second time.
        """
        return self.send(self.order(program, target=target, shots=shots, **more))

    def send(self, order: Order) -> Job:
        """Submit what `order` made."""
        return Job(self._api, send(self._api, self.namespace, order))

    def dry_run(self, order: Order) -> Resource:
        """What the API server would store; nothing is stored."""
        return send(self._api, self.namespace, order, dry_run=True)

    @staticmethod
    def manifest(order: Order) -> Resource:
        """The object that `send` would create; nobody is asked."""
        return manifest(order)

    def sweep_orders(
        self, program: Any, *, points: Iterable[Mapping[str, Any]], target: str, batch: str | None = None, **more: Any
    ) -> tuple[str, list[Order]]:
        """The orders of a sweep, and the value of the label that they share; all are checked before any is sent."""
        if not (given := list(points)):
            raise UsageError("a sweep needs at least one point")
        batch = batch or f"sweep-{uuid.uuid4().hex[:8]}"
        labels = dict(more.pop("labels", None) or {})
        orders = [
            self.order(
                program,
                target=target,
                parameters=point,
                labels={**labels, facts.BATCH: batch, facts.POINT: str(number)},
                name=f"{batch}-{number}",
                **more,
            )
            for number, point in enumerate(given)
        ]
        return batch, orders

    def sweep(self, program: Any, *, points: Iterable[Mapping[str, Any]], target: str, **more: Any) -> JobSet:
        """Submit one job for each point, all with one label; a `max_cost` is that of each.

        Args:
            program: With parameters.
            points: Their values.
            target: As Azure Quantum names it.
            more: As for `submit`; `batch` is the label's value, and repeating a sweep under it creates nothing twice.

        Raises:
            ProgramError: One of the points cannot run; nothing was sent.
        """
        batch, orders = self.sweep_orders(program, points=points, target=target, **more)
        return self.send_all(batch, orders)

    def send_all(self, batch: str, orders: Iterable[Order]) -> JobSet:
        """Submit the orders of a sweep, some at a time."""
        with ThreadPoolExecutor(_SENDERS) as senders:
            sent = [senders.submit(self.send, order) for order in orders]
            try:
                jobs = [one.result() for one in sent]
            except BaseException:
                senders.shutdown(cancel_futures=True)
                raise
        return JobSet(self._api, self.namespace, f"{facts.BATCH}={batch}", jobs)

    def job(self, name: str) -> Job:
        """A job by its name, or by its GUID in Azure.

        Raises:
            NotFoundError: There is none in this namespace.
        """
        try:
            return Job(self._api, self._api.get(JOBS, self.namespace, name))
        except NotFoundError:
            if not _GUID.fullmatch(name):
                raise
        for resource in self._list(""):
            if facts.status_of(resource).get("jobId", "").lower() == name.lower():
                return Job(self._api, resource)
        raise NotFoundError(f"no quantumjob in namespace {self.namespace} has the id {name}")

    def jobs(self, label: str = "", *, state: str | None = None, limit: int | None = None) -> list[Job]:
        """Jobs of the namespace, the newest first.

        Args:
            label: A label selector.
            state: Only those in this state.
            limit: At most so many.
        """
        found = [resource for resource in self._list(label) if state is None or facts.state(resource) == state]
        found.sort(key=lambda resource: str(resource["metadata"]["creationTimestamp"]), reverse=True)
        return [Job(self._api, resource) for resource in found[:limit]]

    def job_set(self, *labels: str) -> JobSet:
        """All jobs that label selectors select, as one set."""
        return JobSet(self._api, self.namespace, joined(labels))

    def batch(self, batch: str) -> JobSet:
        """The jobs of a sweep, in any process that knows its label."""
        return self.job_set(f"{facts.BATCH}={batch}")

    def backend(self, name: str) -> "ClusterBackend":
        """A target as a backend of Qiskit (extra `qiskit`).

        Raises:
            NotFoundError: The workspace does not offer it.
        """
        return cast("ClusterBackend", _qiskit().backend(self, name))

    def qiskit_job(self, job_id: str) -> "ClusterJob":
        """A job of a backend, by its id, in any process (extra `qiskit`).

        Raises:
            NotFoundError: There is none in this namespace.
        """
        return cast("ClusterJob", _qiskit().open_job(self, job_id))

    def sampler(self, name: str, **options: Any) -> Any:
        """Qiskit's SamplerV2 over a target (extra `qiskit`)."""
        return _qiskit().sampler(self, name, **options)

    def estimator(self, name: str, **options: Any) -> Any:
        """Qiskit's EstimatorV2 over a target (extra `qiskit`)."""
        return _qiskit().estimator(self, name, **options)

    def _list(self, selector: str) -> Iterator[Resource]:
        for page in self._api.pages(JOBS, self.namespace, selector=selector):
            yield from page["items"]

    def _known_targets(self) -> list[Target]:
        if self._targets is None:
            try:
                return self.targets()
            except (NotFoundError, ForbiddenError):
                # The workspace may be another namespace's or the operator's own: then the name decides.
                self._targets = []
        return self._targets


def _qiskit() -> Any:
    extras.load("qiskit", "qiskit")
    return importlib.import_module("quantumjobs.qiskit")
