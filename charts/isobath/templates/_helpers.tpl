{{- define "isobath.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "isobath.partOf" -}}
app.kubernetes.io/part-of: isobath
{{- end }}

{{/* The labels that select pods: `include "isobath.selector" "controller"`. */}}
{{- define "isobath.selector" -}}
app.kubernetes.io/name: isobath
app.kubernetes.io/component: {{ . }}
{{- end }}

{{/* All labels of pods. */}}
{{- define "isobath.labels" -}}
{{ include "isobath.selector" . }}
{{ include "isobath.partOf" . }}
{{- end }}

{{- define "isobath.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "isobath.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "isobath.namespaceVariable" -}}
- name: ISOBATH_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end }}

{{/* What the controller reads in namespaces. The Gateway API is the whole cluster's: its classes, and the labels of
namespaces. */}}
{{- define "isobath.readRules" -}}
- apiGroups: [""]
  {{- if .Values.watchNamespaces }}
  resources: [secrets, services]
  {{- else }}
  resources: [configmaps, namespaces, secrets, services]
  {{- end }}
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: [projectcontour.io]
  {{- if .Values.watchNamespaces }}
  resources: [extensionservices, httpproxies, tlscertificatedelegations]
  {{- else }}
  resources: [contourdeployments, extensionservices, httpproxies, tlscertificatedelegations]
  {{- end }}
  verbs: [list, watch]
- apiGroups: [contour.heptio.com]
  resources: [ingressroutes, tlscertificatedelegations]
  verbs: [list, watch]
{{- if not .Values.watchNamespaces }}
- apiGroups: [gateway.networking.k8s.io]
  resources:
  - backendtlspolicies
  - gatewayclasses
  - gateways
  - grpcroutes
  - httproutes
  - listenersets
  - tcproutes
  - tlsroutes
  - udproutes
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xbackendtrafficpolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [referencegrants]
  verbs: [list, watch]
{{- end }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [projectcontour.io]
  resources:
  - extensionservices/status
  - httpproxies/status
  - tlscertificatedelegations/status
  verbs: [patch]
- apiGroups: [contour.heptio.com]
  resources: [ingressroutes/status, tlscertificatedelegations/status]
  verbs: [patch]
{{- if not .Values.watchNamespaces }}
- apiGroups: [gateway.networking.k8s.io]
  resources:
  - backendtlspolicies/status
  - gatewayclasses/status
  - gateways/status
  - grpcroutes/status
  - httproutes/status
  - listenersets/status
  - tcproutes/status
  - tlsroutes/status
  - udproutes/status
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xbackendtrafficpolicies/status]
  verbs: [patch]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- if not .Values.watchNamespaces }}
# Which release they say that they are of.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get]
  resourceNames:
  - backendtlspolicies.gateway.networking.k8s.io
  - gatewayclasses.gateway.networking.k8s.io
  - gateways.gateway.networking.k8s.io
  - grpcroutes.gateway.networking.k8s.io
  - httproutes.gateway.networking.k8s.io
  - listenersets.gateway.networking.k8s.io
  - referencegrants.gateway.networking.k8s.io
  - tcproutes.gateway.networking.k8s.io
  - tlsroutes.gateway.networking.k8s.io
  - udproutes.gateway.networking.k8s.io
  - xbackendtrafficpolicies.gateway.networking.x-k8s.io
{{- end }}
{{- end }}
