"""templates/poddisruptionbudget.yaml: off unless asked for, and harmless to a node's draining."""

import pytest

from chart.conftest import Render
from chart.helm import Rendering, Values


def test_there_is_none_by_default(default: Rendering) -> None:
    """One replica has nothing to keep."""
    assert default.all("PodDisruptionBudget") == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, {"maxUnavailable": 1}, id="lets the one pod go"),
        pytest.param({"minAvailable": 1}, {"minAvailable": 1}, id="keeps it if told"),
        pytest.param({"minAvailable": 0}, {"minAvailable": 0}, id="zero is a number too"),
        pytest.param({"maxUnavailable": "50%"}, {"maxUnavailable": "50%"}, id="takes a percentage"),
    ],
)
def test_budget(render: Render, values: Values, expected: Values) -> None:
    """One of the two fields, for the operator's pod."""
    rendering = render({"podDisruptionBudget": {"enabled": True, **values}})
    spec = dict(rendering.only("PodDisruptionBudget")["spec"])
    assert spec.pop("selector") == rendering.only("Deployment")["spec"]["selector"]
    assert spec == expected
