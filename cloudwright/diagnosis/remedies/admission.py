"""What lets refused Pods in: Pods that keep the rules, or wider rules."""

import re
from collections.abc import Iterator
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import patch_at, patch_template
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import template_containers
from cloudwright.diagnosis.view import TEMPLATE_PATHS, ClusterView

_BOUND = re.compile(r"(maximum|minimum) (\S+) usage per (Container|Pod) is (\w+), but (?:limit|request) is (\w+)", re.I)


def meet_standard(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Security settings that the restricted Pod Security Standard asks for, on the refused workloads.

    Source: "Pod Security Standards" in the Kubernetes documentation. Offered only where nothing but the absence of these
    settings is complained about: host namespaces, host paths and privileges are what a program needs, or a mistake.
    """
    complaint = " ".join(item.quote for item in cause.evidence) + cause.claim
    if re.search(r"host|privileged|seLinux|sysctl|procMount|volume", complaint, re.I) or "restricted" not in complaint:
        return
    for workload in (view.lookup(ref) for ref in (cause.object, *cause.affected)):
        if workload is None or workload.get("kind") not in TEMPLATE_PATHS or workload["kind"] == "Pod":
            continue
        own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        spec: dict[str, Any] = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
        for group, init in (("containers", False), ("initContainers", True)):
            names = [item.name for item in template_containers(workload) if item.init is init]
            if names:
                spec[group] = [{"name": name, "securityContext": own} for name in names]
        risk = "Images that run as root will not start; the present Pods stay until the new ones are ready."
        remedy = patch_template(workload, f"Make {f.name(workload)} meet the restricted standard", spec, risk=risk)
        if remedy is not None:
            yield remedy
        return


def widen_limits(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Bounds of the LimitRange that admit every container of the namespace as it is written."""
    match = _BOUND.search(cause.claim) or next((m for item in cause.evidence if (m := _BOUND.search(item.quote))), None)
    if match is None:
        return
    which, resource, scope, bound, asked = match[1].lower()[:3], match[2], match[3], match[4], match[5]
    for rule in view.within("LimitRange", cause.object.namespace):
        limits = [dict(item) for item in f.maps(rule, "spec", "limits")]
        hits = [item for item in limits if item.get("type") == scope and _is(item, which, resource, bound)]
        if not hits:
            continue
        value = _needed(view, rule, which, resource, asked)
        for item in hits:
            item[which] = {**f.mapping(item, which), resource: value}
        word = "maximum" if which == "max" else "minimum"
        yield patch_at(
            rule, f"Set the {word} of {resource} in LimitRange {f.name(rule)} to {value}", ("spec", "limits"), limits,
            risk="Every container of the namespace may ask for as much.",
        )  # fmt: skip


def _is(item: Object, which: str, resource: str, bound: str) -> bool:
    return f.quantity(f.get(item, which, resource)) == f.quantity(bound)


def _needed(view: ClusterView, rule: Object, which: str, resource: str, asked: str) -> str:
    """The widest value that a container of the namespace's workloads states."""
    group = "limits" if which == "max" else "requests"
    stated = [asked] + [
        str(value)
        for workload in view.workloads_in(f.namespace(rule))
        for item in template_containers(workload)
        if (value := f.get(item.spec, "resources", group, resource)) is not None
    ]
    choose = max if which == "max" else min
    return choose(stated, key=lambda value: f.quantity(value) or 0.0)
