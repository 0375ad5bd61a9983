"""The server's open connections, so that a fault can cut one; ASGI has no word for that."""

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_Address = tuple[str, int]
_OPEN: Final[MutableMapping[_Address, "DroppableProtocol"]] = {}


class DroppableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, known by its client's address while it is open."""

    def connection_made(self, transport: Any) -> None:
        """Note the new connection."""
        super().connection_made(transport)
        if self.client is not None:
            _OPEN[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self.client is not None:
            _OPEN.pop(self.client, None)


def drop(request: Request) -> None:
    """Cut the connection of a request without an answer; what was not sent yet is thrown away."""
    if request.client is None:
        return
    protocol = _OPEN.get((request.client.host, request.client.port))
    if protocol is not None:
        protocol.transport.abort()
