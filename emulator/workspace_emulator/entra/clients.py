"""Who is registered with the local identity provider, and whose assertions are trusted. No request is read here."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, SecretStr, StringConstraints

Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", to_lower=True)]


class Federation(BaseModel):
    """A federated identity credential of an application: which assertions stand for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(description="issuer of the assertions, such as a cluster's")
    subject: str = Field(description="system:serviceaccount:<namespace>:<name> for a ServiceAccount")
    audience: str = Field(default="api://AzureADTokenExchange", description="audience of the assertions")


class Application(BaseModel):
    """An application that may ask for tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant_id: Guid
    client_id: Guid
    secrets: tuple[SecretStr, ...] = Field(default=(), description="each of them is accepted")
    federations: tuple[Federation, ...] = ()


class EntraRules(BaseModel):
    """What the identity provider goes by; changed at run time by the admin route."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    applications: tuple[Application, ...] = Field(default=(), description="the registered applications")
    issuers: dict[str, str | dict[str, Any]] = Field(
        default_factory=dict,
        description="keys (JWKS) by issuer of assertions: the document, its file, or its https URL",
    )
    token_seconds: PositiveFloat = Field(default=3600.0, description="for how long a token is valid")
    outage: NonNegativeInt = Field(default=0, description="answer token requests with this HTTP status, unless it is 0")
    outage_headers: dict[str, str] = Field(default_factory=dict, description="headers of such an answer")

    def tenant_exists(self, tenant: str) -> bool:
        """Return whether any application is registered in a tenant."""
        return any(one.tenant_id == tenant.lower() for one in self.applications)

    def application(self, tenant: str, client_id: str) -> Application | None:
        """Return the application of a tenant."""
        wanted = (tenant.lower(), client_id.lower())
        return next((one for one in self.applications if (one.tenant_id, one.client_id) == wanted), None)
