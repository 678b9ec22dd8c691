{{- define "smtp-prober.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/*
At most 52 characters: a StatefulSet's name and a hash of ten are a label's
value, which has 63.
*/}}
{{- define "smtp-prober.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "smtp-prober.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "smtp-prober.headless" -}}
{{- printf "%s-headless" (include "smtp-prober.fullname" .) -}}
{{- end -}}

{{/*
The Service, as Prometheus reaches it. In mode probe it is the `instance` of all
series: the rules join a target with its prober's network by that.
*/}}
{{- define "smtp-prober.service" -}}
{{- printf "%s.%s.svc:%v" (include "smtp-prober.fullname" .) (include "smtp-prober.namespace" .) .Values.service.port -}}
{{- end -}}

{{- define "smtp-prober.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "smtp-prober.selectorLabels" -}}
app.kubernetes.io/name: {{ include "smtp-prober.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "smtp-prober.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "smtp-prober.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- if .Values.releaseLabel }}
release: {{ .Release.Name | quote }}
{{- end }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "smtp-prober.metadata" -}}
name: {{ include "smtp-prober.fullname" . | quote }}
namespace: {{ include "smtp-prober.namespace" . | quote }}
labels:
  {{- include "smtp-prober.labels" . | nindent 2 }}
{{- end -}}

{{- define "smtp-prober.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "smtp-prober.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/*
The name of an image: a list of the root and of its values.
*/}}
{{- define "smtp-prober.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $root.Values.global.imageRegistry | default $image.registry -}}{{ . }}/{{- end -}}
{{- $image.repository -}}
:{{ $image.tag | default $root.Chart.AppVersion }}
{{- with $image.digest -}}@{{ . }}{{- end -}}
{{- end -}}

{{/*
In mode probe: the targets of all Probe objects and monitors.
*/}}
{{- define "smtp-prober.probeTargets" -}}
{{- $targets := list -}}
{{- if eq .Values.mode "probe" -}}
{{- range .Values.probes -}}
{{- $targets = concat $targets .targets -}}
{{- end -}}
{{- if .Values.serviceMonitor.enabled -}}
{{- range .Values.serviceMonitor.targets -}}
{{- $targets = append $targets .url -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $targets -}}
{{- end -}}

{{/*
The ports that those name. An IPv6 address without brackets has none.
*/}}
{{- define "smtp-prober.probePorts" -}}
{{- $ports := list -}}
{{- range include "smtp-prober.probeTargets" . | fromYamlArray -}}
{{- if regexMatch "^(\\[.*\\]|[^:]+):[0-9]+$" . -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | float64) -}}
{{- end -}}
{{- end -}}
{{- toYaml (uniq $ports) -}}
{{- end -}}

{{/*
smtp.yml. In mode probe those targets are permitted, with their ports: to list
them a second time would be forgotten.
*/}}
{{- define "smtp-prober.config" -}}
{{- $config := deepCopy (default dict .Values.config) -}}
{{- with include "smtp-prober.probeTargets" . | fromYamlArray -}}
{{- $onDemand := default dict $config.on_demand -}}
{{- $allow := default list $onDemand.allow -}}
{{- range . -}}
{{- $host := regexReplaceAll "^(\\[.*\\]|[^:]+):[0-9]+$" . "${1}" -}}
{{- $allow = append $allow ($host | trimPrefix "[" | trimSuffix "]") -}}
{{- end -}}
{{- $ports := default (list 25.0 465.0 587.0) $onDemand.ports -}}
{{- $ports = concat $ports (include "smtp-prober.probePorts" $ | fromYamlArray) -}}
{{- $onDemand = merge (dict "allow" (uniq $allow) "ports" (uniq $ports)) $onDemand -}}
{{- $_ := set $config "on_demand" $onDemand -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/*
How often something is scraped: a list of the root, what it is, and the
interval. The rules see an outage only in results that come often enough.
*/}}
{{- define "smtp-prober.interval" -}}
{{- $root := index . 0 -}}
{{- $milliseconds := 0 -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 -}}
{{- range regexFindAll "[0-9]+[a-z]+" (index . 2) -1 -}}
{{- $one := mul (regexFind "^[0-9]+" . | float64 | int64) (get $units (regexFind "[a-z]+$" .)) -}}
{{- $milliseconds = add $milliseconds $one -}}
{{- end -}}
{{- if and $root.Values.prometheusRule.enabled (gt (int64 $milliseconds) 120000) -}}
{{- fail (printf "%s: interval %s is too long for the alerts of prometheusRule, which need a scrape every 2m at least; shorten it or set prometheusRule.enabled=false" (index . 1) (index . 2)) -}}
{{- end -}}
{{- index . 2 -}}
{{- end -}}

{{/*
A list of containers, or text that is a template of one.
*/}}
{{- define "smtp-prober.containers" -}}
{{- $root := index . 0 -}}
{{- $containers := index . 1 -}}
{{- if kindIs "string" $containers -}}
{{- tpl $containers $root -}}
{{- else -}}
{{- toYaml $containers -}}
{{- end -}}
{{- end -}}

{{/*
What the operator needs to read from the listener.
*/}}
{{- define "smtp-prober.access" -}}
scheme: {{ .Values.serviceMonitor.scheme }}
{{- with .Values.serviceMonitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.serviceMonitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
