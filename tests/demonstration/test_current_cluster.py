"""`make demo CLUSTER=current`: a guest in a cluster that isn't ours."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from demonstration.conftest import PROJECT, Demo
from devcluster.controlplane import ControlPlane

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_CRDS: Final = PROJECT / "crds"
_HERE: Final = ("--cluster=current", "--yes")


@pytest.fixture(scope="module")
def foreign() -> Iterator[ControlPlane]:
    """A cluster of somebody's, without our CRDs."""
    with ControlPlane.start() as started:
        yield started


@pytest.fixture
def guest(demo: Demo, foreign: ControlPlane) -> Demo:
    """A demo whose current context is that cluster."""
    demo.environment = foreign.kubectl_environment()
    return demo


def contents(cluster: ControlPlane) -> set[str]:
    """Everything cluster-wide that a demo could leave behind."""
    kinds = "crd,namespaces,clusterroles,clusterrolebindings"
    return set(cluster.kubectl("get", kinds, "--output=name").stdout.split())


def requests_of_operators(audit_log: Path) -> list[dict[str, Any]]:
    """What the API server noted of each request of a demo's operator."""
    entries = [json.loads(line) for line in audit_log.read_text().splitlines()]
    return [entry for entry in entries if ":quantumjob-demo-" in entry["user"]["username"]]


@pytest.mark.slow
def test_nothing_stays_and_nothing_is_touched(guest: Demo, foreign: ControlPlane) -> None:
    """It plays in a namespace of its own, with an operator that needs no right beyond it, and removes all."""
    before = contents(foreign)
    ended = guest.run(*_HERE)
    assert (ended.code, ended.errors) == (0, "")
    assert "all 5 jobs ended as expected" in ended.output
    assert f"the current context is devcluster ({foreign.url})" in ended.output
    assert contents(foreign) == before
    asked = requests_of_operators(foreign.audit_log)
    assert {entry["verb"] for entry in asked} >= {"watch", "patch", "create"}
    denied = [entry["requestURI"] for entry in asked if entry["responseStatus"]["code"] == HTTPStatus.FORBIDDEN]
    assert denied == []


def test_an_interrupted_guest_cleans_up(guest: Demo, foreign: ControlPlane) -> None:
    """Ctrl-C while jobs are under way leaves nothing in the cluster."""
    before = contents(foreign)
    ended = guest.interrupt_when(" Waiting ", *_HERE)
    assert ended.code == 130
    assert "removing what the demo made" in ended.output
    assert contents(foreign) == before


def test_a_guest_that_fails_cleans_up(guest: Demo, foreign: ControlPlane) -> None:
    """An operator that doesn't start ends the demo with its reason, and nothing of it stays."""
    before = contents(foreign)
    ended = guest.run(*_HERE, "--operator-args=--workers=0")
    assert ended.code == 1
    assert "workers" in ended.errors
    assert "removing what the demo made" in ended.output
    assert contents(foreign) == before


def test_without_a_yes_nothing_happens(guest: Demo, foreign: ControlPlane) -> None:
    """Nobody is at a terminal to be asked: it says how to agree, and does nothing."""
    before = contents(foreign)
    ended = guest.run("--cluster=current")
    assert ended.code == 1
    assert "YES=1" in ended.errors
    assert contents(foreign) == before


@pytest.fixture
def installed(foreign: ControlPlane) -> Iterator[ControlPlane]:
    """The same cluster with CRDs that somebody installed."""
    foreign.kubectl("apply", "--server-side", "-f", _CRDS)
    # A definition that is deleted while it is being established was seen to hang in its deletion.
    foreign.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", _CRDS)
    yield foreign
    foreign.kubectl("delete", "-f", _CRDS)


def test_crds_of_somebody_else_are_left_alone(guest: Demo, installed: ControlPlane) -> None:
    """It refuses, names them, and touches nothing."""
    before = contents(installed)
    ended = guest.run(*_HERE)
    assert ended.code == 1
    assert "quantumjobs.quantumjobs.dev" in ended.errors
    assert contents(installed) == before


@pytest.fixture
def abandoned(installed: ControlPlane) -> ControlPlane:
    """The same cluster after a demo was killed in it, before its namespace was made."""
    installed.kubectl("label", "-f", _CRDS, "app.kubernetes.io/managed-by=quantumjob-demo")
    return installed


def test_objects_of_another_demo_are_left_alone(guest: Demo, abandoned: ControlPlane) -> None:
    """Another demo may be playing: its CRDs and objects stay, and the message says how to remove a dead one's."""
    abandoned.kubectl("create", "-f", PROJECT / "examples" / "bell.yaml")
    before = contents(abandoned)
    ended = guest.run(*_HERE)
    assert ended.code == 1
    assert "default/bell" in ended.errors
    assert contents(abandoned) == before
    assert abandoned.kubectl("get", "quantumjob", "bell", "-o", "name").stdout.strip().endswith("/bell")
