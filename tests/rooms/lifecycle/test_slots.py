"""When a job asks for a slot: once nothing else is in the way, and not before its turn."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT
from rooms.lifecycle.observations import (
    FULL,
    KEYED,
    NO_PROGRAM,
    NO_WORKSPACE,
    OURS,
    OUTPUT,
    PROGRAM,
    TAKEN,
    THEIRS,
    claimed,
    deleted,
    new,
    reason_of,
    seen,
)

READY: dict[str, Any] = {"program": PROGRAM, "output": OUTPUT}


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(
            seen(new({"suspend": True}), needs_slot=True, remote=ABSENT, **READY), id="a job that is suspended"
        ),
        pytest.param(seen(new({"cancel": True}), needs_slot=True, remote=ABSENT, **READY), id="one that is cancelled"),
        pytest.param(deleted(new(), needs_slot=True, **READY), id="one that is deleted"),
        pytest.param(seen(new(), needs_slot=True, workspace=NO_WORKSPACE, **READY), id="one without a workspace"),
        pytest.param(seen(new(), needs_slot=True), id="one whose program was not read"),
        pytest.param(seen(new(), needs_slot=True, program=NO_PROGRAM), id="one without a program"),
        pytest.param(seen(new(), needs_slot=True, program=PROGRAM, output=TAKEN), id="one without an output"),
        pytest.param(seen(new(KEYED), needs_slot=True, **READY), id="one whose key was not looked up"),
        pytest.param(seen(new(KEYED), needs_slot=True, key_owner=THEIRS, **READY), id="one whose key is another's"),
        pytest.param(seen(claimed(), needs_slot=True, **READY), id="one that may be at the service"),
        pytest.param(seen(claimed(), needs_slot=True, remote=ABSENT), id="a claimed one whose program was not read"),
        pytest.param(
            seen(claimed(holder="another-process"), needs_slot=True, remote=ABSENT, program=NO_PROGRAM),
            id="one that another process claimed, without a program",
        ),
        pytest.param(
            seen(claimed(), needs_slot=True, remote=ABSENT, fence_left=9.0, **READY), id="one behind the fence"
        ),
    ],
)
def test_who_could_not_be_sent_with_a_slot_asks_for_none(known: Observation) -> None:
    """It would keep it from those who can."""
    assert decide(known).action is not Action.TAKE_SLOT


def test_who_stands_in_line_reads_nothing_before_its_turn() -> None:
    """Hundreds may wait for a slot, and what they refer to may be long."""
    waiting = seen(new(), needs_slot=True, in_line=True)
    assert decide(waiting).action is Action.TAKE_SLOT
    still = decide(replace(waiting, needs_slot=False, full=FULL))
    assert (still.action, reason_of(still.status, "Submitted")) == (Action.NONE, "False:MaxJobsInFlight")
    assert decide(replace(waiting, needs_slot=False)).action is Action.READ_PROGRAM
    assert decide(replace(waiting, job=new({"suspend": True}), remote=ABSENT)).action is Action.NONE


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen(new(), needs_slot=True, **READY), id="before the claim"),
        pytest.param(seen(new(KEYED), needs_slot=True, key_owner=OURS, **READY), id="with a key of its own"),
        pytest.param(seen(claimed(), needs_slot=True, remote=ABSENT, **READY), id="before the PUT"),
        pytest.param(
            seen(claimed(holder="another-process"), needs_slot=True, remote=ABSENT, **READY),
            id="before a claim is taken over",
        ),
    ],
)
def test_a_slot_is_asked_for_once_nothing_else_is_in_the_way(known: Observation) -> None:
    """Whoever waits for one is sent as soon as there is one."""
    assert decide(known).action is Action.TAKE_SLOT
