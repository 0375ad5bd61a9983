"""The composition: starts the parts in the order that they need, and ends them.

What a single part is called with stands in its own module.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from devcluster.controlplane import ControlPlane
from devcluster.progress import Report
from devcluster.proxy import TlsProxy
from devcluster.scratch import scratch_directory
from localstack import manifests
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from localstack.operated import Operator

STEPS: Final = 3
"""How many lines of progress a start has."""
_WAIT_SECONDS: Final = 60


class Stack:
    """Control plane, emulator and operator, running together; ends with the `with` block, or with our process.

    Attributes:
        cluster: The control plane, with the CRDs, the operator's role and a QuantumWorkspace `default` in `default`.
        emulator: The workspace.
        operator: The operator.
        cluster_proxy: Between the operator and the API server; None unless asked for.
        workspace_proxy: Between the operator and the emulator (not its storage); None unless asked for.
    """

    def __init__(
        self,
        cluster: ControlPlane,
        emulator: Emulator,
        resources: ExitStack,
        *,
        folder: Path,
        operator_args: Sequence[str],
        through_proxy: bool,
    ) -> None:
        self.cluster = cluster
        self.emulator = emulator
        self._resources = resources
        self.cluster_proxy: TlsProxy | None = None
        self.workspace_proxy: TlsProxy | None = None
        if through_proxy:
            self.cluster_proxy = resources.enter_context(TlsProxy.start(cluster.url, upstream_ca=cluster.ca_file))
            self.workspace_proxy = resources.enter_context(TlsProxy.start(emulator.url, tls=False))
        self._install()
        self.operator = self._make_operator(folder, operator_args)
        resources.callback(self.operator.end)

    @classmethod
    def start(
        cls,
        *,
        emulator_args: Sequence[str] = (),
        operator_args: Sequence[str] = (),
        through_proxy: bool = False,
        start_operator: bool = True,
        folder: Path | None = None,
        report: Report = lambda _: None,
    ) -> Self:
        """Start everything and wait until it is ready.

        Args:
            emulator_args: Further arguments of the emulator, such as `--executing-seconds=5`.
            operator_args: Further arguments of the operator.
            through_proxy: Whether the operator reaches the API server and the emulator through proxies.
            start_operator: Whether the operator is started; `stack.operator.start()` does it later.
            folder: Keeps the logs and the emulator's data after the end; a temporary folder if None.
            report: Takes a line at the beginning of each of the steps.

        Raises:
            DevClusterError: A part can't be built or didn't become ready.
            KubectlError: The project's manifests can't be applied.
        """
        with ExitStack() as resources:
            place = folder or resources.enter_context(scratch_directory())
            place.mkdir(parents=True, exist_ok=True)
            report("starting etcd, the API server, the controller manager and the local Azure Quantum workspace")
            emulator = Emulator(place, emulator_args)
            resources.callback(emulator.end)
            with ThreadPoolExecutor() as side:
                starting = side.submit(emulator.start)
                cluster = resources.enter_context(ControlPlane.start())
                starting.result()
            report("installing the CRDs, the operator's role and the QuantumWorkspace `default`")
            stack = cls(
                cluster, emulator, resources, folder=place, operator_args=operator_args, through_proxy=through_proxy
            )
            if start_operator:
                report("starting the operator")
                stack.operator.start()
            stack._resources = resources.pop_all()
        return stack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all parts; harmless when repeated."""
        self._resources.close()

    def kubectl(self, *arguments: str | Path, namespace: str = "default", **options: Any) -> str:
        """Run kubectl as the administrator in a namespace; returns what it printed (see `ControlPlane.kubectl`)."""
        return self.cluster.kubectl(*arguments, f"--namespace={namespace}", **options).stdout

    def apply(self, manifest: Manifest | Path, *, namespace: str = "default") -> None:
        """Apply a manifest, or a file or folder of them."""
        if isinstance(manifest, Path):
            self.kubectl("apply", "--server-side", "-f", manifest, namespace=namespace)
        else:
            self.kubectl("apply", "--server-side", "-f", "-", namespace=namespace, stdin=json.dumps(manifest))

    def get(self, kind: str, name: str, *, namespace: str = "default") -> Manifest:
        """Read an object.

        Raises:
            KubectlError: There is none.
        """
        read: Manifest = json.loads(self.kubectl("get", kind, name, "-o", "json", namespace=namespace))
        return read

    def wait(
        self, what: str, condition: str = "Finished", *, namespace: str = "default", timeout: int = _WAIT_SECONDS
    ) -> None:
        """Wait as a user would.

        Args:
            what: `kind/name`.
            condition: Type of a condition (`Finished`, `Ready=False`), or what `kubectl wait --for` takes: `delete`, …
            namespace: Its namespace.
            timeout: Seconds.

        Raises:
            KubectlError: It took longer, or there is no such object.
        """
        plain = condition in {"delete", "create"} or condition.startswith("jsonpath=")
        wanted = condition if plain else f"condition={condition}"
        arguments = ("wait", f"--for={wanted}", what, f"--timeout={timeout}s")
        self.kubectl(*arguments, namespace=namespace, timeout=timeout + 30)

    def add_workspace(self, namespace: str, name: str = "default") -> None:
        """Make a namespace, if absent, in which jobs reach the emulator through a QuantumWorkspace."""
        self.apply(manifests.namespace(namespace))
        self.apply(manifests.credentials(self.emulator.api_key), namespace=namespace)
        location = str(self.emulator.announced["location"])
        described = manifests.workspace(
            name, resource_id=self.emulator.resource_id, location=location, endpoint=self.endpoint
        )
        self.apply(described, namespace=namespace)

    @property
    def endpoint(self) -> str:
        """Origin at which the operator reaches the workspace."""
        return self.workspace_proxy.url if self.workspace_proxy else self.emulator.url

    def env(self) -> dict[str, str]:
        """What a person at a shell needs in order to use the cluster, the workspace and the metrics."""
        told = self.emulator.announced
        variables = {
            "KUBECONFIG": self.cluster.kubeconfig,
            "QUANTUM_ENDPOINT": self.emulator.url,
            "QUANTUM_API_KEY": told["api_key"],
            "QUANTUM_SUBSCRIPTION_ID": told["subscription_id"],
            "QUANTUM_RESOURCE_GROUP": told["resource_group"],
            "QUANTUM_WORKSPACE": told["workspace"],
            "QUANTUM_LOCATION": told["location"],
            "OPERATOR_PID": self.operator.pid,
            "EMULATOR_PID": self.emulator.pid,
            "OPERATOR_METRICS": self.operator.metrics_url,
        }
        return {name: str(value) for name, value in variables.items()}

    def _install(self) -> None:
        self.apply(manifests.CRDS)
        self.cluster.wait_until_established("-f", manifests.CRDS)
        self.apply(manifests.namespace(manifests.SYSTEM_NAMESPACE))
        self.apply(manifests.RBAC, namespace=manifests.SYSTEM_NAMESPACE)
        self.add_workspace("default")

    def _make_operator(self, folder: Path, arguments: Sequence[str]) -> Operator:
        proxy = self.cluster_proxy
        kubeconfig = self.cluster.service_account_kubeconfig(
            manifests.SYSTEM_NAMESPACE,
            manifests.SERVICE_ACCOUNT,
            server=proxy.url if proxy else None,
            ca_file=proxy.ca_file if proxy else None,
        )
        return Operator(
            folder,
            kubeconfig=kubeconfig,
            allowed_endpoints=[self.endpoint, self.emulator.storage_origin],
            arguments=arguments,
        )
