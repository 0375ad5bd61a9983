"""The cluster as a user has it: makes jobs, watches their states, and notes when each was first seen.

Must not live here: when how many jobs are made (`scenarios`).
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import Any, Final, Self

import httpx
import yaml

from benchmarks.plan import PROGRAM
from devcluster.controlplane import ControlPlane

_JOBS: Final = "/apis/quantumjobs.dev/v1alpha1/namespaces/default/quantumjobs"
_CONFIG_MAPS: Final = "/api/v1/namespaces/default/configmaps"
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_PAUSE_SECONDS: Final = 1.0
_PARALLEL: Final = 8
_NEWS: Final = frozenset({"ADDED", "MODIFIED"})
_LOOK_SECONDS: Final = 0.05
_WATCH_SECONDS: Final = 3_600


class NeverHappenedError(Exception):
    """What a benchmark waited for did not come."""


class Stage(IntEnum):
    """How far a job's status says it is; a later stage shows that the earlier ones have passed."""

    HELD = 0
    SUBMITTED = 1
    EXECUTING = 2
    ENDED = 3


_STAGES: Final[Mapping[str | None, Stage]] = {
    "Waiting": Stage.SUBMITTED,
    "Executing": Stage.EXECUTING,
    "Cancelling": Stage.EXECUTING,
    "Succeeded": Stage.ENDED,
    "Failed": Stage.ENDED,
    "Cancelled": Stage.ENDED,
}

Times = dict[str, float]


def quantum_job(name: str) -> dict[str, Any]:
    """The manifest of a small job."""
    program = {"format": "ionq.circuit.v1", "source": json.dumps(PROGRAM)}
    usual = {"provider": "ionq", "target": "ionq.simulator", "parameters": {"shots": 10}, "program": program}
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name},
        "spec": usual,
    }


class Cluster:
    """A user with the administrator's token, who watches all jobs of the namespace `default`."""

    def __init__(self, control_plane: ControlPlane) -> None:
        user = yaml.safe_load(control_plane.kubeconfig.read_text())["users"][0]["user"]
        self._client = httpx.Client(
            base_url=control_plane.url,
            headers={"Authorization": f"Bearer {user['token']}"},
            verify=ssl.create_default_context(cafile=control_plane.ca_file),
            timeout=60,
            trust_env=False,
        )
        self._seen: dict[str, dict[Stage, float]] = {}
        self._reached = dict.fromkeys(Stage, 0)
        self._trouble = "none"
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def create(self, names: Iterable[str], *, rate: float | None = None) -> Times:
        """Make jobs; returns when the request for each was sent, by uid.

        Args:
            names: Theirs.
            rate: How many a second; as many as the API server takes if None.
        """
        begun = time.monotonic()

        def make(numbered: tuple[int, str]) -> tuple[str, float]:
            number, name = numbered
            if rate is not None:
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            sent = time.time()
            made = self._client.post(_JOBS, json=quantum_job(name)).raise_for_status().json()
            return made["metadata"]["uid"], sent

        with ThreadPoolExecutor(_PARALLEL) as workers:
            return dict(workers.map(make, enumerate(names)))

    def delete_all(self, patience: float) -> None:
        """Delete all jobs and wait until they and their outputs are gone.

        The garbage collector takes a minute for the ConfigMaps of a thousand jobs, at the cost of whoever is measured
        meanwhile.
        """
        self._client.delete(_JOBS, timeout=patience).raise_for_status()
        until(lambda: not self._client.get(_JOBS, params={"limit": 1}).json()["items"], patience, "jobs deleted")
        until(lambda: not self._has_outputs(), patience, "outputs deleted")

    def _has_outputs(self) -> bool:
        found = self._client.get(_CONFIG_MAPS, headers={"Accept": _METADATA}).raise_for_status().json()["items"]
        time.sleep(_PAUSE_SECONDS if found else 0.0)
        return any(one["metadata"].get("ownerReferences") for one in found)

    def wait(self, count: int, stage: Stage, patience: float) -> None:
        """Wait until so many jobs, of all that were ever seen, have reached a stage.

        Raises:
            NeverHappenedError: It took longer.
        """
        until(lambda: self._reached[stage] >= count, patience, f"{count} jobs {stage.name}", self._told)

    def reached(self, stage: Stage) -> int:
        """How many jobs have reached a stage."""
        return self._reached[stage]

    def seen(self, uid: str, stage: Stage) -> float | None:
        """When a job was first seen at or beyond a stage."""
        return self._seen.get(uid, {}).get(stage)

    def _told(self) -> str:
        return f"seen {dict(self._reached)}; the watch's last trouble: {self._trouble}"

    def _watch(self) -> None:
        # An API server that has just learned of the CRD refuses for a moment; and what ends a watch is no news.
        while not self._over.is_set():
            try:
                self._follow()
            except httpx.TransportError as error:
                self._trouble = repr(error)
            self._over.wait(_LOOK_SECONDS)
        self._client.close()

    def _follow(self) -> None:
        query: dict[str, Any] = {"watch": "true", "timeoutSeconds": _WATCH_SECONDS}
        with self._client.stream("GET", _JOBS, params=query, timeout=None) as events:
            if not events.is_success:
                self._trouble = f"the watch is answered {events.status_code}"
                return
            for line in events.iter_lines():
                if self._over.is_set():
                    return
                event = json.loads(line)
                if event["type"] in _NEWS:
                    self._note(event["object"], time.time())

    def _note(self, job: Mapping[str, Any], now: float) -> None:
        stage = _STAGES.get(job.get("status", {}).get("state"), Stage.HELD)
        seen = self._seen.setdefault(job["metadata"]["uid"], {})
        for passed in Stage:
            if passed <= stage and passed not in seen:
                seen[passed] = now
                self._reached[passed] += 1


def until(condition: Callable[[], bool], patience: float, what: str, told: Callable[[], str] = str) -> None:
    """Wait for a condition; `told` says more of it when it didn't come.

    Raises:
        NeverHappenedError: It took longer than `patience` seconds.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > patience:
            raise NeverHappenedError(f"not within {patience:.0f} s: {what}; {told()}")
        time.sleep(_LOOK_SECONDS)
