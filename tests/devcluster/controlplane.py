"""A running control plane: etcd, kube-apiserver, kube-controller-manager, and kubectl to talk to it.

The composition: how each part is called stands in `devcluster.apiserver` and `devcluster.etcd`.
"""

import itertools
import os
import ssl
import subprocess
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from devcluster.apiserver import (
    ADMIN,
    CONTROLLER_MANAGER,
    LOOPBACK,
    Credentials,
    api_server_arguments,
    controller_manager_arguments,
)
from devcluster.audit import SUMMARIES_VARIABLE, Audit
from devcluster.build import control_plane_binaries
from devcluster.errors import KubectlError, StartError
from devcluster.etcd import Etcd
from devcluster.kubeconfig import write_kubeconfig
from devcluster.processes import Child, free_port
from devcluster.progress import Report, report_on_terminal
from devcluster.scratch import scratch_directory

_START_SECONDS: Final = 180.0
# Asked to end, the API server waits for the last client to hang up, up to a minute; nothing is lost by killing it.
_API_SERVER_STOP_SECONDS: Final = 2.0
_KUBECTL_SECONDS: Final = 180.0
_PORT_ATTEMPTS: Final = 3
_PORT_TAKEN: Final = "address already in use"


class ControlPlane:
    """A Kubernetes control plane of our own; ends with the `with` block, or with our process.

    Attributes:
        folder: Its data, logs and keys; removed when it stops.
        url: The API server's address.
        ca_file: PEM file of the authority of its certificate.
        kubeconfig: Kubeconfig file of the administrator.
        audit_log: JSON lines, one for each request: its metadata, never its body. If the environment names a folder
            (`devcluster.audit.SUMMARIES_VARIABLE`), a summary is left there.
    """

    def __init__(self, binaries: Path, folder: Path, resources: ExitStack, address: str) -> None:
        self.folder = folder
        self.audit_log = folder / "audit.log"
        self._audit = Audit(self.audit_log)
        self._leave_summary(resources)
        self._binaries = binaries
        self._resources = resources
        self._snapshots = itertools.count(1)
        self._address = address
        self._credentials = Credentials.create(folder / "keys", address)
        self.ca_file = self._credentials.ca_file
        self._trust = ssl.create_default_context(cafile=self.ca_file)
        self._etcd, self._api_server = self._start_on_free_ports()
        self._controller_manager = self._start_controller_manager()

    @classmethod
    def start(cls, *, address: str = LOOPBACK, report: Report = report_on_terminal) -> Self:
        """Start a control plane and wait until it serves; builds the programs first if they aren't cached.

        Args:
            address: Of the API server; one that a node reaches, if it is to have one.
            report: Takes lines of progress of a build.

        Raises:
            BuildError: The programs can't be built or found.
            StartError: A part didn't become ready.
        """
        binaries = control_plane_binaries(report)
        with ExitStack() as resources:
            folder = resources.enter_context(scratch_directory())
            started = cls(binaries, folder, resources, address)
            started._resources = resources.pop_all()
        return started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def processes(self) -> tuple[Child, ...]:
        """etcd, the API server and the controller manager, in the order in which they depend on each other."""
        return (self._etcd.child, self._api_server, self._controller_manager)

    def stop(self) -> None:
        """Kill all parts (nothing of them is to be kept) and remove the folder; harmless when repeated."""
        self._resources.close()

    def kubectl(
        self, *arguments: str | Path, stdin: str | None = None, check: bool = True, timeout: float = _KUBECTL_SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl as the administrator.

        Args:
            arguments: Its arguments.
            stdin: What it reads from standard input.
            check: Whether an exit code other than 0 is an error.
            timeout: Seconds after which it is killed.

        Raises:
            KubectlError: It failed and `check` is true.
            subprocess.TimeoutExpired: It took longer than `timeout`.
        """
        done = subprocess.run(
            [self._binaries / "kubectl", *arguments],
            input=stdin,
            env=self.kubectl_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise KubectlError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def wait_until_established(self, *what: str | Path, stdin: str | None = None) -> None:
        """Wait until the API server serves the kinds of definitions.

        Args:
            what: The definitions, as kubectl takes them: `crd/name`, or `--filename=…`.
            stdin: What it reads from standard input.

        Raises:
            KubectlError: They are not, or it took longer than kubectl waits.
        """
        # A definition that was just made has `conditions: null`, which `--for=condition` takes for an error.
        for wanted in ("jsonpath={.status.conditions[0].type}", "condition=Established"):
            self.kubectl("wait", f"--for={wanted}", *what, stdin=stdin)

    def kubectl_environment(self) -> dict[str, str]:
        """Our environment, with our kubectl first on the PATH, as the administrator of this cluster."""
        return os.environ | {
            "PATH": f"{self._binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
        }

    def service_account_kubeconfig(
        self, namespace: str, name: str, *, server: str | None = None, ca_file: Path | None = None
    ) -> Path:
        """Write a kubeconfig with a token that the API server issued to a ServiceAccount.

        Args:
            namespace: The ServiceAccount's namespace.
            name: The ServiceAccount.
            server: Address to use instead of the API server's, such as a proxy's.
            ca_file: The authority of that address's certificate.
        """
        token = self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=24h").stdout.strip()
        via = "direct" if server is None else server.rsplit(":", 1)[-1]
        return write_kubeconfig(
            self.folder / f"{namespace}-{name}-{via}.kubeconfig",
            server=server or self.url,
            ca_file=ca_file or self.ca_file,
            user=f"system:serviceaccount:{namespace}:{name}",
            token=token,
            namespace=namespace,
        )

    def kubeconfig_of(self, user: str) -> Path:
        """Write the kubeconfig of a part of the cluster (`devcluster.apiserver`), and return its path."""
        path = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        return self._credentials.kubeconfig(path, user, self.url)

    def refusals_expected(self) -> AbstractContextManager[None]:
        """For the time of a block in which a right is taken away on purpose: what is refused then proves nothing."""
        return self._audit.refusals_expected()

    def stop_api_server(self) -> None:
        """End the API server; its data stay in etcd."""
        self._api_server.stop(_API_SERVER_STOP_SECONDS)

    def start_api_server(self) -> None:
        """Start the API server again, on the same port, and wait until it serves."""
        # A server that has not read the roles yet refuses whoever asks.
        with self.refusals_expected():
            self._api_server = self._launch_api_server(self._etcd)
            self._api_server.wait_until(self._serves, _START_SECONDS)

    def restart_api_server(self) -> None:
        """Stop the API server and start it again; watches break, its cache of recent events is lost."""
        self.stop_api_server()
        self.start_api_server()

    def compact_etcd(self) -> int:
        """Make etcd forget its history; returns the revision that is kept.

        Followed by `restart_api_server`, older resource versions are answered 410 Gone.
        """
        return self._etcd.compact()

    def snapshot(self) -> Path:
        """Copy all that the cluster stores, as it is now; returns the copy, which goes with the control plane."""
        copy = self.folder / f"snapshot-{next(self._snapshots)}"
        self._etcd.copy_data(copy)
        return copy

    def restore(self, snapshot: Path) -> None:
        """Bring back what the cluster stored at the time of a snapshot, and wait until it is served and controlled.

        As after an administrator's restore of etcd, resource versions go back too. The controller manager is restarted
        as well, as Kubernetes' instructions say, since its memory is newer than the cluster; other clients find the API
        server gone for a while.
        """
        self._controller_manager.kill()
        self._api_server.kill()
        self._etcd.start_from(snapshot)
        self._resources.callback(self._etcd.child.kill)
        self._etcd.child.wait_until(self._etcd.is_ready, _START_SECONDS)
        self.start_api_server()
        self._controller_manager = self._start_controller_manager()

    def _leave_summary(self, resources: ExitStack) -> None:
        """Have the calls of ServiceAccounts summarised between the end of the processes and that of the folder."""
        if folder := os.environ.get(SUMMARIES_VARIABLE):
            resources.callback(self._audit.leave_summary, Path(folder))

    def _start_on_free_ports(self) -> tuple[Etcd, Child]:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                return self._start_servers(self.folder / f"data-{attempt}")
            except StartError as error:
                # Between our look and their bind somebody else took a port: try others.
                if _PORT_TAKEN not in str(error) or attempt == _PORT_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _start_servers(self, data: Path) -> tuple[Etcd, Child]:
        data.mkdir()
        self._port = free_port()
        self.url = f"https://{self._address}:{self._port}"
        self.kubeconfig = self._credentials.kubeconfig(self.folder / "admin.kubeconfig", ADMIN, self.url)
        etcd = Etcd.start(self._binaries / "etcd", data)
        self._resources.callback(etcd.child.kill)
        etcd.child.wait_until(etcd.is_ready, _START_SECONDS)
        api_server = self._launch_api_server(etcd)
        api_server.wait_until(self._serves, _START_SECONDS)
        return etcd, api_server

    def _launch_api_server(self, etcd: Etcd) -> Child:
        arguments = api_server_arguments(
            self._credentials, etcd_url=etcd.url, address=self._address, port=self._port, audit_log=self.audit_log
        )
        child = Child.start(
            [self._binaries / "kube-apiserver", *arguments],
            name="kube-apiserver",
            log=self.folder / "kube-apiserver.log",
        )
        self._resources.callback(child.kill)
        return child

    def _start_controller_manager(self) -> Child:
        kubeconfig = self.kubeconfig_of(CONTROLLER_MANAGER)
        child = Child.start(
            [self._binaries / "kube-controller-manager", *controller_manager_arguments(self._credentials, kubeconfig)],
            name="kube-controller-manager",
            log=self.folder / "kube-controller-manager.log",
        )
        self._resources.callback(child.kill)
        child.wait_until(self._controls, _START_SECONDS)
        return child

    def _serves(self) -> bool:
        """Whether the API server is ready and has made the namespace `default`."""
        return self._answers("/readyz") and self._answers("/api/v1/namespaces/default")

    def _controls(self) -> bool:
        """Whether the controllers run: they make the ServiceAccount `default` of each namespace."""
        return self._answers("/api/v1/namespaces/default/serviceaccounts/default")

    def _answers(self, path: str) -> bool:
        headers = {"Authorization": f"Bearer {self._credentials.tokens[ADMIN]}"}
        try:
            with httpx.Client(base_url=self.url, headers=headers, verify=self._trust, trust_env=False) as client:
                return client.get(path).is_success
        except httpx.TransportError:
            return False
