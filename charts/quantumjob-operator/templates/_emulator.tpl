{{/* The local workspace: its names, labels and addresses. */}}

{{- define "quantumjob-operator.emulatorName" -}}
{{- include "quantumjob-operator.fullname" . }}-emulator
{{- end }}

{{/* Another name than the operator's, whose Service and policies must not take it in. */}}
{{- define "quantumjob-operator.emulatorSelectorLabels" -}}
app.kubernetes.io/name: {{ include "quantumjob-operator.name" . | trunc 54 | trimSuffix "-" }}-emulator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "quantumjob-operator.emulatorLabels" -}}
{{- $labels := include "quantumjob-operator.labels" (list . dict) | fromYaml }}
{{- mergeOverwrite $labels (include "quantumjob-operator.emulatorSelectorLabels" . | fromYaml) | toYaml }}
{{- end }}

{{- define "quantumjob-operator.emulatorHost" -}}
{{- printf "%s.%s.svc" (include "quantumjob-operator.emulatorName" .) (include "quantumjob-operator.namespace" .) }}
{{- end }}

{{/* Origin of the workspace. */}}
{{- define "quantumjob-operator.emulatorEndpoint" -}}
http://{{ include "quantumjob-operator.emulatorHost" . }}:8790
{{- end }}

{{/* Origin of its storage account. */}}
{{- define "quantumjob-operator.emulatorStorage" -}}
http://{{ include "quantumjob-operator.emulatorHost" . }}:10000
{{- end }}

{{- define "quantumjob-operator.emulatorSecret" -}}
{{- default (include "quantumjob-operator.emulatorName" .) .Values.emulator.secretName }}
{{- end }}

{{- define "quantumjob-operator.emulatorImage" -}}
{{- with .Values.emulator.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}
