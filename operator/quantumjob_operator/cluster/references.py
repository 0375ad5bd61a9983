"""What a job or a workspace refers to: programs and credentials, read from ConfigMaps and Secrets.

Secrets are read by name, and only those that were made for it: by type or by label. A Secret that is missing and one
that was made for something else read the same, so that nobody learns which Secrets exist. Must not live here: what is
done with the content.
"""

import base64
import binascii
from typing import Any, Final

from quantumjob_operator.cluster.api import Api, NotFound, ObjectTooLong
from quantumjob_operator.cluster.api_errors import LONGEST_REFERENCE
from quantumjob_operator.cluster.paths import CORE, path_of
from quantumjob_operator.model.naming import CREDENTIALS_SECRET, PROGRAM_SECRET
from quantumjob_operator.model.parsing import MalformedObject
from quantumjob_operator.model.quantumjob import KeyRef, QuantumJob

MAX_PROGRAM_BYTES: Final = 1024 * 1024
"""What a ConfigMap or Secret can hold at the most."""
_SHORTER: Final = (
    f"keep what it is for in an object of at most {LONGEST_REFERENCE // 1024 // 1024} MiB of JSON, with fewer than a "
    "thousand keys, labels and annotations"
)
PRICES_KEY: Final = "prices.yaml"
PRICES_UNREADABLE: Final = "PriceListUnreadable"


class BrokenReferenceError(Exception):
    """Something that is referred to can't be had.

    Attributes:
        reason: CamelCase, for a condition.
        message: Names the field and the remedy.
        final: Only another job can name something better.
    """

    def __init__(self, reason: str, message: str, *, final: bool = False) -> None:
        self.reason = reason
        self.message = message
        self.final = final
        super().__init__(f"{reason}: {message}")


class References:
    """Reads ConfigMaps and Secrets by name."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def program(self, job: QuantumJob) -> bytes:
        """The bytes of a job's program.

        Raises:
            BrokenReferenceError: `ProgramNotFound`, or `Rejected` if what is fixed in the job can't be used.
            ClusterError: The API server could not be asked.
        """
        program = job.spec.program
        try:
            inline = program.inline()
        except MalformedObject as error:
            raise BrokenReferenceError("Rejected", str(error), final=True) from None
        if inline is not None:
            return inline
        if program.config_map_key_ref:
            ref = program.config_map_key_ref
            return await self._from_config_map(job.namespace, ref, "spec.program.configMapKeyRef")
        if program.secret_key_ref:
            field = "spec.program.secretKeyRef"
            ref = program.secret_key_ref
            return await self._from_secret(job.namespace, ref, PROGRAM_SECRET, "ProgramNotFound", field)
        raise BrokenReferenceError("Rejected", "spec.program has no source; give one in a new job", final=True)

    async def prices(self, namespace: str, name: str) -> str:
        """The text of a price list.

        Raises:
            BrokenReferenceError: `PriceListUnreadable`.
            ClusterError: The API server could not be asked.
        """
        try:
            raw = await self._from_config_map(namespace, KeyRef(name, PRICES_KEY), "spec.pricesRef")
            return raw.decode()
        except BrokenReferenceError as error:
            raise BrokenReferenceError(PRICES_UNREADABLE, error.message) from None
        except UnicodeDecodeError:
            message = f"spec.pricesRef: key {PRICES_KEY} of ConfigMap {name} is no text"
            raise BrokenReferenceError(PRICES_UNREADABLE, message) from None

    async def credential(self, namespace: str, ref: KeyRef, field: str) -> str:
        """A credential's text.

        Raises:
            BrokenReferenceError: `CredentialsNotFound`.
            ClusterError: The API server could not be asked.
        """
        raw = await self._from_secret(namespace, ref, CREDENTIALS_SECRET, "CredentialsNotFound", field)
        try:
            return raw.decode("ascii").strip()
        except UnicodeDecodeError:
            message = (
                f"{field}: key {ref.key} of Secret {ref.name} is no ASCII text; write the credential into it again"
            )
            raise BrokenReferenceError("CredentialsNotFound", message) from None

    async def _from_config_map(self, namespace: str, ref: KeyRef, field: str) -> bytes:
        try:
            found = await self._api.read_short(path_of(CORE, "configmaps", namespace, ref.name))
        except NotFound:
            raise BrokenReferenceError(
                "ProgramNotFound", f"{field}: ConfigMap {ref.name} does not exist; create it"
            ) from None
        except ObjectTooLong:
            message = f"{field}: ConfigMap {ref.name} is too long to be read; {_SHORTER}"
            raise BrokenReferenceError("ProgramNotFound", message) from None
        text = (found.get("data") or {}).get(ref.key)
        if text is not None:
            return str(text).encode()
        binary = (found.get("binaryData") or {}).get(ref.key)
        if binary is None:
            message = f"{field}: ConfigMap {ref.name} has no key {ref.key}; add it, or name another in a new job"
            raise BrokenReferenceError("ProgramNotFound", message)
        return base64.b64decode(binary)

    async def _from_secret(self, namespace: str, ref: KeyRef, purpose: str, reason: str, field: str) -> bytes:
        try:
            found = await self._api.read_short(path_of(CORE, "secrets", namespace, ref.name))
        except (NotFound, ObjectTooLong):
            found = {}
        encoded = (found.get("data") or {}).get(ref.key) if _made_for(found, purpose) else None
        if encoded is None:
            raise BrokenReferenceError(
                reason,
                f"{field}: there is no Secret {ref.name} of type {purpose} (or labelled {purpose}=true) with a key "
                f"{ref.key}; create it, and {_SHORTER}",
            )
        try:
            return base64.b64decode(encoded)
        except binascii.Error:
            raise BrokenReferenceError(reason, f"{field}: key {ref.key} of Secret {ref.name} is not base64") from None


def _made_for(secret: dict[str, Any], purpose: str) -> bool:
    labels = (secret.get("metadata") or {}).get("labels") or {}
    return secret.get("type") == purpose or labels.get(purpose) == "true"
