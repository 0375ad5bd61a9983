"""What a client defines in a body, parsed and checked; the state that the service adds is in `jobs`."""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from workspace_emulator.contract.errors import Code, bad_request

Priority = Literal["Standard", "High"]
_Model = TypeVar("_Model", bound=BaseModel)


def _texts(value: Any) -> Any:
    """Turn metadata values into strings, as the service does, instead of refusing them."""
    if not isinstance(value, dict):
        return value
    return {key: text if isinstance(text, str) else json.dumps(text) for key, text in value.items()}


def _lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Metadata = Annotated[dict[str, str], BeforeValidator(_texts)]
ProviderId = Annotated[str, BeforeValidator(_lower_case), Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class JobDefinition(_Body):
    """The body of a job's PUT; absent and null are the same."""

    name: Text
    container_uri: Text
    input_data_uri: str | None = None
    input_data_format: Text
    output_data_format: Text
    provider_id: ProviderId
    target: Text
    input_params: dict[str, Any] | None = None
    metadata: Metadata | None = None
    priority: Priority | None = None
    tags: list[str] | None = None
    session_id: str | None = None
    item_type: Literal["Job"] = "Job"

    @property
    def shots(self) -> int:
        """Number of shots that the parameters ask for; 0 if they do not say."""
        shots = (self.input_params or {}).get("shots")
        return shots if isinstance(shots, int) and not isinstance(shots, bool) and shots > 0 else 0


class JobUpdate(_Body):
    """The body of a job's PATCH: nothing else can be changed."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    priority: Priority | None = None
    tags: list[str] | None = None


class SessionDefinition(_Body):
    """The body of a session's PUT."""

    name: Text
    provider_id: ProviderId
    target: Text
    job_failure_policy: Literal["Abort", "Continue"] | None = None
    priority: Priority | None = None
    tags: list[str] | None = None
    item_type: Literal["Session"] = "Session"


class SasRequest(_Body):
    """The body of a request for a shared access signature."""

    container_name: Annotated[str, Field(pattern=r"^[a-z0-9](?:-?[a-z0-9]){2,62}$")]
    blob_name: str | None = None


def parse(model: type[_Model], body: bytes, code: Code) -> _Model:
    """Return a body as a model.

    Raises:
        ServiceError: 400 with the code, naming the first wrong field; the value itself is never quoted.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise bad_request(code, f"{field or 'body'}: {first['msg']}", field or None) from None
