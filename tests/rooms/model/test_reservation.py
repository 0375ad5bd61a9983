"""The lines of a ledger: what is written is read again, and what can't be read makes the whole uncounted."""

import json
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.budgetstatus import BudgetStatus, Counted, Summary, digest_of
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import parse_budget
from quantumjob_operator.model.reservation import Reservation, line_of, read_line
from quantumjob_operator.model.values import replace
from rooms.budgets.values import NOW, SPEC, digested
from rooms.model.mergepatch import merged

PLAIN = Reservation("job-1", "vqe", "ghz", "u", "shared", "2026-11-22T12:00:00Z")
FULL = Reservation(
    job_id="job-2",
    namespace="vqe",
    name="ghz",
    uid="u",
    workspace="shared",
    reserved_at="2026-11-22T12:00:00Z",
    renewed_at="2026-11-22T12:05:00Z",
    amounts=(Amount("USD", "97.5"), Amount("jobs", "1")),
    basis="Estimate",
    ended_at="2026-11-22T12:06:00Z",
    period_start="2026-11-01T00:00:00Z",
    asked_by=("u", "v"),
    place="0123456789ab",
)


def body(lines: list[Any]) -> dict[str, Any]:
    """A budget that was counted, as the API server tells it."""
    meta = {"name": "research", "namespace": "quantum-platform", "uid": "b", "resourceVersion": "1"}
    meta |= {"creationTimestamp": "2026-01-15T10:00:00Z"}
    found: dict[str, Any] = {"metadata": meta, "spec": dict(SPEC)}
    scope = parse_budget(found).scope
    counted = {"time": "2026-11-22T11:00:00Z", "uid": "b", "scope": scope}
    found |= {"status": {"period": {"start": "2026-11-01T00:00:00Z"}, "counted": counted, "reservations": lines}}
    return digested(found)


def sealed(status: BudgetStatus) -> BudgetStatus:
    """As the writer of ledgers hands it on."""
    return replace(status, digest=digest_of(status))


@pytest.mark.parametrize("entry", [pytest.param(PLAIN, id="what it must have"), pytest.param(FULL, id="all")])
def test_a_line_is_read_as_it_was_written(entry: Reservation) -> None:
    """With the names of manifests, and without what it does not have."""
    line = line_of(entry)
    assert read_line(line) == entry
    assert "null" not in line
    assert json.loads(line)["jobId"] == entry.job_id


def test_a_ledger_is_written_as_lines() -> None:
    """And a patch has none where nothing is new."""
    one = parse_budget(body([line_of(PLAIN), line_of(FULL)]))
    assert one.is_counted
    assert one.status.reservations == (PLAIN, FULL)
    wiped = parse_budget(body([])).status
    patch = budget_status_patch(wiped, one.status)
    assert patch == {"reservations": [line_of(PLAIN), line_of(FULL)], "digest": one.status.digest}
    assert budget_status_patch(one.status, parse_budget(body([line_of(PLAIN), line_of(FULL)])).status) == {}


def test_the_ids_of_what_was_counted_are_one_text() -> None:
    """As short as they can stand in each write of the ledger."""
    found = body([])
    found["status"]["counted"]["jobs"] = "job-1 job-2"
    status = parse_budget(found).status
    assert status.counted
    assert status.counted.jobs == ("job-1", "job-2")
    assert budget_status_patch(BudgetStatus(), status)["counted"]["jobs"] == "job-1 job-2"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("jobId=1", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"jobId": "job-1"}', id="a part of it"),
        pytest.param(line_of(PLAIN).replace("2026-11-22T12:00:00Z", "yesterday"), id="no time"),
        pytest.param(line_of(PLAIN).replace("2026-11-22T12:00:00Z", "2026-11-22"), id="a time in no zone"),
        pytest.param(line_of(FULL).replace("97.5", "-1"), id="no amount"),
        pytest.param({"jobId": "job-1"}, id="no line"),
    ],
)
def test_a_ledger_with_a_line_that_cannot_be_read_is_counted_anew(line: Any) -> None:
    """Nothing that costs is submitted meanwhile: what it reserved is not known."""
    one = parse_budget(body([line_of(PLAIN), line]))
    assert not one.is_counted
    assert one.status.reservations == (PLAIN,)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line_of(PLAIN), "jobId=1"], id="one of two lines"),
        pytest.param(["jobId=1"], id="the only line"),
        pytest.param([{"jobId": "job-1"}], id="of another release"),
        pytest.param("jobId=1", id="no list"),
        pytest.param(7, id="a number"),
    ],
)
@pytest.mark.parametrize("left", [pytest.param((PLAIN,), id="one stays"), pytest.param((), id="none stays")])
def test_whatever_is_written_next_the_former_count_holds_no_more(lines: Any, left: tuple[Reservation, ...]) -> None:
    """And the line is gone: else the next count would be the first of many."""
    stored = body(lines)
    stored["status"]["counted"]["jobs"] = "job-7"
    stored["status"]["totals"] = [{"unit": "USD", "spent": "1", "reserved": "0"}]
    old = parse_budget(stored).status
    written = merged(stored, {"status": budget_status_patch(old, sealed(replace(old, reservations=left)))})
    again = parse_budget(written)
    assert (again.is_counted, again.status.reservations, again.status.torn) == (False, left, False)
    counted = Counted("2026-11-22T12:00:00Z", "b", again.scope)
    new = sealed(replace(old, reservations=left, counted=counted, summary=Summary(spent="1 USD")))
    patch = budget_status_patch(old, new)
    final = parse_budget(merged(stored, {"status": patch}))
    assert (final.is_counted, final.status.counted) == (True, counted)
    assert final.status.totals == old.totals
    assert json.loads(json.dumps(patch)) == patch


