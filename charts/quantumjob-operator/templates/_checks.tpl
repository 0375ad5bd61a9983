{{/* Checks that the values schema can't express, or not with a helpful message. */}}
{{- define "quantumjob-operator.checks" -}}
{{- if and .Values.watchNamespaces (not .Values.settings.clusterName) }}
{{- fail "\nsettings.clusterName is missing: with watchNamespaces the operator may not read the cluster's name (the uid of kube-system), and the metadata of jobs have it. Choose a name that no other cluster has; a release that had none before keeps that uid, or lists it in settings.adoptableClusters." }}
{{- end }}
{{- if and .Values.caBundle.configMapName .Values.caBundle.secretName }}
{{- fail "\ncaBundle: configMapName and secretName are both set; keep one of them." }}
{{- end }}
{{- if and .Values.emulator.enabled (not .Values.emulator.image.repository) }}
{{- fail "\nemulator.image.repository is missing: no image is published. Build it with emulator/Dockerfile, push it, and set the repository." }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) }}
{{- fail "\nmetrics.serviceMonitor.enabled needs metrics.service.enabled: Prometheus finds the pod through the Service." }}
{{- end }}
{{- end }}
