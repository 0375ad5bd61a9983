"""Kubernetes Events: published best effort, after the status that they speak of is written.

Must not live here: which Events there are (`lifecycle`).
"""

import hashlib
import logging
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from quantumjob_operator.cluster.api import Api, ClusterError, Conflict
from quantumjob_operator.cluster.paths import CORE, path_of
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.naming import MANAGED_BY

_MOST_NAME: Final = 253
_SUFFIX: Final = 16
_log = logging.getLogger(__name__)


class Events:
    """Publishes Events."""

    def __init__(self, api: Api, instance: str) -> None:
        self._api = api
        self._instance = instance

    async def publish(
        self, involved: dict[str, Any], notice: Notice, now: datetime, *, once: bool = False, version: str = ""
    ) -> bool:
        """Publish an Event on an object; False (and a log line) if the API server refuses it.

        Args:
            involved: The involvedObject; with its namespace, if it has one.
            notice: What to say.
            now: When it happened.
            once: It can happen only once: whichever process tells it again, before a restart or beside this one, is
                heard no more. The name of the Event follows from what it says.
            version: Of the object, if it can happen once to each of its versions.
        """
        moment = stamp(now)
        # Events on objects without a namespace live in `default`.
        namespace = involved.get("namespace", "default")
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{_beginning(involved['name'])}.{_suffix(involved, notice, version, once=once)}",
                "namespace": namespace,
            },
            "involvedObject": involved,
            "type": "Warning" if notice.warning else "Normal",
            "reason": notice.reason,
            "message": notice.message[:1024],
            "source": {"component": MANAGED_BY},
            "reportingComponent": f"quantumjobs.dev/{MANAGED_BY}",
            "reportingInstance": self._instance,
            "action": notice.reason,
            "eventTime": None,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        try:
            await self._api.request("POST", path_of(CORE, "events", namespace), body)
        except Conflict:
            return once
        except ClusterError as error:
            _log.warning("event %s was not published: %s", notice.reason, error)
            return False
        return True


def _beginning(name: str) -> str:
    """As much of an object's name as leaves room for the rest of an Event's."""
    return name[: _MOST_NAME - _SUFFIX - 1].rstrip("-.")


def _suffix(involved: dict[str, Any], notice: Notice, version: str, *, once: bool) -> str:
    if not once:
        return uuid4().hex[:_SUFFIX]
    said = "\n".join(filter(None, (str(involved.get("uid")), notice.reason, notice.message, version)))
    return hashlib.sha256(said.encode()).hexdigest()[:_SUFFIX]
