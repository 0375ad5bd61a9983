"""The routes of the workspace, each a few lines between HTTP and the rules; no rule is decided here."""

from collections.abc import Mapping
from http import HTTPStatus
from sqlite3 import Row
from typing import Any, Final

from azure.core.exceptions import AzureError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workspace_emulator.behaviour import CancelAnswer, WorkspaceKind
from workspace_emulator.contract.answers import empty_answer, json_answer
from workspace_emulator.contract.catalogue import PROVIDERS
from workspace_emulator.contract.definitions import JobDefinition, JobUpdate, SasRequest, SessionDefinition, parse
from workspace_emulator.contract.errors import Code, ServiceError, bad_request, not_found
from workspace_emulator.contract.operations import Operation
from workspace_emulator.jobs.filters import JOB_FIELDS, JOB_FIELDS_WITHOUT_CANCELLING, SESSION_FIELDS, Condition
from workspace_emulator.jobs.job import Job
from workspace_emulator.jobs.job_store import in_session, job_from_row
from workspace_emulator.jobs.session_store import session_from_row
from workspace_emulator.service.admin import Admin
from workspace_emulator.service.gateway import Gateway, Handler, WorkspacePath, answer_http_error, answer_own_fault
from workspace_emulator.service.paging import page_json, read_query
from workspace_emulator.service.parts import Parts
from workspace_emulator.service.wire import (
    Signing,
    job_json,
    provider_status_json,
    quota_usages_json,
    quotas_json,
    session_json,
    update_json,
)
from workspace_emulator.storage.account import BlobName

_ROOT: Final = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Quantum/workspaces/{workspace}"
_MERGE_PATCH: Final = "application/merge-patch+json"


class _JobRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: Request) -> Response:
        definition = parse(JobDefinition, await request.body(), Code.INVALID_JOB_DEFINITION)
        job = self._parts.workspace.create(request.path_params["job_id"], definition)
        return self._shown(job, Signing.NONE)

    async def get(self, request: Request) -> Response:
        job = self._parts.workspace.get(request.path_params["job_id"])
        self._parts.traffic.show([job.id])
        return self._shown(job, Signing.FRESH)

    async def update(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip() != _MERGE_PATCH:
            message = f"the content type must be {_MERGE_PATCH}"
            raise ServiceError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Code.INVALID_REQUEST, message)
        update = parse(JobUpdate, await request.body(), Code.INVALID_REQUEST)
        return json_answer(update_json(self._parts.workspace.update(request.path_params["job_id"], update)))

    async def queue_position(self, request: Request) -> Response:
        return json_answer({"queuePosition": self._parts.workspace.queue_position(request.path_params["job_id"])})

    async def cancel(self, request: Request) -> Response:
        job = self._parts.workspace.cancel(request.path_params["job_id"])
        if self._parts.behaviour.now.cancel_answer is CancelAnswer.EMPTY:
            return empty_answer()
        return self._shown(job, Signing.NONE)

    async def delete(self, request: Request) -> Response:
        self._parts.workspace.delete(request.path_params["job_id"])
        return empty_answer()

    def _shown(self, job: Job, signing: Signing) -> Response:
        parts = self._parts
        return json_answer(job_json(job, parts.storage, signing, parts.behaviour.now, parts.clock.now()))

    async def list(self, request: Request) -> Response:
        return self._list(request, session=None)

    async def list_of_session(self, request: Request) -> Response:
        return self._list(request, session=self._parts.sessions.get(request.path_params["session_id"]).id)

    def _list(self, request: Request, *, session: str | None) -> Response:
        parts, behaviour = self._parts, self._parts.behaviour.now
        fields = JOB_FIELDS if behaviour.cancelling_words else JOB_FIELDS_WITHOUT_CANCELLING
        query = read_query(request, fields, behaviour.page_size, behaviour.refused_filter_words)
        condition: Condition = query.condition if session is None else in_session(session, query.condition)
        page = parts.jobs.page(condition, query.order, skip=query.skip, size=query.size, now=parts.clock.now())
        parts.traffic.show(row["id"] for row in page.rows)

        def present(row: Row) -> dict[str, Any]:
            return job_json(job_from_row(row), parts.storage, Signing.STALE, behaviour, parts.clock.now())

        return json_answer(page_json(request, page, query.size, present))


