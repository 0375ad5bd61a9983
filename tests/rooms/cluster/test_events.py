"""Events as they are published."""

from typing import Any

import pytest

from quantumjob_operator.cluster.events import Events
from quantumjob_operator.lifecycle import Notice
from rooms.budgets.values import NOW


class Api:
    """Keeps what is sent."""

    body: dict[str, Any]

    async def request(self, _method: str, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Take it."""
        self.body = body
        return {}


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        pytest.param("research", "research.", id="usual"),
        pytest.param("w" * 253, "w" * 236 + ".", id="as long as a name may be"),
        pytest.param("w" * 234 + "-.-" + "w" * 16, "w" * 234 + ".", id="cut within what no part of a name ends with"),
    ],
)
async def test_an_event_has_a_name_that_the_api_server_takes(name: str, begins: str) -> None:
    """QuantumWorkspaces and QuantumBudgets may have longer names than QuantumJobs."""
    api = Api()
    events = Events(api, "here")  # type: ignore[arg-type]  # of its requests only
    assert await events.publish({"name": name, "namespace": "vqe"}, Notice("Ready", "it is"), NOW)
    assert api.body["metadata"]["name"].startswith(begins)
    assert len(api.body["metadata"]["name"]) == len(begins) + 16
