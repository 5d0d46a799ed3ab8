"""Who else feels a change: pods that restart, Services that lose endpoints, disruption budgets, autoscalers that will
fight it, quotas, what garbage collection takes along and what blocks a deletion. Pure functions over lists of objects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from cloudwright.core.change import Impact
from cloudwright.tools.kubernetes import quantities
from cloudwright.tools.kubernetes.deletion import deletion, lost_endpoints, referring
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.isolation import isolation
from cloudwright.tools.kubernetes.moved import (
    AUTOSCALERS,
    BUDGETS,
    PODS,
    QUOTAS,
    Json,
    Moved,
    World,
    services_for,
)
from cloudwright.tools.kubernetes.objects import (
    finished,
    labels_of,
    matches,
    name_of,
    names,
    pod_template,
    pods_in_words,
    ready,
    ref_of,
    taint_text,
    tolerates,
    without_hash,
)
from cloudwright.tools.kubernetes.values import bytes_text

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod")


def radius(moved: Sequence[Moved], world: World) -> tuple[Impact, ...]:
    """Everything beyond the changed fields, worst first."""
    found: list[Impact] = []
    for item in moved:
        for rule in _RULES:
            found += rule(item, world)
    found += lost_endpoints(moved, world)
    found += _quota(moved, world)
    order = ("danger", "warning", "info")
    return tuple(sorted(dict.fromkeys(found), key=lambda impact: order.index(impact.level)))


def pods_of(obj: Json, world: World) -> list[Json]:
    """The pods that a workload's selector takes and that are not finished."""
    pods = world.items(PODS, str(dig(obj, "metadata", "namespace") or "")) or []
    if obj.get("kind") == "Pod":
        return [pod for pod in pods if dig(pod, "metadata", "uid") == dig(obj, "metadata", "uid")]
    selector = dig(obj, "spec", "selector")
    if not isinstance(selector, Mapping):
        return []
    wanted = selector if "matchLabels" in selector or "matchExpressions" in selector else {"matchLabels": selector}
    return [pod for pod in pods if matches(wanted, labels_of(pod)) and not finished(pod)]


def budget_limits(victims: Sequence[Json], world: World) -> list[Impact]:
    """Disruption budgets that allow fewer evictions now than are wanted."""
    wanted: dict[str, tuple[Json, int]] = {}
    for pod in victims:
        for budget in budgets_for(pod, world):
            uid = str(dig(budget, "metadata", "uid"))
            wanted[uid] = (budget, wanted.get(uid, ({}, 0))[1] + 1)
    found = []
    for budget, count in wanted.values():
        allowed = int(dig(budget, "status", "disruptionsAllowed") or 0)
        if allowed < count:
            then = "the others wait for replacements." if allowed else "it blocks them."
            found.append(
                Impact(
                    level="warning" if allowed else "danger",
                    text=f"{ref_of(budget)} allows {allowed} of {count} evictions now; {then}",
                    refs=(ref_of(budget),),
                )
            )
    return found


def budgets_for(pod: Json, world: World) -> list[Json]:
    """The disruption budgets that cover a pod."""
    budgets = world.items(BUDGETS, str(dig(pod, "metadata", "namespace") or "")) or []
    return [item for item in budgets if matches(dig(item, "spec", "selector"), labels_of(pod))]


def _restarts(item: Moved, world: World) -> Iterator[Impact]:
    old, new = pod_template(item.before), pod_template(item.after)
    if item.ref.kind not in ("Deployment", "StatefulSet", "DaemonSet") or not item.before or not item.after:
        return
    if old == new:
        return
    pods = [pod for pod in pods_of(item.before, world) if not _has_template(pod, new, item.ref.namespace, world)]
    if dig(item.after, "spec", "paused"):
        yield Impact(level="info", text=f"{item.ref} is paused: no pod restarts before it is resumed.")
        return
    kind, options = _strategy(item.after)
    if kind == "OnDelete":
        yield Impact(level="info", text=f"{item.ref} replaces pods only when they are deleted (OnDelete).")
        return
    recreate = kind == "Recreate"
    how = "all at once (Recreate)" if recreate else f"by turns{options}"
    if pods:
        yield Impact(
            level="danger" if recreate else "warning",
            text=f"Restarts {pods_in_words(len(pods))} of {item.ref} {how}: {names(pods)}.",
            refs=tuple(ref_of(pod) for pod in pods),
        )


