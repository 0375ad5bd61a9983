"""Flux's source-controller and kustomize-controller as processes beside a cluster.

As administrator, which kustomize-controller is in a cluster as well. Must not live here: what is delivered.
"""

import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from devcluster.build import ensure, kept_files
from devcluster.controlplane import ControlPlane
from devcluster.gotools import FLUX
from devcluster.processes import Child, free_port

_START_SECONDS: Final = 180.0
_NAMESPACE: Final = "flux-system"
_COMMON: Final = ("--watch-all-namespaces", "--log-encoding=json", "--metrics-addr=0", "--requeue-dependency=1s")


class Controllers:
    """Both controllers; their store and their addresses survive `kill` and `start`.

    Args:
        folder: For their logs and for what source-controller fetched.
        cluster: Where they look for work.
    """

    def __init__(self, folder: Path, cluster: ControlPlane) -> None:
        self._folder = folder
        self._binaries = ensure(FLUX)
        self._cluster = cluster
        self._store = folder / "store"
        self._served = f"127.0.0.1:{free_port()}"
        self._health = {module.name: f"127.0.0.1:{free_port()}" for module in FLUX.modules}
        self._running: list[Child] = []

    def install(self) -> None:
        """Bring their kinds into the cluster."""
        for module in FLUX.modules:
            folder = kept_files(self._binaries, module)
            self._cluster.kubectl("apply", "--server-side", f"--filename={folder}")
            self._cluster.wait_until_established(f"--filename={folder}")

    @property
    def running(self) -> bool:
        """Whether both run."""
        return bool(self._running) and all(child.running for child in self._running)

    def start(self, *of_kustomize_controller: str) -> None:
        """Start both and wait until they are ready.

        Args:
            of_kustomize_controller: Further arguments of kustomize-controller.
        """
        self._store.mkdir(exist_ok=True)
        store = (
            f"--storage-path={self._store}",
            f"--storage-addr={self._served}",
            f"--storage-adv-addr={self._served}",
        )
        self._running = [
            self._launch("source-controller", *store),
            self._launch("kustomize-controller", *of_kustomize_controller),
        ]
        for child in self._running:
            child.wait_until(partial(self._ready, child.name), _START_SECONDS)

    def kill(self, *, with_store: bool = False) -> None:
        """End both with SIGKILL.

        Args:
            with_store: Whether what source-controller fetched is lost too, as with its Pod.
        """
        for child in self._running:
            child.kill()
        self._running = []
        if with_store:
            shutil.rmtree(self._store)

    def kill_after(self, seconds: float) -> None:
        """End both with SIGKILL a moment from now."""
        time.sleep(seconds)
        self.kill()

    def restart(self, *of_kustomize_controller: str) -> None:
        """Kill both and start them again with these arguments."""
        self.kill()
        self.start(*of_kustomize_controller)

    def log(self, name: str) -> str:
        """What one of them wrote in all its lives."""
        return self._log(name).read_text()

    def _launch(self, name: str, *arguments: str) -> Child:
        argv: list[str | Path] = [self._binaries / name, *_COMMON, f"--health-addr={self._health[name]}", *arguments]
        environment = os.environ | {
            "KUBECONFIG": str(self._cluster.kubeconfig),
            "RUNTIME_NAMESPACE": _NAMESPACE,
            "TMPDIR": str(self._folder),  # a killed one leaves there what it was fetching
        }
        return Child.start(argv, name=name, log=self._log(name), env=environment)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _ready(self, name: str) -> bool:
        try:
            return httpx.get(f"http://{self._health[name]}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False
