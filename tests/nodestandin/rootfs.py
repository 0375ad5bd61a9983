"""What a container finds in its file system, and as whom it runs: the orders for `enter`.

Must not live here: what a volume contains, or which program runs.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nodestandin.api import Manifest
from nodestandin.errors import StandInError, misconfigured
from nodestandin.images import Image

_ENTER: Final = Path(__file__).with_name("enter.py")
_UNSHARE: Final = ("unshare", "--mount", "--propagation=private")
_SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
_DEVICES: Final = ("/dev", "/proc")
# Enough of /etc to find libraries, authorities and hosts; nobody's keys.
_SETTINGS: Final = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
)
_EMPTY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - of the container


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Pod's containers live on this machine.

    Attributes:
        folder: Holds what is made for them.
        volumes: Folder of each volume of the Pod.
        hosts: Their /etc/hosts.
    """

    folder: Path
    volumes: Mapping[str, Path]
    hosts: Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """A container that is to be run.

    Attributes:
        pod: Its Pod.
        container: Its spec.
        image: What stands in for its image.
    """

    pod: Manifest
    container: Manifest
    image: Image


def may_make_namespaces() -> None:
    """Try whether this machine lets us mount.

    Raises:
        StandInError: It doesn't; the text says what is missing.
    """
    tried = [*_UNSHARE, "mount", "-t", "tmpfs", "trial", "/mnt"]
    try:
        done = subprocess.run(tried, capture_output=True, text=True, check=False)
        complaint = done.stderr.strip() if done.returncode else ""
    except FileNotFoundError as error:
        complaint = str(error)
    if complaint:
        raise StandInError(
            "the stand-in for the kubelet gives each Pod a mount namespace, which is not permitted here: run the tests "
            "as root, in a container with the capability SYS_ADMIN (docker run --cap-add SYS_ADMIN --security-opt "
            f"apparmor=unconfined --security-opt seccomp=unconfined). {' '.join(tried)}: {complaint}"
        )


def command_in_its_own_root(wanted: Wanted, place: Place, *, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The command that runs a container's program in a root file system of its own.

    Args:
        wanted: The container.
        place: Where the Pod lives.
        argv: The program and its arguments.
        env: Its whole environment.

    Raises:
        Unstartable: A mount has no volume.
    """
    container, image = wanted.container, wanted.image
    context = wanted.pod["spec"].get("securityContext", {}) | container.get("securityContext", {})
    home = place.folder / container["name"]
    (home / "root").mkdir(parents=True, exist_ok=True)
    spec: dict[str, Any] = {
        "root": str(home / "root"),
        "links": {path: str(Path(path).readlink()) for path in _SYSTEM if Path(path).is_symlink()},
        "folders": _EMPTY,
        "mounts": [*_of_the_image(image, place), *_of_the_volumes(container, place)],
        "read_only": context.get("readOnlyRootFilesystem", False),
        "working_directory": container.get("workingDir", "/"),
        "privileges": _privileges(context, image),
        "argv": list(argv),
        "env": dict(env),
    }
    orders = home / "orders.json"
    orders.touch(mode=0o600)
    orders.write_text(json.dumps(spec))
    return [*_UNSHARE, sys.executable, "-I", "-S", str(_ENTER), str(orders)]


def _of_the_image(image: Image, place: Place) -> list[dict[str, Any]]:
    system = [Path(one) for one in (*_SYSTEM, *_SETTINGS) if Path(one).exists() and not _is_link_of_the_system(one)]
    own = [one for one in image.folders if not one.is_relative_to("/usr")]
    shown = [_mount(one, str(one), read_only=True) for one in (*system, *own)]
    devices = [_mount(Path(one), one, read_only=False) for one in _DEVICES]
    return [*shown, *devices, _mount(place.hosts, "/etc/hosts", read_only=True)]


def _is_link_of_the_system(path: str) -> bool:
    return path in _SYSTEM and Path(path).is_symlink()


def _of_the_volumes(container: Manifest, place: Place) -> list[dict[str, Any]]:
    mounts = []
    for one in container.get("volumeMounts", ()):
        if one["name"] not in place.volumes:
            raise misconfigured(f"there is no volume {one['name']!r}")
        source = place.volumes[one["name"]] / one.get("subPath", "")
        mounts.append(_mount(source, one["mountPath"], read_only=one.get("readOnly", False)))
    return sorted(mounts, key=lambda mount: len(mount["target"]))


def _mount(source: Path, target: str, *, read_only: bool) -> dict[str, Any]:
    return {"source": str(source), "target": target, "read_only": read_only}


def _privileges(context: Manifest, image: Image) -> list[str]:
    """Arguments of setpriv: user, groups, and no capability, as in the strictest Pod Security Standard."""
    user = context.get("runAsUser", image.user)
    if context.get("runAsNonRoot") and user == 0:
        raise misconfigured("the container would run as root, but runAsNonRoot is set")
    group = context.get("runAsGroup", user)
    groups = sorted({context.get("fsGroup", group), *context.get("supplementalGroups", ())})
    return [
        f"--reuid={user}",
        f"--regid={group}",
        f"--groups={','.join(map(str, groups))}",
        "--inh-caps=-all",
        "--bounding-set=-all",
        *(() if context.get("allowPrivilegeEscalation", True) else ("--no-new-privs",)),
    ]
