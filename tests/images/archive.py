"""Reads an image that was saved as an OCI layout in one file: manifest, configuration, the files in its layers.

Asks no engine and no registry.
"""

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_INDEX: Final = "index.json"


@dataclass(frozen=True, slots=True)
class Image:
    """What an archive holds.

    Attributes:
        manifest: As stored.
        config: As stored.
        digest: Of the manifest, as `sha256:…`.
        bytes_unpacked: Of all files of all layers.
        files: Content of those that were asked for, by path without a leading slash; the uppermost layer's.
    """

    manifest: dict[str, Any]
    config: dict[str, Any]
    digest: str
    bytes_unpacked: int = 0
    files: dict[str, bytes] = field(default_factory=dict)


def read_image(archive: Path, wanted: Callable[[str], bool]) -> Image:
    """Read the one image of an archive.

    Args:
        archive: A file that an engine saved.
        wanted: Which files to keep, by path without a leading slash.
    """
    with tarfile.open(archive) as layout:
        digest, manifest = _descend(layout, _json(layout, _INDEX))
        size, files = 0, dict[str, bytes]()
        for layer in manifest["layers"]:
            blob = layout.extractfile(_place(layer["digest"]))
            assert blob is not None, "a blob is a file"
            with tarfile.open(fileobj=blob, mode="r|*") as contents:
                for member in contents:
                    size += member.size
                    path = member.name.removeprefix("./").lstrip("/")
                    if member.isfile() and wanted(path) and (content := contents.extractfile(member)):
                        files[path] = content.read()
        return Image(manifest, _json(layout, _place(manifest["config"]["digest"])), digest, size, files)


def _descend(layout: tarfile.TarFile, index: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Digest and content of the first manifest, also of an index within the index."""
    digest = index["manifests"][0]["digest"]
    found = _json(layout, _place(digest))
    return _descend(layout, found) if "manifests" in found else (digest, found)


def _place(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _json(layout: tarfile.TarFile, name: str) -> dict[str, Any]:
    # Written with and without a leading dot.
    try:
        member = layout.getmember(name)
    except KeyError:
        member = layout.getmember(f"./{name}")
    blob = layout.extractfile(member)
    assert blob is not None, "a blob is a file"
    parsed: dict[str, Any] = json.loads(blob.read())
    return parsed
