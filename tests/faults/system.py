"""The whole system with everything that the campaign may do to it: two operators, three proxies, the API server.

Must not live here: when any of it is done.
"""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Self

import yaml

from devcluster.proxy import TlsProxy
from devcluster.proxyrules import client_name
from faults.boundaries import Way
from faults.budgets import TIGHT, budget, purses_of
from faults.disturbances import Disturbances
from faults.jobs import API, BEHAVIOUR, Object
from faults.plan import A_DATE
from faults.purse import Purse
from faults.users import Users
from localstack import manifests
from localstack.operated import Operator
from localstack.service import Service
from localstack.stack import Stack

REQUEST_SECONDS: Final = 3.0
"""The operator's time-out; what it sent takes effect within this, or never."""
_OPERATOR: Final = (
    "--put-start-seconds=1.5",
    f"--request-timeout-seconds={REQUEST_SECONDS}",
    "--visibility-delay-seconds=1",
    "--cancellation-grace-period-seconds=240",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=2",
    "--resync-seconds=20",
    "--workspace-refresh-seconds=15",
    "--workers=64",
)
FENCE_SECONDS: Final = 1.5 + REQUEST_SECONDS + 1
"""After this a 404 is believed."""
NAMESPACES: Final = ("default", "research", "teaching")
TIGHT_NAMESPACE: Final = "teaching"
"""Its jobs wait for a budget while faults last."""


