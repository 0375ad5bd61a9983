"""Requests to the API server, as the administrator: JSON in, JSON out.

Must not live here: what an object means.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import httpx
import yaml

from devcluster.controlplane import ControlPlane

Manifest = dict[str, Any]
_SECONDS: Final = 30.0
_WATCH_SECONDS: Final = 60
_MERGE_PATCH: Final = {"Content-Type": "application/merge-patch+json"}


class Api:
    """A connection to one control plane's API server; may be used from any thread."""

    def __init__(self, cluster: ControlPlane) -> None:
        (user,) = yaml.safe_load(cluster.kubeconfig.read_text())["users"]
        self.url = cluster.url
        self._watched: socket.socket | None = None
        self._client = httpx.Client(
            base_url=cluster.url,
            headers={"Authorization": f"Bearer {user['user']['token']}"},
            verify=ssl.create_default_context(cafile=cluster.ca_file),
            timeout=_SECONDS,
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def hang_up(self) -> None:
        """End a `follow` that waits in another thread; it raises there."""
        if self._watched is not None:
            with suppress(OSError):  # it has ended by itself
                self._watched.shutdown(socket.SHUT_RDWR)

    def get(self, path: str) -> Manifest:
        """Read.

        Raises:
            httpx.HTTPError: It can't be read; `httpx.HTTPStatusError` if the API server says so.
        """
        return self._answer("GET", path)

    def find(self, path: str) -> Manifest | None:
        """Read what may be absent."""
        try:
            return self.get(path)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: Manifest) -> Manifest:
        """Create."""
        return self._answer("POST", path, json=body)

    def patch(self, path: str, body: Manifest) -> Manifest:
        """Change by a merge patch."""
        return self._answer("PATCH", path, content=json.dumps(body), headers=_MERGE_PATCH)

    def delete(self, path: str, body: Manifest) -> Manifest:
        """Delete, with `DeleteOptions`."""
        return self._answer("DELETE", path, json=body)

    def follow(self, path: str) -> Iterator[tuple[str, Manifest]]:
        """A listing, object by object, then what changes, for about a minute; then it ends and may be asked for anew.

        Yields:
            `LISTED` with the whole listing, then `ADDED`, `MODIFIED` or `DELETED` with an object.

        Raises:
            httpx.HTTPError: The API server is gone.
        """
        listing = self.get(path)
        yield "LISTED", listing
        query = {
            "watch": "1",
            "resourceVersion": listing["metadata"]["resourceVersion"],
            "timeoutSeconds": _WATCH_SECONDS,
        }
        with self._client.stream("GET", path, params=query, timeout=_WATCH_SECONDS + _SECONDS) as events:
            events.raise_for_status()
            self._watched = events.extensions["network_stream"].get_extra_info("socket")
            for line in events.iter_lines():
                try:
                    event = json.loads(line)
                except ValueError as error:
                    raise httpx.ReadError(f"the watch ended within a line: {error}") from None
                if event["type"] == "ERROR":  # the resource version is too old: list anew
                    return
                yield event["type"], event["object"]

    def _answer(self, method: str, path: str, **content: Any) -> Manifest:
        answer = self._client.request(method, path, **content)
        answer.raise_for_status()
        parsed: Manifest = answer.json()
        return parsed
