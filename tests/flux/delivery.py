"""What Flux delivers from one Git repository into one namespace, seen as its user sees it: with kubectl.

Must not live here: what is right (the tests), or how Flux and git are run.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cluster.jobnamespace import JobNamespace, condition_of, eventually
from flux.repository import Repository
from localstack.manifests import PROJECT, Manifest

SAMPLES: Final = PROJECT / "docs" / "gitops" / "flux"
NAME: Final = "quantum-jobs"
_REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
_SECONDS: Final = 180.0


def sample(name: str) -> Manifest:
    """A manifest that the documentation shows."""
    found: Manifest = yaml.safe_load((SAMPLES / name).read_text())
    return found


def files(jobs: Iterable[Manifest], folder: str = "jobs") -> dict[str, str | bytes | None]:
    """The manifests as files of a repository."""
    return {_file(job["metadata"]["name"], folder): yaml.safe_dump(job) for job in jobs}


def removed(*names: str, folder: str = "jobs") -> dict[str, str | bytes | None]:
    """That the files of these jobs are gone."""
    return {_file(name, folder): None for name in names}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A GitRepository and Kustomizations in the namespace of the jobs.

    Attributes:
        place: The namespace.
        repository: What the GitRepository leads to.
    """

    place: JobNamespace
    repository: Repository

    def begin(self, kustomization: str | Manifest = "kustomization.yaml", **spec: Any) -> None:
        """Make the GitRepository and a Kustomization: samples, here in this namespace.

        Args:
            kustomization: A sample's name, or a manifest.
            spec: Fields that replace those of the manifest; None leaves one out.
        """
        described = sample(kustomization) if isinstance(kustomization, str) else kustomization
        described = _moved(described, self.place.name)
        source = _moved(sample("repository.yaml"), self.place.name)
        source["spec"]["url"] = self.repository.url
        wanted = {field: value for field, value in (described["spec"] | spec).items() if value is not None}
        self.place.apply(source, {**described, "spec": wanted})

    def push(self, changes: Mapping[str, str | bytes | None]) -> str:
        """Commit, and have Flux fetch it; returns the revision."""
        revision = self.repository.commit(changes)
        self.request("gitrepository", "experiments")
        self.wait_fetched(revision)
        return revision

    def request(self, kind: str = "kustomization", name: str = NAME) -> str:
        """Ask Flux to look now, as `flux reconcile` does; returns what tells this request from others."""
        token = str(time.time_ns())
        self.place.patch(kind, name, {"metadata": {"annotations": {_REQUESTED: token}}})
        return token

    def reconcile(self, name: str = NAME) -> None:
        """Have a Kustomization applied again, and wait until it was."""
        token = self.request(name=name)
        eventually(lambda: self.read(name)["status"].get("lastHandledReconcileAt") == token, within=_SECONDS)
        eventually(lambda: self.ready(name)["status"] != "Unknown", within=_SECONDS)

    def wait_fetched(self, revision: str) -> None:
        """Wait until source-controller offers a revision."""

        def fetched() -> bool:
            source = self.place.stack.get("gitrepository", "experiments", namespace=self.place.name)
            return bool(source.get("status", {}).get("artifact", {}).get("revision") == revision)

        eventually(fetched, within=_SECONDS)

    def wait_ready(self, revision: str, name: str = NAME) -> str:
        """Wait until a Kustomization is ready with this revision; returns its message."""
        return self._wait(revision, "True", "lastAppliedRevision", name)

    def wait_failed(self, revision: str, name: str = NAME) -> str:
        """Wait until a Kustomization has failed with this revision; returns its message."""
        return self._wait(revision, "False", "lastAttemptedRevision", name)

    def read(self, name: str = NAME) -> Manifest:
        """Read a Kustomization."""
        return self.place.stack.get("kustomization.kustomize.toolkit.fluxcd.io", name, namespace=self.place.name)

    def ready(self, name: str = NAME) -> Manifest:
        """Its condition Ready; unknown if it has none yet."""
        found = self.read(name)
        try:
            return condition_of(found, "Ready") if "status" in found else {"status": "Unknown"}
        except KeyError:
            return {"status": "Unknown"}

    def versions(self, *jobs: str) -> dict[str, tuple[str, int]]:
        """The uid and the generation of each job: the same for as long as nobody made it anew or changed it."""
        listed = json.loads(self.place.kubectl("get", "quantumjobs", "-o", "json"))["items"]
        known = {one["metadata"]["name"]: one["metadata"] for one in listed}
        return {name: (known[name]["uid"], known[name]["generation"]) for name in jobs if name in known}

    def paid(self, *jobs: str) -> dict[str, int]:
        """How often each job was paid."""
        return {name: len(self.place.runs(name)) for name in jobs}

    def _wait(self, revision: str, status: str, field: str, name: str) -> str:
        def there() -> bool:
            ready = self.ready(name)
            return bool(ready["status"] == status and self.read(name)["status"].get(field) == revision)

        try:
            eventually(there, within=_SECONDS)
        except AssertionError as late:
            raise AssertionError(f"{late}: {json.dumps(self.read(name).get('status'), indent=1)}") from late
        return str(self.ready(name)["message"])


def _file(name: str, folder: str) -> str:
    return str(Path(folder, f"{name}.yaml"))


def _moved(manifest: Manifest, namespace: str) -> Manifest:
    """The same object in another namespace, and what it delivers as well."""
    moved: Manifest = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
    if "targetNamespace" in manifest["spec"]:
        moved["spec"] = {**manifest["spec"], "targetNamespace": namespace}
    return moved
