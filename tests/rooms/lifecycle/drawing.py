"""Draws the state machine from its table; `make docs` renews the drawing in docs/lifecycle.md.

Only the drawing; the page around it is written by hand.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from quantumjob_operator.lifecycle.transitions import TRANSITIONS, Sighting
from quantumjob_operator.model.jobstatus import FINAL_STATES, State

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "lifecycle.md"
_DRAWN: Final = re.compile(r"(?<=<!-- drawn -->\n).*?(?=<!-- /drawn -->)", re.DOTALL)


def drawing() -> str:
    """The machine as a mermaid diagram: an arrow for each pair of states, labelled by what was seen."""
    arrows: dict[tuple[State, State], list[Sighting]] = defaultdict(list)
    for state, row in TRANSITIONS.items():
        for sighting, after in row.items():
            if after is not state:
                arrows[state, after].append(sighting)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.PENDING}"]
    lines += [f"    {old} --> {new}: {', '.join(seen)}" for (old, new), seen in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL_STATES]
    return "\n".join([*lines, "```", ""])


def renewed(page: str) -> str:
    """The page with the present drawing."""
    return _DRAWN.sub(lambda _: drawing(), page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
