"""A local workspace as a real process with real Azurite, for tests; no assertion lives here."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

API_VERSION: Final = "2026-01-15-preview"
_START_SECONDS: Final = 300.0  # the first start may have to fetch Azurite
_LOOK_SECONDS: Final = 0.05
# Nothing here speaks TLS, and loading the certificates for it takes longer than most tests.
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class EmulatorDiedError(Exception):
    """The process ended before it served."""


@dataclass(slots=True)
class RunningEmulator:
    """One process.

    Attributes:
        process: The process.
        facts: What its ready file says.
        log: Where it writes its log.
    """

    process: "subprocess.Popen[bytes]"
    facts: dict[str, Any]
    log: Path

    @property
    def workspace_url(self) -> str:
        """Address of the workspace, without a final slash."""
        return (
            f"{self.facts['endpoint']}subscriptions/{self.facts['subscription_id']}"
            f"/resourceGroups/{self.facts['resource_group']}"
            f"/providers/Microsoft.Quantum/workspaces/{self.facts['workspace']}"
        )

    def client(self, **headers: str) -> httpx.Client:
        """Return a client of the workspace, with the API key unless other headers are given."""
        return httpx.Client(
            base_url=self.workspace_url,
            headers=headers or {"x-ms-quantum-api-key": self.facts["api_key"]},
            params={"api-version": API_VERSION},
            timeout=30.0,
            verify=_NO_TLS,
        )

    def admin(self) -> httpx.Client:
        """Return a client of the admin route."""
        return httpx.Client(base_url=f"{self.facts['endpoint']}admin", timeout=30.0, verify=_NO_TLS)

    def stranger(self) -> httpx.Client:
        """Return a client without a credential, for addresses that carry their own."""
        return httpx.Client(timeout=30.0, verify=_NO_TLS)

    def kill(self) -> None:
        """Kill the process without a chance to clean up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End the process and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def running_emulator(folder: Path, *flags: str) -> Iterator[RunningEmulator]:
    """Run an emulator whose data are in a folder; the same folder again is a restart.

    Raises:
        EmulatorDiedError: It ended before it served.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "emulator.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "workspace_emulator", "--port", "0", "--admin", "--data-dir", str(folder)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), *flags], stdout=output, stderr=output, env=_env()
        )
    try:
        yield RunningEmulator(process, _await_ready(process, ready, log), log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def _env() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("WORKSPACE_EMULATOR_")}


def _await_ready(process: "subprocess.Popen[bytes]", ready: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmulatorDiedError(log.read_text()[-2000:])
        time.sleep(_LOOK_SECONDS)
    facts: dict[str, Any] = json.loads(ready.read_text())
    return facts
