{{/* What the operator may do, in the whole cluster or in each watched namespace; equal to config/rbac/operator.yaml. */}}
{{- define "quantumjob-operator.rules" -}}
# Watch and check the watch; claim and release (finalizers, the claim annotation); ttlSecondsAfterFinished.
- apiGroups: [quantumjobs.dev]
  resources: [quantumjobs]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [quantumjobs.dev]
  resources: [quantumworkspaces]
  verbs: [list, watch, patch]
- apiGroups: [quantumjobs.dev]
  resources: [quantumpolicies]
  verbs: [list, watch]
# Reservations are made by compare-and-swap, so budgets are read again after a conflict.
- apiGroups: [quantumjobs.dev]
  resources: [quantumbudgets]
  verbs: [get, list, watch, patch]
- apiGroups: [quantumjobs.dev]
  resources: [quantumjobs/status, quantumworkspaces/status, quantumbudgets/status]
  verbs: [patch]
# Programs in, outputs out: by name, never listed, never changed.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create]
# Only Secrets that are labelled for the operator are used (by type or label). RBAC can't express that, so at least they
# can't be listed.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# Tokens for credentials.workloadIdentity; of this name only.
- apiGroups: [""]
  resources: [serviceaccounts/token]
  resourceNames: [{{ .Values.settings.workloadServiceAccount | default "quantumjob-workload" }}]
  verbs: [create]
# Labels, for allowedNamespaces.selector, and the name of the cluster (kube-system): by name, never listed.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}
