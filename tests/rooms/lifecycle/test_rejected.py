"""What only a new job can mend: nulls, formats and entry points."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.limits import null_in
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.packed import packed
from quantumjob_operator.model.quantumjob import MAX_OBJECT_BYTES
from rooms.lifecycle.observations import OUTPUT, PROGRAM, claimed, new, reason_of, seen

QIR: dict[str, Any] = {"program": {"format": "qir.v1", "source": "define"}}
READY: dict[str, Any] = {"program": PROGRAM, "output": OUTPUT}


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        pytest.param(None, None, id="no parameters"),
        pytest.param({"shots": 5}, None, id="no null"),
        pytest.param({"shots": None}, "p.shots", id="at the top"),
        pytest.param({"a": [0, {"b": None}]}, "p.a[1].b", id="in a list in an object"),
        pytest.param({"a": [[]], "b": {}}, None, id="empty containers"),
        pytest.param({"null": ["null"]}, None, id="the word in texts"),
    ],
)
def test_where_a_null_stands(parameters: dict[str, Any] | None, path: str | None) -> None:
    """The message names the place, so that the user finds it."""
    assert null_in(parameters, "p") == path
    assert null_in(packed(parameters) if parameters else None, "p") == path


def test_deep_parameters_are_no_danger() -> None:
    """The depth is the user's choice; recursion would end the reconciliation with an error instead of an answer."""
    deep: dict[str, Any] = {"end": None}
    for _ in range(50_000):
        deep = {"a": deep}
    assert (null_in(deep, "p") or "").endswith(".end")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param(
            seen(new({"program": {"format": "new.format.v9", "source": "x"}})),
            ["'new.format.v9'", "spec.outputFormat", "ionq.circuit.v1", "pasqal.pulser.v1"],
            id="its format has no usual output format: the known ones are named",
        ),
        pytest.param(
            seen(new(size=MAX_OBJECT_BYTES + 1, spec_too_large=True)),
            ["512 KiB", "configMapKeyRef", "spec.parameters"],
            id="its spec is too large",
        ),
        pytest.param(
            seen(new(), program=Trouble("Rejected", "spec.program.sourceBase64 is not base64", final=True)),
            ["sourceBase64"],
            id="its inline program can't be read",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=())),
            ["no function with the attribute entry_point", "parameters.entryPoint"],
            id="its QIR program has no entry point",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=("first", "second"))),
            ["2 entry points: first, second;", "parameters.entryPoint"],
            id="its QIR program has two",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=tuple("abcde"), further=2)),
            ["7 entry points: a, b, c, d, e, …;"],
            id="its QIR program has more than anybody wants to read",
        ),
        pytest.param(
            seen(
                new({"program": {"format": "qir.v1", "secretKeyRef": {"name": "p", "key": "p"}}}),
                output=OUTPUT,
                program=replace(PROGRAM, entry_points=("secret_one", "secret_two")),
            ),
            ["2 entry points; name one"],
            id="its program stands in a Secret, whose names are not told",
        ),
    ],
)
def test_what_only_a_new_job_can_mend_ends_at_once(known: Observation, words: list[str]) -> None:
    """Program, parameters and output format are fixed at creation: to wait for others would be to wait for ever."""
    decision = decide(known)
    assert (decision.action, decision.status.state) == (Action.RECORD, State.FAILED)
    assert reason_of(decision.status, "Failed") == "True:Rejected"
    said = decision.status.condition("Failed")
    assert said is not None
    assert [word for word in words if word not in said.message] == []


def test_a_program_whose_entry_point_cannot_be_read_is_sent_all_the_same() -> None:
    """The service may take what this reader does not understand."""
    unread = replace(PROGRAM, entry_points=None, unread="its entry point could not be read")
    assert decide(seen(new(QIR), output=OUTPUT, program=unread)).action is Action.CLAIM


def test_two_entry_points_are_noticed_before_the_put_too() -> None:
    """An object that an older version claimed is looked at again once it is known that nothing was sent."""
    known = seen(claimed(QIR), never_sent=True, remote=ABSENT, program=replace(PROGRAM, entry_points=("a", "b")))
    assert reason_of(decide(known).status, "Failed") == "True:Rejected"
