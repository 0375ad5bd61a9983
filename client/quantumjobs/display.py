"""A job and its counts as HTML, for notebooks. Pure; every text from outside is escaped, and cut where it is long.

No scripts and no style sheets: a notebook is shown by others, too. Must not live here: bars of a terminal
(`cli.histogram`).
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.visible import cut, shown
from quantumjobs.why import explain

_SHOWN: Final = 64
_WIDEST: Final = 20.0
_COLOURS: Final = {
    facts.Outcome.SUCCEEDED: "#1a7f37",
    facts.Outcome.FAILED: "#cf222e",
    facts.Outcome.CANCELLED: "#9a6700",
    facts.Outcome.RUNNING: "#0969da",
}


def job_html(resource: dict[str, Any], parameters: Mapping[str, Any]) -> str:
    """A job as it is: what it is, how far it is, and what to do.

    Args:
        resource: The object.
        parameters: What was put into its program.
    """
    said, spent = explain(resource), facts.cost(resource)
    state = f'<b style="color:{_COLOURS[facts.outcome(resource)]}">{_as_text(said.state)}</b>'
    rows = {
        "state": state + (f" ({_as_text(said.reason)})" if said.reason != said.state else ""),
        "target": _as_text(str(resource["spec"]["target"])),
        "shots": _text(facts.shots(resource)),
        "parameters": _as_text(", ".join(f"{name}={value}" for name, value in parameters.items())),
        "once": _text(resource["spec"].get("idempotencyKey")),
        "message": _as_text(said.message),
        "service": _as_text(said.error),
        "cost": _as_text(" ".join(spent)) if spent else "",
        "do": _as_text(said.remedy),
        "next": _as_text(said.next),
    }
    return _table(_as_text(said.name), ((name, cell) for name, cell in rows.items() if cell))


def counts_html(counts: Mapping[str, int]) -> str:
    """Counts as bars, the most frequent outcomes in their own order if there are too many."""
    total, most = sum(counts.values()) or 1, max(counts.values(), default=1) or 1
    frequent = set(sorted(counts, key=lambda outcome: (-counts[outcome], outcome))[:_SHOWN])
    rows = ((outcome, counts[outcome]) for outcome in counts if outcome in frequent)
    left = len(counts) - len(frequent)
    title = f"{sum(counts.values())} shots" + (f", without the {left} rarest outcomes" if left else "")
    return _table(
        _as_text(title),
        ((f"<code>{_as_text(outcome)}</code>", _bar(count / most, count, count / total)) for outcome, count in rows),
    )


def _bar(share_of_most: float, count: int, share: float) -> str:
    block = f"display:inline-block;height:0.8em;width:{share_of_most * _WIDEST:.2f}em;background:#0969da"
    return f'<span style="{block}"></span> {count} ({share:.1%})'


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f'<tr><td style="text-align:right">{head}</td><td style="text-align:left">{cell}</td></tr>'
        for head, cell in rows
    )
    return f'<table><caption style="text-align:left">{title}</caption>{lines}</table>'


def _text(value: Any) -> str:
    return "" if value is None else _as_text(str(value))


def _as_text(text: str) -> str:
    return escape(shown(cut(text), kept="\n\t"))
