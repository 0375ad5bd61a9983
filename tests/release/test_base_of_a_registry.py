"""An image whose base comes from a registry: every engine that is here pulls it, and the digest stands in the image.

The registry runs here, over plain http; it stands for that of Python's official image.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devcluster.progress import report_on_terminal
from images.base import DEBIAN, find_base
from images.build import build_image
from images.engine import Recipe, find_engine
from node.installing import skip_unless_able
from release.registry import Registry, running_registry

pytestmark = pytest.mark.release

_NAME: Final = "library/python:3.11-slim"
# Another image than the one that is built on elsewhere, as the official one would be.
_DOCKERFILE: Final = "FROM {}\nLABEL official=yes\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that the engines are told to ask over plain http."""
    skip_unless_able()
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder / "registry", "127.0.0.1") as running, pytest.MonkeyPatch.context() as patched:
        told = folder / "registries.conf"
        told.write_text(f'[[registry]]\nlocation = "{running.address}"\ninsecure = true\n')
        patched.setenv("CONTAINERS_REGISTRIES_CONF", str(told))
        yield running


@pytest.fixture(scope="module")
def digest(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the base that the registry has, and the machine has not."""
    engine, folder = find_engine(["podman"]), tmp_path_factory.mktemp("base")
    dockerfile, archive, name = folder / "Dockerfile", folder / "base.tar", f"localhost/{folder.name}"
    dockerfile.write_text(_DOCKERFILE.format(find_base(engine, DEBIAN, report_on_terminal).name))
    engine.build(Recipe(dockerfile, folder, name, epoch=1))
    engine.save(name, archive)
    subprocess.run(["podman", "rmi", "--force", name], check=True, capture_output=True)
    return registry.take(f"oci-archive:{archive}", _NAME)


@pytest.mark.parametrize("engine", ["podman", "buildah"])
@pytest.mark.parametrize("pinned", [False, True], ids=["by its tag", "by a digest too"])
def test_digest_of_the_base_stands_in_the_image(
    registry: Registry, digest: str, tmp_path: Path, engine: str, *, pinned: bool
) -> None:
    """In a label and an annotation: whoever has the image can have its base."""
    base = f"{registry.address}/{_NAME}" + (f"@{digest}" if pinned else "")
    built = build_image("operator", find_engine([engine]), base=base, target=tmp_path, report=report_on_terminal)
    labels, annotations = built.image.config["config"]["Labels"], built.image.manifest["annotations"]
    named = f"{registry.address}/library/python@{digest}"
    assert labels["org.opencontainers.image.base.name"] == annotations["org.opencontainers.image.base.name"] == named
    assert labels["official"] == "yes"
