"""The environment of a container, and `$(NAME)` in its command and arguments, by the rules of the Kubernetes API.

Must not live here: files (`volumes`).
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from nodestandin.api import Api, Manifest
from nodestandin.errors import misconfigured


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by a variable's value; `$$(NAME)` means itself, and an unknown name stays as it is."""

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        return "$" if name is None else variables.get(name, found[0])

    return re.sub(r"\$\$|\$\((?P<name>[^()]*)\)", value, text)


def pod_field(pod: Manifest, path: str) -> str:
    """A field of a Pod as the downward API tells it, such as `metadata.labels['app']`.

    Raises:
        Unstartable: There is no such field.
    """
    indexed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if indexed:
        return str(pod["metadata"].get(indexed[1], {}).get(indexed[2], ""))
    found: Any = pod
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, dict):
        return "\n".join(f'{key}="{value}"' for key, value in sorted(found.items()))
    if found is None:
        raise misconfigured(f"the Pod has no {path}")
    return str(found)


def data_of(api: Api, namespace: str, kind: str, reference: Manifest) -> dict[str, bytes] | None:
    """What a ConfigMap or Secret holds; None if it is optional and absent.

    Args:
        api: The API server.
        namespace: The Pod's.
        kind: `configmaps` or `secrets`.
        reference: With `name` or `secretName`, and `optional`.

    Raises:
        Unstartable: It is absent and not optional.
    """
    name = reference.get("name") or reference["secretName"]
    found = api.find(f"/api/v1/namespaces/{namespace}/{kind}/{name}")
    if found is None:
        if reference.get("optional"):
            return None
        raise misconfigured(f"{kind} {name!r} not found")
    if kind == "secrets":
        return {key: base64.b64decode(value) for key, value in found.get("data", {}).items()}
    binary = {key: base64.b64decode(value) for key, value in found.get("binaryData", {}).items()}
    return binary | {key: value.encode() for key, value in found.get("data", {}).items()}


def environment(api: Api, pod: Manifest, container: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a container.

    Args:
        api: The API server.
        pod: The Pod, with its `status.podIP`.
        container: Its spec.
        given: Variables of the image and of the node, which the spec's own replace.

    Raises:
        Unstartable: One of them can't be resolved.
    """
    namespace, variables = pod["metadata"]["namespace"], dict(given)
    for source in container.get("envFrom", ()):
        kind, reference = _reference(source)
        for key, value in (data_of(api, namespace, kind, reference) or {}).items():
            variables[f"{source.get('prefix', '')}{key}"] = value.decode()
    for one in container.get("env", ()):
        value_from = one.get("valueFrom")
        text = expand(one.get("value", ""), variables) if value_from is None else _value(api, pod, value_from)
        if text is not None:
            variables[one["name"]] = text
    return variables


def _reference(source: Manifest) -> tuple[str, Manifest]:
    return ("secrets", source["secretRef"]) if "secretRef" in source else ("configmaps", source["configMapRef"])


def _value(api: Api, pod: Manifest, source: Manifest) -> str | None:
    if "fieldRef" in source:
        return pod_field(pod, source["fieldRef"]["fieldPath"])
    for name, kind in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
        if name in source:
            reference = source[name]
            data = data_of(api, pod["metadata"]["namespace"], kind, reference)
            found = (data or {}).get(reference["key"])
            if found is None and not reference.get("optional"):
                raise misconfigured(f"{kind} {reference['name']!r} has no key {reference['key']!r}")
            return None if found is None else found.decode()
    raise misconfigured(f"the stand-in knows no variable from {', '.join(source)}")
