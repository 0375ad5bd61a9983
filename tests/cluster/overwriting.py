"""Writing over what a job wrote, as whoever may write to the storage account can."""

import httpx

from cluster.jobnamespace import JobNamespace


def overwrite_output(place: JobNamespace, name: str, body: bytes, **headers: str) -> None:
    """Put something else where a job's result lies, with the signature that the service hands out.

    Args:
        place: Where the job is.
        name: The job.
        body: The new content.
        headers: Further headers of the blob, with underscores for their dashes.
    """
    wanted = {"x-ms-blob-type": "BlockBlob", **{key.replace("_", "-"): value for key, value in headers.items()}}
    emulator = place.stack.emulator
    with httpx.Client(trust_env=False, timeout=60) as client:
        url = f"{emulator.url}{emulator.resource_id}/jobs/{place.status(name)['jobId']}"
        key = {"x-ms-quantum-api-key": emulator.api_key}
        found = client.get(url, params={"api-version": "2026-01-15-preview"}, headers=key).raise_for_status().json()
        container, _, signature = found["containerUri"].partition("?")
        blob = found["outputDataUri"].partition("?")[0].rsplit("/", 1)[1]
        written = client.put(f"{container}/{blob}?{signature}", content=body, headers=wanted)
        written.raise_for_status()
