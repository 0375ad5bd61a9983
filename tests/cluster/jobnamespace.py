"""A namespace of a test's own, seen as a user sees it: with kubectl.

Must not live here: what is right (the tests), or manifests (`cluster.jobs`).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

from localstack import manifests
from localstack.manifests import Manifest
from localstack.stack import Stack

FOR_EVER: Final = 600.0
"""How long a stage of a job lasts that a test ends itself, by cancelling or by `JobNamespace.pass_time`."""
_WAIT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2
_LOG_LINES: Final = 60
T = TypeVar("T")


class Told(NamedTuple):
    """An Event, as far as a user reads it."""

    type: str
    reason: str
    message: str


def eventually(look: Callable[[], T], *, within: float = _WAIT_SECONDS) -> T:
    """Look again and again until what is seen is true, and return it.

    Raises:
        AssertionError: It was not true within so many seconds.
    """
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r} after {within} seconds"
        time.sleep(_POLL_SECONDS)
    return seen


@dataclass(frozen=True, slots=True)
class JobNamespace:
    """A namespace in which jobs reach the emulator through a QuantumWorkspace `default`.

    Attributes:
        stack: The system that it is a part of.
        name: Its name.
    """

    stack: Stack
    name: str

    @classmethod
    def make(cls, stack: Stack, name: str, *, api_key: str | None = None) -> Self:
        """Make the namespace, the Secret with the emulator's key (or another one), and the QuantumWorkspace."""
        made = cls(stack, name)
        secret = manifests.credentials(api_key or stack.emulator.api_key)
        made.apply(manifests.namespace(name), secret, made.workspace())
        return made

    def workspace(self, name: str = "default", **spec: Any) -> Manifest:
        """The manifest of a QuantumWorkspace that leads to the emulator, with some fields changed."""
        described = manifests.workspace(
            name,
            resource_id=self.stack.emulator.resource_id,
            location=str(self.stack.emulator.announced["location"]),
            endpoint=self.stack.endpoint,
        )
        return {**described, "spec": {**described["spec"], **spec}}

    def kubectl(self, *arguments: str | Path, **options: Any) -> str:
        """Run kubectl in this namespace; returns what it printed."""
        return self.stack.kubectl(*arguments, namespace=self.name, **options)

    def apply(self, *objects: Manifest) -> None:
        """Apply manifests, in their order."""
        items = [_in_namespace(one, self.name) for one in objects]
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        # A field manager takes back what an earlier apply of the same object gave.
        self.kubectl("apply", "--server-side", "-f", "-", stdin=body)

    def patch(self, kind: str, name: str, patch: Manifest) -> None:
        """Change an object by a merge patch."""
        self.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps(patch))

    def delete(self, name: str, *, wait: bool = True) -> None:
        """Delete a job; with `wait`, return when it is gone, as kubectl does unless told otherwise."""
        self.kubectl("delete", "quantumjob", name, f"--wait={str(wait).lower()}", "--timeout=60s", timeout=90)

    def find(self, kind: str, name: str) -> Manifest | None:
        """Read an object; None if there is none."""
        text = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text else None

    def job(self, name: str) -> Manifest:
        """Read a job."""
        return self.stack.get("quantumjob", name, namespace=self.name)

    def status(self, name: str) -> Manifest:
        """Read a job's status."""
        status: Manifest = self.job(name)["status"]
        return status

    def output(self, name: str) -> Manifest:
        """Read what a job's output ConfigMap holds."""
        data: Manifest = self.stack.get("configmap", f"{name}-output", namespace=self.name)["data"]
        return data

    def wait(self, name: str, condition: str = "Finished", *, kind: str = "quantumjob") -> None:
        """Wait for a condition (see `Stack.wait`)."""
        self.stack.wait(f"{kind}/{name}", condition, namespace=self.name, timeout=int(_WAIT_SECONDS))

    def wait_reason(self, name: str, condition: str, reason: str, *, kind: str = "quantumjob") -> Manifest:
        """Wait until a condition gives this reason, and return the condition."""
        path = f"{{.status.conditions[?(@.type=='{condition}')].reason}}"
        self.wait(name, f"jsonpath={path}={reason}", kind=kind)
        return condition_of(self.stack.get(kind, name, namespace=self.name), condition)

    def wait_state(self, name: str, state: str) -> None:
        """Wait until the summary of a job says this."""
        self.wait(name, f"jsonpath={{.status.state}}={state}")

    def events(self, name: str) -> list[Told]:
        """Read the Events of an object, in the order in which they were published."""
        text = self.kubectl("get", "events", f"--field-selector=involvedObject.name={name}", "-o", "json")
        found = sorted(json.loads(text)["items"], key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [Told(event["type"], event["reason"], event["message"]) for event in found]

    def wait_event(self, name: str, reason: str) -> Told:
        """Wait for an Event of this reason: it is published a moment after the status that it speaks of."""

        def look() -> list[Told]:
            return [one for one in self.events(name) if one.reason == reason]

        return eventually(look, within=20)[0]

    def runs(self, name: str) -> list[Manifest]:
        """The paid runs that the service knows of a job of this namespace, by the name that it was told."""
        owner = {"quantumjobs_namespace": self.name, "quantumjobs_name": name}
        return [run for run in self.stack.emulator.ledger() if owner.items() <= run["metadata"].items()]

    def pass_time(self, seconds: float = FOR_EVER) -> None:
        """Put the service's clock forward: what it was to do for so long is over."""
        self.stack.emulator.admin("POST", "clock", {"advance_seconds": seconds})

    def operator_log(self) -> str:
        """The last lines that the operator logged about this namespace."""
        lines = self.stack.operator.log.read_text().splitlines()
        return "\n".join([line for line in lines if self.name in line][-_LOG_LINES:])


def condition_of(found: Manifest, kind: str) -> Manifest:
    """The condition of a type in an object's status.

    Raises:
        KeyError: There is none.
    """
    conditions: dict[str, Manifest] = {one["type"]: one for one in found["status"].get("conditions", [])}
    return conditions[kind]


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    if manifest["kind"] == "Namespace":
        return manifest
    return {**manifest, "metadata": {"namespace": namespace, **manifest["metadata"]}}
