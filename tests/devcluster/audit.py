"""What ServiceAccounts asked of an API server, in short: counted from its audit log.

Lives here: the summary that a control plane leaves when it stops. Must not live here: which of the calls are right.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

SUMMARIES_VARIABLE: Final = "DEVCLUSTER_AUDIT_FOLDER"
_ACCOUNT: Final = "system:serviceaccount:"
_DECISION: Final = "authorization.k8s.io/decision"


class Outcome(StrEnum):
    """What the API server's authorizer said to a call."""

    ALLOWED = "Allowed"
    REFUSED = "Refused"
    REFUSED_ON_PURPOSE = "RefusedOnPurpose"


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One kind of call, whatever object it was for.

    Attributes:
        account: Namespace and name of the ServiceAccount, as `quantumjob-system/quantumjob-operator`.
        verb: As in RBAC.
        group: API group; empty for the core group and for paths that aren't resources.
        resource: Plural, with the subresource if there is one; a path, with its leading slash, if it is no resource.
        outcome: Whether it was allowed.
        example: The address of a refused call; empty otherwise.
    """

    account: str
    verb: str
    group: str
    resource: str
    outcome: Outcome
    example: str = ""


class Audit:
    """The audit log of one API server, and the times at which nobody can count on their rights."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._excused: list[tuple[datetime, datetime]] = []

    @contextmanager
    def refusals_expected(self) -> Iterator[None]:
        """What is refused within the block says nothing about anybody's rights."""
        begun = datetime.now(UTC)
        try:
            yield
        finally:
            self._excused.append((begun, datetime.now(UTC)))

    def calls(self) -> "Counter[Call]":
        """How often the ServiceAccounts made each kind of call; without those of Kubernetes itself."""
        counted: Counter[Call] = Counter()
        for event in self._events():
            account = event["user"]["username"].removeprefix(_ACCOUNT).replace(":", "/")
            counted[self._call(account, event)] += 1
        return counted

    def namespaces(self, account: str) -> set[str]:
        """The namespaces whose objects a ServiceAccount asked for or changed; empty for what is in no namespace.

        Args:
            account: Namespace and name.
        """
        name = f"{_ACCOUNT}{account.replace('/', ':')}"
        ours = (event for event in self._events() if event["user"]["username"] == name)
        # Without an object it was a question about the API itself: its version, its kinds.
        return {event["objectRef"].get("namespace", "") for event in ours if "objectRef" in event}

    def leave_summary(self, folder: Path) -> None:
        """Write the calls into a new file of a folder, where other control planes and processes leave theirs."""
        folder.mkdir(parents=True, exist_ok=True)
        summary = [asdict(call) | {"count": count} for call, count in sorted(self.calls().items())]
        (folder / f"{uuid.uuid4()}.json").write_text(json.dumps(summary, indent=1))

    def _events(self) -> Iterator[Mapping[str, Any]]:
        # The API server starts a new file beside the log whenever it has grown large.
        for file in sorted(self.log.parent.glob(f"{self.log.stem}*{self.log.suffix}")):
            with file.open("rb") as lines:
                # Nearly all lines are of the administrator and of the controllers; a killed server may tear the last.
                ours = (line for line in lines if _ACCOUNT.encode() in line and line.endswith(b"}\n"))
                yield from (event for event in map(json.loads, ours) if _is_account_of_a_user(event))

    def _call(self, account: str, event: Mapping[str, Any]) -> Call:
        target = event.get("objectRef", {})
        resource = "/".join(target[part] for part in ("resource", "subresource") if part in target)
        outcome = self._outcome(event)
        return Call(
            account=account,
            verb=event["verb"],
            group=target.get("apiGroup", ""),
            resource=resource or event["requestURI"].partition("?")[0],
            outcome=outcome,
            example="" if outcome is Outcome.ALLOWED else event["requestURI"].partition("?")[0],
        )

    def _outcome(self, event: Mapping[str, Any]) -> Outcome:
        if _allowed(event):
            return Outcome.ALLOWED
        asked = datetime.fromisoformat(event["requestReceivedTimestamp"])
        excused = any(begun <= asked <= ended for begun, ended in self._excused)
        return Outcome.REFUSED_ON_PURPOSE if excused else Outcome.REFUSED


def read_summaries(folder: Path) -> "Counter[Call]":
    """All calls of which summaries are in a folder."""
    counted: Counter[Call] = Counter()
    for entry in _entries(folder.glob("*.json")):
        count = entry.pop("count")
        counted[Call(**entry | {"outcome": Outcome(entry["outcome"])})] += count
    return counted


def _entries(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from json.loads(file.read_text())


def _is_account_of_a_user(event: Mapping[str, Any]) -> bool:
    """Whether a ServiceAccount asked that isn't one of Kubernetes' own parts; each call is told once."""
    name = event["user"]["username"]
    by_somebody = name.startswith(_ACCOUNT) and not name.startswith(f"{_ACCOUNT}kube-system:")
    # The end of a watch isn't written by a server that is killed.
    lasting = event["verb"] == "watch" and _allowed(event)
    return by_somebody and lasting == (event["stage"] == "ResponseStarted")


def _allowed(event: Mapping[str, Any]) -> bool:
    return bool(event.get("annotations", {}).get(_DECISION) != "forbid")
