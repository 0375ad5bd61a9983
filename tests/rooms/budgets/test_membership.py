"""Which budgets count a job."""

from typing import Any

import pytest

from quantumjob_operator.budgets.membership import counts, naming
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


def test_only_budgets_of_the_workspaces_namespace_count() -> None:
    """Whoever owns the money writes them there."""
    one = budget()
    assert naming([one], ("quantum-platform", "shared")) == [one]
    assert naming([one], ("quantum-platform", "other")) == []
    assert naming([one], ("research", "shared")) == []
