"""The life of one Pod on the node, in a thread of its own: volumes, init containers, containers, end.

Must not live here: which Pods there are (`node`), or what a container does (`containers`).
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from nodestandin.api import Api, Manifest
from nodestandin.containers import Container
from nodestandin.environment import environment, expand
from nodestandin.errors import Unstartable
from nodestandin.images import Images, stand_in
from nodestandin.podstatus import PodStatus
from nodestandin.rootfs import Place, Wanted, command_in_its_own_root
from nodestandin.services import write_hosts
from nodestandin.volumes import Volumes

NODE_ADDRESS: Final = "127.0.0.1"
_BEAT: Final = 0.1
_DEFAULT_GRACE: Final = 30
# There is no such Pod any more, or one of another uid.
_ANOTHER_OR_NONE: Final = (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all Pods of the node share.

    Attributes:
        api: The API server.
        images: What stands in for which image.
        folder: Holds a folder for each Pod.
    """

    api: Api
    images: Images
    folder: Path


class PodLife:
    """Runs one Pod until it is deleted.

    Args:
        pod: As it was bound.
        address: Its own loopback address.
        surroundings: What it shares with others.
    """

    def __init__(self, pod: Manifest, address: str, surroundings: Surroundings) -> None:
        self._pod = pod
        self._address = address
        self._api, self._images = surroundings.api, surroundings.images
        self._status = PodStatus(address, NODE_ADDRESS)
        self._told: Manifest = {}
        self._gone = threading.Event()
        metadata = pod["metadata"]
        self.folder = surroundings.folder / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid'][:8]}"
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        self._place: Place | None = None
        self._first = [self._container(one, first=True) for one in pod["spec"].get("initContainers", ())]
        self._containers = [self._container(one) for one in pod["spec"]["containers"]]
        self._thread = threading.Thread(target=self._live, name=f"pod {metadata['name']}")
        self._thread.start()

    def changed(self, pod: Manifest) -> None:
        """Take note of a newer version."""
        self._pod = pod

    def end_at_once(self) -> None:
        """Kill it: its object is gone, or the node is."""
        self._gone.set()

    def join(self) -> None:
        """Wait until it has ended after `end_at_once`."""
        self._thread.join()

    @property
    def living(self) -> bool:
        """Whether something of it may still run."""
        return self._thread.is_alive()

    def _container(self, spec: Manifest, *, first: bool = False) -> Container:
        policy = self._pod["spec"]["restartPolicy"]
        self.folder.mkdir(parents=True, exist_ok=True)
        return Container(
            spec=spec,
            # An init container has to succeed once.
            restart_policy="OnFailure" if first and policy == "Always" else policy,
            address=self._address,
            grace=float(self._pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE)),
            command=lambda: self._prepare(spec),
            log=self.folder / f"{spec['name']}.log",
        )

    def _prepare(self, spec: Manifest) -> Sequence[str]:
        try:
            return self._command(spec)
        except httpx.HTTPError as error:
            raise Unstartable("CreateContainerError", str(error)) from error

    def _command(self, spec: Manifest) -> Sequence[str]:
        """The command line of a container's next life; volumes are made before the first one."""
        image = stand_in(self._images, spec["image"])
        api_server = httpx.URL(self._api.url)
        given = {"HOME": "/", **image.environment}  # as container runtimes set it for a user that has no name
        given |= {
            "HOSTNAME": self._pod["metadata"]["name"],
            "KUBERNETES_SERVICE_HOST": api_server.host,
            "KUBERNETES_SERVICE_PORT": str(api_server.port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(api_server.port),
        }
        given = {name: expand(value, {"POD_IP": self._address}) for name, value in given.items()}
        pod = self._pod | {"status": self._pod.get("status", {}) | {"podIP": self._address, "hostIP": NODE_ADDRESS}}
        env = environment(self._api, pod, spec, given)
        argv = [*spec.get("command", image.entrypoint), *spec.get("args", ())]
        if self._place is None:
            self._place = self._make_place(pod)
        write_hosts(self._api, pod, self._address, self._place.hosts)
        return command_in_its_own_root(
            Wanted(pod, spec, image), self._place, argv=[expand(one, env) for one in argv], env=env
        )

    def _make_place(self, pod: Manifest) -> Place:
        folder = self.folder / "place"
        volumes = Volumes(self._api, pod, folder / "volumes").make()
        return Place(folder, volumes, folder / "hosts")

    def _live(self) -> None:
        try:
            while not self._gone.is_set() and not self._being_deleted:
                for container in self._due():
                    container.step()
                self._tell()
                self._gone.wait(_BEAT)
        finally:
            self._end()

    @property
    def _being_deleted(self) -> bool:
        return "deletionTimestamp" in self._pod["metadata"]

    def _due(self) -> Iterator[Container]:
        """The init containers one after the other, then all others."""
        for container in self._first:
            if not container.ended or container.exit_code:
                yield container
                return
        yield from self._containers

    def _end(self) -> None:
        """Ask all containers to end and then kill them, tell so, and let the object go."""
        gone = self._gone.is_set()
        grace = 0 if gone else self._pod["metadata"].get("deletionGracePeriodSeconds", _DEFAULT_GRACE)
        deadline = time.monotonic() + grace
        everything = [*self._first, *self._containers]
        for container in everything:
            container.tell_to_end(lambda child: child.send(signal.SIGTERM))
        for container in everything:
            container.ask_to_end(deadline)
        if not gone:
            self._tell()
            self._let_go()

    def _let_go(self) -> None:
        """The last word of a kubelet: the object may go."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._pod["metadata"]["uid"]}}
        while not self._gone.is_set() and not self._write(self._api.delete, self._path, options):
            self._gone.wait(_BEAT)

    def _tell(self) -> None:
        """Write the status if it differs from what was written last."""
        status = self._status.of(self._first, self._containers)
        patch = {"metadata": {"uid": self._pod["metadata"]["uid"]}, "status": status}
        if status != self._told and self._write(self._api.patch, f"{self._path}/status", patch):
            self._told = status

    def _write(self, call: Callable[[str, Manifest], Manifest], path: str, body: Manifest) -> bool:
        """Whether it was written; while the API server is away, the next beat tries again."""
        try:
            call(path, body)
        except httpx.TransportError:
            return False
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in _ANOTHER_OR_NONE:
                raise
            self._gone.set()
            return False
        return True
