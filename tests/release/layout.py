"""Charts as artifacts in an OCI layout: what `helm push` would put into a registry, in a folder.

Knows the media types that Helm gives to a chart and to what describes it, and no registry.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

_CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
_CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_REFERENCE: Final = "org.opencontainers.image.ref.name"


def write_layout(packages: Iterable[Path], folder: Path) -> list[str]:
    """Write packaged charts into a new layout; returns the name of each in it, such as `quantumjob-operator-0.1.0`.

    Args:
        packages: What `helm package` made.
        folder: Where the layout goes; must not exist.
    """
    (folder / "blobs" / "sha256").mkdir(parents=True)
    described = [_add_chart(folder, package) for package in packages]
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": described}))
    return [one["annotations"][_REFERENCE] for one in described]


def _add_chart(folder: Path, package: Path) -> dict[str, Any]:
    about = _description(package)
    manifest = {
        "schemaVersion": 2,
        "config": _add(folder, _CONFIG, json.dumps(about).encode()),
        "layers": [_add(folder, _CHART, package.read_bytes())],
        "annotations": {
            "org.opencontainers.image.title": about["name"],
            "org.opencontainers.image.description": about["description"],
            "org.opencontainers.image.version": about["version"],
        },
    }
    written = _add(folder, _MANIFEST, json.dumps(manifest).encode())
    return written | {"annotations": {_REFERENCE: f"{about['name']}-{about['version']}"}}


def _description(package: Path) -> dict[str, Any]:
    """The chart's own Chart.yaml."""
    with tarfile.open(package) as chart:
        member = next(one for one in chart if one.name.count("/") == 1 and one.name.endswith("/Chart.yaml"))
        content = chart.extractfile(member)
        assert content is not None, "Chart.yaml is a file"
        about: dict[str, Any] = yaml.safe_load(content)
    return about


def _add(folder: Path, kind: str, content: bytes) -> dict[str, Any]:
    """Add a blob; returns its descriptor."""
    digest = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / "sha256" / digest).write_bytes(content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}
