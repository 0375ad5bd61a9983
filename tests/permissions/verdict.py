"""Whether the operator has the rights that it uses, and no others.

Pure: from rights and calls to a table and its faults. Must not live here: where the calls were written down.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devcluster.audit import Call, Outcome
from permissions.granted import Permission

OPERATOR: Final = "quantumjob-operator"
# What every account may ask by the roles that Kubernetes itself makes: discovery, and questions about oneself.
_EVERYBODYS: Final = frozenset({"authorization.k8s.io", "authentication.k8s.io"})


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one right.

    Attributes:
        right: Granted or asked for.
        granted: Whether the manifest grants it.
        used: Calls that were allowed.
        refused: Calls that were refused.
        on_purpose: Calls that were refused while a test had taken the right away, or the API server was starting.
        example: The address of a refused call.
    """

    right: Permission
    granted: bool
    used: int = 0
    refused: int = 0
    on_purpose: int = 0
    example: str = ""

    def fault(self, *, whole: bool) -> str:
        """What is wrong with it; empty if nothing is.

        Args:
            whole: Whether the calls are those of the whole suite, so that a right without calls is an unused one.
        """
        if self.refused:
            return f"{self.right}: refused, for example {self.example}"
        if self.used and not self.granted:
            return f"{self.right}: allowed by something else than the operator's role"
        if whole and self.granted and not self.used:
            return f"{self.right}: granted and never used"
        return ""


def is_operator(account: str) -> bool:
    """Whether a ServiceAccount is an operator's, of whatever release, in whatever namespace."""
    name = account.rpartition("/")[2]
    return name == OPERATOR or name.endswith(f"-{OPERATOR}")


def rows(granted: frozenset[Permission], calls: Mapping[Call, int]) -> list[Row]:
    """One row for each right that is granted or was asked for, by API group and resource."""
    counted: Counter[tuple[Permission, Outcome]] = Counter()
    examples: dict[Permission, str] = {}
    for call, count in calls.items():
        if _is_judged(call):
            right = Permission(call.group, call.resource, call.verb)
            counted[right, call.outcome] += count
            if call.outcome is Outcome.REFUSED:
                examples[right] = call.example
    return [
        Row(
            right=right,
            granted=right in granted,
            used=counted[right, Outcome.ALLOWED],
            refused=counted[right, Outcome.REFUSED],
            on_purpose=counted[right, Outcome.REFUSED_ON_PURPOSE],
            example=examples.get(right, ""),
        )
        for right in sorted(granted | {right for right, _ in counted})
    ]


def table(of: list[Row]) -> str:
    """The rows as aligned text, with a heading."""
    return "\n".join(_lines(of))


def _is_judged(call: Call) -> bool:
    open_to_all = call.group in _EVERYBODYS or call.resource.startswith("/")
    return is_operator(call.account) and not (open_to_all and call.outcome is Outcome.ALLOWED)


def _lines(of: list[Row]) -> Iterator[str]:
    width = max((len(str(row.right)) for row in of), default=0)
    yield f"{'right':<{width}}  granted     used  refused  on purpose"
    for row in of:
        granted = "yes" if row.granted else "no"
        yield f"{row.right!s:<{width}}  {granted:<7} {row.used:>8} {row.refused:>8} {row.on_purpose:>11}"
