"""From what the cluster, the ledger and the operators' logs show to the judge's rows; pure functions of JSON.

Must not live here: asking for any of it (`campaign`), or what follows from it (`judge`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from devcluster.proxyrules import Exchange
from faults.judge import Alarm, Release, Run, Seen, Told
from faults.writes import Write, write_of

_UID: Final = "quantumjobs_uid"
_FINALIZER: Final = "quantumjobs.dev/cancel"
_UNCONFIRMED: Final = "CancellationUnconfirmed"
_KIND: Final = "QuantumJob"
_TOLD: Final = frozenset({"Submitted", "Complete", "Failed"})
"""The conditions whose changes are told by Events."""
_GONE: Final = ("ObjectGone", "JobWithoutObject")

Json = Mapping[str, Any]


def runs_of(ledger: Iterable[Json]) -> list[Run]:
    """The rows of the workspace's ledger."""
    return [Run(row["job"], row["metadata"].get(_UID, ""), row["status"]) for row in ledger]


def seen_of(objects: Iterable[Json], outputs: Iterable[Json]) -> list[Seen]:
    """The objects, each with its own output if there is one."""
    delivered = {
        (owner["uid"], output.get("data", {}).get("jobId"))
        for output in outputs
        for owner in output["metadata"].get("ownerReferences", [])
    }
    return [_seen(one, delivered) for one in objects]


def _seen(one: Json, delivered: set[tuple[str, str | None]]) -> Seen:
    metadata, spec, status = one["metadata"], one["spec"], one.get("status", {})
    finished = is_true(one, "Finished")
    held = finished and _FINALIZER in metadata.get("finalizers", [])
    return Seen(
        uid=metadata["uid"],
        state=status.get("state", ""),
        job=status.get("jobId"),
        finished=finished,
        suspended=spec.get("suspend", False),
        cancelled=spec.get("cancel", False),
        leaving=held or "deletionTimestamp" in metadata,
        output=(metadata["uid"], status.get("jobId")) in delivered,
    )


def is_true(one: Json, condition: str) -> bool:
    """Whether an object has a condition that is True."""
    conditions = one.get("status", {}).get("conditions", [])
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def told_of(events: Iterable[Json]) -> list[Told]:
    """Events about QuantumJobs, in the order in which the API server got them."""
    # Times have whole seconds; the revisions of the store are in order.
    ordered = sorted(events, key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [
        Told(event["involvedObject"].get("uid", ""), event["reason"], event["message"], event.get("count") or 1)
        for event in ordered
        if event["involvedObject"].get("kind") == _KIND
    ]


def begun_of(exchanges: Iterable[Exchange]) -> Counter[tuple[str, str, str]]:
    """How often each object's status came to say something, by the writes that passed the proxy.

    A write whose answer the API server did not give may have had its effect: it counts, and the next one like it too.
    """
    begun: Counter[tuple[str, str, str]] = Counter()
    says: dict[str, set[tuple[str, str]]] = {}
    for exchange in exchanges:
        written = write_of(exchange.request) is Write.STATUS
        conditions = exchange.request.json().get("status", {}).get("conditions") if written else None
        uncertain = exchange.status is None or exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if conditions is None or not (uncertain or exchange.status == HTTPStatus.OK):
            continue
        *_, namespace, _, name, _ = exchange.request.path.partition("?")[0].split("/")
        key, now = (
            f"{namespace}/{name}",
            {(one["reason"], one["message"]) for one in conditions if one["type"] in _TOLD},
        )
        begun.update((key, *said) for said in now - says.get(key, set()))
        if not uncertain:
            says[key] = now
    return begun


def releases_of(log: Iterable[str]) -> Iterator[Release]:
    """Objects that an operator released unconfirmed, by its log."""
    for message in _errors(log, _UNCONFIRMED):
        yield Release(message)


def alarms_of(log: Iterable[str]) -> list[Alarm]:
    """Jobs that an operator found running without their object."""
    entries = (_entry(line) for line in log)
    return [
        Alarm(str(entry.get("uid")), str(entry["message"]), _written(entry))
        for entry in entries
        if str(entry.get("message", "")).startswith(_GONE) and entry.get("level") in {"WARNING", "ERROR"}
    ]


def _errors(log: Iterable[str], beginning: str) -> Iterator[str]:
    for line in log:
        entry = _entry(line)
        if entry.get("level") == "ERROR" and str(entry.get("message", "")).startswith(beginning):
            yield f"{entry.get('namespace')}/{entry.get('name')}: {entry['message']}"


def _written(entry: Json) -> float:
    """When an entry was written, in seconds of the clock that campaign and operators share."""
    return datetime.fromisoformat(entry["time"]).timestamp()


def _entry(line: str) -> dict[str, Any]:
    """A line of the log; a last one that its writer was killed over says nothing."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
