"""Which rows of the service's list tell of a job that was left behind."""

from dataclasses import replace
from typing import Any

import pytest

from core.bodies import OTHER_UID, UID
from core.observations import KEYED, WORKSPACE, new, owner, remote
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.leftover import Origin, has_owner, let_go_on_purpose, origin_of
from quantumjob_operator.naming import orphan_tag
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import RemoteJob

HERE = "this-cluster"


def told(word: str = "Executing", **metadata: Any) -> RemoteJob:
    """A row of a job of this cluster."""
    return remote(word, metadata=owner(**{"cluster": HERE} | metadata))


@pytest.mark.parametrize(
    ("row", "namespaces", "found"),
    [
        pytest.param(told(), (), True, id="an unfinished job of this cluster"),
        pytest.param(told("Succeeded"), (), False, id="one that is over costs nothing more"),
        pytest.param(told(cluster="another"), (), False, id="another cluster's"),
        pytest.param(replace(told(), metadata={}), (), False, id="one that says nothing"),
        pytest.param(told(), ("other",), False, id="of a namespace that another operator serves"),
        pytest.param(told(), ("research",), True, id="of a namespace that is served"),
        pytest.param(told("Dreaming"), (), True, id="an unknown word is no end"),
    ],
)
def test_whose_it_is(row: RemoteJob, namespaces: tuple[str, ...], found: bool) -> None:  # noqa: FBT001 - a column
    """Only this cluster's unfinished jobs count."""
    assert origin_of(row, HERE, namespaces) == (Origin("research", UID) if found else None)


def test_without_a_name_of_the_cluster_nothing_is_its_own() -> None:
    """An operator that may not read the cluster's name would take every nameless one's jobs for its own."""
    assert origin_of(told(cluster=""), "", ()) is None


@pytest.mark.parametrize(
    ("row", "jobs", "owned"),
    [
        pytest.param(told(), [new()], True, id="its object is there"),
        pytest.param(told(), [], False, id="no object is there"),
        pytest.param(told(), [new(uid=OTHER_UID)], False, id="an object of another uid has another job"),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [new(KEYED)],
            True,
            id="an object with its key has taken it over",
        ),
    ],
)
def test_whether_it_has_an_owner(row: RemoteJob, jobs: list[QuantumJob], owned: bool) -> None:  # noqa: FBT001 - a column
    """By uid, or by the id that a key leads to."""
    assert has_owner(row, WORKSPACE.id, jobs) is owned


def test_a_mark_tells_an_orphan() -> None:
    """Whoever let it go, on purpose, said so at the job itself."""
    assert let_go_on_purpose(replace(told(), tags=("mine", orphan_tag(UID))))
    assert not let_go_on_purpose(replace(told(), tags=("mine",)))
