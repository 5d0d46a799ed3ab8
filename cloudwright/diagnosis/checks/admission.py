"""Pods that the API server does not let in: quota, limits, PodSecurity, webhooks, missing objects."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import absent, create, finding, patch, patch_at, undo
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import container_path, live_pods, replicas, template_containers
from cloudwright.diagnosis.view import ClusterView, spec_path

_QUOTA = re.compile(r"exceeded quota: ([\w.-]+), requested: (.*?), used: (.*?), limited: (.*?)(?:$|\n)")
_MUST = re.compile(r"failed quota: ([\w.-]+): must specify (.*?)(?:$|\n)")
_LIMIT = re.compile(
    r"(maximum|minimum|Maximum|Minimum) (\S+) usage per (Container|Pod) is ([\w.]+)|(\S+) max limit to request ratio"
)
_ACCOUNT = re.compile(r"error looking up service account ([\w.-]+)/([\w.-]+)|serviceaccount \"([\w.-]+)\" not found")
_SECURITY = re.compile(r"violates PodSecurity \"([\w-]+):[^\"]*\": (.*)$")
_CALL = re.compile(r"failed calling webhook \"([^\"]+)\"")
_DENIED = re.compile(r"admission webhook \"([^\"]+)\" denied the request: ?(.*)$", re.S)
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: ?(.*)$", re.S)
_PRIORITY = re.compile(r"no PriorityClass with name (\S+) was found")
_RUNTIME = re.compile(r"RuntimeClass \"?([\w.-]+)\"? not found")


@dataclass(frozen=True)
class Rejection:
    """Pods of a workload that were refused, with the newest message."""

    workload: Object
    message: str
    cite: Citation


def rejections(view: ClusterView) -> list[Rejection]:
    """Workloads that lack Pods because creating them is refused, with the newest reason."""
    cached = view.__dict__.get("_rejections")
    if cached is None:
        cached = view.__dict__["_rejections"] = list(_rejections(view))
    return list(cached)


def _rejections(view: ClusterView) -> Iterator[Rejection]:
    seen: set[int] = set()
    for kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Deployment"):
        for item in view.of(kind):
            top = view.top(item)
            if id(top) in seen or not _lacks(view, item):
                continue
            condition = f.condition(item, "ReplicaFailure")
            events = view.events_of(item, "FailedCreate")
            message = f.text(condition, "message") if f.text(condition, "status") == "True" else ""
            newest = max(events, key=lambda event: (event.last is not None, event.last or 0, event.count), default=None)
            if newest is not None and (not message or "quota" in newest.message or "webhook" in newest.message):
                message, cite = newest.message, view.cite_event(newest)
            elif message:
                cite = view.cite(item, "status.conditions[ReplicaFailure]", message)
            else:
                continue
            seen.add(id(top))
            yield Rejection(top, message, cite)


def _lacks(view: ClusterView, item: Object) -> bool:
    kind = item.get("kind")
    if kind == "Deployment":
        return f.condition_is(item, "ReplicaFailure", "True") and not view.children(item, "ReplicaSet")
    if kind == "DaemonSet":
        return f.integer(item, "status", "currentNumberScheduled") < f.integer(item, "status", "desiredNumberScheduled")
    if kind == "Job":
        return not view.children(item, "Pod") and not f.condition_is(item, "Complete", "True")
    return replicas(item) > len(live_pods(view, item))


def refused_pods(view: ClusterView) -> Iterator[Finding]:
    """Refused Pods, by what refused them."""
    for item in rejections(view):
        for reader in _READERS:
            found = reader(view, item)
            if found is not None:
                yield found
                break


def newest_template_time(view: ClusterView, workload: Object) -> object:
    """When the present pod template came to be, by the newest ReplicaSet."""
    times = [f.when(item, "metadata", "creationTimestamp") for item in view.children(workload, "ReplicaSet")]
    return max((item for item in times if item), default=f.when(workload, "metadata", "creationTimestamp"))


def changed_after(view: ClusterView, rule: Object, workload: Object) -> bool:
    """Whether a rule came (or was last edited) after the workload's present template: then the rule is the news."""
    stamps = [
        f.when(item, "time") for item in f.maps(rule, "metadata", "changes") if item.get("subresource") != "status"
    ]
    stamps.append(f.when(rule, "metadata", "creationTimestamp"))
    newest = max((item for item in stamps if item), default=None)
    template = newest_template_time(view, workload)
    return newest is not None and template is not None and newest > template  # type: ignore[operator]


