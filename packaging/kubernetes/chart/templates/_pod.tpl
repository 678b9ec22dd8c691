{{/*
The pod, which is the same in both modes but for the shard. It has no label with
the chart's version: a new chart alone is no reason to replace it.
*/}}
{{- define "smtp-prober.podTemplate" -}}
metadata:
  labels:
    {{- include "smtp-prober.selectorLabels" . | nindent 4 }}
    {{- with .Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .Values.pod.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $checksum := not (or .Values.configReloader.enabled .Values.configExistingSecretName) }}
  {{- if or $checksum .Values.podAnnotations }}
  annotations:
    {{- if $checksum }}
    checksum/config: {{ include "smtp-prober.config" . | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
spec:
  serviceAccountName: {{ include "smtp-prober.serviceAccountName" . | quote }}
  automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . | quote }}
    {{- end }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.dnsPolicy }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- include "smtp-prober.containers" (list $ .) | nindent 4 }}
  {{- end }}
  containers:
    - name: smtp-prober
      image: {{ include "smtp-prober.image" (list . .Values.image) | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - --config.file={{ .Values.configPath }}
        - --web.listen-address=:{{ .Values.containerPort }}
        {{- if eq .Values.mode "scheduled" }}
        - --shard.index=$(POD_INDEX)
        - --shard.count={{ max 1 (int .Values.replicas) }}
        {{- end }}
        {{- with .Values.extraArgs }}
        {{- tpl (toYaml .) $ | nindent 8 }}
        {{- end }}
      {{- if or (eq .Values.mode "scheduled") .Values.extraEnv }}
      env:
        {{- if eq .Values.mode "scheduled" }}
        - name: POD_INDEX
          valueFrom:
            fieldRef:
              fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.containerPort }}
          {{- with .Values.hostPort }}
          hostPort: {{ . }}
          {{- end }}
      {{- with .Values.livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.readinessProbe }}
      readinessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: config
          mountPath: {{ dir .Values.configPath }}
          readOnly: true
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.configReloader }}
    {{- if .enabled }}
    - name: config-reloader
      image: {{ include "smtp-prober.image" (list $ .image) | quote }}
      imagePullPolicy: {{ .image.pullPolicy }}
      args:
        # The folder: what the configuration names lies beside it.
        - --watched-dir={{ dir $.Values.configPath }}
        - --watch-interval={{ .config.watchInterval }}
        - {{ printf "--reload-url=%s" (.reloadUrl | default (printf "http://127.0.0.1:%v/-/reload" $.Values.containerPort)) | quote }}
        - --listen-address=:{{ .containerPort }}
        - --log-format={{ .config.logFormat }}
        - --log-level={{ .config.logLevel }}
      ports:
        - name: reloader-web
          containerPort: {{ .containerPort }}
      {{- with .livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .readinessProbe }}
      readinessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: config
          mountPath: {{ dir $.Values.configPath }}
          readOnly: true
    {{- end }}
    {{- end }}
    {{- with .Values.extraContainers }}
    {{- include "smtp-prober.containers" (list $ .) | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      {{- if .Values.configExistingSecretName }}
      secret:
        secretName: {{ .Values.configExistingSecretName | quote }}
      {{- else if .Values.secretConfig }}
      secret:
        secretName: {{ include "smtp-prober.fullname" . | quote }}
      {{- else }}
      configMap:
        name: {{ include "smtp-prober.fullname" . | quote }}
      {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
