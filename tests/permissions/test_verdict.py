"""Rights against calls: what is a fault, in a whole run and in a part of one."""

import json
from pathlib import Path
from typing import Final

import pytest

from devcluster.audit import Call, Outcome
from permissions.__main__ import main
from permissions.granted import Permission, permissions
from permissions.verdict import rows, table

_ACCOUNT: Final = "quantumjob-system/quantumjob-operator"
_READ: Final = Permission("", "secrets", "get")
_WRITE: Final = Permission("quantumjobs.dev", "quantumjobs/status", "patch")
_GRANTED: Final = frozenset({_READ, _WRITE})


def call(right: Permission, outcome: Outcome = Outcome.ALLOWED, account: str = _ACCOUNT) -> Call:
    """A call that a right is for."""
    example = "" if outcome is Outcome.ALLOWED else "/an/address"
    return Call(account, right.verb, right.group, right.resource, outcome, example)


_BOTH: Final = (call(_READ), call(_WRITE))


@pytest.mark.parametrize(
    ("calls", "whole", "faults"),
    [
        pytest.param(_BOTH, True, [], id="all that is granted is used"),
        pytest.param(_BOTH[1:], True, ["get secrets: granted and never used"], id="a right without a call"),
        pytest.param(_BOTH[1:], False, [], id="a right without a call, when only some tests ran"),
        pytest.param(
            (*_BOTH, call(_READ, Outcome.REFUSED)),
            False,
            ["get secrets: refused, for example /an/address"],
            id="a refusal of what is granted",
        ),
        pytest.param(
            (*_BOTH, call(Permission("", "secrets", "list"), Outcome.REFUSED)),
            False,
            ["list secrets: refused, for example /an/address"],
            id="a refusal of what isn't",
        ),
        pytest.param((*_BOTH, call(_READ, Outcome.REFUSED_ON_PURPOSE)), True, [], id="a refusal that a test wanted"),
        pytest.param(
            (*_BOTH, call(Permission("", "pods", "list"))),
            False,
            ["list pods: allowed by something else than the operator's role"],
            id="a call that another role allows",
        ),
        pytest.param((*_BOTH, call(Permission("", "/version", "get"))), True, [], id="discovery, which is everybody's"),
        pytest.param(
            (*_BOTH, call(Permission("", "/metrics", "get"), Outcome.REFUSED)),
            True,
            ["get /metrics: refused, for example /an/address"],
            id="a path that is refused",
        ),
        pytest.param(
            (_BOTH[0], call(_WRITE, account="default/reader")),
            True,
            ["patch quantumjobs.quantumjobs.dev/status: granted and never used"],
            id="a call of somebody else",
        ),
        pytest.param(
            (_BOTH[0], call(_WRITE, account="elsewhere/second-quantumjob-operator")),
            True,
            [],
            id="a call of another release's operator",
        ),
    ],
)
def test_faults(calls: tuple[Call, ...], faults: list[str], *, whole: bool) -> None:
    """What a set of calls shows of two rights."""
    judged = rows(_GRANTED, dict.fromkeys(calls, 1))
    assert [fault for row in judged if (fault := row.fault(whole=whole))] == faults


def test_table_tells_granted_used_and_refused() -> None:
    """A line for each right, whoever asked how often."""
    calls = {call(_READ): 2, call(_READ, account="other/quantumjob-operator"): 3, call(_WRITE, Outcome.REFUSED): 4}
    _, *lines = table(rows(_GRANTED, calls)).splitlines()
    assert [line.split()[-4:] for line in lines] == [["yes", "5", "0", "0"], ["yes", "0", "4", "0"]]


def test_manifests_are_read() -> None:
    """Roles of every kind, verb by verb, those for several replicas too."""
    assert permissions() >= {*_GRANTED, Permission("", "serviceaccounts/token", "create")}
    assert Permission("coordination.k8s.io", "leases", "patch") in permissions()


@pytest.mark.parametrize(
    "entries", [[], [{"account": "default/reader", "verb": "get", "group": "", "resource": "pods"}]]
)
def test_run_without_an_operator_shows_nothing(
    tmp_path: Path, entries: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an empty folder nor calls of others are taken for a proof."""
    summary = [entry | {"outcome": "Allowed", "example": "", "count": 1} for entry in entries]
    (tmp_path / "a.json").write_text(json.dumps(summary))
    assert main([str(tmp_path)]) == 1
    assert "nothing was shown" in capsys.readouterr().out


def test_refusal_in_any_summary_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summaries of all control planes of a run are added up, and a part of a run judges refusals only."""
    fields = {"account": _ACCOUNT, "verb": "get", "group": "", "resource": "secrets", "example": ""}
    (tmp_path / "a.json").write_text(json.dumps([fields | {"outcome": "Allowed", "count": 1}]))
    assert main([str(tmp_path)]) == 0
    assert "isn't judged" in capsys.readouterr().out
    (tmp_path / "b.json").write_text(json.dumps([fields | {"outcome": "Refused", "count": 1, "example": "/secret"}]))
    assert main([str(tmp_path)]) == 1
    assert "get secrets: refused, for example /secret" in capsys.readouterr().out
