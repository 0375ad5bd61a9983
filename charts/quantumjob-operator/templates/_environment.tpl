{{/* The operator's environment variables. */}}

{{/* A URL's dollar sign would begin a reference to another variable; the kubelet reads two as one. */}}
{{- define "quantumjob-operator.literal" -}}
{{- . | replace "$" "$$" | quote }}
{{- end }}

{{- define "quantumjob-operator.environment" -}}
{{- with .Values.watchNamespaces }}
- name: QUANTUMJOB_OPERATOR_WATCH_NAMESPACES
  value: {{ toJson . | quote }}
{{- end }}
{{- if gt (int .Values.replicaCount) 1 }}
- name: QUANTUMJOB_OPERATOR_LEASE
  value: {{ printf "%s/%s" (include "quantumjob-operator.namespace" .) (include "quantumjob-operator.fullname" .) }}
{{- end }}
{{- if or .Values.caBundle.configMapName .Values.caBundle.secretName }}
- name: QUANTUMJOB_OPERATOR_CA_BUNDLE
  value: {{ printf "/etc/quantumjob-operator/ca/%s" .Values.caBundle.key }}
{{- end }}
{{- $settings := .Values.settings }}
{{- if .Values.emulator.enabled }}
{{- $ours := list (include "quantumjob-operator.emulatorEndpoint" .) (include "quantumjob-operator.emulatorStorage" .) }}
{{- $settings = merge (dict "allowedEndpoints" (concat (.Values.settings.allowedEndpoints | default list) $ours)) .Values.settings }}
{{- end }}
{{- range $name, $value := $settings }}
- name: QUANTUMJOB_OPERATOR_{{ $name | snakecase | upper }}
  value: {{ include "quantumjob-operator.literal" (kindIs "string" $value | ternary $value (toJson $value)) }}
{{- end }}
{{- with .Values.proxy }}
{{- with .httpProxy }}
- name: HTTP_PROXY
  value: {{ include "quantumjob-operator.literal" . }}
{{- end }}
{{- with .httpsProxy }}
- name: HTTPS_PROXY
  value: {{ include "quantumjob-operator.literal" . }}
{{- end }}
{{- if or .httpProxy .httpsProxy }}
# The API server is reached by the address in this variable of the pod.
{{- $direct := list "$(KUBERNETES_SERVICE_HOST)" }}
{{- if $.Values.emulator.enabled }}
{{- $direct = append $direct (include "quantumjob-operator.emulatorHost" $) }}
{{- end }}
- name: NO_PROXY
  value: {{ append $direct .noProxy | compact | join "," | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
