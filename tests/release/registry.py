"""A registry on one address of this machine, Debian's docker-registry, and what brings images and charts into it.

Plain http. Knows nothing of what is in the images.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from devcluster.debian import unpacked
from devcluster.processes import Child, free_port
from devcluster.progress import report_on_terminal

_PACKAGE: Final = "docker-registry"
_START_SECONDS: Final = 180.0
_COPY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that runs.

    Attributes:
        address: Host and port, as the names of its images begin.
    """

    address: str

    def take(self, source: str, name: str) -> str:
        """Copy an image or a chart into it as it is; returns its digest.

        Args:
            source: As skopeo takes it: `oci-archive:FILE`, or `oci:FOLDER:NAME`.
            name: Repository and tag.
        """
        insecure = "--dest-tls-verify=false"
        target = f"docker://{self.address}/{name}"
        # Nothing of the machine says whether signatures are asked for.
        command = ["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", insecure, source, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COPY_SECONDS, check=False)
        assert done.returncode == 0, f"{' '.join(command)} failed: {done.stderr}"
        return self.digest(*name.rsplit(":", 1))

    def digest(self, repository: str, tag: str) -> str:
        """Of what has a name in it."""
        accepted = "application/vnd.oci.image.manifest.v1+json"
        url = f"http://{self.address}/v2/{repository}/manifests/{tag}"
        answer = httpx.head(url, headers={"Accept": accepted}, trust_env=False).raise_for_status()
        return str(answer.headers["Docker-Content-Digest"])


@contextmanager
def running_registry(folder: Path, host: str) -> Iterator[Registry]:
    """A registry that is empty.

    Args:
        folder: For its data; made.
        host: Address of this machine to listen on.

    Raises:
        BuildError: Debian's package can't be had.
        StartError: It does not answer.
    """
    folder.mkdir()
    address = f"{host}:{free_port()}"
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address},
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    program = unpacked(_PACKAGE, report_on_terminal) / "usr" / "bin" / "docker-registry"
    command: list[str | Path] = [program, "serve", folder / "config.yml"]
    child = Child.start(command, name=_PACKAGE, log=folder / "registry.log", env=os.environ)
    try:
        child.wait_until(lambda: _answers(address), _START_SECONDS)
        yield Registry(address)
    finally:
        child.stop()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/", trust_env=False).is_success
    except httpx.TransportError:
        return False
