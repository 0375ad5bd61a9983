"""The admin route, by which tests and benchmarks steer the workspace; served only with `--admin`, without credentials.

| call | body | effect or answer |
|---|---|---|
| GET /admin/settings | | everything of `behaviour.Behaviour` |
| PUT /admin/settings | some settings | changes them, leaves the others; answers all; 400 changes nothing |
| DELETE /admin/settings | | back to the settings of the start |
| PUT /admin/credentials | `{"api_key", "bearer_tokens"}` | only these are accepted from now on, until a restart |
| PUT /admin/storage | `{"url"}` | addresses of blobs begin with it: of a proxy before the storage account |
| GET /admin/ledger | | `{"runs": […]}`: a row for each billed run, in order; two for a job that was billed twice |
| POST /admin/faults | a fault, or a list of them (`faults.model.Fault`) | arms them; answers `{"armed": [numbers]}` |
| GET /admin/faults | | `{"faults": […], "struck": {kind: times}}`: those still armed, and what acted since the start |
| DELETE /admin/faults | | disarms all |
| GET /admin/requests | | counts by operation and status, how many at the same time, and the number of jobs told of |
| DELETE /admin/requests | | counts from zero again |
| GET /admin/clock | | `{"now", "offset_seconds"}` |
| POST /admin/clock | `{"advance_seconds"}` | puts the clock of jobs and sessions forward (not that of the SAS) |
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, StringConstraints, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workspace_emulator.clock import rfc3339
from workspace_emulator.contract.answers import empty_answer, error_answer, json_answer
from workspace_emulator.contract.errors import Code, bad_request
from workspace_emulator.faults.model import Fault
from workspace_emulator.service.gateway import Handler
from workspace_emulator.service.parts import Parts


class _Advance(BaseModel):
    model_config = ConfigDict(extra="forbid")
    advance_seconds: NonNegativeFloat


class _NewCredentials(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    api_key: Annotated[str, StringConstraints(min_length=1)]
    bearer_tokens: list[str] = []


class _ShownStorage(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^?#]*[^?#/]$")]


_FAULTS: TypeAdapter[Fault | list[Fault]] = TypeAdapter(Fault | list[Fault])


class Admin:
    """The admin routes.

    Args:
        parts: What is steered and shown.
    """

    def __init__(self, parts: Parts) -> None:
        self._behaviour = parts.behaviour
        self._credentials = parts.credentials
        self._faults = parts.faults
        self._ledger = parts.ledger
        self._traffic = parts.traffic
        self._clock = parts.clock
        self._storage = parts.storage

    def routes(self) -> list[Route]:
        """Return the routes of the table above."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "settings", self._get_settings),
            ("PUT", "settings", self._put_settings),
            ("DELETE", "settings", self._reset_settings),
            ("PUT", "credentials", self._put_credentials),
            ("PUT", "storage", self._put_storage),
            ("GET", "ledger", self._get_ledger),
            ("GET", "faults", self._get_faults),
            ("POST", "faults", self._arm_faults),
            ("DELETE", "faults", self._clear_faults),
            ("GET", "requests", self._get_requests),
            ("DELETE", "requests", self._reset_requests),
            ("GET", "clock", self._get_clock),
            ("POST", "clock", self._advance_clock),
        ]
        return [
            Route(f"/admin/{name}", refusing_wrong_bodies(handler), methods=[method]) for method, name, handler in table
        ]

    async def _get_settings(self, _request: Request) -> Response:
        return json_answer(self._behaviour.now.model_dump(mode="json"))

    async def _put_settings(self, request: Request) -> Response:
        self._behaviour.change(TypeAdapter(dict).validate_json(await request.body()))
        return await self._get_settings(request)

    async def _reset_settings(self, request: Request) -> Response:
        self._behaviour.reset()
        return await self._get_settings(request)

    async def _put_credentials(self, request: Request) -> Response:
        wanted = _NewCredentials.model_validate_json(await request.body())
        self._credentials.change(api_key=wanted.api_key, bearer_tokens=wanted.bearer_tokens)
        return empty_answer()

    async def _put_storage(self, request: Request) -> Response:
        self._storage.shown_url = _ShownStorage.model_validate_json(await request.body()).url
        return empty_answer()

    async def _get_ledger(self, _request: Request) -> Response:
        return json_answer({"runs": self._ledger.rows()})

    async def _get_faults(self, _request: Request) -> Response:
        return json_answer({"faults": self._faults.rows(), "struck": self._faults.struck()})

    async def _arm_faults(self, request: Request) -> Response:
        wanted = _FAULTS.validate_json(await request.body())
        faults = wanted if isinstance(wanted, list) else [wanted]
        return json_answer({"armed": [self._faults.arm(fault) for fault in faults]})

    async def _clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return empty_answer()

    async def _get_requests(self, _request: Request) -> Response:
        return json_answer(self._traffic.rows())

    async def _reset_requests(self, _request: Request) -> Response:
        self._traffic.reset()
        return empty_answer()

    async def _get_clock(self, _request: Request) -> Response:
        return json_answer({"now": rfc3339(self._clock.now()), "offset_seconds": self._clock.offset})

    async def _advance_clock(self, request: Request) -> Response:
        self._clock.advance(_Advance.model_validate_json(await request.body()).advance_seconds)
        return await self._get_clock(request)


def refusing_wrong_bodies(handler: Handler) -> Handler:
    """Answer a wrong body with what is wrong about it, but never with a value: it may be a credential."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            return error_answer(bad_request(Code.INVALID_REQUEST, f"{field or 'body'}: {first['msg']}", field or None))

    return serve
