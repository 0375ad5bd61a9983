"""What a job's parameters become when they are sent, and what status shows of it."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle.definition import first_entry_points, input_params, lacks_entry_point, resolve
from rooms.lifecycle.observations import PROGRAM
from rooms.model.bodies import BELL, job

FOUND = replace(PROGRAM, entry_points=("main",))
UNREAD = replace(PROGRAM, unread="it could not be read")
ITEMS = [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]
INLINE = {"source": "define"}
SECRET = {"secretKeyRef": {"name": "p", "key": "p"}}


def qir(parameters: dict[str, Any], program: dict[str, Any] | None = None) -> dict[str, Any]:
    """A spec that runs QIR."""
    return {"program": {"format": "qir.v1", **(program or INLINE)}, "parameters": parameters}


@pytest.mark.parametrize(
    ("spec", "program", "sent", "shown"),
    [
        pytest.param(
            qir({"shots": 5}), FOUND, {"shots": 5, "entryPoint": "main", "arguments": []}, "main", id="what was found"
        ),
        pytest.param(
            qir({"shots": 5}),
            UNREAD,
            {"shots": 5, "entryPoint": "ENTRYPOINT__main", "arguments": []},
            "ENTRYPOINT__main",
            id="the SDK's own name where nothing could be read",
        ),
        pytest.param(
            qir({"entryPoint": "mine"}),
            PROGRAM,
            {"entryPoint": "mine", "arguments": []},
            "mine",
            id="the user's own name",
        ),
        pytest.param(
            qir({"entryPoint": "mine", "arguments": [1]}),
            PROGRAM,
            {"entryPoint": "mine", "arguments": [1]},
            "mine",
            id="the user's own arguments",
        ),
        pytest.param(qir({"items": ITEMS}), PROGRAM, {"items": ITEMS}, None, id="items, as they are"),
        pytest.param(qir({"items": []}), PROGRAM, {"items": []}, None, id="items, even if there are none"),
        pytest.param(
            qir({}, SECRET),
            FOUND,
            {"entryPoint": "main", "arguments": []},
            None,
            id="a name out of a Secret is not shown",
        ),
        pytest.param(
            qir({"entryPoint": "mine"}, SECRET),
            PROGRAM,
            {"entryPoint": "mine", "arguments": []},
            "mine",
            id="the user's own name is, beside a Secret too",
        ),
        pytest.param(
            {"program": {"format": "ionq.circuit.v1", "source": BELL}, "parameters": {"shots": 5}},
            PROGRAM,
            {"shots": 5},
            None,
            id="another format has none",
        ),
    ],
)
def test_parameters_as_they_are_sent(
    spec: dict[str, Any], program: Any, sent: dict[str, Any], shown: str | None
) -> None:
    """The user's own are never touched; status shows what was filled in."""
    of = job(spec).spec
    resolved = resolve(of, "bell", program)
    assert input_params(of, program) == sent
    assert resolved is not None
    assert (resolved.entry_point, resolved.program_digest) == (shown, PROGRAM.digest)


@pytest.mark.parametrize(
    ("parameters", "lacks"),
    [
        pytest.param({}, True, id="nothing is said"),
        pytest.param({"arguments": []}, True, id="only arguments are"),
        pytest.param({"entryPoint": "mine"}, False, id="it is named"),
        pytest.param({"items": ITEMS}, False, id="each item names one"),
    ],
)
def test_a_program_is_read_only_where_that_decides_something(parameters: dict[str, Any], *, lacks: bool) -> None:
    """And only if it is QIR."""
    assert lacks_entry_point(job(qir(parameters)).spec) is lacks
    assert not lacks_entry_point(job({"parameters": parameters}).spec)


def test_what_was_not_read_is_not_told() -> None:
    """A job that is found again without its program says nothing of either."""
    resolved = resolve(job(qir({})).spec, "bell")
    assert resolved is not None
    assert (resolved.entry_point, resolved.program_digest) == (None, None)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param((), (), id="none"),
        pytest.param(("f" * 1024,), ("f" * 1024,), id="the one that is sent, whole"),
        pytest.param(("f" * 1024, "g"), ("f" * 97 + "…", "g"), id="of two, what is told of them"),
        pytest.param(tuple("abcdefg"), tuple("abcde"), id="of many, the first"),
    ],
)
def test_what_is_kept_of_entry_points(found: tuple[str, ...], kept: tuple[str, ...]) -> None:
    """For each job that names the program: it is small beside the job."""
    assert first_entry_points(found) == kept
