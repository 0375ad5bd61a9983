"""Of several objects with one idempotency key one owns it, whoever asks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quantumjob_operator.lifecycle.adoption import workspace_used
from quantumjob_operator.lifecycle.attempts import identify, key_owner
from quantumjob_operator.lifecycle.observation import KeyOwner
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import KEYED, NOW, WORKSPACE, accepted, claim, finished, new
from rooms.model.bodies import OTHER_UID, UID


def with_key(name: str, uid: str, *, age: int = 0, **fields: Any) -> QuantumJob:
    """An object with the key, created so many seconds ago."""
    return replace(new(KEYED), name=name, uid=uid, created=NOW - timedelta(seconds=age), **fields)


ME = with_key("bell", UID, age=10)
AT_SERVICE = replace(accepted().status, job_id=identify(ME, WORKSPACE.id), workspace=workspace_used(WORKSPACE))


@pytest.mark.parametrize(
    ("rivals", "expected"),
    [
        pytest.param([], KeyOwner(UID, "bell"), id="nobody else has the key"),
        pytest.param([ME], KeyOwner(UID, "bell"), id="the list shows only ourselves"),
        pytest.param([with_key("older", OTHER_UID, age=20)], KeyOwner(OTHER_UID, "older"), id="the older one owns it"),
        pytest.param([with_key("younger", OTHER_UID, age=5)], KeyOwner(UID, "bell"), id="the younger one does not"),
        pytest.param([with_key("lower", OTHER_UID, age=10)], KeyOwner(OTHER_UID, "lower"), id="of twins the lower uid"),
        pytest.param(
            [with_key("claimed", OTHER_UID, age=5, claim=claim(uid=OTHER_UID))],
            KeyOwner(OTHER_UID, "claimed"),
            id="a claim counts more than age",
        ),
        pytest.param(
            [with_key("stripped", OTHER_UID, age=5, status=AT_SERVICE)],
            KeyOwner(OTHER_UID, "stripped"),
            id="whose job is at the service owns the key, although its claim was taken off",
        ),
        pytest.param(
            [with_key("copy", OTHER_UID, age=5, claim=claim())],
            KeyOwner(UID, "bell"),
            id="a copied claim counts nothing",
        ),
        pytest.param(
            [with_key("over", OTHER_UID, age=20, claim=claim(uid=OTHER_UID), status=finished())],
            KeyOwner(UID, "bell"),
            id="what has ended owns nothing",
        ),
        pytest.param(
            [replace(with_key("other", OTHER_UID, age=20), spec=new({"idempotencyKey": "run-2"}).spec)],
            KeyOwner(UID, "bell"),
            id="another key is another matter",
        ),
    ],
)
def test_whose_a_key_is(rivals: list[QuantumJob], expected: KeyOwner) -> None:
    """Everybody who asks comes to the same answer."""
    assert key_owner(ME, rivals) == expected


def test_who_claimed_besides_the_owner_is_named() -> None:
    """Two that claimed in the same moment: the owner waits until the other has stepped back or ended."""
    mine = replace(ME, claim=claim())
    other = with_key("younger", OTHER_UID, age=5, claim=claim(uid=OTHER_UID))
    assert key_owner(mine, [mine, other]) == KeyOwner(UID, "bell", "younger")
    assert key_owner(other, [mine, other]) == KeyOwner(UID, "bell", "younger")
