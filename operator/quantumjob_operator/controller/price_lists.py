"""The price lists that QuantumWorkspaces name, read now and then, and the estimates that rest on them.

Must not live here: what an estimate is (`costs`), or what follows from it (`lifecycle`).
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.references import PRICES_UNREADABLE, BrokenReferenceError, References
from quantumjob_operator.controller.read_before import ReadBefore
from quantumjob_operator.costs.estimate import estimate
from quantumjob_operator.costs.prices import PriceList, PricesUnreadableError, parse_prices
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.money import Estimate
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.scheduling.calculations import aside
from quantumjob_operator.scheduling.shared_answers import SharedAnswers
from quantumjob_operator.scheduling.shared_waits import waiting_for

_KEPT_SECONDS: Final = 30.0
_FORGOTTEN_SECONDS: Final = 900.0
"""Three times as long as it takes until a QuantumWorkspace that is there is looked at, and its list read again."""
_MOST_KEPT: Final = 32
_MOST_OF_A_NAMESPACE: Final = 8
_IN_PLACE_BYTES: Final = 8 * 1024
"""Longer programs are counted beside the event loop."""
_MOST_ESTIMATES: Final = 1024

_Kept = tuple[float, PriceList | Trouble, str]
"""When it was read, what it says, and a digest of its text."""


class PriceLists:
    """Reads price lists, each at most once in half a minute while there are few."""

    def __init__(self, references: References, clock: Clock) -> None:
        self._references = references
        self._clock = clock
        self._kept: dict[Name, _Kept] = {}
        self._readings: SharedAnswers[Name, _Kept] = SharedAnswers(self._renewed)
        self._estimates: ReadBefore[Estimate] = ReadBefore(_MOST_ESTIMATES)
        self._used: dict[str, set[str]] = {}
        """Digests of the lists by which jobs of each QuantumWorkspace may wait, by its uid."""

    async def estimate(
        self, workspace: QuantumWorkspace, job: QuantumJob, program: bytes, parameters: Mapping[str, Any], bought: str
    ) -> Estimate | Trouble | None:
        """What a job is expected to cost; None if its QuantumWorkspace names no price list.

        Args:
            workspace: It is sent to.
            job: It is asked for.
            program: Its program.
            parameters: As they are sent.
            bought: The digest of all that the job is; empty if it has none.

        Raises:
            ClusterError: The API server could not be asked.
        """
        ref = workspace.spec.prices_ref
        if ref is None:
            self._used.setdefault(workspace.uid, set()).add("")
            return None
        prices, digest = await self._list((workspace.namespace, ref.name))
        self._used.setdefault(workspace.uid, set()).add(digest)
        if isinstance(prices, Trouble):
            return prices
        spec = job.spec
        count = partial(
            estimate, spec.target, spec.program.format, program, parameters, prices, confidential=job.confidential
        )
        key = (bought, digest, job.confidential)
        if bought:
            if (known := self._estimates.find(key)) is not None:
                return known
            count = partial(self._estimates.get, key, count)
        return count() if len(program) <= _IN_PLACE_BYTES else await aside(job.namespace, count)

    async def is_news(self, workspace: QuantumWorkspace) -> bool:
        """Whether the price list is another one than jobs may wait by, or another one is named; it is read anew.

        Raises:
            ClusterError: The API server could not be asked.
        """
        ref, digest = workspace.spec.prices_ref, ""
        if ref is not None:
            _, digest = await self._list((workspace.namespace, ref.name), anew=True)
        before, self._used[workspace.uid] = self._used.get(workspace.uid, set()), {digest}
        return not before <= {digest}

    def forget(self, uid: str) -> None:
        """A QuantumWorkspace is gone."""
        self._used.pop(uid, None)

    async def _list(self, name: Name, *, anew: bool = False) -> tuple[PriceList | Trouble, str]:
        """A list, and a digest of its text, or of why there is none."""
        kept = self._kept.get(name)
        if kept is None or anew or self._clock.monotonic() - kept[0] >= _KEPT_SECONDS:
            with waiting_for(name[0], self._clock.monotonic):
                kept = await self._readings.get(name)
        return kept[1:]

    async def _renewed(self, name: Name) -> _Kept:
        """Read once for all who ask at the same time."""
        now = self._clock.monotonic()
        found, digest = await self._read(name, self._kept.get(name))
        self._kept = {one: it for one, it in self._kept.items() if now - it[0] < _FORGOTTEN_SECONDS and one != name}
        self._make_room(name[0])
        self._kept[name] = renewed = now, found, digest
        return renewed

    def _make_room(self, namespace: str) -> None:
        """What was read first goes first: a list takes twenty times the memory of its text."""
        own = [one for one in self._kept if one[0] == namespace]
        for crowd, most in ((own, _MOST_OF_A_NAMESPACE), (list(self._kept), _MOST_KEPT)):
            for one in crowd[: max(0, len(crowd) + 1 - most)]:
                self._kept.pop(one, None)

    async def _read(self, name: Name, kept: _Kept | None) -> tuple[PriceList | Trouble, str]:
        """What is kept of the same text is not read again."""
        namespace, config_map = name
        try:
            text = await self._references.prices(namespace, config_map)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if kept is not None and kept[2] == digest:
                return kept[1:]
            return await aside(namespace, partial(parse_prices, text)), digest
        except BrokenReferenceError as error:
            why, digest = error.message, hashlib.sha256(error.message.encode()).hexdigest()
        except PricesUnreadableError as error:
            why = f"spec.pricesRef: ConfigMap {config_map}: {clean_text(str(error))}"
        message = f"the price list of the QuantumWorkspace in namespace {namespace} can't be used: {why}"
        return Trouble(PRICES_UNREADABLE, message), digest
