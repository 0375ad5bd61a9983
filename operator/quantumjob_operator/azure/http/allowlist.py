"""Which hosts the operator may talk to: the administrator's list, matched on parsed URLs and never on text.

A workspace's endpoint and the storage that the service names both come from outside. Programs may be confidential and
credentials are, so both are checked before anything is sent. No I/O lives here.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

import httpx

from quantumjob_operator.model.errors import Applied, EndpointNotAllowed, Retryable, StorageNotAllowed
from quantumjob_operator.model.redaction import clean_text

SERVICE_ZONES: Final = ("quantum.azure.com",)
STORAGE_ZONES: Final = (
    "blob.core.windows.net",
    "blob.storage.azure.net",  # accounts with DNS zone endpoints: <account>.z<nn>.blob.storage.azure.net
)

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SCHEMES: Final = frozenset(f"{scheme}://" for scheme in _DEFAULT_PORTS)
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_MAX_URL: Final = 8192


class OriginError(ValueError):
    """A URL or an origin that cannot be accepted as it stands."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what decides who gets a request."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine for certain."""
        return self.host == "localhost" or _is_loopback_address(self.host)


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins that may get requests: Azure's own zones over https, and what the administrator adds.

    Attributes:
        extra: Further origins, each allowed exactly, for the service and for storage.
        service_zones: DNS zones whose subdomains may be a workspace's endpoint.
        storage_zones: DNS zones whose subdomains may hold a workspace's blobs.
    """

    extra: frozenset[Origin] = frozenset()
    service_zones: tuple[str, ...] = SERVICE_ZONES
    storage_zones: tuple[str, ...] = STORAGE_ZONES

    @classmethod
    def parse(cls, extra: Iterable[str]) -> Self:
        """Read the administrator's list.

        Args:
            extra: Origins such as `https://quantum.example.com:8443`, without a path.

        Raises:
            OriginError: An entry is no origin.
        """
        return cls(extra=frozenset(parse_origin(entry) for entry in extra))

    def check_service(self, operation: str, url: str) -> Origin:
        """The origin of a URL of the service, or `EndpointNotAllowed`."""
        try:
            origin = origin_of(url)
        except OriginError as error:
            raise EndpointNotAllowed(operation, detail=str(error), applied=Applied.NO) from None
        if self._allows(origin, self.service_zones):
            return origin
        raise EndpointNotAllowed(operation, detail=_refused(origin), applied=Applied.NO)

    def check_storage(self, operation: str, url: str) -> Origin:
        """The origin of a URL of a blob or container, or `StorageNotAllowed`; `Retryable` if it is no URL."""
        try:
            origin = origin_of(url)
        except OriginError as error:
            # The service wrote it: no field of a QuantumWorkspace does.
            detail = f"the address of its storage cannot be used: {error}"
            raise Retryable(operation, detail=detail, applied=Applied.NO) from None
        if self._allows(origin, self.storage_zones):
            return origin
        raise StorageNotAllowed(operation, detail=_refused(origin), applied=Applied.NO)

    def _allows(self, origin: Origin, zones: tuple[str, ...]) -> bool:
        return origin in self.extra or _in_zone(origin, zones)


def _refused(origin: Origin) -> str:
    return f"{origin} is not one of the origins that the administrator of the operator allows"


def origin_of(url: str) -> Origin:
    """The origin of an absolute URL.

    Stricter than the URL standard: whatever two parsers could read differently (user names, backslashes, characters
    beyond ASCII, a final dot) is refused, since this check and the HTTP libraries parse on their own.

    Raises:
        OriginError: The URL is not a plain absolute http or https URL.
    """
    if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise OriginError("the URL has characters that do not belong into one")
    # Where the authority ends is the same for every parser of what is left by now.
    start = url.find("://") + 3
    found = _AUTHORITY.match(url, start)
    return _origin_of_authority(url[: found.end()] if found and url[:start].lower() in _SCHEMES else url)


@lru_cache(maxsize=256)
def _origin_of_authority(url: str) -> Origin:
    """The origin of a URL that ends after its authority: each request has another URL, and nearly all this one."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise OriginError("the URL cannot be read") from None
    if parsed.scheme not in _DEFAULT_PORTS:
        raise OriginError("the URL is neither http nor https")
    if parsed.userinfo or "@" in url:
        raise OriginError("the URL carries a user name")
    host = parsed.raw_host.decode("ascii").lower().strip("[]")
    if not _is_address(host) and not _HOST.fullmatch(host):
        raise OriginError(f"{clean_text(host, 253)!r} is no host name")
    return Origin(parsed.scheme, host, parsed.port or _DEFAULT_PORTS[parsed.scheme])


@lru_cache(maxsize=256)
def parse_origin(text: str) -> Origin:
    """Read an origin that stands alone: a URL with nothing after the port but a slash.

    Raises:
        OriginError: It is no origin, or more than one.
    """
    origin = origin_of(text.strip())
    rest = text.strip().partition("://")[2].partition("/")[2]
    if rest or "?" in text or "#" in text:
        raise OriginError(f"{clean_text(text)!r} is more than scheme, host and port")
    return origin


def _in_zone(origin: Origin, zones: tuple[str, ...]) -> bool:
    standard = origin.scheme == "https" and origin.port == _DEFAULT_PORTS["https"]
    return standard and any(origin.host.endswith(f".{zone}") for zone in zones)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback_address(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_loopback
