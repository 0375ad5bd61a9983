"""Laws that hold for every decision, whatever was seen: likely, unlikely or contradictory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from quantumjob_operator.lifecycle import Action, Decision, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT, ProgramFacts, WorkspaceFacts
from quantumjob_operator.lifecycle.policies import forbidden
from quantumjob_operator.model.conditions import for_kstatus
from quantumjob_operator.model.jobstatus import FINAL_STATES, JobStatus, status_json
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.anything import STARTS, TYPICAL, observations
from rooms.lifecycle.observations import (
    KEYED,
    PROGRAM,
    accepted,
    asked,
    at_service,
    claimed,
    finished,
    new,
    remote,
    seen,
)

CRD: Final = Path(__file__).parents[3] / "crds" / "quantumjobs.dev_quantumjobs.yaml"
OFTEN: Final = settings(derandomize=True, max_examples=200)


THEREAFTER: Final = (
    seen(new(), program=PROGRAM),
    seen(claimed(KEYED)),
    seen(accepted(), remote=remote("Succeeded")),
    seen(claimed(status=finished())),
    seen(replace(accepted(cancellation=asked("Deleted")), deletion_requested=True), remote=remote("Cancelled")),
    seen(replace(accepted({"deletionPolicy": "Orphan"}), deletion_requested=True), remote=remote()),
)
"""Where the typical situations lead to, one step later."""


@cache
def refuses() -> Callable[[Mapping[str, Any]], object]:
    """Raises if a status is not what the CRD's schema admits; fields that it does not declare count as well."""
    crd = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    status = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    validate: Callable[[Mapping[str, Any]], object] = fastjsonschema.compile(_closed(status))
    return validate


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items() if key != "default"}
    return (
        inner | {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else inner
    )


def shown(status: JobStatus) -> dict[str, str]:
    """The conditions that kstatus reads."""
    return {one.type: one.status for one in status.conditions if one.type in {"Ready", "Reconciling", "Stalled"}}


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"state": "Dreaming"}, id="a state that is none"),
        pytest.param({"startTime": "1-01-01T00:00:00Z"}, id="a time that is none"),
        pytest.param({"observedGenerations": 1}, id="a field that is not declared"),
        pytest.param({"error": {"message": "x" * 1025}}, id="a text that is too long"),
        pytest.param({"attempts": [{"attempt": n} for n in range(1, 12)]}, id="too many attempts"),
        pytest.param({"conditions": [{"type": "Ready"}]}, id="a condition that says nothing"),
    ],
)
def test_the_judge_of_statuses_judges(spoilt: dict[str, Any]) -> None:
    """A validator that lets everything pass would make the law below an empty one."""
    usual = status_json(at_service())
    refuses()(usual)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        refuses()(usual | spoilt)


def test_every_step_is_typical_of_some_situation() -> None:
    """So that no law is kept only because nothing ever gets there."""
    rare = {Action.WRITE_OUTPUT_BARE, Action.RENOUNCE}
    following = {decide(one).action for one in TYPICAL} | {decide(known).action for known in THEREAFTER}
    assert following >= set(Action) - rare


@OFTEN
@given(observations())
def test_a_decision_is_a_function_of_what_was_seen(known: Observation) -> None:
    """The same facts give the same step, the same words and the same time."""
    assert decide(known) == decide(known)


@OFTEN
@given(observations())
def test_what_is_said_is_said_once(known: Observation) -> None:
    """Deciding again on the same facts, with the status written, writes nothing: no endless row of patches."""
    decision = decide(known)
    if decision.action is not Action.NONE:
        return
    again = decide(replace(known, job=replace(known.job, status=decision.status)))
    event(f"the second time: {again.action}")
    assert again.status == decision.status
    assert again.action is Action.NONE or known.job.status.finished


@OFTEN
@given(observations())
def test_what_is_recorded_leads_on(known: Observation) -> None:
    """A record is followed by another step; a reconciliation of one job always ends."""
    recorded = 0
    decision = decide(known)
    while decision.action is Action.RECORD:
        known = replace(known, job=replace(known.job, status=decision.status))
        decision, recorded = decide(known), recorded + 1
        assert recorded < 5


