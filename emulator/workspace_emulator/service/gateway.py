"""What every request of the workspace passes: count, credentials, path, API version, faults, error answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from workspace_emulator.contract.answers import error_answer, unauthorized_answer
from workspace_emulator.contract.errors import Code, ServiceError, bad_request, not_found
from workspace_emulator.contract.operations import Operation
from workspace_emulator.faults.model import Stage
from workspace_emulator.service.parts import Parts

API_VERSION: Final = "2026-01-15-preview"
# The only version of the operations that came later.
_LATER: Final = {Operation.GET_QUEUE_POSITION: "2026-08-01-preview"}
_CLIENT_GONE: Final = 499  # nobody sees it; it shows in the counts

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class WorkspacePath:
    """The three names that make up the path of the workspace."""

    subscription_id: str
    resource_group: str
    workspace: str

    def is_asked_by(self, request: Request) -> bool:
        """Return whether a request is for this workspace; Azure compares these names without case."""
        asked = (request.path_params[name] for name in ("subscription", "group", "workspace"))
        own = (self.subscription_id, self.resource_group, self.workspace)
        return all(theirs.lower() == ours.lower() for theirs, ours in zip(asked, own, strict=True))


class Gateway:
    """Lets requests through to the handlers of operations.

    Args:
        path: Where the workspace is.
        parts: Who is let in, what goes wrong, and what is counted.
    """

    def __init__(self, path: WorkspacePath, parts: Parts) -> None:
        self._path = path
        self._credentials = parts.credentials
        self._faults = parts.faults
        self._behaviour = parts.behaviour
        self._traffic = parts.traffic

    def endpoint(self, operation: Operation, handler: Handler) -> Handler:
        """Return the endpoint of an operation, given what the operation itself does."""

        async def serve(request: Request) -> Response:
            with self._traffic.request(operation) as exchanged:
                answer = await self._answer(operation, handler, request)
                exchanged.status = str(answer.status_code)
                return answer

        return serve

    async def _answer(self, operation: Operation, handler: Handler, request: Request) -> Response:
        if not self._credentials.admit(request.headers):
            return unauthorized_answer()
        try:
            self._check(operation, request)
            disturbed = await self._faults.disturb(Stage.BEFORE, operation, request, self._behaviour.now)
            if disturbed is not None:
                return disturbed
            answer = await handler(request)
        except ServiceError as error:
            answer = error_answer(error)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_GONE)
        return await self._faults.disturb(Stage.AFTER, operation, request, self._behaviour.now, answer) or answer

    def _check(self, operation: Operation, request: Request) -> None:
        if not self._path.is_asked_by(request):
            raise not_found(Code.WORKSPACE_NOT_FOUND, "there is no such workspace here")
        wanted = _LATER.get(operation, API_VERSION)
        if request.query_params.get("api-version") != wanted:
            message = f"the only api-version here is {wanted}"
            raise bad_request(Code.UNSUPPORTED_API_VERSION, message, "api-version")


async def answer_http_error(_request: Request, error: Exception) -> Response:
    """Return the service's error object for a path or method that does not exist."""
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.NOT_FOUND))
    code = Code.METHOD_NOT_ALLOWED if status is HTTPStatus.METHOD_NOT_ALLOWED else Code.NOT_FOUND
    return error_answer(ServiceError(status, code, f"{status.phrase}: there is no such operation"))


async def answer_own_fault(_request: Request, _error: Exception) -> Response:
    """Return a 500 in the service's shape; the log has the reason."""
    return error_answer(ServiceError(HTTPStatus.INTERNAL_SERVER_ERROR, Code.INTERNAL_ERROR, "the workspace failed"))