def _quota(view: ClusterView, item: Rejection) -> Finding | None:
    match = _QUOTA.search(item.message)
    if match is None:
        return None
    namespace = f.namespace(item.workload)
    name, asked, used, limited = match[1], _pairs(match[2]), _pairs(match[3]), _pairs(match[4])
    quota = view.find("ResourceQuota", namespace, name)
    over = [
        key
        for key in limited
        if (f.quantity(used.get(key)) or 0) + (f.quantity(asked.get(key)) or 0) > (f.quantity(limited[key]) or 0)
    ]
    keys = over or list(limited)
    key = keys[0] if keys else ""
    victims = [
        one.workload
        for one in rejections(view)
        if f"exceeded quota: {name}," in one.message and f.namespace(one.workload) == namespace
    ]
    need = (f.quantity(used.get(key)) or 0) + (f.quantity(asked.get(key)) or 0) * max(1, _lacking(view, item.workload))
    remedies = [patch_at(quota, f"Raise {key} of quota {name} to {_amount(key, need)}", ("spec", "hard", key), _amount(key, need),
                         risk="The namespace may use more of the cluster.")] if quota else []  # fmt: skip
    return finding(
        view, quota_kind(key), quota or absent("ResourceQuota", namespace, name),
        f"Quota {name} of namespace {namespace} is used up: {key} is limited to {limited.get(key)}, "
        f"{used.get(key)} is in use and a new Pod asks for {asked.get(key)}",
        field=f"spec.hard[{key}]" if "." in key else f"spec.hard.{key}", cites=[item.cite], remedies=remedies, affected=victims or [item.workload],
        facts=[(quota, f"spec.hard[{key}]", Operator.EQUALS, limited.get(key))] if quota else (),
    )  # fmt: skip


def quota_kind(key: str) -> str:
    """Finding kind of an exceeded quota, by the resource that it counts."""
    key = key.removeprefix("requests.").removeprefix("limits.").removeprefix("count/")
    known = {"cpu": "cpu", "memory": "memory", "pods": "pods", "services": "services", "storage": "storage"}
    if key in ("persistentvolumeclaims", "ephemeral-storage") or key.endswith("storage"):
        return "quota-exceeded-storage"
    if key.startswith("services"):
        return "quota-exceeded-services"
    return f"quota-exceeded-{known[key]}" if key in known else "quota-exceeded"


def _pairs(text: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in text.split(",")) if value}


def _lacking(view: ClusterView, workload: Object) -> int:
    return replicas(workload) - len(live_pods(view, workload)) if "replicas" in f.mapping(workload, "spec") else 1


def _amount(key: str, value: float) -> str:
    if "memory" in key or "storage" in key:
        mebibytes = -(-value // 2**20)
        return f"{mebibytes / 1024:.0f}Gi" if mebibytes % 1024 == 0 else f"{mebibytes:.0f}Mi"
    return f"{round(value * 1000)}m" if value % 1 else f"{value:.0f}"


def _must_declare(view: ClusterView, item: Rejection) -> Finding | None:
    match = _MUST.search(item.message)
    if match is None:
        return None
    namespace = f.namespace(item.workload)
    quota = view.find("ResourceQuota", namespace, match[1])
    news = quota is not None and changed_after(view, quota, item.workload)
    wanted = match[2].split(" for")[0]
    container = next((one.name for one in template_containers(item.workload)), "")
    resource = wanted.split(",")[0].removeprefix("requests.").removeprefix("limits.").strip()
    field = f"{spec_path(item.workload)}.containers[{container}].resources" if not news else "spec.hard"
    default = {"memory": "128Mi", "cpu": "100m"}.get(resource, "")
    manifest = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": f"{match[1]}-defaults", "namespace": namespace},
                "spec": {"limits": [{"type": "Container", "default": {"cpu": "500m", "memory": "256Mi"},
                                     "defaultRequest": {"cpu": "100m", "memory": "128Mi"}}]}}  # fmt: skip
    return finding(
        view, "quota-requires-resources", quota if news and quota else item.workload,
        f"Quota {match[1]} makes every container declare {wanted}, and {item.workload.get('kind')} {f.name(item.workload)} does not",
        field=field, cites=[item.cite], affected=[item.workload],
        remedies=[create(manifest, f"Give containers of namespace {namespace} default requests and limits ({default or 'as needed'})")],
    )  # fmt: skip


