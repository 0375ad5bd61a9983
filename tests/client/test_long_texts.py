"""Texts that are longer than anybody reads, beside many that are short: what others wrote fills nobody's memory."""

from typing import Any, Final

import pytest

from quantumjobs.cli.histogram import bars
from quantumjobs.cli.output import write_table
from quantumjobs.events import events_of
from quantumjobs.job import Job

LONG: Final = "0" * 130_000
SHORT: Final = [f"{number:013b}" for number in range(8_000)]


def test_a_long_outcome_makes_no_other_line_long() -> None:
    """A line for each: a result of 400 KB took three gigabytes."""
    lines = bars(dict.fromkeys([LONG, *SHORT], 1), width=80)
    assert len(lines) == 8_001
    assert max(map(len, lines[1:])) < 300
    assert lines[0].startswith("0" * 1_000)
    assert "…" in lines[0]


def test_a_long_cell_makes_no_other_row_long(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither does it in a table, of which the columns of the others still stand one below the other."""
    write_table(("JOB", "OUTCOME", "COUNT"), [("evil", LONG, 1), *(("alice", one, 1) for one in SHORT)])
    head, evil, *others = capsys.readouterr().out.splitlines()
    assert "…" in evil
    assert max(map(len, (head, *others))) < 300
    assert {len(one) for one in others} == {len(others[0])}


class Told:
    """A cluster with these Events."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = list(events)

    def pages(self, *_asked: Any, **_more: Any) -> list[dict[str, Any]]:
        """One page of them."""
        return [{"items": self.events}]


def test_events_of_others_may_lack_what_ours_have() -> None:
    """The API leaves out what is empty: any controller may write one without a message."""
    meta = {"creationTimestamp": "2026-12-01T00:00:00Z"}
    told: Any = Told({"metadata": meta, "reason": "Seen"}, {"metadata": meta, "message": "by somebody"})
    job = Job(told, {"metadata": {"name": "bell", "namespace": "research", "uid": "1"}, "spec": {}})
    found = [(one["reason"], one["message"]) for one in events_of(told, job)]
    assert found == [("Seen", ""), ("", "by somebody")]
