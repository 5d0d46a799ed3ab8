"""Access control, classes, webhooks, leases, definitions."""

import base64
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import duplicate, forbidden_field, invalid, not_supported, required
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import IMMUTABLE, Errors, each, one_of, selector

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")
_HIGHEST = 1_000_000_000


def role(obj: Obj) -> Errors:
    """A role or cluster role."""
    cluster = obj.get("kind") == "ClusterRole"
    for index, rule in enumerate(obj.get("rules") or ()):
        yield from _rule(rule, f"rules[{index}]", cluster=cluster)
    for index, wanted in enumerate((obj.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()):
        yield from selector(wanted, f"aggregationRule.clusterRoleSelectors[{index}]")


def _rule(rule: Mapping[str, Any], path: str, *, cluster: bool) -> Errors:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if not cluster:
            sentence = "namespaced rules cannot apply to non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", urls, sentence)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            sentence = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", urls, sentence)
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def binding(obj: Obj) -> Errors:
    """A role binding or cluster role binding."""
    cluster = obj.get("kind") == "ClusterRoleBinding"
    reference = obj.get("roleRef") or {}
    if reference.get("apiGroup") != _GROUP:
        yield not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (_GROUP,))
    kinds = ("ClusterRole",) if cluster else ("Role", "ClusterRole")
    if reference.get("kind") not in kinds:
        yield not_supported("roleRef.kind", reference.get("kind", ""), kinds)
    if not reference.get("name"):
        yield required("roleRef.name")
    else:
        yield from each(names.path_segment, reference["name"], "roleRef.name")
    for index, subject in enumerate(obj.get("subjects") or ()):
        yield from _subject(subject, f"subjects[{index}]", cluster=cluster)


def _subject(subject: Mapping[str, Any], path: str, *, cluster: bool) -> Errors:
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if not subject.get("name"):
        yield required(f"{path}.name")
    if kind == "ServiceAccount":
        if subject.get("name"):
            yield from each(names.dns_subdomain, subject["name"], f"{path}.name")
        if group:
            yield not_supported(f"{path}.apiGroup", group, ("",))
        if cluster and not subject.get("namespace"):
            yield required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if group != _GROUP:
            yield not_supported(f"{path}.apiGroup", group, (_GROUP,))
    else:
        yield not_supported(f"{path}.kind", kind, _SUBJECTS)


def binding_update(obj: Obj, old: Obj) -> Errors:
    """A binding keeps its role."""
    now = obj.get("roleRef") or {}
    if now != old.get("roleRef"):
        shown = {"APIGroup": now.get("apiGroup", ""), "Kind": now.get("kind", ""), "Name": now.get("name", "")}
        yield invalid("roleRef", shown, "cannot change roleRef")


def storage_class(obj: Obj) -> Errors:
    """A storage class."""
    if not obj.get("provisioner"):
        yield required("provisioner")
    yield from one_of(obj.get("reclaimPolicy"), ("Delete", "Retain"), "reclaimPolicy", need=False)
    yield from one_of(obj.get("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer"), "volumeBindingMode")


def storage_class_update(obj: Obj, old: Obj) -> Errors:
    """What of a storage class never changes."""
    for name in ("parameters", "provisioner", "reclaimPolicy"):
        if obj.get(name) != old.get(name):
            yield forbidden_field(name, f"updates to {name} are forbidden.")
    if obj.get("volumeBindingMode") != old.get("volumeBindingMode"):
        yield invalid("volumeBindingMode", obj.get("volumeBindingMode"), IMMUTABLE)


def priority_class(obj: Obj) -> Errors:
    """A priority class."""
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-"):
        if name not in ("system-node-critical", "system-cluster-critical"):
            sentence = "priority class names with 'system-' prefix are reserved for system use only."
            yield forbidden_field("metadata.name", f"{sentence} error: {name} is not a known system priority class")
    elif value > _HIGHEST:
        yield forbidden_field("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")
    policy = obj.get("preemptionPolicy")
    yield from one_of(policy, ("PreemptLowerPriority", "Never"), "preemptionPolicy", need=False)


def priority_class_update(obj: Obj, old: Obj) -> Errors:
    """The value stays."""
    if obj.get("value", 0) != old.get("value", 0):
        yield forbidden_field("value", "may not be changed in an update.")
    if obj.get("preemptionPolicy") != old.get("preemptionPolicy"):
        yield invalid("preemptionPolicy", obj.get("preemptionPolicy"), IMMUTABLE)


def signing_request(obj: Obj) -> Errors:
    """A certificate signing request."""
    given = (obj.get("spec") or {}).get("request") or ""
    text = base64.b64decode(given).decode("utf-8", "replace")
    if "-----BEGIN CERTIFICATE REQUEST-----" not in text:
        yield invalid("spec.request", given, "PEM block type must be CERTIFICATE REQUEST")
    if not (obj.get("spec") or {}).get("usages"):
        yield required("spec.usages")