@OFTEN
@given(observations())
def test_an_end_is_an_end(known: Observation) -> None:
    """Of a finished status only the numbers of the generation move."""
    if not known.job.status.finished:
        return
    after = decide(known).status
    before = known.job.status
    moved = [replace(one, observed_generation=known.job.generation) for one in before.conditions]
    assert after in (before, replace(before, observed_generation=known.job.generation, conditions=tuple(moved)))


@OFTEN
@given(observations())
def test_every_status_is_admitted_by_the_crd(known: Observation) -> None:
    """Whatever the service says: a status that the API server refuses would never be told."""
    refuses()(status_json(decide(known).status))


@OFTEN
@given(observations())
def test_every_status_reads_as_its_state_for_kstatus(known: Observation) -> None:
    """Ready, Reconciling and Stalled follow from the state alone, and all conditions are of this generation."""
    status = decide(known).status
    if status == known.job.status or status.state is None:
        return
    assert shown(status) == {one.type: one.status for one in for_kstatus(status.state, "Because", "", 1)}
    assert not {"Reconciling", "Stalled"} <= shown(status).keys()
    assert {one.observed_generation for one in status.conditions} == {known.job.generation}
    assert status.observed_generation == known.job.generation


@OFTEN
@given(observations())
def test_an_end_is_good_or_bad(known: Observation) -> None:
    """`Finished` comes with exactly one of Complete and Failed, and only in a final state."""
    status = decide(known).status
    assert status.finished == (status.state in FINAL_STATES)
    assert status.is_true("Finished") == (status.is_true("Complete") != status.is_true("Failed"))
    assert not (status.is_true("Complete") and status.is_true("Failed"))
    assert len(status.attempts) <= 10


def may_be_sent(known: Observation) -> bool:
    """Everything that has to be known before a PUT."""
    job = known.job
    return all(
        (
            known.remote is ABSENT,
            known.ownership.fence_left <= 0,
            known.holds_claim,
            job.has_finalizer,
            not job.deletion_requested,
            not job.status.finished,
            not (job.spec.cancel or job.spec.suspend),
            isinstance(known.program, ProgramFacts),
            isinstance(known.workspace, WorkspaceFacts) and job.claim and known.workspace.id == job.claim.workspace,
            not known.limits.crd_outdated,
            forbidden(job.spec, known.policies) is None,
            not known.needs_slot,
            not known.needs_reservation,
            known.kept_back is None,
        )
    )


@settings(OFTEN, max_examples=600)
@given(observations())
def test_nothing_is_sent_unless_everything_is_known(known: Observation) -> None:
    """A PUT costs money: a 404 without a doubt, under our own claim, of a job that is wanted."""
    decision = decide(known)
    event(f"decided: {decision.action}")
    if decision.action is Action.SUBMIT:
        assert may_be_sent(known)


@OFTEN
@given(observations())
def test_times_to_look_again_are_times(known: Observation) -> None:
    """Finite and not in the past: the queue could not keep any other."""
    decision = decide(known)
    for seconds in (decision.again, decision.latest):
        assert seconds is None or 0 <= seconds < 1e6


@settings(OFTEN, max_examples=150)
@given(STARTS, st.data())
def test_the_laws_hold_on_every_way(start: QuantumJob, data: st.DataObject) -> None:
    """A job that anything happens to, one thing after the other: each status follows from one that was decided."""
    job = start
    for _ in range(data.draw(st.integers(1, 8))):
        decision = decide(data.draw(observations(job)))
        refuses()(status_json(decision.status))
        assert_absorbing(job.status, decision)
        if decision.action in (Action.NONE, Action.RECORD):
            job = replace(job, status=decision.status)


def assert_absorbing(before: JobStatus, decision: Decision) -> None:
    """Nothing moves a job out of its end."""
    if before.finished:
        assert decision.status.state is before.state
