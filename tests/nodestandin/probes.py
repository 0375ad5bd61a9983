"""One probe of a container: when it is due, and what its answers so far mean.

Must not live here: what follows from it (`containers`).
"""

from dataclasses import dataclass, field
from typing import Final

import httpx

from nodestandin.api import Manifest
from nodestandin.errors import misconfigured

_HASTY_SECONDS: Final = 1.0


@dataclass(slots=True)
class Probe:
    """A probe of one life of a container.

    Attributes:
        url: What is asked.
        spec: `periodSeconds` and so on, with the API server's defaults filled in.
        since: Monotonic time at which it begins to count.
        hasty: Whether to ask more often than the spec says until it passes, as the kubelet may for the readiness.
        passed: Whether the last answers in a row were enough good ones; None before there were enough of either kind.
    """

    url: str
    spec: Manifest
    since: float
    hasty: bool = False
    passed: bool | None = None
    _next: float = field(init=False)
    _same: int = 0
    _last: bool | None = None

    def __post_init__(self) -> None:
        self._next = self.since + self.spec.get("initialDelaySeconds", 0)

    @classmethod
    def of(cls, container: Manifest, kind: str, address: str, since: float) -> "Probe | None":
        """A container's probe of a kind (`startupProbe`, …); None if it has none.

        Raises:
            Unstartable: It isn't one over HTTP.
        """
        spec = container.get(kind)
        if spec is None:
            return None
        if "httpGet" not in spec:
            raise misconfigured(f"{kind}: the stand-in asks over HTTP only")
        wanted = spec["httpGet"]
        port = _port(container, wanted["port"])
        url = f"{wanted['scheme'].lower()}://{wanted.get('host') or address}:{port}{wanted.get('path', '/')}"
        return cls(url, spec, since, hasty=kind == "readinessProbe")

    def ask_if_due(self, now: float) -> None:
        """Ask once, if it is time."""
        if now < self._next:
            return
        self._count(good=self._ask())
        period = float(self.spec["periodSeconds"])
        self._next = now + (min(period, _HASTY_SECONDS) if self.hasty and not self.passed else period)

    def _ask(self) -> bool:
        try:
            # The kubelet trusts any certificate, too.
            answer = httpx.get(self.url, timeout=self.spec["timeoutSeconds"], verify=False, trust_env=False)  # noqa: S501
        except httpx.TransportError:
            return False
        return httpx.codes.OK <= answer.status_code < httpx.codes.BAD_REQUEST

    def _count(self, *, good: bool) -> None:
        self._same = self._same + 1 if good is self._last else 1
        self._last = good
        if self._same >= self.spec["successThreshold" if good else "failureThreshold"]:
            self.passed = good


def _port(container: Manifest, port: int | str) -> int:
    if isinstance(port, int):
        return port
    for one in container.get("ports", ()):
        if one.get("name") == port:
            return int(one["containerPort"])
    raise misconfigured(f"the container has no port {port!r}")
