"""From one status of a QuantumBudget to the next, as the patch that is sent.

Must not live here: what a status says (`quantumbudget`, `budgets`).
"""

from dataclasses import fields
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from quantumjob_operator.model.budgetstatus import BudgetStatus, Counted, PeriodShown, Summary
from quantumjob_operator.model.values import replace

_STATUS: Final = TypeAdapter(BudgetStatus)


def budget_status_patch(old: BudgetStatus, new: BudgetStatus) -> dict[str, Any]:
    """The merge patch (RFC 7386) that turns one `.status` into the other; its fields are replaced whole."""
    if old.torn:
        return _replacing(new)
    same = old.reservations == new.reservations
    before, after = _json(replace(old, reservations=())), _json(replace(new, reservations=()) if same else new)
    if old.reservations and not same:
        before["reservations"] = None  # another list, or none; there may be thousands of lines, which nobody compares
    changed: dict[str, Any] = {key: value for key, value in after.items() if before.get(key) != value}
    for key, value in changed.items():
        if isinstance(value, dict):
            changed[key] = value | dict.fromkeys((before.get(key) or {}).keys() - value.keys())
    return changed | dict.fromkeys(before.keys() - after.keys())


def _replacing(new: BudgetStatus) -> dict[str, Any]:
    """The same whatever is stored: whoever reads the next version must not believe what it says beside the ledger."""
    told = _json(new)
    for key, kind in (("period", PeriodShown), ("counted", Counted), ("summary", Summary)):
        if key in told:
            told[key] = dict.fromkeys(_names(kind)) | told[key]
    return dict.fromkeys(_names(BudgetStatus)) | told


def _names(kind: type) -> list[str]:
    return [to_camel(one.name) for one in fields(kind) if one.name != "torn"]


def _json(status: BudgetStatus) -> dict[str, Any]:
    dumped: dict[str, Any] = _STATUS.dump_python(status, mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in dumped.items() if value != []}
