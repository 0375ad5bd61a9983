"""What a provider grants a workspace. Must not live here: what follows from it (`lifecycle`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of the workspace; utilization and holds both take from the limit."""

    dimension: str
    scope: str
    provider: str
    period: str
    utilization: float | None
    holds: float | None
    limit: float | None
