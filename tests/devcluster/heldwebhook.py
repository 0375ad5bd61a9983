"""A validating webhook that holds requests inside the API server: for races that no proxy before it can make.

The API server asks it in the middle of a deletion, after it has read the object and decided on its finalizers.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from devcluster.certificates import Authority

_LONGEST_SECONDS: Final = 9.0


class HeldWebhook:
    """Answers "allowed" to every question, but not before it is released.

    Attributes:
        asked: Set once the API server waits.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        """Let what is held go on, and everything that comes."""
        self._released.set()

    def answer(self, review: dict[str, Any]) -> dict[str, Any]:
        """The AdmissionReview's answer."""
        self.asked.set()
        self._released.wait(_LONGEST_SECONDS)
        return {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {"uid": review["request"]["uid"], "allowed": True},
        }


@contextmanager
def serving(folder: Path) -> Iterator[tuple[HeldWebhook, str, bytes]]:
    """A webhook on loopback.

    Yields:
        The webhook, its URL, and the PEM of the authority to trust.
    """
    webhook, authority = HeldWebhook(), Authority.create(folder, "webhook")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(webhook.answer(review)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue_for_loopback("webhook"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield webhook, f"https://127.0.0.1:{server.server_port}/", authority.ca_file.read_bytes()
    finally:
        webhook.release()
        server.shutdown()
        server.server_close()
        thread.join()