def _limit_range(view: ClusterView, item: Rejection) -> Finding | None:
    if not _LIMIT.search(item.message):
        return None
    namespace = f.namespace(item.workload)
    limits = view.within("LimitRange", namespace)
    match = re.search(
        r"(maximum|minimum) (\S+) usage per (Container|Pod) is ([\w.]+), but (limit|request) is ([\w.]+)",
        item.message,
        re.I,
    )
    bound = (match[1].lower()[:3], match[2], match[4], match[6]) if match else ("max", "", "", "")
    rule = next(
        (
            one
            for one in limits
            if any(f.quantity(f.get(entry, bound[0], bound[1])) is not None for entry in f.maps(one, "spec", "limits"))
        ),
        None,
    )
    news = rule is not None and changed_after(view, rule, item.workload)
    target = rule if news and rule else item.workload
    container = next((one for one in template_containers(item.workload)), None)
    path = container_path(item.workload, container, "resources") if container else spec_path(item.workload)
    return finding(
        view, "limit-range-violated", target,
        f"{item.message.partition('forbidden: ')[2][:200] or item.message[:200]} (LimitRange {f.name(rule) if rule else 'of the namespace'})",
        field="spec.limits" if news else path, cites=[item.cite], affected=[item.workload], remedies=[undo(view, item.workload)],
    )  # fmt: skip


def _account(view: ClusterView, item: Rejection) -> Finding | None:
    match = _ACCOUNT.search(item.message)
    if match is None:
        return None
    name, namespace = match[2] or match[3], f.namespace(item.workload)
    if view.knows("ServiceAccount", namespace):
        # The reference check says it with more; a present account means that the message is history.
        return None
    manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    return finding(
        view, "service-account-missing", absent("ServiceAccount", namespace, name),
        f"ServiceAccount {name} does not exist in namespace {namespace}, and {item.workload.get('kind')} {f.name(item.workload)} needs it",
        cites=[item.cite], affected=[item.workload], remedies=[create(manifest, f"Create ServiceAccount {name}")],
    )  # fmt: skip


def _security(view: ClusterView, item: Rejection) -> Finding | None:
    match = _SECURITY.search(item.message)
    if match is None:
        return None
    space = view.find("Namespace", "", f.namespace(item.workload))
    news = space is not None and changed_after(view, space, item.workload) and f.name(space) != "default"
    label = "pod-security.kubernetes.io/enforce"
    remedies: list[Remedy | None] = []
    if space is not None:
        remedies.append(patch(space, "Relax the namespace to baseline", {"metadata": {"labels": {label: "baseline"}}},
                              risk="Less protection for every Pod of the namespace.", merge="merge"))  # fmt: skip
    return finding(
        view, "pod-security-violation", space if news and space else item.workload,
        f"PodSecurity level {match[1]} of namespace {f.namespace(item.workload)} forbids the Pods: {match[2][:240]}",
        field=f"metadata.labels[{label}]" if news else f"{spec_path(item.workload)}.securityContext",
        cites=[item.cite], affected=[item.workload], remedies=remedies,
    )  # fmt: skip


