"""Replacing fields of the operator's values: as the standard library does it, only quicker."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import Condition, JobStatus, State
from quantumjob_operator.model.quantumjob import Claim, parse_job
from quantumjob_operator.model.values import replace
from rooms.model.bodies import job_body

CONDITION = Condition(type=Kind.READY, status="False", reason="Waiting", message="so it is")


@dataclass(frozen=True, slots=True)
class _Doubled:
    """Makes more of what it is given."""

    once: int
    twice: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "twice", 2 * self.once)


@dataclass(frozen=True)
class _Loose:
    """Without slots, others may put something into it."""

    once: int


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        pytest.param(CONDITION, {"status": "True", "message": ""}, id="a condition"),
        pytest.param(JobStatus(conditions=(CONDITION,)), {"state": State.WAITING, "job_id": None}, id="a status"),
        pytest.param(Claim(1, "0b3e", "/w", 1, "me"), {"attempt": 2}, id="a claim"),
        pytest.param(FenceState(), {"never_sent": True}, id="a plain value"),
        pytest.param(parse_job(job_body()), {"finalizers": ("a",)}, id="an object"),
        pytest.param(_Doubled(1), {"once": 3, "twice": 0}, id="a value that makes more of what it is given"),
        pytest.param(_Loose(1), {"once": 3}, id="a value without slots"),
        pytest.param(JobStatus(), {}, id="nothing changes"),
    ],
)
def test_it_is_what_the_standard_library_makes_of_it(value: Any, changes: dict[str, Any]) -> None:
    """Also by its type and its hash; and the former value stays as it is."""
    before, made = dataclasses.replace(value), replace(value, **changes)
    assert (made, type(made)) == (dataclasses.replace(value, **changes), type(value))
    assert value == before


@pytest.mark.parametrize("value", [CONDITION, _Doubled(1)])
def test_a_field_that_is_not_there(value: Any) -> None:
    """It is a mistake of ours, and never passes silently."""
    with pytest.raises(TypeError):
        replace(value, other=1)
