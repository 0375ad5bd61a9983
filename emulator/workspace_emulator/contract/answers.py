"""The shapes of answers: JSON, the error object, and the 401 that has no body."""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from workspace_emulator.contract.errors import ServiceError


def json_answer(body: Any) -> Response:
    """Return a 200 with JSON."""
    return JSONResponse(body)


def empty_answer() -> Response:
    """Return a 204."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


def error_answer(error: ServiceError) -> Response:
    """Return the service's error object."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.target is not None:
        body["target"] = error.target
    return JSONResponse({"error": body}, status_code=error.status)


def unauthorized_answer() -> Response:
    """Return the 401, whose body is empty."""
    return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"www-authenticate": 'Bearer error="invalid_token"'})
