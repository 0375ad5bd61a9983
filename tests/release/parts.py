"""The parts of a release that need no container engine: charts, manifests, the client's wheel, checksums.

Each is written from the work tree into a folder that it is given. Must not live here: the images (`images.build`).
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import yaml

from chart.helm import OPERATOR_CHART, PROJECT, WORKSPACE_CHART, Helm
from devcluster.scratch import scratch_directory
from images.build import NAMES
from release.layout import write_layout

NAMESPACE: Final = "quantumjob-system"
CHECKSUMS: Final = "SHA256SUMS"
_RESTRICTED: Final = "pod-security.kubernetes.io/enforce"
_HEADER: Final = (
    "# All that the chart quantumjob-operator installs with its default values: kubectl apply --server-side -f\n"
)


def write_charts(folder: Path) -> list[str]:
    """Write both charts as an OCI layout; returns their names in it."""
    with scratch_directory() as scratch:
        for chart in (OPERATOR_CHART, WORKSPACE_CHART):
            Helm(scratch).run("package", chart, f"--destination={scratch}")
        return write_layout(sorted(scratch.glob("*.tgz")), folder)


def write_manifests(path: Path, registry: str) -> None:
    """Write namespace, CRDs, role, ServiceAccount and Deployment as one file for `kubectl apply`.

    Args:
        path: The file.
        registry: Where the image will be: what stands before its name.
    """
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {_RESTRICTED: "restricted"}},
    }
    with scratch_directory() as scratch:
        values = {"image": {"repository": f"{registry}/{NAMES['operator']}"}}
        rendered = Helm(scratch).template(OPERATOR_CHART, values, "--skip-tests", namespace=NAMESPACE)
    path.write_text(f"{_HEADER}{yaml.safe_dump(namespace)}{rendered}")


def write_wheel(folder: Path, epoch: int) -> Path:
    """Build the client's wheel into a folder; the same bytes for the same sources and time.

    Args:
        folder: Where it goes.
        epoch: The time of its files, in seconds since 1970.
    """
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder.resolve()],
        cwd=PROJECT / "client",
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_checksums(folder: Path) -> Path:
    """List every file below a folder as `sha256sum --check` reads it."""
    listed = folder / CHECKSUMS
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != listed)
    listed.write_text("".join(f"{_digest(path)}  {path.relative_to(folder)}\n" for path in files))
    return listed


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
