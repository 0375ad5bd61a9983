"""A kubeconfig whose user has a token or a certificate, read without the Kubernetes client.

Importing that client would take longer than the rest of most commands. Whatever is not plain is left to it: login
plugins, OIDC, proxies, several files, mistakes. Must not live here: requests (`kubeapi`).
"""

import base64
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CLUSTER: Final = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "tls-server-name", "extensions"}
)
_USER: Final = frozenset(
    {"token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}
)
_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy")
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """What a plain kubeconfig says.

    Attributes:
        cluster: The cluster's entry.
        user: The user's entry.
        namespace: The context's; None if it names none.
        folder: Of the file: paths in it are relative to that.
    """

    cluster: Entry
    user: Entry
    namespace: str | None
    folder: Path

    @property
    def host(self) -> str:
        """Address of the API server."""
        return str(self.cluster["server"]).rstrip("/")

    def authorization(self) -> dict[str, str]:
        """The header that signs a request in; a token's file is read for each login, since it is renewed.

        Raises:
            OSError: The file is not there.
        """
        token = self.user.get("token")
        if "tokenFile" in self.user:
            token = (self.folder / self.user["tokenFile"]).read_text().strip()
        return {"authorization": f"Bearer {token}"} if token else {}

    def pool(self) -> Any:
        """Connections to the API server.

        Raises:
            OSError: A certificate cannot be read.
        """
        from urllib3 import PoolManager  # noqa: PLC0415 - with the first request

        name = self.cluster.get("tls-server-name")
        named = {"server_hostname": name, "assert_hostname": name} if name else {}
        return PoolManager(ssl_context=self._trust(), maxsize=8, **named)

    def _trust(self) -> ssl.SSLContext:
        authority, inline = self.cluster.get("certificate-authority"), self.cluster.get("certificate-authority-data")
        if inline:
            trust = ssl.create_default_context(cadata=base64.b64decode(inline).decode())
        else:
            trust = ssl.create_default_context(cafile=self.folder / authority if authority else None)
        if "client-certificate" in self.user or "client-certificate-data" in self.user:
            with self._file("client-certificate") as certificate, self._file("client-key") as key:
                trust.load_cert_chain(certificate, key)
        return trust

    @contextmanager
    def _file(self, name: str) -> Iterator[Path]:
        """A file of the user's entry; what stands in the entry itself is written out and removed at once."""
        inline = self.user.get(f"{name}-data")
        if not inline:
            yield self.folder / self.user[name]
            return
        import tempfile  # noqa: PLC0415 - for such entries alone

        with tempfile.NamedTemporaryFile() as file:
            file.write(base64.b64decode(inline))
            file.flush()
            yield Path(file.name)


def read(files: Sequence[str], context: str | None) -> Plain | None:
    """Read a kubeconfig; None if the Kubernetes client has to.

    Args:
        files: That exist.
        context: Its name; the current one if None.
    """
    if len(files) != 1 or any(os.environ.get(name) for name in _PROXIES):
        return None
    import yaml  # noqa: PLC0415 - with the first request

    path = Path(files[0]).expanduser()
    try:
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        chosen = _named(content["contexts"], context or content["current-context"], "context")
        cluster = _named(content["clusters"], chosen["cluster"], "cluster")
        user = _named(content["users"], chosen["user"], "user")
    except (yaml.YAMLError, OSError, ValueError, TypeError, AttributeError, LookupError):
        return None
    plain = cluster.keys() <= _CLUSTER and user.keys() <= _USER and str(cluster.get("server")).startswith("https://")
    return Plain(cluster, user, chosen.get("namespace"), path.parent.absolute()) if plain else None


def _named(entries: Sequence[Mapping[str, Any]], name: str, kind: str) -> Entry:
    (found, *_) = [one[kind] for one in entries if one["name"] == name]
    # An empty value is as good as none.
    return {key: value for key, value in found.items() if value is not None}