class _SessionRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def open(self, request: Request) -> Response:
        definition = parse(SessionDefinition, await request.body(), Code.INVALID_SESSION_DEFINITION)
        return json_answer(session_json(self._parts.sessions.open(request.path_params["session_id"], definition)))

    async def get(self, request: Request) -> Response:
        return json_answer(session_json(self._parts.sessions.get(request.path_params["session_id"])))

    async def close(self, request: Request) -> Response:
        return json_answer(session_json(self._parts.sessions.close(request.path_params["session_id"])))

    async def list(self, request: Request) -> Response:
        self._parts.sessions.expire()
        query = read_query(request, SESSION_FIELDS, self._parts.behaviour.now.page_size)
        page = self._parts.session_store.page(query.condition, query.order, skip=query.skip, size=query.size)
        return json_answer(page_json(request, page, query.size, lambda row: session_json(session_from_row(row))))


class _WorkspaceRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def sas_uri(self, request: Request) -> Response:
        wanted = parse(SasRequest, await request.body(), Code.INVALID_REQUEST)
        try:
            await self._parts.storage.create_container(wanted.container_name)
        except AzureError as error:
            message = f"the storage account fails: {type(error).__name__}"
            raise ServiceError(HTTPStatus.INTERNAL_SERVER_ERROR, Code.INTERNAL_ERROR, message) from None
        name = BlobName(wanted.container_name, wanted.blob_name or "")
        return json_answer({"sasUri": self._parts.storage.signed(name)})

    async def provider_status(self, _request: Request) -> Response:
        return json_answer({"value": provider_status_json(self._parts.behaviour.now), "nextLink": None})

    async def quotas(self, _request: Request) -> Response:
        return json_answer({"value": quotas_json(self._parts.ledger, self._parts.behaviour.now), "nextLink": None})

    async def quota_usages(self, request: Request) -> Response:
        if self._parts.behaviour.now.workspace_kind is not WorkspaceKind.V2:
            raise not_found(Code.NOT_FOUND, "workspaces of kind V1 tell no quota usages")
        provider = request.query_params.get("providerId", "").lower()
        if provider not in PROVIDERS:
            raise bad_request(Code.INVALID_REQUEST, "providerId names no provider of the workspace", "providerId")
        return json_answer({"value": quota_usages_json(self._parts.ledger, provider), "nextLink": None})


def make_app(parts: Parts, path: WorkspacePath, *, admin: bool) -> Starlette:
    """Return the ASGI application of one workspace.

    Args:
        parts: What the routes speak to.
        path: Where the workspace is.
        admin: Whether the admin routes are served.
    """
    gateway = Gateway(path, parts)
    routes = [
        Route(f"{_ROOT}{path}", gateway.endpoint(operation, handler), methods=[method])
        for operation, (method, path, handler) in _operations(parts).items()
    ]
    routes.append(Route("/healthz", _healthz))
    app = Starlette(routes=[*routes, *(Admin(parts).routes() if admin else [])])
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(Exception, answer_own_fault)
    return app


def _operations(parts: Parts) -> Mapping[Operation, tuple[str, str, Handler]]:
    jobs, sessions, workspace = _JobRoutes(parts), _SessionRoutes(parts), _WorkspaceRoutes(parts)
    return {
        Operation.CANCEL_JOB: ("POST", "/jobs/{job_id}:cancel", jobs.cancel),
        Operation.GET_QUEUE_POSITION: ("GET", "/jobs/{job_id}/queuePosition", jobs.queue_position),
        Operation.CREATE_JOB: ("PUT", "/jobs/{job_id}", jobs.create),
        Operation.GET_JOB: ("GET", "/jobs/{job_id}", jobs.get),
        Operation.UPDATE_JOB: ("PATCH", "/jobs/{job_id}", jobs.update),
        Operation.DELETE_JOB: ("DELETE", "/jobs/{job_id}", jobs.delete),
        Operation.LIST_JOBS: ("GET", "/jobs", jobs.list),
        Operation.CLOSE_SESSION: ("POST", "/sessions/{session_id}:close", sessions.close),
        Operation.OPEN_SESSION: ("PUT", "/sessions/{session_id}", sessions.open),
        Operation.GET_SESSION: ("GET", "/sessions/{session_id}", sessions.get),
        Operation.LIST_SESSIONS: ("GET", "/sessions", sessions.list),
        Operation.LIST_SESSION_JOBS: ("GET", "/sessions/{session_id}/jobs", jobs.list_of_session),
        Operation.GET_SAS_URI: ("POST", "/storage/sasUri", workspace.sas_uri),
        Operation.GET_PROVIDER_STATUS: ("GET", "/providerStatus", workspace.provider_status),
        Operation.GET_QUOTAS: ("GET", "/quotas", workspace.quotas),
        Operation.GET_QUOTA_USAGES: ("GET", "/quotaUsages", workspace.quota_usages),
    }


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
