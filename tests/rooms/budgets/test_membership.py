"""Which budgets count a job."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.budgets.membership import counts, overlapping
from rooms.budgets.values import budget
from rooms.model.bodies import job

SWEEP = {"matchLabels": {"sweep": "vqe-7"}}


@pytest.mark.parametrize(
    ("spec", "labels", "expected"),
    [
        pytest.param({}, {}, True, id="all that use the workspace"),
        pytest.param({"namespaces": {"selector": {"matchLabels": {"team": "a"}}}}, {"team": "a"}, True, id="of a team"),
        pytest.param({"namespaces": {"selector": {"matchLabels": {"team": "a"}}}}, {}, False, id="of another team"),
        pytest.param(
            {"namespaces": {"selector": {"matchLabels": {"team": "a"}}}}, None, True, id="labels can't be read"
        ),
        pytest.param({"jobs": SWEEP}, {}, True, id="a sweep's job"),
        pytest.param({"jobs": {"matchLabels": {"sweep": "other"}}}, {}, False, id="not of the sweep"),
    ],
)
def test_a_budget_counts(spec: dict[str, Any], labels: dict[str, str] | None, expected: bool) -> None:  # noqa: FBT001
    """By the labels of the namespace and of the job."""
    assert counts(budget(**spec), job(labels={"sweep": "vqe-7"}), labels) is expected


FEW: Final = 400
MANY: Final = 100_000


@pytest.mark.parametrize(
    ("number", "own", "expected"),
    [
        pytest.param(FEW, "vqe-7", True, id="many labels, and that of the sweep"),
        pytest.param(FEW, "other", False, id="many labels, and that of another sweep"),
        pytest.param(MANY, "vqe-7", True, id="more than are read, and that of the sweep"),
        pytest.param(MANY, "other", True, id="more than are read: no way out"),
    ],
)
def test_long_labels_are_no_way_out_of_a_budget(number: int, own: str, expected: bool) -> None:  # noqa: FBT001
    """Labels have no bound but that of etcd, and a megabyte of them takes a tenth of a second to read, for each budget.

    Nobody reads more than 32 KiB of them: a budget of some jobs counts such a job, whatever its labels say.
    """
    long = job(labels={"sweep": own} | {f"label-{one}": "x" for one in range(number)})
    assert counts(budget(jobs=SWEEP), long, {}) is expected
    assert counts(budget(), long, {})
    assert not counts(budget(jobs=SWEEP, namespaces={"selector": {"matchLabels": {"team": "a"}}}), long, {})
    assert len(getattr(long.labels, "text", b"")) <= 32 * 1024


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param({}, {}, True, id="both count all"),
        pytest.param({"jobs": SWEEP}, {}, True, id="a cap on a sweep beside the whole"),
        pytest.param({"workspaces": ["other"]}, {}, False, id="another workspace"),
        pytest.param({"workspaces": ["other", "shared"]}, {}, True, id="one workspace in common"),
        pytest.param({"jobs": SWEEP}, {"jobs": {"matchLabels": {"sweep": "other"}}}, False, id="another sweep"),
        pytest.param({"jobs": SWEEP}, {"jobs": {"matchLabels": {"team": "a"}}}, True, id="labels that may go together"),
        pytest.param(
            {"namespaces": {"selector": {"matchLabels": {"team": "a"}}}},
            {"namespaces": {"selector": {"matchLabels": {"team": "b"}}}},
            False,
            id="another team",
        ),
        pytest.param(
            {"jobs": {"matchLabels": {"team": "a"}}},
            {"namespaces": {"selector": {"matchLabels": {"team": "b"}}}},
            True,
            id="labels of a job are not those of its namespace",
        ),
    ],
)
def test_overlapping(mine: dict[str, Any], theirs: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """Unless it is certain that no job is counted by both."""
    other = replace(budget(**theirs), uid="another", name="other")
    assert overlapping(budget(**mine), [other]) == (["other"] if expected else [])
    assert overlapping(other, [budget(**mine)]) == (["research"] if expected else [])


def test_nothing_overlaps_itself() -> None:
    """Nor what another namespace has."""
    one = budget()
    assert overlapping(one, [one, replace(one, uid="another", namespace="elsewhere")]) == []
