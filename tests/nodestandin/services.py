"""The names of Services in a Pod's /etc/hosts: instead of cluster DNS and the rules of kube-proxy.

Must not live here: ports; a Service's port has to be the container's.
"""

from pathlib import Path
from typing import Final

from nodestandin.api import Api, Manifest

_OURS: Final = "127.0.0.1 localhost\n"


def write_hosts(api: Api, pod: Manifest, address: str, file: Path) -> None:
    """Write /etc/hosts for a Pod: itself, its `hostAliases`, and each Service that has a ready Pod now."""
    lines = [_OURS, f"{address} {pod['metadata']['name']}\n"]
    lines += [f"{one['ip']} {' '.join(one['hostnames'])}\n" for one in pod["spec"].get("hostAliases", ())]
    pods = [one for one in api.get("/api/v1/pods")["items"] if _is_ready(one)]
    for service in api.get("/api/v1/services")["items"]:
        chosen = next((one for one in pods if _is_selected(service, one)), None)
        if chosen is not None:
            name = f"{service['metadata']['name']}.{service['metadata']['namespace']}"
            lines.append(f"{chosen['status']['podIP']} {name} {name}.svc {name}.svc.cluster.local\n")
    file.write_text("".join(lines))


def _is_ready(pod: Manifest) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _is_selected(service: Manifest, pod: Manifest) -> bool:
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels", {})
    same_namespace = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(selector) and same_namespace and all(labels.get(key) == value for key, value in selector.items())
