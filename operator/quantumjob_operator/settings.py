"""All settings of the operator, by flag or environment variable (`QUANTUMJOB_OPERATOR_…`), in one place.

The one reader of the environment. Must not live here: settings of single workspaces (they are QuantumWorkspaces).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0)]


class IdentityGrant(BaseModel):
    """A pair for which the operator's own identity may be used."""

    namespace: str
    workspace: str = Field(description="resource id of the Azure Quantum workspace")


class Settings(BaseSettings):
    """The operator's settings."""

    model_config = SettingsConfigDict(
        env_prefix="QUANTUMJOB_OPERATOR_",
        cli_parse_args=False,
        cli_kebab_case=True,
        cli_prog_name="quantumjob-operator",
        cli_implicit_flags=True,
        cli_hide_none_type=True,
    )

    watch_namespaces: list[str] = Field(default=[], description="namespaces to serve; all of them if empty")
    allowed_endpoints: list[str] = Field(
        default=[],
        description="origins (scheme://host[:port]) of services and storage accounts beside Azure's own zones",
    )
    operator_identity: list[IdentityGrant] = Field(
        default=[], description="pairs of namespace and workspace id for which credentials.operatorIdentity is allowed"
    )
    default_workspace: str | None = Field(
        default=None, description="namespace/name of the QuantumWorkspace for jobs that name none and have no `default`"
    )
    cluster_name: str = Field(default="", description="told to the service with each job; tells clusters apart")

    adoptable_clusters: list[str] = Field(
        default=[], description="names of clusters whose jobs may be taken over by the same idempotency key"
    )

    put_start_seconds: Seconds = Field(default=5, description="a submission starts at most this long after its claim")
    request_timeout_seconds: Seconds = Field(default=30, description="time-out of a request to the service")
    visibility_delay_seconds: Seconds = Field(
        default=30, description="for how long the service may hide a job that it has accepted"
    )
    cancellation_grace_period_seconds: Seconds = Field(
        default=300, description="how long a deletion waits for a job that can't be cancelled or asked about"
    )
    output_patience_seconds: Seconds = Field(
        default=600, description="for how long an unreadable result is tried again"
    )
    poll_min_seconds: Seconds = Field(default=1, description="between two looks at a young job")
    poll_max_seconds: Seconds = Field(default=30, description="between two looks at an old job")
    resync_seconds: Seconds = Field(default=600, description="between two checks of the watch against a listing")
    workspace_refresh_seconds: Seconds = Field(default=300, description="between two looks at a workspace's targets")
    workers: int = Field(default=32, ge=1, description="objects worked on at the same time")

    host: str = Field(default="0.0.0.0", description="address of /healthz, /readyz and /metrics")  # noqa: S104 - probes
    port: int = Field(default=8080, ge=0, le=65535, description="port of the same; 0 for a free one")
    ready_file: str | None = Field(default=None, description="JSON with the port and pid, written once it listens")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"

    @property
    def fence_seconds(self) -> float:
        """How long a 404 is doubted after a request of unknown outcome, or after taking over a claim."""
        return self.put_start_seconds + self.request_timeout_seconds + self.visibility_delay_seconds

    @model_validator(mode="after")
    def _ordered(self) -> "Settings":
        if self.poll_min_seconds > self.poll_max_seconds:
            raise ValueError("poll_min_seconds is greater than poll_max_seconds")
        return self
