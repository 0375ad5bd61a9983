{{- define "quantumjob-workspace.labels" -}}
{{- $given := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" .Chart.Name
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "quantumjobs.dev" }}
{{- mergeOverwrite $given .Values.commonLabels | toYaml }}
{{- end }}