def _webhook(view: ClusterView, item: Rejection) -> Finding | None:
    match = _CALL.search(item.message)
    if match is None:
        return None
    configuration, hook = find_webhook(view, match[1], item.message)
    if configuration is None:
        target: Object = item.workload
        return finding(
            view,
            "webhook-call-failed",
            target,
            f"Webhook {match[1]} cannot be called: {item.message[-200:]}",
            cites=[item.cite],
            affected=[item.workload],
        )
    reason = item.message.partition("failed calling webhook")[2]
    service = f.mapping(hook, "clientConfig", "service")
    name, namespace = f.text(service, "name"), f.text(service, "namespace")
    if "x509" in reason or "certificate" in reason:
        kind, field = "webhook-certificate-untrusted", f"webhooks[{match[1]}].clientConfig.caBundle"
        claim = f"Webhook {match[1]} is refused by TLS: {_tail(reason)}"
    elif re.search(r"service \"[\w.-]+\" not found", reason) or view.missing("Service", namespace, name):
        kind, field = "webhook-service-missing", f"webhooks[{match[1]}].clientConfig.service"
        claim = f"Webhook {match[1]} calls Service {name} in {namespace}, which does not exist"
    elif "no endpoints available" in reason or "connection refused" in reason or "no such host" in reason:
        kind, field = "webhook-without-endpoints", f"webhooks[{match[1]}]"
        claim = f"Nothing answers behind webhook {match[1]} (Service {name} in {namespace})"
    else:
        kind, field = "webhook-call-failed", f"webhooks[{match[1]}]"
        claim = f"Calls of webhook {match[1]} fail: {_tail(reason)}"
    victims = [
        one.workload
        for one in rejections(view)
        if f'webhook "{match[1]}"' in one.message and find_webhook(view, match[1], one.message)[0] is configuration
    ]
    return finding(
        view, kind, configuration, f"{claim}; its failure policy is Fail, so objects are refused", field=field,
        cites=[item.cite, view.cite(configuration, f"webhooks[{match[1]}].failurePolicy", "Fail")], affected=victims,
        remedies=[webhook_ignore(configuration, match[1])],
    )  # fmt: skip


def _tail(text: str) -> str:
    return text.rpartition(": ")[2][:160] if ": " in text else text[:160]


def webhook_ignore(configuration: Object, name: str) -> Remedy:
    """Let requests pass when the webhook cannot be called."""
    content = {"webhooks": [{"name": name, "failurePolicy": "Ignore"}]}
    return patch(
        configuration,
        f"Set the failure policy of webhook {name} to Ignore",
        content,
        risk="What the webhook enforces is not enforced until it works again.",
    )


def find_webhook(view: ClusterView, name: str, message: str = "") -> tuple[Object | None, Object]:
    """The configuration that holds a webhook, and the webhook; among several of one name the one whose server the
    message names."""
    found: list[tuple[Object, Object]] = []
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for item in view.of(kind):
            for hook in f.maps(item, "webhooks"):
                if f.text(hook, "name") == name:
                    found.append((item, hook))
    for item, hook in found:
        service = f.mapping(hook, "clientConfig", "service")
        if f"//{f.text(service, 'name')}.{f.text(service, 'namespace')}.svc" in message:
            return item, hook
    return found[0] if found else (None, {})


def _denied(view: ClusterView, item: Rejection) -> Finding | None:
    match = _DENIED.search(item.message) or _POLICY.search(item.message)
    if match is None:
        return None
    return finding(
        view, "admission-denied", item.workload, f"Admission ({match[1]}) denies the Pods: {match[match.re.groups][:240]}",
        field=spec_path(item.workload), cites=[item.cite], affected=[item.workload], remedies=[undo(view, item.workload)],
    )  # fmt: skip


def _classes(view: ClusterView, item: Rejection) -> Finding | None:
    for pattern, field, kind in (
        (_PRIORITY, "priorityClassName", "PriorityClass"),
        (_RUNTIME, "runtimeClassName", "RuntimeClass"),
    ):
        match = pattern.search(item.message)
        if match:
            return finding(
                view, "pod-class-missing", item.workload, f"{kind} {match[1]}, which the Pods ask for, does not exist",
                field=f"{spec_path(item.workload)}.{field}", cites=[item.cite], affected=[item.workload], remedies=[undo(view, item.workload)],
            )  # fmt: skip
    return None


def _other(view: ClusterView, item: Rejection) -> Finding | None:
    if _ACCOUNT.search(item.message):
        return None
    return finding(
        view, "pods-refused", item.workload, f"The API server refuses the Pods: {item.message[:240]}",
        field=spec_path(item.workload), cites=[item.cite], affected=[item.workload], remedies=[undo(view, item.workload)],
    )  # fmt: skip


_READERS: tuple[Callable[[ClusterView, Rejection], Finding | None], ...] = (
    _quota, _must_declare, _limit_range, _account, _security, _webhook, _denied, _classes, _other,
)  # fmt: skip
