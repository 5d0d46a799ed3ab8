"""Alerting rules as common monitoring stacks have them, evaluated when somebody asks."""

from dataclasses import dataclass

from cloudwright.twin.telemetry.promql import Engine, QueryError, Sample

STEP = 30.0
HORIZON = 3600.0


@dataclass(frozen=True)
class Rule:
    """One alerting rule: an expression that holds for some seconds."""

    group: str
    name: str
    expression: str
    hold: float
    severity: str
    summary: str


RULES: tuple[Rule, ...] = (
    Rule("kubernetes-apps", "KubePodCrashLooping", 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1', 300, "warning", "Pod is crash looping."),
    Rule("kubernetes-apps", "KubePodNotReady", 'sum by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) > 0', 300, "warning", "Pod has been in a non-ready state for more than 5 minutes."),
    Rule("kubernetes-apps", "KubeContainerWaiting", 'sum by (namespace, pod, container, reason) (kube_pod_container_status_waiting_reason{reason!="CrashLoopBackOff"}) > 0', 600, "warning", "Pod container waiting longer than 10 minutes."),
    Rule("kubernetes-apps", "KubeDeploymentReplicasMismatch", "kube_deployment_spec_replicas > kube_deployment_status_replicas_available", 300, "warning", "Deployment has not matched the expected number of replicas."),
    Rule("kubernetes-apps", "KubeStatefulSetReplicasMismatch", "kube_statefulset_status_replicas_ready != kube_statefulset_replicas", 300, "warning", "StatefulSet has not matched the expected number of replicas."),
    Rule("kubernetes-apps", "KubeJobFailed", "kube_job_status_failed > 0", 300, "warning", "Job failed to complete."),
    Rule("kubernetes-apps", "KubeHpaMaxedOut", "kube_horizontalpodautoscaler_status_current_replicas == kube_horizontalpodautoscaler_spec_max_replicas", 900, "warning", "HPA is running at max replicas."),
    Rule("kubernetes-resources", "CPUThrottlingHigh", "rate(container_cpu_cfs_throttled_periods_total[5m]) / rate(container_cpu_cfs_periods_total[5m]) > 0.25", 300, "info", "Processes experience elevated CPU throttling."),
    Rule("kubernetes-resources", "KubeQuotaExceeded", 'kube_resourcequota{type="used"} / ignoring(type) kube_resourcequota{type="hard"} >= 1', 300, "warning", "Namespace quota is fully used."),
    Rule("kubernetes-resources", "ContainerMemoryNearLimit", "container_memory_working_set_bytes / on(namespace, pod, container) container_spec_memory_limit_bytes > 0.9", 300, "warning", "Container is close to its memory limit."),
    Rule("kubernetes-storage", "KubePersistentVolumeFillingUp", "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.1", 60, "critical", "PersistentVolume is filling up."),
    Rule("kubernetes-system", "KubeNodeNotReady", 'kube_node_status_condition{condition="Ready",status="true"} == 0', 60, "warning", "Node is not ready."),
    Rule("services", "ServiceErrorRateHigh", 'sum by (namespace, service) (rate(http_requests_total{code=~"5.."}[2m])) / sum by (namespace, service) (rate(http_requests_total[2m])) > 0.05', 120, "critical", "More than 5 % of requests fail."),
    Rule("services", "ServiceLatencyHigh", "histogram_quantile(0.99, sum by (namespace, service, le) (rate(http_request_duration_seconds_bucket[2m]))) > 1", 120, "warning", "The slowest percent of requests takes more than a second."),
    Rule("services", "DependencyFailing", 'sum by (namespace, service, peer) (rate(http_client_requests_total{outcome!="ok"}[2m])) / sum by (namespace, service, peer) (rate(http_client_requests_total[2m])) > 0.05', 120, "warning", "Calls to a dependency fail."),
)  # fmt: skip


@dataclass(frozen=True)
class Alert:
    """An alert of a rule: its labels, its value, and since when its expression holds."""

    rule: Rule
    labels: dict[str, str]
    value: float
    since: float
    firing: bool


def alerts(engine: Engine, moment: float) -> list[Alert]:
    """All pending and firing alerts at a moment."""
    found = []
    for rule in RULES:
        for sample in _samples(engine, rule.expression, moment):
            labels = {key: value for key, value in sample.labels.items() if key != "__name__"}
            since = _since(engine, rule, labels, moment)
            found.append(Alert(rule, labels, sample.value, since, moment - since >= rule.hold))
    return found


def _samples(engine: Engine, expression: str, moment: float) -> list[Sample]:
    try:
        value = engine.instant(expression, moment)
    except QueryError:
        return []
    return [each for each in value if isinstance(each, Sample)] if isinstance(value, list) else []


def _since(engine: Engine, rule: Rule, labels: dict[str, str], moment: float) -> float:
    """When the expression began to hold without a break (at most an hour back)."""
    since = moment
    while moment - since < min(HORIZON, rule.hold + 600):
        earlier = since - STEP
        rows = _samples(engine, rule.expression, earlier)
        if not any({k: v for k, v in row.labels.items() if k != "__name__"} == labels for row in rows):
            break
        since = earlier
    return since
