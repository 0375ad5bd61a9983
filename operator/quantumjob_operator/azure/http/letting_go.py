"""How a connection ends that is not kept for another request: at once, whatever its server makes of it.

By itself asyncio waits for the other side: for an answer to TLS's farewell half a minute, and without TLS for room for
what is not sent yet. Meanwhile the connection has its buffers and a file descriptor, and counts nowhere: whose request
it carried has its answer. Nothing is lost by not waiting, since every request and every answer says how long it is.
Must not live here: which connections are kept (aiohttp's pool decides that).
"""

from aiohttp.client_proto import ResponseHandler


class AbruptHandler(ResponseHandler):
    """aiohttp's own handling of a connection; what it closes is gone in the event loop's next turn."""

    def close(self) -> None:
        """As `abort`: for all that aiohttp lets go of, as it ends its requests, its pool and itself."""
        self.abort()

    def data_received(self, data: bytes) -> None:
        """As ever; what is no HTTP makes aiohttp close the connection under this very object."""
        super().data_received(data)
        if self.transport is not None and self.transport.is_closing():
            self.transport.abort()