def test_a_status_of_another_shape_is_counted_anew() -> None:
    """It is no reason to take the budget for absent."""
    found = body([])
    found["status"]["totals"] = "none"
    one = parse_budget(found)
    assert (one.is_counted, one.status.torn, one.spec.workspaces) == (False, True, tuple(SPEC["workspaces"]))


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"totals": [{"unit": "USD", "spent": "x", "reserved": "0"}]}, id="no sum"),
        pytest.param({"totals": [{"unit": "USD", "spent": "-500", "reserved": "0"}]}, id="less than nothing"),
        pytest.param({"totals": [{"unit": "USD", "spent": "NaN", "reserved": "0"}]}, id="no number"),
        pytest.param(
            {"history": [{"start": "2026-10-01T00:00:00Z", "spent": [{"unit": "USD", "amount": "x"}]}]},
            id="a former sum",
        ),
        pytest.param({"history": [{"start": "October"}]}, id="a former period"),
        pytest.param({"period": {"start": "now"}}, id="no period"),
        pytest.param({"changedAt": "2026-11-22T12:00:00"}, id="a time in no zone"),
        pytest.param({"counted": {"time": "", "uid": "b", "scope": "x"}}, id="counted at no time"),
    ],
)
def test_a_ledger_whose_sums_or_times_cannot_be_read_is_counted_anew(spoilt: dict[str, Any]) -> None:
    """What is reserved stays, and nobody stumbles over the rest at each look."""
    found = body([line_of(PLAIN)])
    found["status"] |= spoilt
    one = parse_budget(found)
    assert (one.is_counted, one.status.torn, one.status.reservations) == (False, True, (PLAIN,))
    assert ledger_of(one, NOW).spent == {}


def whole() -> dict[str, Any]:
    """A budget as an operator wrote it."""
    found = body([line_of(PLAIN), line_of(replace(PLAIN, job_id="job-2"))])
    found["status"]["totals"] = [{"unit": "USD", "spent": "20", "reserved": "97.5"}]
    found["status"]["changedAt"] = "2026-11-22T12:00:00.000001Z"
    return digested(found)


@pytest.mark.parametrize(
    ("part", "is_counted"),
    [
        pytest.param({}, True, id="as it was written"),
        pytest.param({"conditions": []}, True, id="with other conditions"),
        pytest.param({"totals": []}, False, id="without its sums"),
        pytest.param({"totals": [{"unit": "USD", "spent": "0", "reserved": "97.5"}]}, False, id="with another sum"),
        pytest.param({"reservations": []}, False, id="without its lines"),
        pytest.param({"reservations": [line_of(PLAIN)]}, False, id="with one of two lines"),
        pytest.param({"digest": "of another one"}, False, id="with another one's digest"),
        pytest.param({"period": {"start": "2026-12-01T00:00:00Z"}}, False, id="of another period"),
        pytest.param({"digest": None}, False, id="without its digest"),
        pytest.param({"digest": None, "reservations": []}, False, id="without its digest and its lines"),
        pytest.param({"digest": None, "totals": []}, False, id="without its digest and its sums"),
        pytest.param({"changedAt": "2026-11-22T12:00:05Z"}, False, id="with a later time"),
        pytest.param({"changedAt": None}, False, id="without its time"),
    ],
)
def test_a_ledger_that_is_not_as_it_was_written_is_counted_anew(part: dict[str, Any], *, is_counted: bool) -> None:
    """A part was taken away, or put back; what is left of it is believed no more."""
    found = whole()
    found["status"] |= part
    one = parse_budget(found)
    assert (one.is_counted, one.status.torn) == (is_counted, not is_counted)
