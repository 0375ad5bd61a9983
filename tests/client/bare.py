"""A researcher's namespace on an API server without an operator: the test says itself what becomes of jobs.

Must not live here: assertions.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import yaml

from devcluster.controlplane import ControlPlane
from quantumjobs import facts
from quantumjobs.cli.checks import RIGHTS

COMMAND: Final = (sys.executable, "-m", "quantumjobs")
_SECONDS: Final = 120
_NOW: Final = "2026-01-01T00:00:00Z"
_OURS: Final = {"app.kubernetes.io/managed-by": "quantumjob-operator"}
_ENDINGS: Final = {"Succeeded": "Complete", "Failed": "Failed", "Cancelled": "Failed"}


def quantum(
    kubeconfig: Path,
    *arguments: str | Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """`kubectl quantum` as a process of its own; returns whatever became of it."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "COLUMNS": "120"} | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        cwd=cwd,
    )


@dataclass(frozen=True, slots=True)
class Bare:
    """A namespace with a researcher's ServiceAccount.

    Attributes:
        plane: The API server.
        name: The namespace.
        folder: Takes kubeconfigs.
        kubeconfig: The researcher's.
        token: The researcher's.
    """

    plane: ControlPlane
    name: str
    folder: Path
    token: str = field(repr=False)

    @classmethod
    def make(cls, plane: ControlPlane, name: str, folder: Path, *, role: bool = True) -> Self:
        """Make the namespace and the account; with the researchers' role unless told otherwise."""
        within = f"--namespace={name}"
        plane.kubectl("create", "namespace", name)
        plane.kubectl("create", "serviceaccount", "researcher", within)
        if role:
            account = f"--serviceaccount={name}:researcher"
            plane.kubectl("create", "rolebinding", "researcher", "--clusterrole=quantumjob-researcher", account, within)
        token = plane.kubectl("create", "token", "researcher", within, "--duration=2h").stdout.strip()
        made = cls(plane, name, folder, token)
        made.write_kubeconfig({"token": token})
        return made

    @property
    def kubeconfig(self) -> Path:
        """The researcher's own file."""
        return self.folder / "researcher.kubeconfig"

    def write_kubeconfig(
        self,
        user: dict[str, Any],
        *,
        name: str = "researcher.kubeconfig",
        cluster: dict[str, Any] | None = None,
    ) -> Path:
        """Write a kubeconfig.

        Args:
            user: How the researcher signs in.
            name: Of the file.
            cluster: What differs from the API server's own entry.
        """
        server = {"server": self.plane.url, "certificate-authority": str(self.plane.ca_file)} | (cluster or {})
        context = {"cluster": "bare", "user": "researcher", "namespace": self.name}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bare", "cluster": server}],
            "users": [{"name": "researcher", "user": user}],
            "contexts": [{"name": "bare", "context": context}],
            "current-context": "bare",
        }
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content))
        return path

    def run(self, *arguments: str | Path, **options: Any) -> "subprocess.CompletedProcess[str]":
        """The command line as the researcher."""
        return quantum(options.pop("kubeconfig", self.kubeconfig), *arguments, **options)

    def kubectl(self, *arguments: str | Path, **options: Any) -> str:
        """Run kubectl as the administrator, in the namespace."""
        return self.plane.kubectl(*arguments, f"--namespace={self.name}", **options).stdout

    def grant(self, without: tuple[str, str, str]) -> None:
        """Give the researcher all rights of the role but one (group, resource, verb), instead of the role."""
        rules = [
            {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
            for group, resource, verb in RIGHTS
            if (group, resource, verb) != without
        ]
        head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "lacking"}}
        binding = {
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "lacking"},
            "subjects": [{"kind": "ServiceAccount", "name": "researcher", "namespace": self.name}],
        }
        self.create(head | {"kind": "Role", "rules": rules}, head | binding)

    def create(self, *objects: dict[str, Any]) -> None:
        """Create objects as the administrator."""
        self.kubectl(
            "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        )

    def make_job(self, name: str, state: str = "Executing", **labels: str) -> None:
        """A job that has come so far; with counts if it has succeeded."""
        program = {"format": "ionq.circuit.v1", "source": '{"qubits": 2, "circuit": []}'}
        spec = {"provider": "ionq", "target": "ionq.simulator", "program": program, "output": {"labels": labels}}
        metadata = {
            "name": name,
            "labels": labels,
            "annotations": {facts.PARAMETERS: json.dumps({"theta": 0.5})},
        }
        self.create(
            {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "metadata": metadata, "spec": spec}
        )
        if state == "Succeeded":
            data = {"counts.json": json.dumps({"00": 250, "11": 250}), "result": "{}"}
            labelled = {"name": f"{name}-output", "labels": labels | _OURS}
            self.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": labelled, "data": data})
        self.set_state(name, state)

    def set_state(self, name: str, state: str) -> None:
        """Say what a job's state is."""
        ended = _ENDINGS.get(state)
        kinds = ["Submitted", *([ended, "Finished"] if ended else [])]
        conditions = [
            {"type": kind, "status": "True", "reason": "OutputWritten" if ended == "Complete" else "Executing"}
            | {"message": "as the test says", "lastTransitionTime": _NOW}
            for kind in kinds
        ]
        status: dict[str, Any] = {"state": state, "conditions": conditions}
        if state == "Succeeded":
            status["outputConfigMap"] = f"{name}-output"
        patch = json.dumps({"status": status})
        self.kubectl("patch", "quantumjob", name, "--subresource=status", "--type=merge", "-p", patch)
