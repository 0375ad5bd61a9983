"""Jobs and counts as notebooks show them: nothing from outside becomes markup."""

from html.parser import HTMLParser
from typing import Any

import pytest

from quantumjobs.counts import Counts
from quantumjobs.display import counts_html, job_html

_HOSTILE = "<script>alert(1)</script>&\"'"


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def job(**status: Any) -> dict[str, Any]:
    """A job with texts that mean harm."""
    condition = {"type": "Failed", "status": "True", "reason": "JobFailed", "message": _HOSTILE}
    finished = condition | {"type": "Finished"}
    conditions = [one | {"lastTransitionTime": "2026-01-01T00:00:00Z"} for one in (condition, finished)]
    spec = {"target": _HOSTILE, "idempotencyKey": _HOSTILE, "parameters": {"shots": 3}}
    return {
        "metadata": {"name": "bell"},
        "spec": spec,
        "status": {"state": "Failed", "conditions": conditions} | status,
    }


def test_a_job_is_escaped() -> None:
    """Target, key, message, the service's words and parameters arrive as text."""
    shown = _Reader(job_html(job(error={"code": _HOSTILE, "message": _HOSTILE}), {_HOSTILE: _HOSTILE}))
    assert shown.tags == {"table", "caption", "tr", "td", "b"}
    assert shown.text.count("alert(1)") == 7
    assert "JobFailed" in shown.text


def test_a_job_that_nobody_has_seen_yet() -> None:
    """It is shown without a status, too."""
    text = _Reader(job_html({"metadata": {"name": "new"}, "spec": {"target": "ionq.simulator"}}, {})).text
    assert "Pending" in text
    assert "has not seen this job yet" in text


@pytest.mark.parametrize(
    ("counts", "rows", "title"),
    [
        pytest.param({"0": 3, "1": 1}, 2, "4 shots", id="a few"),
        pytest.param({}, 0, "0 shots", id="none"),
        pytest.param({f"{i:07b}": i + 1 for i in range(100)}, 64, "without the 36 rarest", id="too many"),
        pytest.param({_HOSTILE: 1}, 1, "1 shots", id="an outcome that means harm"),
    ],
)
def test_counts(counts: dict[str, int], rows: int, title: str) -> None:
    """A bar for each, as text."""
    html = counts_html(counts)
    shown = _Reader(html)
    assert html.count("<tr>") == rows
    assert title in shown.text
    assert "script" not in shown.tags


def test_what_would_turn_the_page_around_is_shown_as_an_escape() -> None:
    """Controls and changes of direction, which HTML has no escapes for; and no outcome is as long as the page."""
    html = counts_html({"0\u202e1\x07": 1, "0" * 200_000: 1})
    assert "\\u202e1\\x07" in html
    assert html.isprintable()
    assert len(html) < 4_000
    assert "\u202e" not in job_html(job(error={"code": "\u202e", "message": "\u202e"}), {"a": "\u202e"})


def test_counts_are_a_dict() -> None:
    """Whoever takes a dict takes them; a notebook takes the bars."""
    counts = Counts({"00": 1, "11": 3})
    assert counts == {"00": 1, "11": 3}
    assert "75.0%" in counts._repr_html_()
