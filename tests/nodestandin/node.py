"""The node: registers it, keeps it Ready, binds Pods, and gives each a life.

Must not live here: what happens within a Pod (`pods`).
"""

import itertools
import random
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from devcluster.controlplane import ControlPlane
from devcluster.scratch import scratch_directory
from nodestandin.api import Api, Manifest
from nodestandin.containers import timestamp
from nodestandin.images import IMAGES, Images
from nodestandin.pods import NODE_ADDRESS, PodLife, Surroundings
from nodestandin.rootfs import may_make_namespaces

NAME: Final = "stand-in"
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS: Final = 40
_RENEWAL_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 0.2
_LAST_ADDRESS: Final = 254


class Node:
    """A Node of a control plane; ends with the `with` block, with all its Pods.

    Attributes:
        folder: Has a folder for each Pod, `<namespace>_<name>_…`, with a log for each container.
    """

    def __init__(self, cluster: ControlPlane, images: Images, resources: ExitStack) -> None:
        self.folder: Path = resources.enter_context(scratch_directory())
        self._api = Api(cluster)
        resources.callback(self._api.close)
        self._surroundings = Surroundings(self._api, images, self.folder)
        self._lives: dict[str, PodLife] = {}
        self._addresses = _loopback_addresses()
        self._stopping = threading.Event()
        self._register()
        self._threads = [
            threading.Thread(target=work, name=f"node: {work.__name__}") for work in (self._renew, self._watch)
        ]
        for thread in self._threads:
            thread.start()
        self._resources = resources

    @classmethod
    def start(cls, cluster: ControlPlane, *, images: Images = IMAGES) -> Self:
        """Register the node and begin to run Pods.

        Args:
            cluster: The control plane.
            images: What stands in for which image.

        Raises:
            StandInError: This machine doesn't permit mount namespaces.
        """
        may_make_namespaces()
        with ExitStack() as resources:
            node = cls(cluster, images, resources)
            node._resources = resources.pop_all()
        return node

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill all Pods and leave the cluster; harmless when repeated."""
        self._stopping.set()
        for thread in self._threads:
            while thread.is_alive():
                self._api.hang_up()  # again, if it only began to listen
                thread.join(_PATIENCE_SECONDS)
        for life in self._lives.values():
            life.end_at_once()
        for life in self._lives.values():
            life.join()
        self._resources.close()

    def logs(self, pod: str) -> str:
        """What the containers of all Pods wrote whose names begin so, one after the other."""
        files = sorted(self.folder.glob(f"*_{pod}*/*.log"))
        return "\n".join(f"--- {file.parent.name}/{file.name}\n{file.read_text(errors='replace')}" for file in files)

    def _register(self) -> None:
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": NAME}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME, "labels": labels}}
        if self._api.find(f"/api/v1/nodes/{NAME}") is None:
            self._api.post("/api/v1/nodes", node)
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": "StandInReady",
            "message": "a stand-in for the kubelet runs Pods as local processes",
            "lastHeartbeatTime": timestamp(),
            "lastTransitionTime": timestamp(),
        }
        resources = {"cpu": "2", "memory": "4Gi", "pods": "110"}
        status = {
            "conditions": [condition],
            "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}],
            "capacity": resources,
            "allocatable": resources,
        }
        self._api.patch(f"/api/v1/nodes/{NAME}/status", {"status": status})

    def _renew(self) -> None:
        """Renew the node's lease, else its Pods would be evicted after a while."""
        while not self._stopping.wait(0):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            spec = {"holderIdentity": NAME, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now}
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}, "spec": spec}
            pause = _RENEWAL_SECONDS
            try:
                if self._api.find(f"{_LEASES}/{NAME}") is None:
                    self._api.post(_LEASES, lease)
                else:
                    self._api.patch(f"{_LEASES}/{NAME}", {"spec": spec})
            except httpx.HTTPError:
                pause = _PAUSE_SECONDS  # the API server is away, or has not made the leases' namespace yet
            self._stopping.wait(pause)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                for kind, item in self._api.follow("/api/v1/pods"):
                    self._heard(kind, item)
                    if self._stopping.is_set():
                        return
            except httpx.HTTPError:
                self._stopping.wait(_PAUSE_SECONDS)  # the API server is away: list anew

    def _heard(self, kind: str, item: Manifest) -> None:
        if kind == "LISTED":
            listed = {pod["metadata"]["uid"] for pod in item["items"] or ()}
            for uid in set(self._lives) - listed:
                self._forget(uid)
            for pod in item["items"] or ():
                self._seen(pod)
        elif kind == "DELETED":
            self._forget(item["metadata"]["uid"])
        else:
            self._seen(item)

    def _seen(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        if not pod["spec"].get("nodeName"):
            self._bind(pod)
        elif pod["spec"]["nodeName"] != NAME:
            return
        elif metadata["uid"] in self._lives:
            self._lives[metadata["uid"]].changed(pod)
        elif pod["status"].get("phase") not in {"Succeeded", "Failed"}:
            self._lives[metadata["uid"]] = PodLife(pod, next(self._addresses), self._surroundings)

    def _bind(self, pod: Manifest) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        try:
            self._api.post(f"/api/v1/namespaces/{namespace}/pods/{name}/binding", binding)
        except httpx.HTTPStatusError as error:
            # Deleted meanwhile, or bound already: the watch will tell.
            if error.response.status_code not in {httpx.codes.NOT_FOUND, httpx.codes.CONFLICT}:
                raise

    def _forget(self, uid: str) -> None:
        if uid in self._lives:
            self._lives.pop(uid).end_at_once()


def _loopback_addresses() -> "itertools.cycle[str]":
    """Addresses of this machine for Pods; another node's on the same machine are most likely others."""
    network = f"127.{random.randrange(64, 128)}.{random.randrange(256)}"  # noqa: S311 - no secret
    return itertools.cycle([f"{network}.{last}" for last in range(1, _LAST_ADDRESS + 1)])
