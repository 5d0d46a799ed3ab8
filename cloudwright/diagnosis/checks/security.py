"""Security posture: advice that never counts as a fault."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.pods import container_path, pod_spec, template_containers
from cloudwright.diagnosis.view import ClusterView, spec_path


def posture(view: ClusterView) -> Iterator[Finding]:
    """Privileged containers and shared host resources outside of the system namespaces."""
    for item in view.workloads:
        if f.namespace(item).startswith("kube-"):
            continue
        for one in template_containers(item):
            if f.get(one.spec, "securityContext", "privileged") is True:
                yield finding(
                    view,
                    "container-privileged",
                    item,
                    f"Container {one.name} of {f.name(item)} is privileged",
                    field=container_path(item, one, "securityContext.privileged"),
                )
        spec = pod_spec(item)
        shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key) is True]
        shared += ["hostPath"] if any("hostPath" in volume for volume in f.maps(spec, "volumes")) else []
        if shared:
            yield finding(
                view, "host-access", item, f"{f.name(item)} uses {', '.join(shared)} of its node", field=spec_path(item)
            )
