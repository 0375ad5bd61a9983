"""What the tests ask the API server about custom resources, without a process for each question.

Knows paths and verbs only; which answers are right stands in the tests.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPMethod
from pathlib import Path
from typing import Any, Final, Self

import httpx
import yaml

from crds.manifests import Manifest

CRD_FOLDER: Final = Path(__file__).parents[2] / "crds"
NAMESPACE: Final = "crds"
_RESOURCES: Final = {
    "QuantumJob": "quantumjobs",
    "QuantumWorkspace": "quantumworkspaces",
    "QuantumPolicy": "quantumpolicies",
    "QuantumBudget": "quantumbudgets",
}
_STRICT: Final = {"fieldValidation": "Strict"}
_DRY_RUN: Final = {"dryRun": "All"}
_PATCH: Final = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said.

    Attributes:
        code: The HTTP status.
        body: The object, or the Status that says why not.
    """

    code: int
    body: Manifest

    @property
    def accepted(self) -> bool:
        """Whether the request was granted."""
        return httpx.codes.is_success(self.code)

    @property
    def message(self) -> str:
        """Why not; empty if it was granted."""
        return "" if self.accepted else str(self.body["message"])


class CustomResources:
    """The custom resources in a namespace."""

    def __init__(self, client: httpx.Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    @classmethod
    @contextmanager
    def connect(cls, kubeconfig: Path) -> Iterator[Self]:
        """Connect with the token and the authority of a kubeconfig that has one of each."""
        content = yaml.safe_load(kubeconfig.read_text())
        (cluster,), (user,) = content["clusters"], content["users"]
        with httpx.Client(
            base_url=cluster["cluster"]["server"],
            headers={"Authorization": f"Bearer {user['user']['token']}"},
            verify=ssl.create_default_context(cafile=cluster["cluster"]["certificate-authority"]),
        ) as client:
            yield cls(client, NAMESPACE)

    def within(self, namespace: str) -> Self:
        """The same in another namespace."""
        return type(self)(self._client, namespace)

    def try_create(self, manifest: Manifest) -> Answer:
        """Ask whether an object would be created; nothing is stored."""
        return self._ask(HTTPMethod.POST, self._path(manifest, named=False), manifest, _STRICT | _DRY_RUN)

    def create(self, manifest: Manifest) -> Answer:
        """Create an object."""
        return self._ask(HTTPMethod.POST, self._path(manifest, named=False), manifest, _STRICT)

    def try_merge(self, manifest: Manifest, patch: Manifest) -> Answer:
        """Ask whether a merge patch of an existing object would be taken; nothing is stored."""
        return self._ask(HTTPMethod.PATCH, self._path(manifest), patch, _STRICT | _DRY_RUN)

    def merge_status(self, manifest: Manifest, status: Manifest) -> Answer:
        """Write fields of an existing object's status, as the operator does."""
        return self._ask(HTTPMethod.PATCH, f"{self._path(manifest)}/status", {"status": status}, _STRICT)

    def read(self, manifest: Manifest) -> Answer:
        """Read an object back."""
        return self._ask(HTTPMethod.GET, self._path(manifest), None, {})

    def list_by_field(self, kind: str, selector: str) -> Answer:
        """List the objects of a kind that a field selector picks."""
        return self._ask(HTTPMethod.GET, self._collection(kind), None, {"fieldSelector": selector})

    def delete(self, manifest: Manifest) -> Answer:
        """Delete an object."""
        return self._ask(HTTPMethod.DELETE, self._path(manifest), None, {})

    def _ask(self, method: HTTPMethod, path: str, body: Any, query: dict[str, str]) -> Answer:
        headers = _PATCH if method is HTTPMethod.PATCH else {}
        answer = self._client.request(method, path, json=body, params=query, headers=headers)
        return Answer(answer.status_code, answer.json())

    def _collection(self, kind: str) -> str:
        return f"/apis/quantumjobs.dev/v1alpha1/namespaces/{self._namespace}/{_RESOURCES[kind]}"

    def _path(self, manifest: Manifest, *, named: bool = True) -> str:
        collection = self._collection(manifest["kind"])
        return f"{collection}/{manifest['metadata']['name']}" if named else collection
