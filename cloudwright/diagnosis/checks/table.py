"""The one table of checks, and how they are run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cloudwright.core.finding import Finding
from cloudwright.diagnosis.checks import (
    actors,
    addressing,
    admission,
    autoscaling,
    certificates,
    config,
    custom,
    databases,
    dns,
    edits,
    flapping,
    images,
    ingress,
    jobs,
    kubelet,
    mutations,
    network,
    nodes,
    performance,
    ports,
    probes,
    programs,
    quota,
    rbac,
    reach,
    routing,
    scheduling,
    security,
    services,
    starting,
    storage,
    volumes,
    webhooks,
    workloads,
)
from cloudwright.diagnosis.view import ClusterView

Check = Callable[[ClusterView], Iterable[Finding]]

CHECKS: Sequence[Check] = (
    images.image_pull,
    images.pull_secrets,
    images.wrong_architecture,
    images.tag_drift,
    config.missing_references,
    config.missing_keys,
    config.duplicate_env,
    config.stale_configuration,
    config.unused_and_odd,
    config.token_mount,
    edits.under_running_programs,
    config.complained_settings,
    config.incomplete_tls_secrets,
    probes.probes,
    flapping.readiness,
    starting.starts,
    starting.crashes,
    workloads.evictions,
    workloads.scaled_to_zero,
    workloads.rollouts,
    workloads.unavailable,
    workloads.stuck_deletions,
    starting.init_containers,
    starting.port_conflicts,
    workloads.stateful_sets,
    workloads.stalled_controllers,
    kubelet.sandboxes,
    kubelet.refusals,
    kubelet.pinned,
    kubelet.idle_daemons,
    mutations.rewritten,
    admission.refused_pods,
    quota.exhausted,
    webhooks.configurations,
    webhooks.api_services,
    scheduling.unschedulable,
    storage.claims,
    volumes.mounts,
    volumes.shared_claims,
    volumes.volumes_and_classes,
    volumes.full_volumes,
    services.selectors,
    ports.target_ports,
    services.endpoints,
    addressing.missing_services,
    addressing.mistyped_domains,
    services.policies,
    services.odd_types,
    services.without_selector,
    databases.databases,
    reach.unreachable,
    reach.configured_ports,
    programs.programs,
    dns.pod_settings,
    dns.cluster_dns,
    dns.host_aliases,
    ingress.ingresses,
    ingress.duplicated_paths,
    ingress.gateways,
    ingress.routes,
    routing.misrouted,
    network.policies,
    nodes.services,
    nodes.conditions,
    nodes.cordons,
    nodes.versions,
    nodes.clocks,
    nodes.problems,
    nodes.connection_tracking,
    nodes.storage_of_the_control_plane,
    nodes.leaders,
    nodes.data_plane,
    nodes.system_pods,
    performance.nodes,
    performance.latency,
    performance.saturation,
    performance.errors,
    performance.usage,
    performance.replicas_on_one_node,
    autoscaling.autoscalers,
    autoscaling.metrics_api,
    actors.recurring,
    actors.overruled,
    autoscaling.disruption_budgets,
    jobs.failed_jobs,
    jobs.cron_jobs,
    jobs.endless_sidecars,
    certificates.secrets,
    certificates.issued,
    rbac.forbidden,
    rbac.bindings,
    rbac.roles,
    rbac.cloud_identities,
    security.posture,
    custom.conditions,
    custom.lifecycle,
    custom.policy_reports,
)


@dataclass(frozen=True)
class Outcome:
    """Findings of all checks, and a sentence for every check that failed."""

    findings: tuple[Finding, ...]
    gaps: tuple[str, ...]

    def and_then(self, other: "Outcome") -> "Outcome":
        """Both together."""
        return Outcome(self.findings + other.findings, self.gaps + other.gaps)


def run(view: ClusterView, checks: Sequence[Check] = CHECKS) -> Outcome:
    """Run checks; one that fails is reported as a gap and does not stop the rest."""
    findings: list[Finding] = []
    gaps: list[str] = []
    for check in checks:
        try:
            findings.extend(check(view))
        except Exception as error:  # noqa: BLE001 - hostile objects must not stop the other checks
            name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
            gaps.append(f"The check {name} failed and saw nothing: {type(error).__name__}: {str(error)[:160]}")
    return Outcome(tuple(findings), tuple(gaps))
