"""Probes that fail on one Pod and pass on another of the same workload."""

from cloudwright.core.finding import Severity
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.world import container, deployment, event, node, pod, view

PROBE = {"httpGet": {"path": "/ready", "port": 8181}}
REFUSED = "Readiness probe failed: Get http://10.0.0.9:8181/ready: dial tcp 10.0.0.9:8181: connect: connection refused"


def cluster(others_ready: bool, count: int = 1) -> ClusterView:
    """A workload whose probe asks a port that it does not declare; one of its Pods has just begun."""
    web = deployment("web", container(readinessProbe=PROBE), replicas=2, ready=int(others_ready))
    old, new = pod(web, ready=others_ready), pod(web, suffix="new", ready=False, age=20)
    refused = event(new, "Unhealthy", REFUSED, count=count)
    return view(web, old, new, node(), refused)


def kinds(found: ClusterView) -> set[str]:
    return {cause.kind for cause in investigate(found).causes if cause.severity is not Severity.INFO}


def test_a_probe_that_passes_on_another_pod_asks_the_right_port() -> None:
    assert "readiness-probe-wrong-port" not in kinds(cluster(others_ready=True))
    assert "readiness-probe-wrong-port" not in kinds(cluster(others_ready=True, count=9))


def test_a_probe_that_passes_nowhere_asks_the_wrong_port() -> None:
    assert "readiness-probe-wrong-port" in kinds(cluster(others_ready=False, count=9))
