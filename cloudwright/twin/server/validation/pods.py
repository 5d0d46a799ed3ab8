"""Pod specs and templates."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import FieldError, duplicate, forbidden_field, invalid, not_supported, required
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import Errors, annotations, each, labels, one_of, selector
from cloudwright.twin.server.validation.containers import USER_RANGE, all_containers
from cloudwright.twin.server.validation.volumes import pod_volumes

Spec = Mapping[str, Any]
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_UPDATE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod_spec(spec: Spec, path: str) -> Errors:
    """A pod spec."""
    volumes = spec.get("volumes") or []
    yield from pod_volumes(volumes, f"{path}.volumes")
    yield from all_containers(spec, path, {volume.get("name", "") for volume in volumes})
    yield from one_of(spec.get("restartPolicy"), ("Always", "OnFailure", "Never"), f"{path}.restartPolicy")
    yield from _dns(spec, path)
    yield from labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    context = spec.get("securityContext") or {}
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        if context.get(name, 0) < 0:
            yield invalid(f"{path}.securityContext.{name}", context[name], USER_RANGE)
    yield from _affinity(spec.get("affinity") or {}, f"{path}.affinity")
    yield from _names(spec, path)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2147483647:
        sentence = "must be between 1 and 2147483647, inclusive"
        yield invalid(f"{path}.activeDeadlineSeconds", deadline, sentence)
    yield from tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    yield from _spread(spec.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints")


def _dns(spec: Spec, path: str) -> Errors:
    policy = spec.get("dnsPolicy")
    yield from one_of(policy, _POLICIES, f"{path}.dnsPolicy")
    config = spec.get("dnsConfig")
    if policy == "None":
        if config is None:
            yield required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not config.get("nameservers"):
            where = f"{path}.dnsConfig.nameservers"
            yield required(where, "must provide at least one DNS nameserver when `dnsPolicy` is None")


def _names(spec: Spec, path: str) -> Errors:
    for name, check in (
        ("serviceAccountName", names.dns_subdomain),
        ("nodeName", names.dns_subdomain),
        ("hostname", names.dns_label),
        ("subdomain", names.dns_label),
        ("priorityClassName", names.dns_subdomain),
        ("runtimeClassName", names.dns_subdomain),
    ):
        if spec.get(name):
            yield from each(check, spec[name], f"{path}.{name}")


def tolerations(given: Iterable[Mapping[str, Any]], path: str) -> Errors:
    """Tolerations."""
    for index, toleration in enumerate(given):
        where = f"{path}[{index}]"
        key, operator = toleration.get("key"), toleration.get("operator", "")
        if key:
            yield from each(names.qualified_name, key, f"{where}.key")
        elif operator != "Exists":
            yield invalid(
                f"{where}.operator",
                operator,
                'operator must be Exists when `key` is empty, which means "match all values and all keys"',
            )
        if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
            sentence = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{where}.effect", toleration.get("effect", ""), sentence)
        value = toleration.get("value", "")
        if operator in ("", "Equal"):
            for sentence in names.label_value(value):
                yield invalid(f"{where}.operator", value, sentence)
        elif operator == "Exists":
            if value:
                yield invalid(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
        else:
            yield not_supported(f"{where}.operator", operator, ("Equal", "Exists"))
        effect = toleration.get("effect")
        if effect and effect not in _EFFECTS:
            yield not_supported(f"{where}.effect", effect, _EFFECTS)


def _affinity(affinity: Mapping[str, Any], path: str) -> Errors:
    node = affinity.get("nodeAffinity") or {}
    needed = node.get("requiredDuringSchedulingIgnoredDuringExecution")
    where = f"{path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    if needed is not None:
        terms = needed.get("nodeSelectorTerms") or ()
        if not terms:
            yield required(where, "must have at least one node selector term")
        for index, term in enumerate(terms):
            yield from _node_term(term, f"{where}[{index}]")
    for index, preferred in enumerate(node.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        here = f"{path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        if not 1 <= preferred.get("weight", 0) <= 100:
            yield invalid(f"{here}.weight", preferred.get("weight", 0), "must be in the range 1-100")
        yield from _node_term(preferred.get("preference") or {}, f"{here}.preference")
    for name in ("podAffinity", "podAntiAffinity"):
        yield from _pod_affinity(affinity.get(name) or {}, f"{path}.{name}")


def _node_term(term: Mapping[str, Any], path: str) -> Errors:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        operator, values = expression.get("operator", ""), expression.get("values") or ()
        match operator:
            case "In" | "NotIn" if not values:
                yield required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
            case "Exists" | "DoesNotExist" if values:
                sentence = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                yield forbidden_field(f"{where}.values", sentence)
            case "Gt" | "Lt" if len(values) != 1:
                sentence = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                yield required(f"{where}.values", sentence)
            case "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt":
                pass
            case _:
                yield invalid(f"{where}.operator", operator, "not a valid selector operator")
        yield from each(names.qualified_name, expression.get("key", ""), f"{where}.key")


def _pod_affinity(affinity: Mapping[str, Any], path: str) -> Errors:
    required_terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    for index, term in enumerate(required_terms):
        yield from _pod_term(term, f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{index}]")
    for index, weighted in enumerate(affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        if not 1 <= weighted.get("weight", 0) <= 100:
            yield invalid(f"{where}.weight", weighted.get("weight", 0), "must be in the range 1-100")
        yield from _pod_term(weighted.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm")


def _pod_term(term: Mapping[str, Any], path: str) -> Errors:
    yield from selector(term.get("labelSelector"), f"{path}.labelSelector")
    yield from selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from each(names.qualified_name, key, f"{path}.topologyKey")


def _spread(given: Iterable[Mapping[str, Any]], path: str) -> Errors:
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(given):
        where = f"{path}[{index}]"
        skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey", "")
        action = constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            yield invalid(f"{where}.maxSkew", skew, "must be greater than zero")
        if not key:
            yield required(f"{where}.topologyKey", "can not be empty")
        else:
            yield from each(names.qualified_name, key, f"{where}.topologyKey")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            yield not_supported(f"{where}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        if (key, action) in seen:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
        seen.add((key, action))
        yield from selector(constraint.get("labelSelector"), f"{where}.labelSelector")


def template(given: Mapping[str, Any], path: str) -> Errors:
    """A pod template."""
    metadata = given.get("metadata") or {}
    yield from labels(metadata.get("labels") or {}, f"{path}.metadata.labels")
    yield from annotations(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
    yield from pod_spec(given.get("spec") or {}, f"{path}.spec")


def pod(obj: Obj) -> Errors:
    """A pod."""
    yield from pod_spec(obj.get("spec") or {}, "spec")


def _comparable(spec: Spec, *, images: bool) -> dict[str, Any]:
    kept = {name: value for name, value in spec.items() if name not in ("activeDeadlineSeconds", "tolerations")}
    for name in ("containers", "initContainers"):
        if images and name in kept:
            kept[name] = [{**container, "image": ""} for container in kept[name]]
    return kept


def pod_update(obj: Obj, old: Obj) -> Errors:
    """What may change in a pod."""
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    gates, former = spec.get("schedulingGates") or [], before.get("schedulingGates") or []
    gated = bool(former)
    added = [gate for gate in gates if gate not in former]
    if added:
        sentence = "only deletion is allowed, but found new scheduling gate '" + str(added[0].get("name")) + "'"
        yield forbidden_field("spec.schedulingGates", sentence)
    deadline, was = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if was is not None and (deadline is None or deadline > was):
        sentence = (
            f"must be less than or equal to previous value {was}"
            if deadline is not None
            else "must not update from a positive integer to nil value"
        )
        yield invalid("spec.activeDeadlineSeconds", deadline, sentence)
    kept = spec.get("tolerations") or []
    for toleration in before.get("tolerations") or ():
        if toleration not in kept and not _extended(toleration, kept):
            sentence = "existing toleration can not be modified except its tolerationSeconds"
            yield forbidden_field("spec.tolerations", sentence)
            break
    left, right = _comparable(spec, images=True), _comparable(before, images=True)
    for name in ("schedulingGates", *(("nodeSelector", "affinity") if gated else ())):
        left.pop(name, None)
        right.pop(name, None)
    if left != right:
        yield forbidden_field("spec", _UPDATE + "\n")


def _extended(toleration: Mapping[str, Any], kept: Iterable[Mapping[str, Any]]) -> bool:
    bare = {name: value for name, value in toleration.items() if name != "tolerationSeconds"}
    return any({n: v for n, v in each.items() if n != "tolerationSeconds"} == bare for each in kept)


def collected(errors: Errors) -> list[FieldError]:
    """All errors of a check."""
    return list(errors)
