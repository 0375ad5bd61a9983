"""Definitions of the Prometheus operator's kinds, as far as the chart uses them, for a cluster that lacks them.

A strict subset of the published ones: a field that is not here is refused. Data only.
"""

from typing import Any, Final

from chart.helm import Manifest

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_MAP: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: Final[Schema] = {"type": "string", "pattern": "^(([0-9]+)(ms|s|m|h|d|w|y))+$"}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


_RELABELINGS: Final[Schema] = {
    "type": "array",
    "items": _object(sourceLabels=_TEXTS, targetLabel=_TEXT, replacement=_TEXT, regex=_TEXT, action=_TEXT),
}
_ENDPOINT: Final[Schema] = _object(
    port=_TEXT,
    path=_TEXT,
    interval=_DURATION,
    scrapeTimeout=_DURATION,
    honorLabels={"type": "boolean"},
    relabelings=_RELABELINGS,
    metricRelabelings=_RELABELINGS,
)
_RULE: Final[Schema] = _object(
    alert=_TEXT,
    record=_TEXT,
    expr={"x-kubernetes-int-or-string": True},
    annotations=_MAP,
    labels=_MAP,
    **{"for": _DURATION},
) | {"required": ["expr"]}
_SERVICE_MONITOR: Final[Schema] = _object(
    selector=_object(matchLabels=_MAP),
    namespaceSelector=_object(matchNames=_TEXTS),
    endpoints={"type": "array", "items": _ENDPOINT},
) | {"required": ["endpoints", "selector"]}
_PROMETHEUS_RULE: Final[Schema] = _object(
    groups={
        "type": "array",
        "items": _object(name=_TEXT, rules={"type": "array", "items": _RULE}) | {"required": ["name"]},
    }
)


def _definition(kind: str, spec: Schema) -> Manifest:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "properties": {"spec": spec}, "required": ["spec"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


DEFINITIONS: Final[Manifest] = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [_definition("ServiceMonitor", _SERVICE_MONITOR), _definition("PrometheusRule", _PROMETHEUS_RULE)],
}
