"""The campaign's budgets: their manifests, and what cluster, proxy and ledger show of them as the judge's rows.

Jobs are limited by their number: every run that succeeded counts for one, whatever it was billed. Must not live here:
what follows from it (`judge`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from devcluster.proxyrules import Exchange
from faults.evidence import runs_of
from faults.jobs import API, Object
from faults.purse import Purse

NAME: Final = "research"
TIGHT: Final = 6
"""In one namespace so many jobs may run until all faults are over: further ones wait."""
WIDE: Final = 10_000
_NAMESPACE: Final = "quantumjobs_namespace"
_UNIT: Final = "jobs"
Json = Mapping[str, Any]


def path_of(namespace: str) -> str:
    """The path of a namespace's budget at the API server."""
    return f"{API}/namespaces/{namespace}/quantumbudgets/{NAME}"


def budget(limit: int) -> Object:
    """A manifest."""
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumBudget",
        "metadata": {"name": NAME},
        "spec": {
            "workspaces": ["default"],
            "period": "Lifetime",
            "unknownCost": "Allow",
            "limits": [{"unit": _UNIT, "amount": str(limit)}],
        },
    }


def purses_of(budgets: Iterable[Object], runs: Iterable[Json], exchanges: Iterable[Exchange]) -> list[Purse]:
    """One row for each budget, at the end."""
    ran, written = list(runs), defaultdict[str, list[Exchange]](list)
    for exchange in exchanges:
        if exchange.request.method == "PATCH" and exchange.status == HTTPStatus.OK:
            written[exchange.request.path.partition("?")[0]].append(exchange)
    return [_purse(one, ran, written[f"{path_of(one['metadata']['namespace'])}/status"]) for one in budgets]


def entries_left(one: Object, runs: Iterable[Json]) -> list[str]:
    """The remote jobs for which a budget still sets something aside, but for those that run, or wait for their bill."""
    entries = [entry["jobId"] for entry in reservations(one.get("status", {})) if "endedAt" not in entry]
    # A job that was left without an object may run for as long as it likes.
    under_way = {run.job for run in runs_of(runs) if not run.ended} if entries else ()
    return [job for job in entries if job not in under_way]


def reservations(status: Json) -> list[Json]:
    """What stands in a ledger: a line of JSON each."""
    return [json.loads(line) for line in status.get("reservations") or ()]


def _purse(one: Object, runs: list[Json], written: list[Exchange]) -> Purse:
    namespace, status = one["metadata"]["namespace"], one.get("status", {})
    own = {run["job"]: run["status"] for run in runs if (run["metadata"] or {}).get(_NAMESPACE) == namespace}
    totals = [total for total in status.get("totals", []) if total["unit"] == _UNIT]
    entries = reservations(status)
    return Purse(
        name=f"{namespace}/{NAME}",
        spent=int(sum((Decimal(total["spent"]) for total in totals), Decimal(0))),
        succeeded=sum(status == "Succeeded" for status in own.values()),
        ran=len(own),
        waiting=sum("endedAt" in entry for entry in entries),
        left=tuple(entries_left(one, runs)),
        overspent=tuple(_overspent(written)),
    )


def _overspent(written: Iterable[Exchange]) -> Iterator[str]:
    """Writes that reserved something new while less than nothing was left with it."""
    before = set[str]()
    for exchange in written:
        status = json.loads(exchange.request.body)["status"]
        if "reservations" not in status:
            continue
        now = {entry["jobId"] for entry in reservations(status)}
        left = [total.get("left", "0") for total in status.get("totals") or ()]
        if now - before and any(Decimal(amount) < 0 for amount in left):
            yield f"{sorted(now - before)} with {left} left"
        before = now
