"""A credential that has something to renew; the identity provider behind it is nobody."""

from dataclasses import dataclass

from quantumjob_operator.model.errors import Applied, CredentialsRefused
from rooms.azure.samples import TOKEN


@dataclass(slots=True)
class RenewableToken:
    """A bearer token that is old until it is renewed."""

    token: str = f"{TOKEN}-old"
    renewals: int = 0

    async def headers(self) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.token}"}

    async def renew(self) -> bool:
        """Take the new token."""
        self.renewals += 1
        self.token = f"{TOKEN}-new"
        return True

    async def close(self) -> None:
        """Nothing is open."""


class NoToken:
    """What the identity provider gives nothing for."""

    async def headers(self) -> dict[str, str]:
        """None.

        Raises:
            CredentialsRefused: Always.
        """
        raise CredentialsRefused("token", detail="the client secret has expired", applied=Applied.NO)

    async def renew(self) -> bool:
        """There is nothing to renew."""
        return False

    async def close(self) -> None:
        """Nothing is open."""
