"""An operator installed by Helm and run on a node, with the emulator as its workspace.

Must not live here: what has to be true of it (the tests).
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from chart.helm import Values
from chart.releases import RELEASE, SYSTEM, Releases
from localstack import manifests
from localstack.emulated import Emulator
from localstack.manifests import Manifest

UID: Final = "quantumjobs_uid"
WAIT: Final = ("--wait", "--timeout=150s")
SHORT_FENCE: Final = {"visibilityDelaySeconds": 1, "requestTimeoutSeconds": 5, "putStartSeconds": 1}
"""Settings with which an operator soon believes that a job is not there."""
_SECONDS: Final = 150
_SOON_SECONDS: Final = 150.0
_LAST_WORDS: Final = 20_000


class RunsPods(Protocol):
    """A node, real or not."""

    def logs(self, pod: str) -> str:
        """What the containers of all Pods wrote whose names begin so."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a test of an installed operator needs.

    Attributes:
        releases: Helm on the cluster.
        node: Runs the pods.
        emulator: The workspace.
        namespace: Has a QuantumWorkspace `default` that leads to the emulator, once `make_workspace` was called.
    """

    releases: Releases
    node: RunsPods
    emulator: Emulator
    namespace: str

    def values(self, **settings: Any) -> Values:
        """Values of the chart with which the operator may use the emulator; `settings` are the operator's."""
        origins = [self.emulator.url, self.emulator.storage_origin]
        return {"settings": {"allowedEndpoints": origins, **settings}}

    def kubectl(self, *arguments: str, **options: Any) -> str:
        """Run kubectl in the namespace; returns what it printed."""
        return self.releases.cluster.kubectl(*arguments, f"--namespace={self.namespace}", **options).stdout

    def make_workspace(self) -> None:
        """Make the namespace, the Secret and the QuantumWorkspace; the kinds have to be served."""
        self.releases.cluster.kubectl(
            "apply", "--server-side", "-f", "-", stdin=json.dumps(manifests.namespace(self.namespace))
        )
        self.apply(
            manifests.credentials(self.emulator.api_key),
            manifests.workspace(
                "default",
                resource_id=self.emulator.resource_id,
                location=str(self.emulator.announced["location"]),
                endpoint=self.emulator.url,
            ),
        )

    def apply(self, *objects: Manifest) -> None:
        """Apply manifests in the namespace."""
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "--server-side", "-f", "-", stdin=body)

    def finish(self, *names: str) -> None:
        """Wait until jobs are over; all of the namespace's if none is named."""
        which = [f"quantumjob/{name}" for name in names] or ["quantumjobs", "--all"]
        self.kubectl("wait", "--for=condition=Finished", *which, f"--timeout={_SECONDS}s", timeout=_SECONDS + 30)

    def jobs(self) -> list[Manifest]:
        """The jobs of the namespace."""
        items: list[Manifest] = json.loads(self.kubectl("get", "quantumjobs", "--output=json"))["items"]
        return items

    def billed(self) -> dict[str, int]:
        """How many paid runs the emulator's ledger has for each job, by name."""
        runs = Counter(run["metadata"][UID] for run in self.emulator.ledger())
        return {job["metadata"]["name"]: runs[job["metadata"]["uid"]] for job in self.jobs()}

    def accepted(self) -> int:
        """How many runs the emulator has accepted so far."""
        return len(self.emulator.ledger())

    def uninstall(self) -> None:
        """Remove the release, and wait until its pod has ended: Helm takes the rights from it first."""
        with self.releases.cluster.refusals_expected():
            self.releases.uninstall()
            selector = f"--selector=app.kubernetes.io/name={RELEASE}"
            self.releases.cluster.kubectl(
                "wait", "--for=delete", "pods", selector, f"--namespace={SYSTEM}", f"--timeout={_SECONDS}s"
            )

    def clean(self) -> None:
        """Remove everything, the objects before the operator, which has to let them go."""
        self.delete_namespace(self.namespace)
        if self.releases.names("deployment", RELEASE, f"--namespace={SYSTEM}"):
            self.uninstall()
        self.releases.clean()

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace, and wait until it is gone.

        Raises:
            AssertionError: It stays; the text has what is left in it and what the operator said last.
        """
        kubectl = self.releases.cluster.kubectl
        if kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=150s", check=False).returncode:
            kinds = "quantumjobs,quantumworkspaces,quantumpolicies,quantumbudgets"
            left = kubectl("get", kinds, f"--namespace={name}", "--output=yaml", check=False).stdout
            raise AssertionError(f"{name} stays:\n{left}\n{self.node.logs(RELEASE)[-_LAST_WORDS:]}")

    def operators(self) -> list[Manifest]:
        """The operator's pods."""
        selector = f"--selector=app.kubernetes.io/name={RELEASE}"
        found: list[Manifest] = self.releases.get("pods", selector, f"--namespace={SYSTEM}")["items"]
        return found


def bell(name: str) -> Manifest:
    """A small job."""
    circuit = {"qubits": 2, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]}
    program = {"format": "ionq.circuit.v1", "source": json.dumps(circuit)}
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name},
        "spec": {
            "provider": "ionq",
            "target": "ionq.simulator",
            "parameters": {"shots": 100},
            "program": program,
        },
    }


def until(condition: Callable[[], bool]) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + _SOON_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.1)


def states(jobs: Iterable[Manifest]) -> Counter[str]:
    """How many jobs are in which state."""
    return Counter(job.get("status", {}).get("state", "") for job in jobs)
