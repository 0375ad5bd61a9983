"""The image that holds a Pod's namespaces, as an OCI layout in one file: one static program and nothing else.

Needs no engine. Must not live here: the program (`devcluster.gotools`).
"""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any, Final

_MEDIA: Final = "application/vnd.oci.image"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def write_pause_archive(program: Path, archive: Path) -> None:
    """Write the archive of an image that runs a program."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as contents:
        entry = tarfile.TarInfo("pause")
        entry.size, entry.mode = program.stat().st_size, 0o755
        with program.open("rb") as source:
            contents.addfile(entry, source)
    machine = platform.machine()
    config = {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer.getvalue())]},
    }
    with tarfile.open(archive, "w") as layout:
        manifest = {
            "schemaVersion": 2,
            "config": _add(layout, f"{_MEDIA}.config.v1+json", json.dumps(config).encode()),
            "layers": [_add(layout, f"{_MEDIA}.layer.v1.tar", layer.getvalue())],
        }
        described = _add(layout, f"{_MEDIA}.manifest.v1+json", json.dumps(manifest).encode())
        _write(layout, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        _write(layout, "index.json", json.dumps({"schemaVersion": 2, "manifests": [described]}).encode())


def _add(layout: tarfile.TarFile, kind: str, content: bytes) -> dict[str, Any]:
    """Add a blob; returns its descriptor."""
    digest = _digest(content)
    _write(layout, "blobs/" + digest.replace(":", "/"), content)
    return {"mediaType": kind, "digest": digest, "size": len(content)}


def _write(layout: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    layout.addfile(entry, io.BytesIO(content))


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
