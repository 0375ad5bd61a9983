"""The bill of materials and the reading of an image, from archives that are made here."""

import io
import json
import tarfile
from pathlib import Path
from typing import Final

import pytest

from images.archive import read_image
from images.sbom import bill_of_materials, tells_of_packages

_STATUS: Final = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
_LOCK: Final = {
    "packages": {
        "node_modules/azurite": {"version": "3.37.0"},
        "node_modules/@azure/core-http/node_modules/uuid": {"version": "8.3.2"},
        "node_modules/@azure/core-auth": {"version": "1.10.0"},
    }
}
_FILES: Final = {
    "var/lib/dpkg/status": _STATUS,
    "opt/operator/lib/python3.11/site-packages/PyYAML-6.0.3.dist-info/METADATA": "Name: PyYAML\nVersion: 6.0.3\n",
    "opt/operator/lib/python3.11/site-packages/yaml/reader.py": "pass\n",
    "opt/azurite/node_modules/.package-lock.json": json.dumps(_LOCK),
}
_LISTED: Final = {
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64",
    "pkg:npm/%40azure/core-auth@1.10.0",
    "pkg:npm/azurite@3.37.0",
    "pkg:npm/uuid@8.3.2",
    "pkg:pypi/pyyaml@6.0.3",
}


def tar(files: dict[str, bytes], mode: str = "") -> bytes:
    """An archive with files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=f"w:{mode}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


@pytest.fixture(params=["", "gz"], ids=["layers as they are", "layers that are compressed"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An image of two layers, the second of which has a newer file of the first, behind an index of indexes."""
    older = tar({"opt/operator/lib/python3.11/site-packages/PyYAML-6.0.3.dist-info/METADATA": b"Name: PyYAML\n"})
    newer = tar({f"./{name}": text.encode() for name, text in _FILES.items()}, request.param)
    manifest = {"config": {"digest": "sha256:config"}, "layers": [{"digest": "sha256:one"}, {"digest": "sha256:two"}]}
    described = {
        "index.json": {"manifests": [{"digest": "sha256:inner"}]},
        "blobs/sha256/inner": {"manifests": [{"digest": "sha256:manifest"}]},
        "blobs/sha256/manifest": manifest,
        "blobs/sha256/config": {"config": {"User": "65532:65532"}},
    }
    layout = {name: json.dumps(content).encode() for name, content in described.items()}
    path = tmp_path / "image.tar"
    path.write_bytes(tar(layout | {"blobs/sha256/one": older, "blobs/sha256/two": newer}))
    return path


def test_image_is_read_by_its_uppermost_layer(archive: Path) -> None:
    """Its configuration, the size of everything, and the files that were asked for."""
    image = read_image(archive, tells_of_packages)
    assert image.digest == "sha256:manifest"
    assert image.config["config"]["User"] == "65532:65532"
    assert set(image.files) == {name for name in _FILES if not name.endswith("reader.py")}
    assert image.files["var/lib/dpkg/status"].decode() == _STATUS
    assert image.bytes_unpacked == sum(map(len, _FILES.values())) + len("Name: PyYAML\n")


def test_bill_lists_what_debian_pypi_and_npm_brought(archive: Path) -> None:
    """Each once, and nothing that was removed again."""
    bill = json.loads(bill_of_materials("image", "1.0", 0, read_image(archive, tells_of_packages)))
    assert {one["purl"] for one in bill["components"]} == _LISTED
    assert bill["metadata"]["component"]["name"] == "image"
    assert (bill["bomFormat"], bill["metadata"]["timestamp"]) == ("CycloneDX", "1970-01-01T00:00:00+00:00")


def test_bill_is_the_same_for_the_same_image(archive: Path) -> None:
    """Byte for byte, so that it can be compared."""
    image = read_image(archive, tells_of_packages)
    assert bill_of_materials("image", "1.0", 0, image) == bill_of_materials("image", "1.0", 0, image)
