"""templates/crds.yaml: the definitions of crds/, unchanged, with what Helm needs."""

import tarfile
from pathlib import Path

import pytest
import yaml

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, PROJECT, Helm, Manifest, Rendering
from chart.values import EVERYTHING, REQUIRED

_SOURCES = sorted((PROJECT / "crds").glob("*.yaml"))
_KEEP = "helm.sh/resource-policy"


def definitions(rendering: Rendering) -> dict[str, Manifest]:
    """The definitions by name."""
    return {one["metadata"]["name"]: one for one in rendering.all("CustomResourceDefinition")}


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.stem)
def test_definition_is_that_of_the_project(default: Rendering, source: Path) -> None:
    """Only labels and annotations are added: not a number or a rule is lost in rendering."""
    wanted = yaml.safe_load(source.read_text())
    assert definitions(default)[wanted["metadata"]["name"]]["spec"] == wanted["spec"]


def test_all_definitions_are_there(default: Rendering) -> None:
    """One for each file."""
    assert len(definitions(default)) == len(_SOURCES) == 4


def test_package_holds_them_though_the_chart_only_links_to_them(helm: Helm, tmp_path: Path) -> None:
    """Byte by byte."""
    assert (OPERATOR_CHART / "files" / "crds").is_symlink()
    helm.run("package", OPERATOR_CHART, f"--destination={tmp_path}")
    (packaged,) = tmp_path.glob("*.tgz")
    with tarfile.open(packaged) as archive:
        for source in _SOURCES:
            member = archive.extractfile(f"quantumjob-operator/files/crds/{source.name}")
            assert member is not None
            assert member.read() == source.read_bytes()


def test_they_outlive_the_release(default: Rendering, render: Render) -> None:
    """Unless somebody says otherwise: with them all jobs go."""
    dropped = render({"crds": {"keep": False}})
    assert {one["metadata"]["annotations"][_KEEP] for one in definitions(default).values()} == {"keep"}
    assert all(_KEEP not in one["metadata"]["annotations"] for one in definitions(dropped).values())


def test_they_can_be_annotated(render: Render) -> None:
    """For a GitOps tool's options."""
    for one in definitions(render({"crds": {"annotations": {"example.org/a": "b"}}})).values():
        assert one["metadata"]["annotations"] == {"example.org/a": "b", _KEEP: "keep"}


def test_they_can_be_left_to_somebody_else(render: Render) -> None:
    """None is rendered."""
    assert definitions(render({"crds": {"enabled": False}})) == {}


def test_packaged_chart_renders_the_same(helm: Helm, tmp_path: Path) -> None:
    """Nothing that a template reads is left out of the package."""
    helm.run("package", OPERATOR_CHART, f"--destination={tmp_path}")
    (packaged,) = tmp_path.glob("*.tgz")
    values = REQUIRED | EVERYTHING
    assert (
        Rendering(helm.template(packaged, values)).objects == Rendering(helm.template(OPERATOR_CHART, values)).objects
    )
