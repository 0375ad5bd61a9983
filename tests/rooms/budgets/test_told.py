"""What a remote job's metadata tell of what was reserved for it."""

import json
from typing import Final

import pytest

from quantumjob_operator.budgets.told import reserved_in, told, was_free
from quantumjob_operator.model.jobstatus import BudgetShown
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import METADATA_RESERVED

TEAM: Final = ("platform", "team")
USD: Final = (Amount("USD", "12.5"), Amount("jobs", "1"))
FREE: Final = Estimate(Basis.FREE, "it costs nothing")
COSTS: Final = Estimate(Basis.PRICE_LIST, "counted", USD)


def in_budget(number: int) -> BudgetShown:
    """What is reserved in one of many budgets."""
    return BudgetShown("platform", f"budget-{number}", "Reserved", USD)


@pytest.mark.parametrize(
    ("reserved", "estimate", "text", "read", "free"),
    [
        pytest.param([], FREE, "Free", (), True, id="it was free"),
        pytest.param([], COSTS, "{}", (), False, id="no budget counted it"),
        pytest.param([], None, "{}", (), False, id="nor were prices known"),
        pytest.param([BudgetShown(*TEAM, "Reserved", USD)], COSTS, None, USD, False, id="so much was reserved"),
        pytest.param([BudgetShown(*TEAM, "Reserved", USD)], FREE, None, USD, False, id="also if it is free by now"),
        pytest.param([in_budget(1)], COSTS, None, (), False, id="in another budget"),
        pytest.param([in_budget(n) for n in range(100)], COSTS, "untold", None, False, id="in more than are told"),
    ],
)
def test_what_is_written_is_read(
    reserved: list[BudgetShown],
    estimate: Estimate | None,
    text: str | None,
    read: tuple[Amount, ...] | None,
    *,
    free: bool,
) -> None:
    """Of one budget after another."""
    metadata = {METADATA_RESERVED: told(reserved, estimate)}
    assert text in (None, metadata[METADATA_RESERVED])
    assert reserved_in(metadata, TEAM) == read
    assert was_free(metadata) is free


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({}, id="nothing"),
        pytest.param({METADATA_RESERVED: ""}, id="an empty text"),
        pytest.param({METADATA_RESERVED: "[" * 2_000}, id="brackets"),
        pytest.param({METADATA_RESERVED: "[]"}, id="a list"),
        pytest.param({METADATA_RESERVED: '{"platform/team":1}'}, id="a number"),
        pytest.param({METADATA_RESERVED: '{"platform/team":{"USD":1}}'}, id="a number as an amount"),
        *(
            pytest.param(
                {METADATA_RESERVED: json.dumps({"platform/team": {"USD": amount}})}, id=f"amount {amount[:9]!r}"
            )
            for amount in ("", "-1", "1e9", "NaN", "1_000", " 1", "1.", "\u0661", "9" * 31)
        ),
        pytest.param({METADATA_RESERVED: "{}" + " " * 2_000}, id="more than is written"),
        pytest.param({METADATA_RESERVED: "Free", "quantumjobs.dev/uid": "u"}, id="when a user could write it"),
    ],
)
def test_what_is_not_written_so_tells_nothing(metadata: dict[str, str]) -> None:
    """It may be of a version that told nothing, or of whoever owns the list."""
    assert reserved_in(metadata, TEAM) is None
    assert not was_free(metadata)
