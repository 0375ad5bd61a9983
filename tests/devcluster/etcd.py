"""The cluster's database: one etcd on loopback.

Only what the harness needs of it: start, stop, and compaction of its history.
"""

from pathlib import Path
from typing import Any, Final, Self

import httpx

from devcluster.processes import Child, free_port

_HTTP_SECONDS: Final = 30.0
# The range request needs some key; it asks for the current revision only.
_ANY_KEY: Final = "AA=="


class Etcd:
    """One etcd member whose data lie in a folder.

    Attributes:
        url: Where clients reach it (plain HTTP, loopback).
        child: Its process.
    """

    def __init__(self, url: str, child: Child) -> None:
        self.url = url
        self.child = child

    @classmethod
    def start(cls, program: Path, folder: Path) -> Self:
        """Start it on free ports; returns before it is ready."""
        url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        argv: list[str | Path] = [
            program,
            "--name=devcluster",
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=devcluster={peer}",
            # Nothing here has to survive a power cut, and a sync for each write would be most of the cost.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        return cls(url, Child.start(argv, name="etcd", log=folder / "etcd.log"))

    def is_ready(self) -> bool:
        """Whether it answers that it is healthy."""
        try:
            with self._client() as client:
                return client.get("/health").is_success
        except httpx.TransportError:
            return False

    def compact(self) -> int:
        """Forget all history before now; returns the revision that is kept.

        A watch that starts from an older resource version is answered 410 Gone, once the API server has forgotten too:
        its own cache of recent events lives until it restarts.
        """
        revision = int(self._call("kv/range", {"key": _ANY_KEY})["header"]["revision"])
        self._call("kv/compaction", {"revision": revision, "physical": True})
        return revision

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._client() as client:
            answer = client.post(f"/v3/{method}", json=body)
        answer.raise_for_status()
        parsed: dict[str, Any] = answer.json()
        return parsed

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=_HTTP_SECONDS, trust_env=False)
