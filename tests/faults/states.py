"""Into which states objects are brought for the boundaries, and which of them an object is in.

Must not live here: bringing them there (`rounds`).
"""

from typing import Final

from faults.boundaries import State
from faults.evidence import is_true
from faults.jobs import Object, Target

PREPARED: Final = {
    State.EXECUTING: (Target.LONG, "Executing"),
    State.STARTED: (Target.DELAYED, "Waiting"),
    State.ENDED: (Target.TIMED, "Executing"),
    State.SUSPENDED: (Target.LONG, "Suspended"),
}
"""What runs for each state, and what its status shows then."""


def is_to_be_suspended(one: Object, role: str) -> bool:
    """Whether it executes, and is meant for the suspended ones."""
    executing = one.get("status", {}).get("state") == "Executing"
    return role == State.SUSPENDED and executing and not one["spec"].get("suspend")


def state_of(one: Object, role: str) -> State | None:
    """The state that an object is in, if boundaries ask for it."""
    state = one.get("status", {}).get("state")
    if "deletionTimestamp" in one["metadata"]:
        return None
    for prepared, (_, shown) in PREPARED.items():
        if role == prepared and state == shown:
            return prepared
    if state == "Suspended" and one["spec"].get("suspend"):
        return State.SUSPENDED
    return State.SUCCEEDED if state == "Succeeded" and is_true(one, "Finished") else None