def _has_template(pod: Json, template: Json, namespace: str, world: World) -> bool:
    """Whether a pod is of a ReplicaSet that has the wanted template already, as after a broken rollout."""
    owners = {owner.get("uid") for owner in dig(pod, "metadata", "ownerReferences") or []}
    for replicas in world.items("replicasets.apps", namespace) or []:
        if dig(replicas, "metadata", "uid") in owners:
            return without_hash(pod_template(replicas)) == without_hash(template)
    return False


def _strategy(obj: Json) -> tuple[str, str]:
    found = dig(obj, "spec", "strategy") or dig(obj, "spec", "updateStrategy") or {}
    rolling = found.get("rollingUpdate") or {}
    options = [f"{key} {rolling[key]}" for key in ("maxUnavailable", "maxSurge", "partition") if key in rolling]
    return str(found.get("type") or "RollingUpdate"), f" ({', '.join(options)})" if options else ""


def _replicas(obj: Json) -> int | None:
    found = dig(obj, "spec", "replicas")
    return found if isinstance(found, int) else None


def _scaling(item: Moved, world: World) -> Iterator[Impact]:
    old, new = _replicas(item.before), _replicas(item.after)
    if old is None or new is None or old == new or item.action != "update":
        return
    yield from _autoscalers(item, world)
    if new > old:
        yield Impact(level="info", text=f"Starts {pods_in_words(new - old, 'more ')} of {item.ref}.")
        return
    gone = old - new
    yield Impact(level="warning", text=f"Stops {gone} of {pods_in_words(old)} of {item.ref}.")
    labels = _scaled_labels(item, world)
    if new == 0:
        for service in services_for(labels, item.ref.namespace, world):
            if not _other_endpoints(service, labels, world):
                yield Impact(
                    level="danger", text=f"Service {name_of(service)} loses all its endpoints.", refs=(ref_of(service),)
                )
    for budget in world.items(BUDGETS, item.ref.namespace) or []:
        least = dig(budget, "spec", "minAvailable")
        if isinstance(least, int) and new < least and labels and matches(dig(budget, "spec", "selector"), labels):
            yield Impact(
                level="warning",
                text=f"PodDisruptionBudget {name_of(budget)} wants {least} pods; scaling down does not ask it.",
                refs=(ref_of(budget),),
            )


def _scaled_labels(item: Moved, world: World) -> Mapping[str, str]:
    template = pod_template(item.before)
    if template:
        return labels_of(template)
    selector = str(dig(item.before, "status", "selector") or "")  # of a Scale
    pairs = (part.split("=", 1) for part in selector.split(",") if "=" in part and "!" not in part)
    wanted = {key: value for key, value in pairs}
    pods = [
        pod for pod in world.items(PODS, item.ref.namespace) or [] if matches({"matchLabels": wanted}, labels_of(pod))
    ]
    return labels_of(pods[0]) if wanted and pods else wanted


def _other_endpoints(service: Json, labels: Mapping[str, str], world: World) -> list[Json]:
    namespace = str(dig(service, "metadata", "namespace") or "")
    pods = world.items(PODS, namespace) or []
    selected = [pod for pod in pods if matches({"matchLabels": dig(service, "spec", "selector")}, labels_of(pod))]
    return [pod for pod in selected if ready(pod) and not all(labels_of(pod).get(k) == v for k, v in labels.items())]


def _autoscalers(item: Moved, world: World) -> Iterator[Impact]:
    for scaler in world.items(AUTOSCALERS, item.ref.namespace) or []:
        target = dig(scaler, "spec", "scaleTargetRef") or {}
        if target.get("kind") == item.ref.kind and target.get("name") == item.ref.name:
            low, high = dig(scaler, "spec", "minReplicas") or 1, dig(scaler, "spec", "maxReplicas")
            yield Impact(
                level="warning",
                text=f"HorizontalPodAutoscaler {name_of(scaler)} keeps {low} to {high} replicas and will fight this.",
                refs=(ref_of(scaler),),
            )


def _endpoints(item: Moved, world: World) -> Iterator[Impact]:
    """Services that a change of labels or of a selector takes pods from."""
    if item.ref.kind == "Service" and item.before:
        yield from _service_change(item, world)
        return
    old, new = labels_of(pod_template(item.before)), labels_of(pod_template(item.after))
    if item.ref.kind in WORKLOADS and item.before and item.after and old != new:
        kept = {name_of(service) for service in services_for(new, item.ref.namespace, world)}
        for service in services_for(old, item.ref.namespace, world):
            if name_of(service) not in kept:
                yield Impact(
                    level="danger",
                    text=f"Service {name_of(service)} no longer selects the pods of {item.ref}.",
                    refs=(ref_of(service),),
                )


