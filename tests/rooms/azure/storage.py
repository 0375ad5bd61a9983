"""What a storage account says that goes wrong, and where a container is on the misbehaving server."""

from typing import Final

from rooms.azure.misbehaving import Behaviour, MisbehavingServer, answers
from rooms.azure.samples import JOB_ID, SIGNATURE

XML: Final = b'<?xml version="1.0"?><Error><Code>%b</Code><Message>see ?sig=%b</Message></Error>'


def storage_error(status: int, code: str, headers: dict[str, str] | None = None) -> Behaviour:
    """An error as a storage account sends it."""
    body = XML % (code.encode(), SIGNATURE.encode())
    return answers(status, body, {"Content-Type": "application/xml", "x-ms-error-code": code, **(headers or {})})


def container(server: MisbehavingServer) -> str:
    """The URI of a container on the misbehaving server."""
    return f"{server.url}/acct/job-{JOB_ID}"
