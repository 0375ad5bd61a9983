"""The emulator as a service of the stack, with its admin route.

Knows its command line and its HTTP interface only.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from devcluster.processes import free_port
from localstack.service import Service

_ADMIN_SECONDS: Final = 30.0


class Emulator(Service):
    """The local Azure Quantum workspace with its storage account; state and port survive `kill` and `start`.

    Attributes:
        url: The service's origin, without a slash at its end.
    """

    def __init__(self, folder: Path, arguments: Sequence[str], host: str = "127.0.0.1") -> None:
        port = free_port()
        self.url = f"http://{host}:{port}"
        argv = [sys.executable, "-m", "workspace_emulator", "--admin", f"--host={host}", f"--port={port}"]
        super().__init__("emulator", [*argv, f"--data-dir={folder / 'emulator'}", *arguments], folder=folder)

    @property
    def api_key(self) -> str:
        """The key that it accepts."""
        return str(self.announced["api_key"])

    @property
    def storage_origin(self) -> str:
        """Scheme, host and port of its storage account."""
        storage = httpx.URL(self.announced["storage_url"])
        return f"{storage.scheme}://{storage.netloc.decode()}"

    @property
    def resource_id(self) -> str:
        """The workspace's resource id."""
        told = self.announced
        return (
            f"/subscriptions/{told['subscription_id']}/resourceGroups/{told['resource_group']}"
            f"/providers/Microsoft.Quantum/workspaces/{told['workspace']}"
        )

    def ledger(self) -> list[dict[str, Any]]:
        """A row for each paid run, in the order in which they were accepted."""
        runs: list[dict[str, Any]] = self.admin("GET", "ledger")["runs"]
        return runs

    def behave(self, **settings: Any) -> None:
        """Change settings of its behaviour, such as `executing_seconds=5`."""
        self.admin("PUT", "settings", settings)

    def admin(self, method: str, name: str, body: Any = None) -> Any:
        """Call one of its admin routes; returns the answer's JSON, None if it has no body.

        Raises:
            httpx.HTTPStatusError: It refused.
        """
        with httpx.Client(base_url=f"{self.url}/admin/", timeout=_ADMIN_SECONDS, trust_env=False) as client:
            answer = client.request(method, name, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None
