"""Containers of a rendered Deployment as local processes, which find a Service's name in an /etc/hosts of their own.

Takes command, arguments, variables and Secrets as the cluster has them. What a kubelet does beyond that is missing:
images, users, limits, probes and network policies.
"""

import base64
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chart.helm import Manifest
from chart.releases import SYSTEM, Releases
from devcluster.processes import Child
from workspace_emulator.storage.azurite_install import AzuriteProgram

# Bound over the real file in a mount namespace that ends with the process.
_IN_ITS_NAMESPACE: Final = 'mount --bind "$0" /etc/hosts && exec "$@"'


class AsRendered:
    """Starts containers; each has its log and its data in one folder."""

    def __init__(self, releases: Releases, folder: Path, *, host: str, azurite: AzuriteProgram) -> None:
        self._releases = releases
        self._folder = folder
        self._azurite = azurite
        self._hosts = folder / "hosts"
        self._hosts.write_text(f"{Path('/etc/hosts').read_text()}\n127.0.0.1 {host}\n")

    def start(self, container: Manifest, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
        """Start a container; `arguments` come after its own, and `environment` is added to its own."""
        name = container["name"]
        data = self._folder / name
        data.mkdir()
        own = [one.replace("=/data", f"={data}") for one in container["args"]]
        unshare = ["unshare", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--mount"]
        argv = [*unshare, "sh", "-c", _IN_ITS_NAMESPACE, self._hosts, *self._command(container), *own, *arguments]
        variables = {"PATH": os.environ["PATH"], "HOME": str(data)} | self._variables(container)
        return Child.start(
            argv, name=name, log=self._folder / f"{name}.log", env=variables | dict(environment or {}), cwd=data
        )

    def _command(self, container: Manifest) -> list[str]:
        """What the images would start, from where it lies here."""
        match container["name"]:
            case "azurite":
                return [str(self._azurite.node), str(self._azurite.entry)]
            case "emulator":
                return [sys.executable, "-m", "workspace_emulator"]
            case _:
                return [sys.executable, "-m", "quantumjob_operator"]

    def _variables(self, container: Manifest) -> dict[str, str]:
        known: dict[str, str] = {}
        for one in container.get("env", ()):
            value = one["value"] if "value" in one else self._secret(one["valueFrom"]["secretKeyRef"])
            known[one["name"]] = re.sub(r"\$\((\w+)\)", lambda found: known.get(found[1], found[0]), value)
        return known

    def _secret(self, reference: dict[str, Any]) -> str:
        data = self._releases.get(f"secret/{reference['name']}", f"--namespace={SYSTEM}")["data"]
        return base64.b64decode(data[reference["key"]]).decode()
