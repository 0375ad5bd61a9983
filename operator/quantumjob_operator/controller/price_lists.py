"""The price lists that QuantumWorkspaces name, read now and then, and the estimates that rest on them.

Must not live here: what an estimate is (`costs`), or what follows from it (`lifecycle`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.references import PRICES_UNREADABLE, BrokenReferenceError, References
from quantumjob_operator.controller.program_thread import aside
from quantumjob_operator.costs.estimate import estimate
from quantumjob_operator.costs.prices import PriceList, PricesUnreadableError, parse_prices
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.money import Estimate
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.redaction import clean_text

_KEPT_SECONDS: Final = 30.0
_IN_PLACE_BYTES: Final = 8 * 1024
"""Longer programs are counted beside the event loop."""


class PriceLists:
    """Reads price lists, each at most once in half a minute."""

    def __init__(self, references: References, clock: Clock) -> None:
        self._references = references
        self._clock = clock
        self._kept: dict[Name, tuple[float, PriceList | Trouble]] = {}

    async def estimate(
        self, workspace: QuantumWorkspace, job: QuantumJob, program: bytes, parameters: Mapping[str, Any]
    ) -> Estimate | Trouble | None:
        """What a job is expected to cost; None if its QuantumWorkspace names no price list.

        Args:
            workspace: It is sent to.
            job: It is asked for.
            program: Its program.
            parameters: As they are sent.

        Raises:
            ClusterError: The API server could not be asked.
        """
        ref = workspace.spec.prices_ref
        if ref is None:
            return None
        prices = await self._list((workspace.namespace, ref.name))
        if isinstance(prices, Trouble):
            return prices
        spec = job.spec
        count = partial(
            estimate, spec.target, spec.program.format, program, parameters, prices, confidential=job.confidential
        )
        return count() if len(program) <= _IN_PLACE_BYTES else await aside(job.namespace, count)

    async def _list(self, name: Name) -> PriceList | Trouble:
        now = self._clock.monotonic()
        read, found = self._kept.get(name, (None, None))
        if found is not None and read is not None and now - read < _KEPT_SECONDS:
            return found
        found = await self._read(name)
        self._kept = {one: kept for one, kept in self._kept.items() if now - kept[0] < _KEPT_SECONDS} | {
            name: (now, found)
        }
        return found

    async def _read(self, name: Name) -> PriceList | Trouble:
        namespace, config_map = name
        try:
            text = await self._references.prices(namespace, config_map)
            return await aside(namespace, partial(parse_prices, text))
        except BrokenReferenceError as error:
            why = error.message
        except PricesUnreadableError as error:
            why = f"spec.pricesRef: ConfigMap {config_map}: {clean_text(str(error))}"
        message = f"the price list of the QuantumWorkspace in namespace {namespace} can't be used: {why}"
        return Trouble(PRICES_UNREADABLE, message)
