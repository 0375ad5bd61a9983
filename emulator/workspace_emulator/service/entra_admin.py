"""The admin route of the identity provider; served only with `--admin`, without credentials.

| call | body | effect or answer |
|---|---|---|
| GET /admin/entra | | its rules, without the secrets, and the answers counted so far: `granted` and codes |
| PUT /admin/entra | some rules (`entra.clients.EntraRules`) | changes them, leaves the others |
| DELETE /admin/entra/tokens | | revokes all tokens issued since the start; answers `{"revoked": number}` |
"""

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workspace_emulator.contract.answers import json_answer
from workspace_emulator.entra.clients import EntraRules
from workspace_emulator.entra.provider import Entra
from workspace_emulator.service.admin import refusing_wrong_bodies


class EntraAdmin:
    """The admin routes.

    Args:
        entra: What is steered and shown.
    """

    def __init__(self, entra: Entra) -> None:
        self._entra = entra

    def routes(self) -> list[Route]:
        """Return the routes of the table above."""
        table = [
            ("GET", "entra", self._get),
            ("PUT", "entra", self._put),
            ("DELETE", "entra/tokens", self._revoke),
        ]
        return [
            Route(f"/admin/{name}", refusing_wrong_bodies(handler), methods=[method]) for method, name, handler in table
        ]

    async def _get(self, _request: Request) -> Response:
        # pydantic shows secrets as stars.
        return json_answer({**self._entra.rules.model_dump(mode="json"), "answers": dict(self._entra.counts)})

    async def _put(self, request: Request) -> Response:
        wanted = TypeAdapter(dict).validate_json(await request.body())
        self._entra.rules = EntraRules.model_validate({**self._entra.rules.model_dump(), **wanted})
        return await self._get(request)

    async def _revoke(self, _request: Request) -> Response:
        return json_answer({"revoked": self._entra.tokens.revoke()})
