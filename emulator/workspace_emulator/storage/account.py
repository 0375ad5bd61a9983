"""The workspace's storage account: containers, blobs and the shared access signatures (SAS) that the service hands out.

Works with any account that is reachable by a shared key. A SAS is a credential: it is never logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import (
    BlobSasPermissions,
    ContainerSasPermissions,
    ContentSettings,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.blob.aio import BlobServiceClient

_CONTAINER_RIGHTS: Final = ContainerSasPermissions(read=True, add=True, create=True, write=True, list=True)
_BLOB_RIGHTS: Final = BlobSasPermissions(read=True, add=True, create=True, write=True)
_READ: Final = BlobSasPermissions(read=True)


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """Where the account is and how to get in.

    Attributes:
        url: Base address under which containers lie, without a final slash.
        name: Name of the account.
        key: Its shared key, base64.
    """

    url: str
    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BlobName:
    """A blob by its container and its name in there; the name is empty for the container itself."""

    container: str
    blob: str = ""


class Storage:
    """Everything that the workspace does with its storage account.

    Args:
        account: The account.
        sas_seconds: How long a new SAS is valid.

    Attributes:
        shown_url: What the addresses that clients are told begin with: the account, or something that stands before it.
    """

    def __init__(self, account: StorageAccount, *, sas_seconds: float) -> None:
        self.account = account
        self.shown_url = account.url
        self._sas_seconds = sas_seconds
        self._service = BlobServiceClient(
            account.url, credential={"account_name": account.name, "account_key": account.key}
        )

    async def __aenter__(self) -> Self:
        await self._service.__aenter__()
        return self

    async def __aexit__(self, *_reason: object) -> None:
        await self._service.close()

    async def create_container(self, name: str) -> None:
        """Create a container; one that exists already is as good.

        Raises:
            azure.core.exceptions.AzureError: The account cannot be reached or refuses.
        """
        try:
            await self._service.create_container(name)
        except ResourceExistsError:
            return

    async def read(self, name: BlobName) -> bytes:
        """Return a blob's bytes.

        Raises:
            azure.core.exceptions.ResourceNotFoundError: It does not exist.
        """
        download = await self._service.get_blob_client(name.container, name.blob).download_blob()
        return await download.readall()

    async def write(self, name: BlobName, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> None:
        """Write a blob, over an older one too: a resumed job writes its output again."""
        await self._service.get_blob_client(name.container, name.blob).upload_blob(
            body, overwrite=True, content_settings=ContentSettings(content_type=content_type), metadata=dict(metadata)
        )

    def address(self, name: BlobName) -> str:
        """Return the address of a container or blob, without a SAS."""
        parts = (self.shown_url, quote(name.container), quote(name.blob))
        return "/".join(part for part in parts if part)

    def signed(self, name: BlobName, *, read_only: bool = False) -> str:
        """Return the address of a container or blob with a fresh SAS."""
        expiry = datetime.now(UTC) + timedelta(seconds=self._sas_seconds)
        return f"{self.address(name)}?{self.signature(name, expiry=expiry, read_only=read_only)}"

    def signature(self, name: BlobName, *, expiry: datetime, read_only: bool = False) -> str:
        """Return a SAS for a container or blob, valid up to a time."""
        common: dict[str, Any] = {"account_key": self.account.key, "expiry": expiry}
        if name.blob:
            rights = _READ if read_only else _BLOB_RIGHTS
            return generate_blob_sas(self.account.name, name.container, name.blob, permission=rights, **common)
        return generate_container_sas(self.account.name, name.container, permission=_CONTAINER_RIGHTS, **common)

    def locate(self, address: str) -> BlobName | None:
        """Return what an address of a client names, or None if it is no address of a container.

        Only the path counts: clients may reach the account by another host name than we do.
        """
        path = unquote(urlsplit(address).path).lstrip("/")
        path = path.removeprefix(f"{self.account.name}/")
        container, _, blob = path.partition("/")
        return BlobName(container, blob) if container else None
