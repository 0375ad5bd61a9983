"""Values that the tests of several templates use.

Data only.
"""

from typing import Final

from chart.helm import Values

IMAGE: Final = "registry.example.org/quantumjob-operator"
REQUIRED: Final[Values] = {"image": {"repository": IMAGE}}
EMULATED: Final[Values] = {"emulator": {"enabled": True, "image": {"repository": "registry.example.org/emulator"}}}
REPLICATED: Final[Values] = {"replicaCount": 2, "podDisruptionBudget": {"enabled": True}}
NAMESPACED: Final[Values] = {"watchNamespaces": ["research", "teaching"], "settings": {"clusterName": "blue"}}

# Everything optional at once.
EVERYTHING: Final[Values] = {
    "nameOverride": "qj",
    "commonLabels": {"team": "platform"},
    "imagePullSecrets": [{"name": "pull"}],
    "settings": {"logLevel": "DEBUG", "allowedEndpoints": ["https://private.example.org"], "workers": 8},
    "proxy": {"httpsProxy": "http://proxy.example.org:3128", "noProxy": ".example.org"},
    "caBundle": {"configMapName": "authorities"},
    "extraArgs": ["--poll-max-seconds=60"],
    "extraEnv": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    "extraEnvFrom": [{"configMapRef": {"name": "more", "optional": True}}],
    "crds": {"annotations": {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}},
    "policies": {"enabled": True},
    "serviceAccount": {"annotations": {"azure.workload.identity/client-id": "a"}, "labels": {"kind": "operator"}},
    "deploymentAnnotations": {"example.org/owner": "platform"},
    "podAnnotations": {"example.org/checked": "yes"},
    "podLabels": {"azure.workload.identity/use": "true"},
    "extraInitContainers": [{"name": "before", "image": "example.org/before"}],
    "extraContainers": [{"name": "beside", "image": "example.org/beside"}],
    "extraVolumes": [{"name": "scratch", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108 - a path in a container
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}}
            ]
        }
    },
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "system-cluster-critical",
    "runtimeClassName": "gvisor",
    "schedulerName": "other",
    "hostAliases": [{"ip": "10.0.0.10", "hostnames": ["private.example.org"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.0.0.53"]},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {
        "enabled": True,
        "ingressFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
    },
    "metrics": {
        "service": {"annotations": {"prometheus.io/scrape": "true"}, "labels": {"scrape": "yes"}},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True, "annotations": {"grafana_folder": "Quantum"}},
    },
}

WORKSPACE: Final[Values] = {
    "resourceId": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/research-rg"
    "/providers/Microsoft.Quantum/workspaces/research-ws",
    "location": "eastus",
    "credentials": {"apiKey": {"secretKeyRef": {"name": "azure-quantum", "key": "apiKey"}}},
}
