"""Flux, and whoever else follows kstatus, reads each situation of a job as it is meant."""

import pytest

from gitops.fluxstatus import Judgement, judge
from gitops.states import Object, Situation

pytestmark = pytest.mark.cluster

EXPECTED = {
    Situation.UNSEEN: "InProgress",
    Situation.HELD_BACK: "InProgress",
    Situation.QUEUED: "InProgress",
    Situation.RUNNING: "InProgress",
    Situation.CANCELLING: "InProgress",
    Situation.SUCCEEDED: "Current",
    Situation.FAILED: "Failed",
    Situation.CANCELLED_BEFORE: "Failed",
    Situation.CANCELLED: "Failed",
    Situation.REFUSED: "Failed",
    Situation.SUSPENDED_BEFORE: "Current",
    Situation.SUSPENDED: "Current",
    Situation.CHANGED: "InProgress",
    Situation.BEING_DELETED: "Terminating",
}


@pytest.fixture(scope="module")
def judgements(objects: dict[Situation, Object]) -> dict[Situation, Judgement]:
    """What kstatus says of each situation."""
    return dict(zip(objects, judge(objects.values()), strict=True))


def test_every_situation_has_its_row() -> None:
    """No situation is left out."""
    assert EXPECTED.keys() == set(Situation)


@pytest.mark.parametrize("situation", Situation)
def test_situation_is_read_as_meant(judgements: dict[Situation, Judgement], situation: Situation) -> None:
    """The word that kstatus has for the situation."""
    assert judgements[situation].kstatus == EXPECTED[situation], judgements[situation].message


@pytest.mark.parametrize("situation", Situation)
def test_reconciling_and_stalled_are_there_only_when_they_are_true(
    objects: dict[Situation, Object], situation: Situation
) -> None:
    """Both are absent when they don't apply, and they exclude each other."""
    conditions = {one["type"]: one["status"] for one in objects[situation]["status"].get("conditions", [])}
    shown = [conditions[kind] for kind in ("Reconciling", "Stalled") if kind in conditions]
    assert shown in ([], ["True"])


def test_what_flux_tells_its_user_says_why(
    objects: dict[Situation, Object], judgements: dict[Situation, Judgement]
) -> None:
    """The message of kstatus is ours: it says what holds the job back, or what went wrong."""
    held, failed = judgements[Situation.HELD_BACK].message, judgements[Situation.FAILED].message
    assert "QuantumWorkspace" in held
    assert objects[Situation.FAILED]["status"]["error"]["code"] in failed