def _service_change(item: Moved, world: World) -> Iterator[Impact]:
    pods = world.items(PODS, item.ref.namespace) or []

    def selected(obj: Json) -> list[Json]:
        selector = dig(obj, "spec", "selector")
        return [pod for pod in pods if selector and matches({"matchLabels": selector}, labels_of(pod)) and ready(pod)]

    old, new = selected(item.before), selected(item.after)
    if item.after and [name_of(pod) for pod in old] != [name_of(pod) for pod in new]:
        yield Impact(
            level="danger" if old and not new else "warning",
            text=f"{item.ref} goes from {len(old)} to {len(new)} ready endpoints.",
        )
    if not item.after and old:
        yield Impact(level="danger", text=f"{item.ref} and its name are gone; {len(old)} ready endpoints lose it.")


def _configuration(item: Moved, world: World) -> Iterator[Impact]:
    if item.ref.kind not in ("ConfigMap", "Secret") or not item.before or not item.after:
        return
    users = referring(item.ref, world)
    if users:
        yield Impact(
            level="warning",
            text=f"{names(users)} use {item.ref}: mounted files follow soon, environment variables"
            " only after a restart.",
            refs=tuple(ref_of(user) for user in users),
        )


def _taints(item: Moved, world: World) -> Iterator[Impact]:
    if item.ref.kind != "Node" or not item.after:
        return
    had = {taint_text(taint) for taint in dig(item.before, "spec", "taints") or []}
    added = [taint for taint in dig(item.after, "spec", "taints") or [] if taint_text(taint) not in had]
    pods = [pod for pod in world.items(PODS, "") or [] if dig(pod, "spec", "nodeName") == item.ref.name]
    for taint in added:
        if taint.get("effect") == "NoExecute":
            hit = [pod for pod in pods if not tolerates(pod, taint)]
            yield Impact(
                level="danger" if hit else "info",
                text=f"Stops {pods_in_words(len(hit))} on {item.ref} for want of a toleration of {taint_text(taint)}"
                + (f": {names(hit)}." if hit else "."),
                refs=tuple(ref_of(pod) for pod in hit),
            )


def _quota(moved: Sequence[Moved], world: World) -> Iterator[Impact]:
    """Quotas of each namespace with what the change adds; pods beyond them are not made."""
    added: dict[str, dict[str, float]] = {}
    for item in moved:
        if item.action != "delete" and item.after:
            _add(added.setdefault(item.ref.namespace, {}), quantities.usage_added(item.before, item.after))
    for namespace, wanted in added.items():
        if not namespace or not any(value > 0 for value in wanted.values()):
            continue
        for quota in world.items(QUOTAS, namespace) or []:
            yield from _quota_lines(quota, wanted)


def _add(total: dict[str, float], more: Mapping[str, float]) -> None:
    for key, value in more.items():
        total[key] = total.get(key, 0) + value


def _quota_lines(quota: Json, wanted: Mapping[str, float]) -> Iterator[Impact]:
    hard = dig(quota, "status", "hard") or dig(quota, "spec", "hard") or {}
    used = dig(quota, "status", "used") or {}
    for name, limit in hard.items():
        more = wanted.get(
            str(name).removeprefix("requests.") if name in ("requests.cpu", "requests.memory") else name, 0
        )
        if more <= 0:
            continue
        after = quantities.number(used.get(name, "0")) + more
        over = after > quantities.number(limit)
        text = f"Quota {name_of(quota)}: {name} {_amount(str(name), after)} of {limit} afterwards"
        yield Impact(
            level="danger" if over else "info",
            text=f"{text}; what is beyond it is not made." if over else f"{text}.",
            refs=(ref_of(quota),),
        )


def _amount(name: str, value: float) -> str:
    return bytes_text(value) if name.endswith(("memory", "storage")) else f"{value:.6g}"


_RULES: tuple[Callable[[Moved, World], Iterator[Impact]], ...] = (
    _restarts,
    _scaling,
    _endpoints,
    deletion,
    _configuration,
    _taints,
    isolation,
)
