"""The queries of the chart's dashboard, as Grafana would send them.

Must not live here: what has to be true of the dashboard itself.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from chart.helm import OPERATOR_CHART

_FILE: Final = OPERATOR_CHART / "files" / "dashboard.json"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of one panel.

    Attributes:
        title: The panel and the letter of the query.
        expression: With the last half hour for Grafana's ranges, and every operator for its variable.
    """

    title: str
    expression: str


def queries() -> list[Query]:
    """Every query of every panel."""
    return [
        Query(f"{panel['title']} {target['refId']}", _as_sent(target["expr"]))
        for panel in json.loads(_FILE.read_text())["panels"]
        for target in panel["targets"]
    ]


def _as_sent(expression: str) -> str:
    return re.sub(r"\[\$__\w+\]", "[30m]", expression).replace("$job", ".*")
