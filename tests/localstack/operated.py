"""The operator as a service of the stack: with the token of its own ServiceAccount, never as administrator.

Knows its command line and its port only.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from localstack.service import Service

_PROBE_SECONDS: Final = 10.0


class Operator(Service):
    """The operator's process; `kill` and `start` are a crash and its end."""

    def __init__(
        self, folder: Path, *, kubeconfig: Path, allowed_endpoints: Sequence[str], arguments: Sequence[str]
    ) -> None:
        argv = [sys.executable, "-m", "quantumjob_operator", "--host=127.0.0.1", "--port=0"]
        allowed = [f"--allowed-endpoints={origin}" for origin in allowed_endpoints]
        super().__init__("operator", [*argv, *allowed, *arguments], folder=folder, env={"KUBECONFIG": str(kubeconfig)})

    @property
    def url(self) -> str:
        """Origin of its probes and metrics; another one after each start."""
        return f"http://127.0.0.1:{self.announced['port']}"

    @property
    def metrics_url(self) -> str:
        """Where Prometheus would look."""
        return f"{self.url}/metrics"

    def start(self) -> None:
        """Start it and wait until it is ready: it has listed what there is."""
        super().start()
        self._living.wait_until(self.ready, timeout=60)

    def ready(self) -> bool:
        """Whether `/readyz` says so."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=_PROBE_SECONDS, trust_env=False).is_success
        except httpx.TransportError:
            return False
