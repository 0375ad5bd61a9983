"""Any observation that can be made of a job, likely or not, as Hypothesis strategies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from quantumjob_operator.lifecycle import Observation
from quantumjob_operator.lifecycle.observation import ABSENT, ClaimOwnership, Limits, ProgramFacts, QuotaLooked, Trouble
from quantumjob_operator.lifecycle.transitions import WORDS
from quantumjob_operator.model.jobstatus import AttemptShown, BudgetShown, JobStatus, State
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import MAX_OBJECT_BYTES, QuantumJob
from quantumjob_operator.model.quantumpolicy import PolicySpec
from quantumjob_operator.model.remotejob import CancelAnswer, Cost, RemoteError, RemoteJob
from rooms.lifecycle.observations import (
    ELSEWHERE,
    HOLDER,
    KEYED,
    NO_OUTPUT,
    NO_WORKSPACE,
    NOW,
    OURS,
    OUTAGE,
    OUTPUT,
    PROGRAM,
    RIVAL,
    SIMULATORS,
    THEIRS,
    WORKSPACE,
    WRITTEN,
    accepted,
    asked,
    at_service,
    claim,
    claimed,
    finished,
    new,
    owner,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID

RESERVED: Final = BudgetShown("platform", "research", "Reserved", (Amount("USD", "97.5"),))
GUARDED: Final = replace(WORKSPACE, guards_quota=True)
NO_PRIORITY: Final = replace(SIMULATORS, spec=PolicySpec(allowed_priorities=("High",)))
REASONS: Final = ("Suspended", "Cancelled", "DeadlineExceeded", "QueueDeadlineExceeded", "Deleted")
SECONDS: Final = st.sampled_from([0.0, 0.5, 29.0, 30.0, 65.0, 400.0])
TEXT: Final = st.text(max_size=30) | st.integers(1000, 4000).map(lambda length: "é" * length)
MOMENTS: Final = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by contract
NAMES_OF_CODES: Final = st.none() | st.sampled_from(["TransientFailure", "InvalidInputData"]) | TEXT

TROUBLES: Final = st.builds(
    Trouble,
    st.sampled_from(["ServiceUnavailable", "Throttled", "WorkspaceNotReady"]),
    TEXT,
    retry_after=st.none() | SECONDS,
    unconfirmed=st.booleans(),
)
REJECTED: Final = Trouble("Rejected", "the service refuses the job's definition", final=True)

SPECS: Final = st.fixed_dictionaries(
    {},
    optional={
        "suspend": st.booleans(),
        "cancel": st.booleans(),
        "backoffLimit": st.integers(0, 3),
        "activeDeadlineSeconds": st.integers(1, 100),
        "queueDeadlineSeconds": st.integers(1, 100),
        "ttlSecondsAfterFinished": st.integers(0, 100),
        "deletionPolicy": st.sampled_from(["Cancel", "Orphan"]),
        "idempotencyKey": st.just(KEYED["idempotencyKey"]),
        "parameters": st.sampled_from([{"shots": 5}, {"seed": None}, {"entryPoint": "x" * 3000}]),
        "program": st.sampled_from([{"format": "qir.v1", "source": "x"}, {"format": "new.v9", "source": "x"}]),
    },
)


@st.composite
def remotes(draw: st.DrawFn) -> RemoteJob:
    """What a GET may answer: any word, any time, any text."""
    return remote(
        draw(st.sampled_from(sorted(WORDS)) | TEXT.filter(bool)),
        metadata=draw(st.sampled_from([owner(), owner(OTHER_UID), owner(OTHER_UID, digest="sha256:other"), {}])),
        begin_execution_time=draw(MOMENTS),
        end_execution_time=draw(MOMENTS),
        cancellation_time=draw(MOMENTS),
        error=draw(st.none() | st.builds(RemoteError, NAMES_OF_CODES, st.none() | TEXT)),
        cost=draw(st.none() | st.builds(Cost, TEXT, TEXT)),
        output_uri=draw(
            st.none() | st.sampled_from(["https://acct.blob/job/output", "https://acct.blob/" + "x" * 3000])
        ),
    )


@st.composite
def statuses(draw: st.DrawFn) -> JobStatus:
    """What may stand in a status, somewhere on the way of a job."""
    attempt, age = draw(st.integers(1, 12)), draw(SECONDS)
    base = draw(
        st.sampled_from(
            [
                JobStatus(),
                set_aside(attempt=attempt, age=age),
                set_aside("Retrying", attempt=attempt, age=age, failed_attempts=1),
                finished(age=age),
                finished("Cancelled", age=age),
                *(
                    at_service(attempt, age, state=state)
                    for state in (State.WAITING, State.EXECUTING, State.CANCELLING)
                ),
            ]
        )
    )
    if base.state is None:
        return base
    cancellation = draw(st.none() | st.builds(asked, st.sampled_from(REASONS), attempt=st.just(attempt) | st.just(1)))
    earlier = tuple(
        AttemptShown(number, "an id", "Failed", "Retrying") for number in range(max(1, attempt - 9), attempt)
    )
    return replace(base, cancellation=cancellation, attempts=(*earlier, *base.attempts)[-10:])


@st.composite
def jobs(draw: st.DrawFn) -> QuantumJob:
    """A job in any shape: with and without claim, finalizer, deletion."""
    status = draw(statuses())
    own = claim(status.attempt or 1, draw(st.sampled_from([HOLDER, RIVAL])))
    return new(
        draw(SPECS),
        status=status,
        claim=draw(st.sampled_from([own, own, None, replace(own, uid=OTHER_UID)])),
        claim_unreadable=draw(st.sampled_from([False, False, False, True])),
        finalizers=draw(st.sampled_from([(FINALIZER,), (FINALIZER,), ()])),
        deletion_requested=draw(st.booleans()),
        generation=draw(st.integers(2, 3)),
        size=draw(st.sampled_from([1000, 1000, MAX_OBJECT_BYTES + 1])),
        spec_too_large=draw(st.sampled_from([False, False, False, True])),
    )


FACTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "now": st.integers(0, 500).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    "workspace": st.sampled_from([WORKSPACE, WORKSPACE, GUARDED, ELSEWHERE, NO_WORKSPACE]),
    "workspace_moved": st.booleans(),
    "program": st.sampled_from(
        [
            None,
            PROGRAM,
            ProgramFacts("sha256:other", "sha256:other"),
            replace(PROGRAM, entry_points=("one", "another")),
            Trouble("Rejected", "not base64", final=True),
            OUTAGE,
        ]
    ),
    "remote": st.none() | st.just(ABSENT) | TROUBLES | remotes(),
    "submission": st.none() | TROUBLES | st.just(REJECTED) | st.just(remote()),
    "cancel": st.none() | st.sampled_from(CancelAnswer) | TROUBLES,
    "output": st.sampled_from([None, OUTPUT, WRITTEN, NO_OUTPUT, Trouble("OutputConfigMapConflict", "taken")]),
    "key_owner": st.sampled_from([None, OURS, replace(OURS, contender="bell-2"), THEIRS]),
    "needs_slot": st.booleans(),
    "full": st.sampled_from([None, None, Trouble("MaxJobsInFlight", "no more now")]),
    "quota": st.sampled_from([None, QuotaLooked(), Trouble("QuotaExhausted", "nothing left")]),
    "policies": st.sampled_from([(), (), (SIMULATORS,), (NO_PRIORITY,), (replace(SIMULATORS, unreadable="?"),)]),
    "needs_reservation": st.booleans(),
    "kept_back": st.sampled_from(
        [None, None, Trouble("BudgetExceeded", "nothing left"), Trouble("AboveJobLimit", "too large", final=True)]
    ),
    "reserved": st.sampled_from([(), (RESERVED,)]),
    "settled": st.sampled_from([None, (replace(RESERVED, state="Settled"),)]),
    "later_attempts_checked": st.booleans(),
    "bill_due": st.booleans(),
    "never_sent": st.booleans(),
    "fence_left": SECONDS | st.just(float("inf")),
    "absence_left": SECONDS,
    "failures": st.sampled_from([0, 1, 3, 2000]),
    "output_retry_left": SECONDS,
    "since_cancel": st.none() | SECONDS,
    "rival_left": SECONDS,
    "limits": st.fixed_dictionaries({"crd_outdated": st.booleans()}),
}


JOB_FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "status": statuses(),
    "claim": st.sampled_from([None, claim(holder=RIVAL), claim(uid=OTHER_UID), claim(2)]),
    "claim_unreadable": st.just(value=True),
    "finalizers": st.just(()),
    "deletion_requested": st.just(value=True),
    "generation": st.just(3),
    "size": st.just(MAX_OBJECT_BYTES + 1),
}
WISH: Final[dict[str, Any]] = {"cancellation": asked()}
ASKED_LONG_AGO: Final[dict[str, Any]] = {"cancellation": asked("Deleted", answered=500.0)}
LEAVING: Final[dict[str, Any]] = {"deletion_requested": True}
TYPICAL: Final = (
    seen(new()),
    seen(new(), program=PROGRAM, output=OUTPUT),
    seen(new(), program=PROGRAM, output=OUTPUT, needs_slot=True),
    seen(new(), program=PROGRAM, output=OUTPUT, workspace=GUARDED),
    seen(new(), program=PROGRAM, output=OUTPUT, policies=(NO_PRIORITY,)),
    seen(new(), program=PROGRAM, output=OUTPUT, needs_reservation=True),
    seen(accepted(), remote=remote("Failed"), reserved=(RESERVED,)),
    seen(claimed(), never_sent=True),
    seen(claimed(), remote=ABSENT, program=PROGRAM),
    seen(claimed(), remote=ABSENT, program=PROGRAM, submission=remote()),
    seen(claimed(KEYED), remote=ABSENT, program=PROGRAM, key_owner=OURS),
    seen(claimed(holder=RIVAL), remote=ABSENT, program=PROGRAM),
    seen(claimed(), remote=remote("Executing"), later_attempts_checked=True),
    seen(claimed(status=set_aside()), program=PROGRAM, output=OUTPUT),
    seen(accepted(), remote=remote("Executing")),
    seen(accepted({"queueDeadlineSeconds": 30}), remote=remote("Waiting")),
    seen(accepted({"cancel": True}, **WISH), remote=remote("Executing")),
    seen(accepted(), remote=remote("Succeeded"), output=WRITTEN),
    seen(accepted({"backoffLimit": 2}), remote=remote("Failed", code="TransientFailure")),
    seen(accepted(cancellation=asked("Suspended")), remote=remote("Cancelled")),
    seen(claimed({"ttlSecondsAfterFinished": 30}, finalizers=(), status=finished())),
    seen(replace(accepted(**WISH), **LEAVING), remote=remote("Executing")),
    seen(replace(accepted(**ASKED_LONG_AGO), **LEAVING), remote=OUTAGE),
    seen(replace(claimed(), **LEAVING), remote=ABSENT),
)
"""One situation at least for each step there is."""


@st.composite
def disturbed(draw: st.DrawFn, job: QuantumJob | None = None) -> Observation:
    """A typical situation, in which up to four things are not as one expects; a given job stays as it is."""
    known = draw(st.sampled_from(TYPICAL))
    known = replace(known, job=job) if job else known
    for name in draw(st.lists(st.sampled_from([*FACTS, *(() if job else JOB_FIELDS)]), max_size=4)):
        if name in JOB_FIELDS:
            known = replace(known, job=replace(known.job, **{name: draw(JOB_FIELDS[name])}))
        elif name in ClaimOwnership.__dataclass_fields__:
            known = replace(known, ownership=replace(known.ownership, **{name: draw(FACTS[name])}))
        elif name == "limits":
            known = replace(known, limits=Limits(**draw(FACTS[name])))
        else:
            known = replace(known, **{name: draw(FACTS[name])})
    return known


@st.composite
def arbitrary(draw: st.DrawFn, job: QuantumJob | None = None) -> Observation:
    """Any combination of facts about a job, or about any job."""
    return seen(job or draw(jobs()), **{name: draw(facts) for name, facts in FACTS.items()})


def observations(job: QuantumJob | None = None) -> st.SearchStrategy[Observation]:
    """Whatever can be seen: mostly what is typical, a little disturbed."""
    return disturbed(job) | disturbed(job) | arbitrary(job)


STARTS: Final = st.builds(new, SPECS) | st.builds(accepted, SPECS)
"""Jobs at the beginning of a way."""