class System:
    """The system under test; ends with the `with` block.

    Attributes:
        stack: Control plane and workspace.
        users: The people.
        operators: Two that may run at the same time; none runs at first.
        clients: By what the proxy knows each of the two.
        disturbances: Of what passes between them and the API server.
        folder: Logs, and the workspace's data.
        interruptions: From when to when an operator was stopped, by the clock of the wall; a moment if it was killed.
    """

    def __init__(self, stack: Stack, resources: ExitStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self._resources = resources
        self._storage_proxy = resources.enter_context(TlsProxy.start(stack.emulator.storage_origin, tls=False))
        account = str(stack.emulator.announced["storage_url"]).removeprefix(stack.emulator.storage_origin)
        stack.emulator.admin("PUT", "storage", {"url": f"{self._storage_proxy.url}{account}"})
        stack.emulator.behave(**BEHAVIOUR)
        self._key = stack.emulator.api_key
        self._namespaces = ["default"]
        self._kept: list[Purse] = []
        self.users = resources.enter_context(Users(stack.cluster, stack.emulator.resource_id))
        for namespace in NAMESPACES[1:]:
            self.add_namespace(namespace, limit=TIGHT if namespace == TIGHT_NAMESPACE else None)
        self.clients: list[str] = []
        self.interruptions: list[tuple[float, float]] = []
        self._stopped: dict[int, float] = {}
        self.operators = tuple(self._operator(folder / name) for name in ("first", "second"))
        for operator in self.operators:
            resources.callback(operator.end)
        self.disturbances = Disturbances(self.proxy(Way.CLUSTER))

    @classmethod
    def start(cls, folder: Path, *, repeated_put: str, seed: int) -> Self:
        """Start everything but the operators; logs stay in the folder, which must be new."""
        with ExitStack() as resources:
            arguments = ["--no-simulate", f"--repeated-put={repeated_put}", f"--seed={seed}", "--log-level=warning"]
            stack = resources.enter_context(
                Stack.start(emulator_args=arguments, through_proxy=True, start_operator=False, folder=folder)
            )
            system = cls(stack, resources, folder)
            system._resources = resources.pop_all()
        return system

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def proxy(self, way: Way) -> TlsProxy:
        """The proxy on a way."""
        cluster, service = self.stack.cluster_proxy, self.stack.workspace_proxy
        assert cluster is not None
        assert service is not None
        return {Way.CLUSTER: cluster, Way.SERVICE: service, Way.STORAGE: self._storage_proxy}[way]

    def add_namespace(self, name: str, *, limit: int | None = None) -> None:
        """Make a namespace with a QuantumWorkspace of its own, quicker than `Stack.add_workspace`.

        Args:
            name: Its name.
            limit: So many jobs may run under its budget; without one it has none.
        """
        emulator = self.stack.emulator
        location = str(emulator.announced["location"])
        described = manifests.workspace(
            "default", resource_id=emulator.resource_id, location=location, endpoint=self.stack.endpoint
        )
        objects = (
            ("/api/v1/namespaces/{namespace}/secrets", manifests.credentials(self._key)),
            (f"{API}/namespaces/{{namespace}}/quantumworkspaces", described),
        )
        budgets = [] if limit is None else [(f"{API}/namespaces/{{namespace}}/quantumbudgets", budget(limit))]
        self.users.add_workspace(name, [*objects, *budgets])
        self._namespaces.append(name)

    def remove_namespace(self, name: str) -> None:
        """Take a namespace out of use, once its jobs are over: its QuantumBudget and its QuantumWorkspace are deleted.

        Its objects stay, and what its budget came to is kept for the end.
        """
        own = [one for one in self.users.budgets() if one["metadata"]["namespace"] == name]
        self._kept += self._purses(own)
        for plural in ("quantumbudgets", "quantumworkspaces"):
            self.users.remove(f"{API}/namespaces/{name}/{plural}")
        self._namespaces.remove(name)

    def purses(self) -> list[Purse]:
        """What each budget came to, also of those that are gone."""
        kept = {one.name for one in self._kept}
        return [*self._kept, *(one for one in self._purses(self.users.budgets()) if one.name not in kept)]

    def _purses(self, budgets: Sequence[Object]) -> list[Purse]:
        exchanges = self.proxy(Way.CLUSTER).exchanges if budgets else ()
        return purses_of(budgets, self.stack.emulator.ledger() if budgets else (), exchanges)

    def restart_api_server(self, *, compact: bool) -> None:
        """Kill the API server and start it again; after a compaction watches find their past gone (410)."""
        cluster = self.stack.cluster
        _, api_server, _ = cluster.processes
        api_server.kill()
        if compact:
            cluster.compact_etcd()
        cluster.start_api_server()

    def rotate_key(self, *, secret_first: bool) -> None:
        """Give the workspace another key, and the Secrets too, in one order or the other."""
        key = self._key = token_hex(16)
        if not secret_first:
            self._accept_key(key)
        for namespace in self._namespaces:
            self.users.change_key(namespace, manifests.CREDENTIALS, key)
        if secret_first:
            self._accept_key(key)

    def _accept_key(self, key: str) -> None:
        self.stack.emulator.admin("PUT", "credentials", {"api_key": key, "bearer_tokens": []})

    def arm(self, faults: Sequence[dict[str, Any]]) -> None:
        """Switch faults of the workspace on."""
        dated = [_dated(fault) for fault in faults]
        self.stack.emulator.admin("POST", "faults", dated)

    def disarm(self) -> None:
        """Switch all faults of the workspace off."""
        self.stack.emulator.admin("DELETE", "faults")

    def struck(self) -> int:
        """How many faults of the workspace have acted."""
        counts: dict[str, int] = self.stack.emulator.admin("GET", "faults")["struck"]
        return sum(counts.values())

    def put_clock_forward(self, seconds: float) -> None:
        """The workspace's clock goes wrong, or time passes there."""
        self.stack.emulator.admin("POST", "clock", {"advance_seconds": seconds})

    def kill(self, operator: Operator) -> None:
        """End an operator as a crash does."""
        now = time.time()
        operator.kill()
        self.interruptions.append((now, now))

    def stop(self, operator: Operator) -> None:
        """Let an operator stand still, as on a machine that sleeps."""
        self._stopped[operator.pid] = time.time()
        os.kill(operator.pid, signal.SIGSTOP)

    def go_on(self, operator: Operator) -> None:
        """Let it go on."""
        os.kill(operator.pid, signal.SIGCONT)
        self.interruptions.append((self._stopped.pop(operator.pid), time.time()))

    def log_lines(self) -> list[str]:
        """What the operators wrote in all their lives."""
        return [line for one in self.operators if one.log.exists() for line in one.log.read_text().splitlines()]

    def _operator(self, folder: Path) -> Operator:
        folder.mkdir()
        proxy, stack = self.proxy(Way.CLUSTER), self.stack
        kubeconfig = stack.cluster.service_account_kubeconfig(
            manifests.SYSTEM_NAMESPACE, manifests.SERVICE_ACCOUNT, server=proxy.url, ca_file=proxy.ca_file
        )
        # A token of its own for each, so that the proxy tells them apart.
        own = folder / "kubeconfig"
        own.write_text(kubeconfig.read_text())
        own.chmod(0o600)
        token = yaml.safe_load(own.read_text())["users"][0]["user"]["token"]
        self.clients.append(client_name(f"Bearer {token}"))
        return Operator(
            folder,
            kubeconfig=own,
            allowed_endpoints=[stack.endpoint, self._storage_proxy.url, stack.emulator.storage_origin],
            arguments=_OPERATOR,
        )


def launch(operator: Operator) -> None:
    """Start an operator without waiting until it is ready: the cluster may be down, and it may die before."""
    Service.start(operator)


def _dated(fault: dict[str, Any]) -> dict[str, Any]:
    if fault.get("retry_after") != A_DATE:
        return fault
    return {**fault, "retry_after": formatdate(time.time() + 2, usegmt=True)}
