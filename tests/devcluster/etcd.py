"""The cluster's database: one etcd on loopback.

Only what the harness needs of it: start, stop, compaction of its history, and copies of its data.
"""

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import httpx
import psutil

from devcluster.processes import Child, free_port

_HTTP_SECONDS: Final = 30.0
# The range request needs some key; it asks for the current revision only.
_ANY_KEY: Final = "AA=="
_DATA: Final = "etcd"


class Etcd:
    """One etcd member whose data lie in a folder.

    Attributes:
        url: Where clients reach it (plain HTTP, loopback).
        child: Its process.
    """

    def __init__(self, url: str, argv: Sequence[str | Path], folder: Path) -> None:
        self.url = url
        self._argv = argv
        self._data = folder / _DATA
        self._log = folder / "etcd.log"
        self.child = Child.start(argv, name="etcd", log=self._log)

    @classmethod
    def start(cls, program: Path, folder: Path) -> Self:
        """Start it on free ports; returns before it is ready."""
        url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        argv: list[str | Path] = [
            program,
            "--name=devcluster",
            f"--data-dir={folder / _DATA}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=devcluster={peer}",
            # Nothing here has to survive a power cut, and a sync for each write would be most of the cost.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        return cls(url, argv, folder)

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

    def copy_data(self, target: Path) -> None:
        """Copy its data as they are at this moment, as a snapshot of the disk would; clients only see it pause."""
        self.child.send(signal.SIGSTOP)
        try:
            self.child.wait_until(self._is_stopped, _HTTP_SECONDS)
            shutil.copytree(self._data, target)
        finally:
            self.child.send(signal.SIGCONT)

    def start_from(self, source: Path) -> None:
        """Kill it, put a copy of earlier data in the place of its own, and start it on the same ports.

        Its revisions go back with the data, and later ones are given out a second time. Returns before it is ready.
        """
        self.child.kill()
        shutil.rmtree(self._data)
        shutil.copytree(source, self._data)
        self.child = Child.start(self._argv, name="etcd", log=self._log)

    def _is_stopped(self) -> bool:
        return psutil.Process(self.child.pid).status() == psutil.STATUS_STOPPED

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._client() as client:
            answer = client.post(f"/v3/{method}", json=body)
        answer.raise_for_status()
        parsed: dict[str, Any] = answer.json()
        return parsed

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=_HTTP_SECONDS, trust_env=False)
