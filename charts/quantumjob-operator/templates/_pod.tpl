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
