"""What the operator told of a job in Events. Must not live here: conditions (`facts`)."""

from typing import Any

from quantumjobs.errors import ForbiddenError
from quantumjobs.job import Job
from quantumjobs.kubeapi import EVENTS, KubeApi


def events_of(api: KubeApi, job: Job) -> list[dict[str, str]]:
    """Time, reason and message of each, the oldest first; empty if Events may not be read."""
    try:
        pages = list(api.pages(EVENTS, job.namespace, fields=f"involvedObject.name={job.name}"))
    except ForbiddenError:
        return []
    found = [one for page in pages for one in page["items"]]
    # Whatever other controllers write: the API leaves out what is empty.
    told = [{"time": _time(one), **{key: str(one.get(key) or "") for key in ("reason", "message")}} for one in found]
    return sorted(told, key=lambda one: one["time"])


def _time(event: dict[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
