"""The first peer: a kopf operator for the same CRD, written as most are, with a timer for each object.

`on.create` submits, the timer asks the service and patches what is new, `on.delete` cancels. It is for benchmarks only:
it would pay for a program that was changed, and cancel without looking whether that worked. Chosen in its favour: it
posts no Events, patches only news, and its ids can be repeated. Must not live here: anything of the operator that it is
compared with, but for the HTTP client, which both have.
"""

import argparse
import asyncio
import json
import logging
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
import kopf
import yaml

from quantumjob_operator.azure.http.aiohttp_transport import AiohttpTransport

RESOURCE: Final = ("quantumjobs.dev", "v1alpha1", "quantumjobs")
_API_VERSION: Final = {"api-version": "2026-01-15-preview"}
_OUTPUT_FORMAT: Final = "ionq.quantum-results.v1"
_FINAL: Final = frozenset({"Succeeded", "Failed", "Cancelled"})
_RETRY_SECONDS: Final = 5.0
# However many handlers wait for a connection, none gives up: a burst would lose a minute in kopf's back-off.
_TIMEOUT: Final = httpx.Timeout(30, pool=None)


def _http_client(trusted: ssl.SSLContext | None = None, **options: Any) -> httpx.AsyncClient:
    engine = AiohttpTransport(aiohttp.TCPConnector(ssl=trusted or True), {})
    return httpx.AsyncClient(transport=engine, timeout=_TIMEOUT, **options)


class Service:
    """The few calls of a workspace that it needs."""

    def __init__(self, workspace_url: str, api_key: str) -> None:
        headers = {"x-ms-quantum-api-key": api_key}
        self._client = _http_client(base_url=workspace_url, params=_API_VERSION, headers=headers)
        self._storage = _http_client()

    async def submit(self, job_id: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Upload a program and create its job."""
        asked = await self._client.post("/storage/sasUri", json={"containerName": f"job-{job_id}"})
        container = str(asked.raise_for_status().json()["sasUri"])
        plain, _, signature = container.partition("?")
        uploaded = await self._storage.put(
            f"{plain}/inputData?{signature}",
            content=spec["program"]["source"].encode(),
            headers={"x-ms-blob-type": "BlockBlob", "Content-Type": "application/json"},
        )
        uploaded.raise_for_status()
        body = {
            "itemType": "Job",
            "name": name,
            "containerUri": container,
            "inputDataUri": f"{plain}/inputData",
            "inputDataFormat": spec["program"]["format"],
            "outputDataFormat": _OUTPUT_FORMAT,
            "providerId": spec["provider"],
            "target": spec["target"],
            "inputParams": spec.get("parameters", {}),
            "metadata": {"quantumjobs_uid": job_id},
        }
        return _read(await self._client.put(f"/jobs/{job_id}", json=body))

    async def get(self, job_id: str) -> dict[str, Any]:
        """Ask for a job."""
        return _read(await self._client.get(f"/jobs/{job_id}"))

    async def output(self, job: Mapping[str, Any]) -> str:
        """Read a job's result."""
        return (await self._storage.get(job["outputDataUri"])).raise_for_status().text

    async def cancel(self, job_id: str) -> None:
        """Ask for a job's cancellation."""
        (await self._client.post(f"/jobs/{job_id}:cancel")).raise_for_status()


class ConfigMaps:
    """Writes outputs; kopf itself only patches."""

    def __init__(self, kubeconfig: Path) -> None:
        described = yaml.safe_load(kubeconfig.read_text())
        cluster, user = described["clusters"][0]["cluster"], described["users"][0]["user"]
        trusted = ssl.create_default_context(cafile=cluster["certificate-authority"])
        headers = {"Authorization": f"Bearer {user['token']}"}
        self._client = _http_client(trusted, base_url=cluster["server"], headers=headers)

    async def write(self, owner: kopf.Body, text: str) -> str:
        """Write the output of an object, once; returns the ConfigMap's name."""
        name = f"{owner['metadata']['name']}-output"
        body: dict[str, Any] = {"metadata": {"name": name}, "data": {"output": text}}
        kopf.append_owner_reference(body, owner=owner, block_owner_deletion=False)
        answer = await self._client.post(f"/api/v1/namespaces/{owner['metadata']['namespace']}/configmaps", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()
        return name


class KopfTimer:
    """The handlers."""

    def __init__(self, service: Service, configmaps: ConfigMaps, *, interval: float, ready_file: Path) -> None:
        self._service = service
        self._configmaps = configmaps
        self._interval = interval
        self._ready_file = ready_file

    def registry(self) -> kopf.OperatorRegistry:
        """Return the registry of its handlers."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_login)
        kopf.on.startup(registry=registry)(self.started)
        kopf.on.create(*RESOURCE, registry=registry, backoff=_RETRY_SECONDS)(self.create)
        kopf.on.delete(*RESOURCE, registry=registry, backoff=_RETRY_SECONDS)(self.delete)
        kopf.timer(*RESOURCE, registry=registry, interval=self._interval, backoff=_RETRY_SECONDS, when=_is_under_way)(
            self.look
        )
        return registry

    async def started(self, **_: Any) -> None:
        """Tell that it runs."""
        self._ready_file.write_text(json.dumps({"pid": os.getpid()}))

    async def create(self, uid: str, name: str, spec: kopf.Spec, patch: kopf.Patch, **_: Any) -> None:
        """Submit."""
        job = await self._service.submit(uid, name, spec)
        patch.status.update({"state": "Waiting", "jobId": uid, "submissionTime": job["creationTime"]})

    async def look(self, body: kopf.Body, status: kopf.Status, patch: kopf.Patch, **_: Any) -> None:
        """Ask the service, and patch what is new."""
        job = await self._service.get(status["jobId"])
        if job["status"] == status.get("state"):
            return
        if job["status"] == "Succeeded":
            patch.status["outputConfigMap"] = await self._configmaps.write(body, await self._service.output(job))
        patch.status["state"] = job["status"]

    async def delete(self, status: kopf.Status, **_: Any) -> None:
        """Cancel what is under way."""
        if _is_under_way(status):
            await self._service.cancel(status["jobId"])


def _is_under_way(status: Mapping[str, Any], **_: Any) -> bool:
    return "jobId" in status and status.get("state") not in _FINAL


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_kubeconfig(**kwargs)


def _read(answer: httpx.Response) -> dict[str, Any]:
    job: dict[str, Any] = answer.raise_for_status().json()
    return job


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    # The CRD's schema has no place for kopf's own notes in status.
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix="kopf-timer.quantumjobs.dev")
    return settings


def main() -> None:
    """Run until it is ended."""
    parser = argparse.ArgumentParser(prog="kopf_timer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workspace-url", required=True, help="data plane's address with the workspace's path")
    parser.add_argument("--interval-seconds", type=float, default=5.0, help="between two reconciliations of an object")
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It logs addresses, which carry signatures; the operator leaves it out as well.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    peer = KopfTimer(
        Service(arguments.workspace_url, os.environ["QUANTUM_API_KEY"]),
        ConfigMaps(Path(os.environ["KUBECONFIG"])),
        interval=arguments.interval_seconds,
        ready_file=arguments.ready_file,
    )
    await kopf.operator(registry=peer.registry(), settings=_settings(), standalone=True, clusterwide=True)


if __name__ == "__main__":
    main()
