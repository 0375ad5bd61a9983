"""The people of the campaign: they make, cancel, suspend and delete objects, and try again when the cluster is down.

Speaks to the API server as administrator, past the proxies. Must not live here: what they do when (`plan`).
"""

import re
import ssl
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Self

import httpx
import yaml

from devcluster.controlplane import ControlPlane
from faults.budgets import budget, path_of
from faults.jobs import API, ROLE, Job, Object

_TRIES_SECONDS: Final = 90.0
_ADVICE: Final = re.compile(r"run `kubectl delete configmap (?P<name>\S+) -n (?P<namespace>[^`\s]+)`")
_PAUSE_SECONDS: Final = 0.3
_GONE_SECONDS: Final = 3.0
_MERGE: Final = {"Content-Type": "application/merge-patch+json"}


class Users:
    """Everybody who works with objects of the cluster, in one connection.

    Attributes:
        jobs: What they made, by uid.
    """

    def __init__(self, cluster: ControlPlane, workspace_id: str) -> None:
        user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
        self.jobs: dict[str, Job] = {}
        self._workspace = workspace_id.lower()
        self._client = httpx.Client(
            base_url=cluster.url,
            headers={"Authorization": f"Bearer {user['token']}"},
            verify=ssl.create_default_context(cafile=cluster.ca_file),
            timeout=20,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def create(self, manifest: Object, namespace: str = "default") -> Job:
        """Make a job, however often it takes."""
        path = f"{API}/namespaces/{namespace}/quantumjobs"
        answer = self._insist("POST", path, manifest, also=HTTPStatus.CONFLICT)
        if answer.status_code == HTTPStatus.CONFLICT:  # an earlier try arrived, its answer didn't
            answer = self._insist("GET", f"{path}/{manifest['metadata']['name']}")
        return self._noted(answer.json(), manifest, namespace)

    def create_again(self, job: Job) -> Job | None:
        """Make an object anew under the name of one that is being deleted; None if that one doesn't go in time."""
        path = f"{API}/namespaces/{job.namespace}/quantumjobs"
        deadline = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < deadline:
            answer = self._insist("POST", path, job.manifest, also=HTTPStatus.CONFLICT)
            if answer.status_code == HTTPStatus.CONFLICT:
                answer = self._insist("GET", job.path, also=HTTPStatus.NOT_FOUND)
            made = answer.json()
            if answer.is_success and made["metadata"]["uid"] not in self.jobs:
                return self._noted(made, job.manifest, job.namespace)
            time.sleep(_PAUSE_SECONDS / 3)
        return None

    def _noted(self, made: Object, manifest: Object, namespace: str) -> Job:
        metadata, spec = made["metadata"], made["spec"]
        job = Job(
            metadata["name"],
            namespace,
            metadata["uid"],
            role=metadata["labels"][ROLE],
            attempts=1 + spec.get("backoffLimit", 0),
            orphan=spec.get("deletionPolicy") == "Orphan",
            endable="idempotencyKey" in spec,
            made=time.time(),
            manifest=manifest,
            workspace=self._workspace,
        )
        self.jobs[job.uid] = job
        return job

    def cancel(self, job: Job) -> None:
        """Ask for the end of its job."""
        job.endable = True
        self.change(job, {"cancel": True})

    def suspend(self, job: Job) -> None:
        """Hold it."""
        job.endable = True
        self.change(job, {"suspend": True})

    def leave_behind(self, job: Job) -> None:
        """Let its remote job go on when it is deleted."""
        changed = self.change(job, {"deletionPolicy": "Orphan"})
        if changed:
            job.orphan = True
            job.endable |= "deletionTimestamp" in changed["metadata"]

    def resume(self, job: Job) -> None:
        """Go on with it, which may cost another attempt."""
        job.attempts += 1
        self.change(job, {"suspend": False})

    def change(self, job: Job, spec: dict[str, Any]) -> Object | None:
        """Change fields of its spec and return it; None if it is gone."""
        body = {"metadata": {"uid": job.uid}, "spec": spec}
        answer = self._insist("PATCH", job.path, body, headers=_MERGE, also=HTTPStatus.NOT_FOUND)
        changed: Object | None = answer.json() if answer.is_success else None
        return changed

    def delete(self, job: Job) -> None:
        """Delete it; nothing happens if it is gone."""
        job.deleted = job.deleted or time.time()
        self._insist("DELETE", job.path, {"preconditions": {"uid": job.uid}}, also=HTTPStatus.NOT_FOUND)

    def add_workspace(self, namespace: str, objects: Iterable[tuple[str, Object]]) -> None:
        """Make a namespace with objects in it.

        Args:
            namespace: Its name.
            objects: Each with the path of its kind, below the namespace.
        """
        self._insist("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}, also=HTTPStatus.CONFLICT)
        for path, manifest in objects:
            self._insist("POST", path.format(namespace=namespace), manifest, also=HTTPStatus.CONFLICT)

    def remove(self, path: str) -> None:
        """Delete all objects of a collection."""
        self._insist("DELETE", path)

    def change_key(self, namespace: str, name: str, api_key: str) -> None:
        """Put another key into the Secret of a workspace's credentials."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        self._insist("PATCH", path, {"stringData": {"apiKey": api_key}}, headers=_MERGE)

    def raise_limit(self, namespace: str, limit: int) -> None:
        """Let more jobs run under a namespace's budget."""
        self._insist("PATCH", path_of(namespace), {"spec": budget(limit)["spec"]}, headers=_MERGE)

    def follow_advice(self, one: Object) -> None:
        """Do what a job says: Kubernetes' garbage collector misses a ConfigMap now and then, and never looks again."""
        for condition in one.get("status", {}).get("conditions", []):
            if told := _ADVICE.search(condition.get("message", "")):
                path = f"/api/v1/namespaces/{told['namespace']}/configmaps/{told['name']}"
                self._insist("DELETE", path, also=HTTPStatus.NOT_FOUND)

    def budgets(self) -> list[Object]:
        """All QuantumBudgets of the cluster."""
        items: list[Object] = self._insist("GET", f"{API}/quantumbudgets").json()["items"]
        return items

    def look(self) -> list[Object]:
        """All QuantumJobs of the cluster."""
        items: list[Object] = self._insist("GET", f"{API}/quantumjobs").json()["items"]
        return items

    def events(self) -> list[Object]:
        """All Events of the cluster."""
        items: list[Object] = self._insist("GET", "/api/v1/events").json()["items"]
        return items

    def outputs(self) -> list[Object]:
        """All output ConfigMaps of the cluster."""
        path = "/api/v1/configmaps?labelSelector=quantumjobs.dev%2Fjob"
        items: list[Object] = self._insist("GET", path).json()["items"]
        return items

    def _insist(
        self, method: str, path: str, body: Any = None, *, headers: Any = None, also: HTTPStatus | None = None
    ) -> httpx.Response:
        """Send until it is answered; the API server may be down.

        Raises:
            TimeoutError: It stayed down.
            httpx.HTTPStatusError: The request is refused.
        """
        deadline = time.monotonic() + _TRIES_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(_PAUSE_SECONDS)
                continue
            if answer.is_success or answer.status_code == also:
                return answer
            if not _comes_and_goes(answer.status_code):
                answer.raise_for_status()
            time.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path}: the API server doesn't answer")


def _comes_and_goes(status: int) -> bool:
    """While it starts, an API server answers 401, 403 and 404 for what it doesn't serve yet."""
    starting = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS}
    # A conflict is somebody else's write in between: the same again.
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in starting or status == HTTPStatus.CONFLICT
