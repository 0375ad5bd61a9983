"""A host of a tenant's choosing: whoever connects to it is counted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Listener:
    """A listening port.

    Attributes:
        port: On loopback.
        heard: The first bytes of each connection.
    """

    port: int
    heard: list[bytes] = field(default_factory=list)

    def listen(self, server: socket.socket) -> None:
        """Take connections until the socket is closed."""
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                self.heard.append(connection.recv(4096))


@contextmanager
def listener() -> Iterator[Listener]:
    """Listen for as long as the context is open."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Listener(server.getsockname()[1])
        thread = threading.Thread(target=made.listen, args=(server,), daemon=True)
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
