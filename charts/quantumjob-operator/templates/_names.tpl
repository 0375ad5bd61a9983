{{/* Names and labels that several objects share. */}}

{{- define "quantumjob-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for the suffixes of objects that are named after it. */}}
{{- define "quantumjob-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := include "quantumjob-operator.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "quantumjob-operator.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "quantumjob-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "quantumjob-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of an object, from a list of the root context and the object's own labels. */}}
{{- define "quantumjob-operator.labels" -}}
{{- $root := first . }}
{{- $given := dict
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/managed-by" $root.Release.Service
  "app.kubernetes.io/part-of" "quantumjobs.dev" }}
{{- $selected := include "quantumjob-operator.selectorLabels" $root | fromYaml }}
{{- mergeOverwrite $given $root.Values.commonLabels (last .) $selected | toYaml }}
{{- end }}

{{/* Labels of the pod: without the versions, so that a new chart alone restarts nothing. */}}
{{- define "quantumjob-operator.podLabels" -}}
{{- $selected := include "quantumjob-operator.selectorLabels" . | fromYaml }}
{{- mergeOverwrite (dict) .Values.commonLabels .Values.podLabels $selected | toYaml }}
{{- end }}

{{/* Labels of the test's pod: another name, else the Service and the Deployment would take it for the operator. */}}
{{- define "quantumjob-operator.testLabels" -}}
app.kubernetes.io/name: {{ include "quantumjob-operator.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of the Job that runs before an uninstall, and of its pod. */}}
{{- define "quantumjob-operator.drainLabels" -}}
app.kubernetes.io/name: {{ include "quantumjob-operator.name" . | trunc 57 | trimSuffix "-" }}-drain
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "quantumjob-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "quantumjob-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "quantumjob-operator.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}
