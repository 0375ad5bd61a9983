"""What a remote job's metadata tell of what was reserved for it when it was sent.

Once its object is gone, and where a ledger was lost, nothing else tells it. Users can't write it: keys with this prefix
are refused in a spec, and this one is in every job that is sent. Must not live here: what follows for a count
(`count`), or what is reserved (`requests`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from quantumjob_operator.model.jobstatus import BudgetShown
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import METADATA_RESERVED, is_written_before
from quantumjob_operator.model.quantumworkspace import Name

FREE: Final = "Free"
_UNTOLD: Final = "untold"
_MOST: Final = 2_000
"""Characters; of a job that more budgets count than fit, it is told as little as of one that was sent before."""
_LONGEST_UNIT: Final = 128
"""Characters, as in a spec: a status with a longer one is refused."""
_AMOUNT: Final = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_BY_BUDGET: Final = TypeAdapter(dict[str, dict[str, str]])


def told(reserved: Iterable[BudgetShown], estimate: object) -> str:
    """As it is written.

    Args:
        reserved: In each budget that counts the job.
        estimate: What it is expected to cost, if that is known.
    """
    by_budget = {f"{one.namespace}/{one.name}": {each.unit: each.amount for each in one.amounts} for one in reserved}
    if not by_budget and isinstance(estimate, Estimate) and estimate.basis is Basis.FREE:
        return FREE
    text = json.dumps(by_budget, separators=(",", ":"), sort_keys=True)
    return text if len(text) <= _MOST else _UNTOLD


def was_free(metadata: Mapping[str, str]) -> bool:
    """Whether a job was known to be free when it was sent."""
    return metadata.get(METADATA_RESERVED) == FREE and not is_written_before(metadata)


def reserved_in(metadata: Mapping[str, str], budget: Name) -> tuple[Amount, ...] | None:
    """What was reserved in a budget, empty if nothing was; None if nobody tells.

    Args:
        metadata: Of the remote job; whoever owns the list may have written it.
        budget: Its namespace and name.
    """
    text = metadata.get(METADATA_RESERVED, "")
    if len(text) > _MOST or is_written_before(metadata):
        return None
    if text == FREE:
        return ()
    try:
        amounts = _BY_BUDGET.validate_json(text).get("/".join(budget), {})
    except ValidationError:
        return None
    if not all(map(_AMOUNT.fullmatch, amounts.values())) or any(len(unit) > _LONGEST_UNIT for unit in amounts):
        return None
    return tuple(Amount(unit, amount) for unit, amount in amounts.items())
