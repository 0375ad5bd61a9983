"""The bill of materials of an image as CycloneDX: what Debian, PyPI and npm brought, as their own files in it say.

What a base compiled by itself (Python, in its official image) is named by the base's digest alone. Must not live here:
how an image is read.
"""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from typing import Final

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from images.archive import Image

_DPKG: Final = "var/lib/dpkg/status"
_NPM: Final = "node_modules/.package-lock.json"
_PYTHON: Final = re.compile(r"^opt/(?!build/).*\.dist-info/METADATA$")


def tells_of_packages(path: str) -> bool:
    """Whether a file of an image lists packages."""
    return path == _DPKG or path.endswith(_NPM) or bool(_PYTHON.match(path))


def bill_of_materials(name: str, version: str, epoch: int, image: Image) -> str:
    """The bill of an image that was read with `tells_of_packages`, as JSON; the same for the same image.

    Args:
        name: What the image is called.
        version: Its version.
        epoch: Its time, in seconds since 1970.
        image: What was read.
    """
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, image.digest))
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bom.metadata.component = Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref=image.digest)
    for url in sorted(set(_packages(image)), key=str):
        bom.components.add(
            Component(name=url.name, group=url.namespace, version=url.version, purl=url, bom_ref=str(url))
        )
    bom.register_dependency(bom.metadata.component, bom.components)
    written = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    return written + "\n"


def _packages(image: Image) -> Iterator[PackageURL]:
    for path, content in image.files.items():
        if path == _DPKG:
            yield from _of_debian(content)
        elif path.endswith(_NPM):
            yield from _of_npm(content)
        else:
            told = BytesHeaderParser().parsebytes(content)
            yield PackageURL("pypi", None, re.sub(r"[-_.]+", "-", told["Name"]).lower(), told["Version"])


def _of_debian(status: bytes) -> Iterator[PackageURL]:
    for paragraph in filter(None, status.split(b"\n\n")):
        told = BytesHeaderParser().parsebytes(paragraph.lstrip(b"\n"))
        if told["Status"] == "install ok installed":
            yield PackageURL("deb", "debian", told["Package"], told["Version"], {"arch": told["Architecture"]})


def _of_npm(lock: bytes) -> Iterator[PackageURL]:
    for place, told in json.loads(lock)["packages"].items():
        namespace, _, name = place.rpartition("node_modules/")[2].rpartition("/")
        yield PackageURL("npm", namespace or None, name, told["version"])
