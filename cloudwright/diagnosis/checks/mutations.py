"""Pods that run otherwise than their template says: what admission rewrote, and what a LimitRange filled in."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.images import PULL_REASONS
from cloudwright.diagnosis.checks.make import finding, patch_container
from cloudwright.diagnosis.checks.webhooks import on_pods
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.pods import Container, containers, template_containers
from cloudwright.diagnosis.view import ClusterView, template_of

Path = tuple[str, ...]
_MEMORY: Path = ("resources", "limits", "memory")
_REQUESTS: tuple[Path, ...] = (("resources", "requests", "memory"), ("resources", "requests", "cpu"))


def rewritten(view: ClusterView) -> Iterator[Finding]:
    """Failing Pods whose containers differ from the template that they were made from."""
    for workload in view.workloads:
        if workload.get("kind") in ("Pod", "Job", "CronJob"):
            continue
        pod = next((one for one in failing_pods(view, workload) if _made_from_it(view, one)), None)
        if pod is None:
            continue
        templates = {item.name: item for item in template_containers(view.owner(pod) or workload)}
        for item in containers(pod):
            if item.name in templates:
                yield from _compare(view, workload, pod, item, templates[item.name])


def _made_from_it(view: ClusterView, pod: Object) -> bool:
    """Whether a Pod is known to come from its owner's present template: those of an update that is not through may not."""
    above = view.owner(pod)
    if f.text(above, "kind") == "StatefulSet":
        revision = f.text(pod, "metadata", "labels", "controller-revision-hash")
        return bool(revision) and revision == f.text(above, "status", "updateRevision")
    return f.text(above, "kind") in ("ReplicaSet", "Deployment")


def _to_blame(pod: Object, item: Container) -> tuple[Path, ...]:
    """The fields that could have made a container fail as it does; what else was rewritten did no harm."""
    last = f.text(item.terminated, "reason")
    if last == "OOMKilled":
        return (_MEMORY,)
    if item.waiting in PULL_REASONS:
        return (("image",),)
    if f.condition_is(pod, "PodScheduled", "False"):
        return _REQUESTS
    return (("command",), ("args",), ("image",)) if last else ()


def _compare(view: ClusterView, workload: Object, pod: Object, item: Container, meant: Container) -> Iterator[Finding]:
    for path in _to_blame(pod, item):
        wanted, has = f.get(meant.spec, *path), f.get(item.spec, *path)
        if wanted == has or _same_amount(wanted, has):
            continue
        if wanted is None and path[0] == "resources":
            yield from _default(view, workload, pod, item, path, str(has))
        elif wanted is not None and has is not None and not _resized(pod):
            yield from _rewritten(view, workload, pod, item, path, str(wanted), str(has))
            return


def _same_amount(one: object, other: object) -> bool:
    return f.quantity(one) is not None and f.quantity(one) == f.quantity(other)


def _resized(pod: Object) -> bool:
    """Whether the kubelet or an autoscaler resized the Pod in place, or an autoscaler says that it set the resources."""
    notes = f.labels(pod, "metadata", "annotations")
    return "vpaUpdates" in notes or bool(
        f.condition(pod, "PodResizePending") or f.condition(pod, "PodResizeInProgress")
    )


def _rewritten(
    view: ClusterView, workload: Object, pod: Object, item: Container, path: Path, wanted: str, has: str
) -> Iterator[Finding]:
    hooks = [
        one for one in view.of("MutatingWebhookConfiguration") if any(on_pods(hook) for hook in f.maps(one, "webhooks"))
    ]
    field = ".".join(path)
    suspect = hooks[0] if len(hooks) == 1 else workload
    names = ", ".join(f.name(one) for one in hooks)
    who = f" (by one of the webhooks {names})" if len(hooks) > 1 else f" (by webhook {names})" if hooks else ""
    yield finding(
        view, "admission-rewrites-pods", suspect,
        f"Container {item.name} of {f.name(workload)} runs with {field} {has}, while its template says {wanted}: it was rewritten at admission{who}",
        field="webhooks" if suspect is not workload else f"spec.template.spec.containers[{item.name}].{field}",
        facts=[(pod, f"spec.containers[{item.name}].{field}", Operator.EQUALS, has)],
        cites=[view.cite(pod, f"spec.containers[{item.name}].{field}", has), view.cite(workload, f"spec.template.spec.containers[{item.name}].{field}", wanted)],
        affected=[workload, pod], confidence=0.9 if hooks else 0.5,
    )  # fmt: skip


def _default(
    view: ClusterView, workload: Object, pod: Object, item: Container, path: Path, has: str
) -> Iterator[Finding]:
    """A memory limit that nobody wrote kills the container: it comes from a LimitRange."""
    if path != _MEMORY:
        return
    for rule in view.within("LimitRange", f.namespace(workload)):
        for place, entry in enumerate(f.maps(rule, "spec", "limits")):
            if _same_amount(f.get(entry, "default", "memory"), has) and template_of(workload):
                yield finding(
                    view, "limit-range-default-too-low", rule,
                    f"LimitRange {f.name(rule)} gives containers without a memory limit {has}, which is too little for {f.name(workload)}",
                    field=f"spec.limits[{place}].default.memory", facts=[(rule, f"spec.limits[{place}].default.memory", Operator.EQUALS, has)],
                    cites=[view.cite(rule, "spec.limits", has), view.cite(pod, f"status.containerStatuses[{item.name}]", "OOMKilled")],
                    affected=[workload, pod], remedies=[_own_limit(workload, item, has)],
                )  # fmt: skip
                return


ROOM = 4
"""Times the default that killed it, which a container is given as a limit of its own: what it needs was never seen."""


def _own_limit(workload: Object, item: Container, has: str) -> Remedy | None:
    value = f.size((f.quantity(has) or 0.0) * ROOM)
    content = {"resources": {"limits": {"memory": value}}}
    return patch_container(workload, item.name, f"Give {f.name(workload)} a memory limit of its own, {value}", content)