def lease(obj: Obj) -> Errors:
    """A lease."""
    spec = obj.get("spec") or {}
    duration, moves = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        yield invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    if moves is not None and moves < 0:
        yield invalid("spec.leaseTransitions", moves, "must be greater than or equal to 0")


def runtime_class(obj: Obj) -> Errors:
    """A runtime class."""
    yield from each(names.dns_label, obj.get("handler", ""), "handler")


def runtime_class_update(obj: Obj, old: Obj) -> Errors:
    """The handler stays."""
    if obj.get("handler") != old.get("handler"):
        yield invalid("handler", obj.get("handler"), IMMUTABLE)


_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")


def webhooks(obj: Obj) -> Errors:
    """Webhook configurations of both kinds."""
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        if not name:
            yield required(f"{path}.name")
        elif len(name.split(".")) < 3:
            sentence = "should be a domain with at least three segments separated by dots"
            yield invalid(f"{path}.name", name, sentence)
        else:
            yield from each(names.dns_subdomain, name, f"{path}.name")
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        yield from _hook(hook, path)


def _hook(hook: Mapping[str, Any], path: str) -> Errors:
    effects = hook.get("sideEffects")
    if not effects:
        yield required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in ("None", "NoneOnDryRun"):
        yield not_supported(f"{path}.sideEffects", effects, ("None", "NoneOnDryRun"))
    if not hook.get("admissionReviewVersions"):
        yield required(f"{path}.admissionReviewVersions", "must specify one of v1, v1beta1")
    policy, timeout = hook.get("failurePolicy"), hook.get("timeoutSeconds", 10)
    if policy not in (None, "Fail", "Ignore"):
        yield not_supported(f"{path}.failurePolicy", policy, ("Fail", "Ignore"))
    if not 1 <= timeout <= 30:
        yield invalid(f"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds")
    for index, rule in enumerate(hook.get("rules") or ()):
        for position, operation in enumerate(rule.get("operations") or ()):
            if operation not in _OPERATIONS:
                yield not_supported(f"{path}.rules[{index}].operations[{position}]", operation, _OPERATIONS)
    yield from _client(hook.get("clientConfig") or {}, path)


def _client(config: Mapping[str, Any], path: str) -> Errors:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(f"{path}.clientConfig", "exactly one of url or service is required")
    elif url is not None and not url.startswith("https://"):
        scheme = url.partition(":")[0]
        sentence = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
        yield invalid(f"{path}.clientConfig.url", scheme, sentence)


def definition(obj: Obj) -> Errors:
    """A custom resource definition."""
    spec = obj.get("spec") or {}
    given, group = spec.get("names") or {}, spec.get("group", "")
    if obj["metadata"].get("name") != f"{given.get('plural', '')}.{group}":
        yield invalid("metadata.name", obj["metadata"].get("name", ""), 'must be spec.names.plural+"."+spec.group')
    if not group:
        yield required("spec.group")
    else:
        yield from each(names.dns_subdomain, group, "spec.group")
        if "." not in group:
            yield invalid("spec.group", group, "should be a domain with at least one dot")
    scope = spec.get("scope", "")
    yield from one_of(scope, ("Cluster", "Namespaced"), "spec.scope")
    yield from _definition_names(given)
    yield from _versions(spec.get("versions") or [])


def _definition_names(given: Mapping[str, Any]) -> Errors:
    for name in ("plural", "singular"):
        if given.get(name):
            yield from each(names.dns_1035, given[name], f"spec.names.{name}")
        elif name == "plural":
            yield required("spec.names.plural")
    for name in ("kind", "listKind"):
        value = given.get(name, "")
        if not value:
            yield required(f"spec.names.{name}")
            continue
        for sentence in names.dns_1035(value.lower()):
            prefix = "may have mixed case, but should otherwise match: "
            yield invalid(f"spec.names.{name}", value, prefix + sentence)


def _version_shown(version: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": version.get("name", ""),
        "Served": bool(version.get("served")),
        "Storage": bool(version.get("storage")),
        "Deprecated": bool(version.get("deprecated")),
        "DeprecationWarning": version.get("deprecationWarning"),
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


def _versions(versions: list[Mapping[str, Any]]) -> Errors:
    stored = [version for version in versions if version.get("storage")]
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        yield from each(names.dns_1035, version.get("name", ""), f"{path}.name")
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield required(f"{path}.schema.openAPIV3Schema")
    if len(stored) != 1:
        shown = [_version_shown(version) for version in versions]
        yield invalid("spec.versions", shown, "must have exactly one version marked as storage version")
    if not stored:
        yield invalid("status.storedVersions", None, "must have at least one stored version")
