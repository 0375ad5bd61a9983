"""Which program of this machine stands in for which image: the one place that knows.

Must not live here: how a container is run.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nodestandin.errors import Unstartable

_TREE: Final = Path(__file__).resolve().parents[2]
_PYTHON: Final = tuple({Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()})


@dataclass(frozen=True, slots=True)
class Image:
    """What stands in for an image.

    Attributes:
        entrypoint: Runs when the container has no `command`.
        environment: Variables of the image; `$(POD_IP)` is the Pod's address, on which the program has to listen.
        folders: Folders of this machine, beside the system's, that the container sees, at the same paths, read-only.
        user: Runs as it, unless the security context says otherwise.
    """

    entrypoint: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    user: int = 0


Images = Mapping[str, Image]

IMAGES: Final[Images] = {
    # operator/Dockerfile
    "registry.example.org/quantumjob-operator": Image(
        entrypoint=(sys.executable, "-m", "quantumjob_operator"),
        environment={
            "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
            # Replicas share this machine's ports, not its loopback addresses. The chart doesn't set it.
            "QUANTUMJOB_OPERATOR_HOST": "$(POD_IP)",
        },
        folders=(_TREE / "operator", *_PYTHON),
        user=65532,
    )
}


def stand_in(images: Images, reference: str) -> Image:
    """What stands in for an image, whatever its tag or digest.

    Raises:
        Unstartable: Nothing does.
    """
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    repository = f"{folder}{slash}{last.partition(':')[0]}"
    if repository not in images:
        raise Unstartable("ErrImageNeverPull", f"nothing stands in for the image {repository}")
    return images[repository]
