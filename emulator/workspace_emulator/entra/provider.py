"""The local identity provider's routes, as azure-identity and msal need them: tokens for applications, and discovery.

It speaks the client-credentials flow of OAuth 2.0 (RFC 6749, 4.4) with a secret or a federated assertion (RFC 7523,
2.2), and refuses with Entra's codes. Served over https only (`server`).
"""

import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workspace_emulator.entra.clients import Application, EntraRules
from workspace_emulator.entra.federation import AssertionRefusedError, require_federated
from workspace_emulator.entra.tokens import RESOURCE, EntraTokens

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GRANTED: Final = "granted"
_METADATA: Final = {
    "response_types_supported": ["code", "id_token", "token"],
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "subject_types_supported": ["pairwise"],
    "scopes_supported": ["openid"],
}


class _RefusedError(Exception):
    """No token: the words of RFC 6749 (5.2) and Entra's code."""

    def __init__(self, error: str, code: int, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        self.error = error
        self.code = code
        self.description = description
        self.status = status
        super().__init__(description)


@dataclass(slots=True)
class Entra:
    """The identity provider.

    Attributes:
        tokens: What it issues.
        rules: Who may have them.
        counts: Answers of the token endpoint since the start: `granted`, or the code of the refusal.
    """

    tokens: EntraTokens
    rules: EntraRules
    counts: Counter[str] = field(default_factory=Counter)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/common/discovery/instance", self._instance),
        ]
        return Starlette(routes=routes)

    async def _token(self, request: Request) -> Response:
        if self.rules.outage:
            self.counts[str(self.rules.outage)] += 1
            headers = self.rules.outage_headers
            return Response("<html>out of order</html>", self.rules.outage, headers, media_type="text/html")
        try:
            answer = await self._grant(request)
        except _RefusedError as error:
            self.counts[f"AADSTS{error.code}"] += 1
            return _refusal(error)
        self.counts[_GRANTED] += 1
        return answer

    async def _grant(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("ascii", "replace")))
        tenant = request.path_params["tenant"]
        _require_flow(form)
        application = self._application(tenant, form.get("client_id", ""))
        await self._authenticate(application, form)
        seconds = self.rules.token_seconds
        token = self.tokens.issue(application, f"{_authority(request)}/{tenant}/v2.0", seconds)
        grant = {"token_type": "Bearer", "expires_in": int(seconds), "ext_expires_in": int(seconds)}
        return JSONResponse({**grant, "access_token": token}, headers={"Cache-Control": "no-store"})

    def _application(self, tenant: str, client_id: str) -> Application:
        if not self.rules.tenant_exists(tenant):
            raise _RefusedError("invalid_request", 90002, f"Tenant '{tenant}' not found.")
        found = self.rules.application(tenant, client_id)
        if found is None:
            description = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
            raise _RefusedError("unauthorized_client", 700016, description)
        return found

    async def _authenticate(self, application: Application, form: Mapping[str, str]) -> None:
        if "client_assertion" in form and form.get("client_assertion_type") == _ASSERTION_TYPE:
            try:
                await require_federated(form["client_assertion"], application, self.rules)
            except AssertionRefusedError as error:
                raise _RefusedError("invalid_client", error.refusal, error.detail, HTTPStatus.UNAUTHORIZED) from None
            return
        if "client_secret" not in form:
            description = (
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            )
            raise _RefusedError("invalid_client", 7000218, description, HTTPStatus.UNAUTHORIZED)
        offered = form["client_secret"].encode()
        if not any(hmac.compare_digest(offered, one.get_secret_value().encode()) for one in application.secrets):
            description = f"Invalid client secret provided for app '{application.client_id}'."
            raise _RefusedError("invalid_client", 7000215, description, HTTPStatus.UNAUTHORIZED)

    async def _configuration(self, request: Request) -> Response:
        tenant, authority = request.path_params["tenant"], _authority(request)
        place = f"{authority}/{tenant}"
        addresses = {
            "issuer": f"{place}/v2.0",
            "token_endpoint": f"{place}/oauth2/v2.0/token",
            "authorization_endpoint": f"{place}/oauth2/v2.0/authorize",
            "jwks_uri": f"{place}/discovery/v2.0/keys",
        }
        return JSONResponse({**addresses, **_METADATA})

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(self.tokens.public_keys())

    async def _instance(self, request: Request) -> Response:
        host = request.url.netloc
        known = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        place = f"{_authority(request)}/common/v2.0/.well-known/openid-configuration"
        return JSONResponse({"api-version": "1.1", "tenant_discovery_endpoint": place, "metadata": [known]})


def _require_flow(form: Mapping[str, str]) -> None:
    if form.get("grant_type") != "client_credentials":
        raise _RefusedError("unsupported_grant_type", 70003, "Only client_credentials is supported here.")
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        raise _RefusedError("invalid_scope", 1002012, "The scope must be a resource identifier with /.default.")
    if scope.removesuffix("/.default") != RESOURCE:
        raise _RefusedError("invalid_resource", 500011, f"The resource principal named {scope} was not found.")


def _authority(request: Request) -> str:
    return f"https://{request.url.netloc}"


def _refusal(error: _RefusedError) -> Response:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid4()), str(uuid4())
    body = {
        "error": error.error,
        "error_description": (
            f"AADSTS{error.code}: {error.description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        ),
        "error_codes": [int(error.code)],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return JSONResponse(body, error.status, headers={"Cache-Control": "no-store"})
