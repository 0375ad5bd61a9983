"""The operator's image as an engine built it: what it says of itself, what is in it, and that it can be built again."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from devcluster.progress import report_on_terminal
from images.base import DEBIAN
from images.build import Built, build_image
from images.engine import find_engine
from images.recipe import PROJECT

_OCI: Final = "org.opencontainers.image"
_LARGEST: Final = {"operator": 250_000_000, "emulator": 650_000_000}


def locked(name: str) -> set[str]:
    """The packages of a lock file, as a bill names them."""
    lock = (PROJECT / "requirements" / f"{name}.txt").read_text()
    return {f"pkg:pypi/{one}@{version}" for one, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock, re.MULTILINE)}


@pytest.mark.slow
def test_labels_and_annotations_say_what_it_is(operator_image: Built, commit: str) -> None:
    """With the commit that it was built from."""
    labels, annotations = operator_image.image.config["config"]["Labels"], operator_image.image.manifest["annotations"]
    assert labels[f"{_OCI}.revision"].removesuffix("-dirty") == commit
    for name in ("title", "version", "revision", "licenses", "base.name"):
        assert labels[f"{_OCI}.{name}"] == annotations[f"{_OCI}.{name}"] != ""
    assert operator_image.image.config["config"]["User"] == "65532:65532"


@pytest.mark.slow
def test_bill_lists_what_is_locked_and_the_operator(operator_image: Built) -> None:
    """And beside it only what Debian brought."""
    listed = {one["purl"] for one in json.loads(operator_image.bill.read_text())["components"]}
    ours = {one for one in listed if one.startswith("pkg:pypi/")}
    own = {one for one in ours if one.startswith("pkg:pypi/quantumjob-operator@")}
    assert len(own) == 1
    assert ours - own <= locked("operator")
    assert len(ours) > 20
    assert any(one.startswith("pkg:deb/debian/libc6@") for one in listed)


@pytest.mark.slow
def test_operator_image_is_small(operator_image: Built) -> None:
    """Unpacked."""
    assert operator_image.image.bytes_unpacked < _LARGEST["operator"]


@pytest.mark.release
@pytest.mark.parametrize("which", sorted(_LARGEST))
def test_image_that_is_built_again_is_the_same(which: str, tmp_path: Path) -> None:
    """Its digest, with every step done anew; and it is small."""
    engine = find_engine()
    builds = [
        build_image(which, engine, base=DEBIAN, target=tmp_path, report=report_on_terminal, anew=True).image
        for _ in range(2)
    ]
    assert builds[0].digest == builds[1].digest
    assert builds[0].bytes_unpacked < _LARGEST[which]
