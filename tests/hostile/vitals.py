"""How the operator's process fares: is it the same one, how much memory and CPU it took, and what it counts.

Must not live here: what is too much.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from localstack.operated import Operator

_MIB: Final = 1024 * 1024
_EVERY_SECONDS: Final = 0.5


class Vitals:
    """The vital signs of one life of the operator; reading them when it has died is an error.

    Attributes:
        peak_mib: The most memory that `watched` has seen.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._pid = operator.pid
        self._process = psutil.Process(operator.pid)
        self.peak_mib = self.mib

    @property
    def same_process(self) -> bool:
        """Whether it has neither died nor been started again."""
        return self._operator.running and self._operator.pid == self._pid

    @property
    def mib(self) -> float:
        """Resident memory."""
        return float(self._process.memory_info().rss) / _MIB

    @property
    def cpu_seconds(self) -> float:
        """CPU time of its whole life."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def counted(self, name: str, label: str = "") -> dict[str, float]:
        """A metric's samples by the value of one label, summed over the others."""
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(httpx.get(self._operator.metrics_url, trust_env=False).text):
            for sample in family.samples:
                if sample.name == name:
                    value = sample.labels.get(label, "")
                    sums[value] = sums.get(value, 0.0) + sample.value
        return sums

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow the memory meanwhile."""
        over = threading.Event()

        def follow() -> None:
            while not over.wait(_EVERY_SECONDS):
                self.peak_mib = max(self.peak_mib, self.mib)

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield
        finally:
            over.set()
            follower.join()
