{{/* Parts of the pod that come from values alone. */}}

{{- define "quantumjob-operator.volumes" -}}
{{- with .Values.caBundle.configMapName }}
- name: ca-bundle
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.caBundle.secretName }}
- name: ca-bundle
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "quantumjob-operator.volumeMounts" -}}
{{- if or .Values.caBundle.configMapName .Values.caBundle.secretName }}
- name: ca-bundle
  mountPath: /etc/quantumjob-operator/ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Fields of the pod that are left out when their value is empty. */}}
{{- define "quantumjob-operator.placement" -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName"
  "runtimeClassName" "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig" }}
{{- with index $.Values $field }}
{{ dict $field . | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* Spec of a pod that runs one of the operator's commands, with its ServiceAccount and settings, from a list of the root
context, a name and the command's arguments. */}}
{{- define "quantumjob-operator.commandPod" -}}
{{- $name := index . 1 }}
{{- $arguments := index . 2 }}
{{- $root := first . }}
{{- with $root }}
restartPolicy: Never
serviceAccountName: {{ include "quantumjob-operator.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
containers:
  - name: {{ $name }}
    image: {{ include "quantumjob-operator.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      {{- concat $arguments .Values.extraArgs | toYaml | nindent 6 }}
    {{- with include "quantumjob-operator.environment" . | trim }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with .Values.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- toYaml .Values.securityContext | nindent 6 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    terminationMessagePolicy: FallbackToLogsOnError
    {{- with include "quantumjob-operator.volumeMounts" . | trim }}
    volumeMounts:
      {{- . | nindent 6 }}
    {{- end }}
{{- with include "quantumjob-operator.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- range $field := list "nodeSelector" "tolerations" }}
{{- with index $root.Values $field }}
{{ dict $field . | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
