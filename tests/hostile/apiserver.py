"""The API server as a client sees it that sends whatever bytes it likes, many at once; and what its audit log tells.

Must not live here: what is right.
"""

import json
import ssl
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import httpx
import yaml

from devcluster.controlplane import ControlPlane

_PARALLEL: Final = 8
_PAGE: Final = 100
_SECONDS: Final = 60.0
_MANY_LABELS: Final = 8_192
_LABEL: Final = 63
"""Characters of a value at most."""
# Deeper than what the API server stores; Python 3.11 needs 2 MiB of stack for that.
_FRAMES: Final = 50_000
_GROUP: Final = "/apis/quantumjobs.dev/v1alpha1"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said to one manifest.

    Attributes:
        uid: Of the object that was made; None if it was refused.
        text: Why not.
    """

    code: int
    uid: str | None
    text: str


@contextmanager
def deep_json() -> Iterator[None]:
    """Let this process read what is nested as deep as the API server stores."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(_FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


class ApiServer:
    """A client with the administrator's token."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def connect(cls, cluster: ControlPlane) -> Iterator[Self]:
        """Connect as the administrator of a control plane."""
        (user,) = yaml.safe_load(cluster.kubeconfig.read_text())["users"]
        with httpx.Client(
            base_url=cluster.url,
            headers={"Authorization": f"Bearer {user['user']['token']}", "Content-Type": "application/json"},
            verify=ssl.create_default_context(cafile=cluster.ca_file),
            timeout=_SECONDS,
            trust_env=False,
        ) as client:
            yield cls(client)

    def create_all(self, namespace: str, bodies: Iterable[tuple[str, bytes]]) -> list[Answer]:
        """Create objects, given as plural and JSON, in parallel; the answers come in their order."""

        def create(one: tuple[str, bytes]) -> Answer:
            plural, body = one
            said = self._client.post(f"{_GROUP}/namespaces/{namespace}/{plural}", content=body)
            if said.status_code != HTTPStatus.CREATED:
                return Answer(said.status_code, None, said.text)
            return Answer(said.status_code, json.loads(said.text)["metadata"]["uid"], "")

        with deep_json(), ThreadPoolExecutor(_PARALLEL) as workers:
            return list(workers.map(create, bodies))

    def objects(self, namespace: str, plural: str) -> list[Object]:
        """All objects of a kind in a namespace."""
        found: list[Object] = []
        query = {"limit": str(_PAGE)}
        while True:
            text = self._read(f"{_GROUP}/namespaces/{namespace}/{plural}", query)
            with deep_json():
                page = json.loads(text)
            found += page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return found
            query = {"limit": str(_PAGE), "continue": token}

    def fill(self, namespace: str, plural: str, name: str) -> None:
        """Add labels to an object until etcd takes none more, and make just enough room for the marks of a deletion."""
        path, number, count = f"{_GROUP}/namespaces/{namespace}/{plural}/{name}", 0, _MANY_LABELS
        while count:
            if self._label(path, {f"k{number + one:05x}": "v" * _LABEL for one in range(count)}):
                number += count
            else:
                count //= 2
        while self._label(path, {f"k{number:05x}": "v"}):
            number += 1
        assert self._label(path, {"k00000": "v", "k00001": "v"})

    def _label(self, path: str, labels: dict[str, str]) -> bool:
        """Whether labels could be added to an object, which may be too large with them."""
        kind = {"Content-Type": "application/merge-patch+json"}
        said = self._client.patch(path, content=json.dumps({"metadata": {"labels": labels}}), headers=kind)
        assert said.is_success or "is too large" in said.text or "larger than max" in said.text, said.text
        return said.is_success

    def _read(self, path: str, query: dict[str, str]) -> str:
        """Like every client of Kubernetes, ask again when told to: a loaded API server's cache lags behind a list."""
        deadline = time.monotonic() + _SECONDS
        said = self._client.get(path, params=query)
        while (pause := said.headers.get("Retry-After")) and time.monotonic() < deadline:
            time.sleep(float(pause))
            said = self._client.get(path, params=query)
        assert said.is_success, f"{said.status_code}: {said.text}"
        return said.text


class Audit:
    """What one user asked of the API server since a moment."""

    def __init__(self, log: Path, user: str) -> None:
        self._log = log
        self._user = user
        self._from = log.stat().st_size

    def requests(self) -> "Counter[tuple[str, str]]":
        """How often each (verb, URI) was asked for; watches, which last, are left out."""
        counted: Counter[tuple[str, str]] = Counter()
        with self._log.open("rb") as lines:
            lines.seek(self._from)
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # being written
                event = json.loads(line)
                if event["user"]["username"] == self._user and event["verb"] != "watch":
                    counted[event["verb"], event["requestURI"]] += 1
        return counted
