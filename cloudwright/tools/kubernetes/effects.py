"""What a request to the Kubernetes API does, judged by its group, resource, verb and content and by what it changes.

The judgement is never by a name that somebody chose, never by a flag, and what is not known is destructive.
Privileges of pods follow the baseline level of the Pod Security Standards (kubernetes.io/docs/concepts/security).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.core.tool import Effect
from cloudwright.tools.kubernetes import pod_security

READ_VERBS = frozenset({"get", "list", "watch"})
_DELETE_VERBS = frozenset({"delete", "deletecollection"})
_RBAC = "rbac.authorization.k8s.io"
_GRANT_GROUPS: Mapping[str, str] = {
    _RBAC: "changes who may do what",
    "authorization.k8s.io": "concerns authorization",
    "authentication.k8s.io": "concerns authentication",
    "certificates.k8s.io": "can issue credentials",
}
_REVIEWS = frozenset(
    {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
)
_CONTROL_GROUPS: Mapping[str, str] = {
    "admissionregistration.k8s.io": "admission rules can block or rewrite every request to the API server",
    "apiregistration.k8s.io": "an APIService decides who answers for a whole API group",
    "flowcontrol.apiserver.k8s.io": "flow control can lock clients out of the API server",
}
_KNOWN_GROUPS = frozenset(
    {
        "",
        "apps",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
_DATA_KINDS: Mapping[tuple[str, str], str] = {
    ("", "namespaces"): "takes everything in the namespace along",
    ("", "persistentvolumeclaims"): "can destroy the data of its volume",
    ("", "persistentvolumes"): "can destroy the data of the volume",
    ("", "nodes"): "takes the node and its pods out of the cluster",
    ("apiextensions.k8s.io", "customresourcedefinitions"): "takes every object of the kind along",
    ("networking.k8s.io", "networkpolicies"): "opens the traffic that it closed",
    ("", "secrets"): "its values are not kept and cannot be brought back",
}
_SUBRESOURCES: Mapping[tuple[str, str], tuple[Effect, str]] = {
    ("serviceaccounts", "token"): (Effect.GRANT, "issues a credential of the ServiceAccount"),
    ("certificatesigningrequests", "approval"): (Effect.GRANT, "lets a certificate be issued"),
    ("certificatesigningrequests", "status"): (Effect.GRANT, "issues a certificate"),
    ("pods", "exec"): (Effect.DESTRUCTIVE, "runs a program in a container"),
    ("pods", "attach"): (Effect.DESTRUCTIVE, "talks to a running program in a container"),
    ("pods", "portforward"): (Effect.DESTRUCTIVE, "opens a tunnel; what goes through it is not known"),
    ("pods", "proxy"): (Effect.DESTRUCTIVE, "sends requests into a pod; what they do is not known"),
    ("services", "proxy"): (Effect.DESTRUCTIVE, "sends requests into a Service; what they do is not known"),
    ("nodes", "proxy"): (Effect.GRANT, "reaches the kubelet past the API server's rules"),
    ("pods", "eviction"): (
        Effect.DESTRUCTIVE,
        "the pod is stopped and does not come back; its controller may make another",
    ),
    ("pods", "ephemeralcontainers"): (
        Effect.DESTRUCTIVE,
        "runs a program in a running pod, and cannot be taken out again",
    ),
    ("pods", "binding"): (Effect.DESTRUCTIVE, "binds a pod to a node for good"),
    ("pods", "resize"): (Effect.WRITE, ""),
    ("namespaces", "finalize"): (Effect.DESTRUCTIVE, "skips the cleaning up that a finalizer waits for"),
}
_POD_SECURITY_LABEL = "pod-security.kubernetes.io/"
_PRIVILEGE_LEVELS = ("restricted", "baseline", "privileged")
_CREDENTIAL_SECRETS = frozenset({"kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"})
_AUTH_CONFIG_MAPS = frozenset({("kube-system", "aws-auth"), ("kube-system", "extension-apiserver-authentication")})


@dataclass(frozen=True)
class Act:
    """A request, as far as its effect depends on it.

    `verb` is the API's (get, create, patch, update, delete, …) and `resource` the plural, without the subresource.
    `before` and `after` are the object's states, as far as they are known ({} for absent); `complete` says that
    `after` is what the server said that the object would be, so that a change that does not show in it is none.
    """

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    complete: bool = False


@dataclass(frozen=True)
class Judgement:
    """An effect, and why it is more than an undoable write (one sentence fragment each)."""

    effect: Effect
    reasons: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reasons as one text."""
        return "; ".join(self.reasons)


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The most severe effect of several requests, with every reason."""
    effect = Effect.READ
    reasons: dict[str, None] = {}
    for judgement in judgements:
        effect = effect.at_least(judgement.effect)
        reasons.update(dict.fromkeys(judgement.reasons))
    return Judgement(effect, tuple(reasons))


def judge(act: Act) -> Judgement:
    """The effect of one request."""
    verb, resource = act.verb.lower(), act.resource.lower()
    if verb in READ_VERBS and not act.subresource:
        return Judgement(Effect.READ)
    if verb == "create" and (act.group, resource) in _REVIEWS:
        return Judgement(Effect.READ)
    found = [_by_place(act, verb, resource)]
    if not act.subresource:
        found += [Judgement(effect, (why,)) for effect, why in _by_content(act, verb, resource)]
    return worst(found)


def _by_place(act: Act, verb: str, resource: str) -> Judgement:
    if act.subresource:
        return _of_subresource(act, verb, resource)
    if act.group in _GRANT_GROUPS:
        return Judgement(Effect.GRANT, (f"{resource}.{act.group} {_GRANT_GROUPS[act.group]}",))
    if act.group in _CONTROL_GROUPS:
        return Judgement(Effect.DESTRUCTIVE, (_CONTROL_GROUPS[act.group],))
    if verb in _DELETE_VERBS:
        what = _DATA_KINDS.get((act.group, resource), "a deleted object does not come back as it was")
        return Judgement(Effect.DESTRUCTIVE, (f"delete of {resource}: {what}",))
    if verb not in ("create", "patch", "update"):
        return Judgement(Effect.DESTRUCTIVE, (f"what the verb {verb!r} does is not known",))
    return Judgement(Effect.WRITE)


def _of_subresource(act: Act, verb: str, resource: str) -> Judgement:
    if act.group in _GRANT_GROUPS:
        return Judgement(Effect.GRANT, (f"{resource}/{act.subresource} {_GRANT_GROUPS[act.group]}",))
    if act.subresource == "scale":
        return Judgement(Effect.READ if verb in READ_VERBS else Effect.WRITE)
    if verb in READ_VERBS and act.subresource in ("status", "log"):
        return Judgement(Effect.READ)
    known = _SUBRESOURCES.get((resource, act.subresource))
    if known:
        effect, why = known
        return Judgement(effect, (why,) if why else ())
    if act.subresource == "status":
        return Judgement(Effect.DESTRUCTIVE, ("status belongs to controllers, which act on what it says",))
    return Judgement(Effect.DESTRUCTIVE, (f"what {resource}/{act.subresource} does is not known",))


_Found = Sequence[tuple[Effect, str]]


def _by_content(act: Act, verb: str, resource: str) -> list[tuple[Effect, str]]:
    if verb in _DELETE_VERBS or act.group in _GRANT_GROUPS:
        return []
    before, after = act.before or {}, act.after or {}
    found = [*_metadata(before, after), *pod_security.new_privileges(before, after), *_retention(before, after)]
    rule = _CONTENT.get((act.group, resource))
    if rule:
        found += rule(act, before, after)
    elif act.group not in _KNOWN_GROUPS and _more_than_labels(before, after, act.complete):
        found.append((Effect.DESTRUCTIVE, f"what a change to {resource}.{act.group or 'core'} sets off is not known"))
    return found


def _metadata(before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    if not before:
        return []
    old, new = _meta(before), _meta(after)
    found = []
    if set(old.get("finalizers") or ()) != set(new.get("finalizers") or ()):
        found.append((Effect.DESTRUCTIVE, "finalizers decide whether and how the object is deleted"))
    if (old.get("ownerReferences") or []) != (new.get("ownerReferences") or []):
        found.append((Effect.DESTRUCTIVE, "owner references decide what garbage collection deletes"))
    return found


def _meta(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = obj.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _labels(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _meta(obj).get("labels")
    return found if isinstance(found, Mapping) else {}


def _more_than_labels(before: Mapping[str, Any], after: Mapping[str, Any], complete: bool) -> bool:
    if not before or not complete:
        return True
    return _without_metadata(before) != _without_metadata(after)


def _without_metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion")}


def _namespace(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    old, new = _labels(before), _labels(after)
    modes = {key for key in {*old, *new} if str(key).startswith(_POD_SECURITY_LABEL)}
    loosened = [key for key in sorted(modes) if _loosens(key, old.get(key), new.get(key))]
    return [(Effect.GRANT, f"{', '.join(loosened)}: pods of the namespace may do more")] if loosened else []


def _loosens(key: str, old: Any, new: Any) -> bool:
    if old == new:
        return False
    return key.endswith("-version") or _rank(new) > _rank(old)


def _rank(level: Any) -> float:
    """How much a Pod Security label lets pods do; an absent one may mean anything the cluster has as its default."""
    if level is None:
        return 1.5
    return _PRIVILEGE_LEVELS.index(level) if level in _PRIVILEGE_LEVELS else len(_PRIVILEGE_LEVELS)


def _secret(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    found = []
    if after.get("type", before.get("type")) in _CREDENTIAL_SECRETS:
        found.append((Effect.GRANT, "this type of Secret is a credential of the cluster"))
    old = before.get("data") or {}
    lost = [key for key in old if (after.get("data") or {}).get(key) != old[key]]
    if lost or (before and after.get("stringData")):
        found.append((Effect.DESTRUCTIVE, "the previous secret value is not kept and cannot be brought back"))
    return [*found, *_frozen(before, after)]


def _frozen(before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    if before and after.get("immutable") and not before.get("immutable"):
        return [(Effect.DESTRUCTIVE, "immutable cannot be taken back")]
    return []


def _config_map(act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    place = (act.namespace or str(_meta(after).get("namespace", "")), act.name or str(_meta(after).get("name", "")))
    if place in _AUTH_CONFIG_MAPS:
        return [(Effect.GRANT, "this ConfigMap decides who may enter the cluster")]
    return _frozen(before, after)


def _service_account(_act: Act, _before: Mapping[str, Any], _after: Mapping[str, Any]) -> _Found:
    return [(Effect.GRANT, "a ServiceAccount is an identity; its annotations and secrets carry rights")]


def _service(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    old, new = before.get("spec") or {}, after.get("spec") or {}
    added = set(new.get("externalIPs") or ()) - set(old.get("externalIPs") or ())
    if added:
        return [(Effect.GRANT, f"takes over the traffic to {', '.join(sorted(map(str, added)))}")]
    return []


def _node(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    def evicting(obj: Mapping[str, Any]) -> set[tuple[str, str]]:
        taints = (obj.get("spec") or {}).get("taints") or ()
        return {(str(t.get("key")), str(t.get("value"))) for t in taints if t.get("effect") == "NoExecute"}

    if not before:
        return [(Effect.DESTRUCTIVE, "a Node object stands for a machine that runs workloads")]
    if evicting(after) - evicting(before):
        return [(Effect.DESTRUCTIVE, "a NoExecute taint stops pods that do not tolerate it")]
    return []


def _volume(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    if before and (before.get("spec") or {}) != (after.get("spec") or {}):
        return [
            (
                Effect.DESTRUCTIVE,
                "a change to a volume or its claim can lose data and is not undone by changing it back",
            )
        ]
    spec = after.get("spec") or {}
    if "hostPath" in spec or "local" in spec:
        return [(Effect.GRANT, "the volume is a path of a node's file system")]
    return []


def _driver(_act: Act, _before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    if (after.get("spec") or {}).get("tokenRequests"):
        return [(Effect.GRANT, "the driver is handed tokens of the pods' ServiceAccounts")]
    return []


def _definition(_act: Act, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    if before and _without_metadata(before) != _without_metadata(after):
        return [(Effect.DESTRUCTIVE, "a change to a CustomResourceDefinition concerns every object of its kind")]
    return []


def loses_claims(workload: Mapping[str, Any], replicas: Any) -> bool:
    """Whether scaling a StatefulSet down to this number deletes volume claims."""
    spec = workload.get("spec") or {}
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    now = spec.get("replicas", 1)
    fewer = isinstance(replicas, int) and isinstance(now, int) and replicas < now
    return fewer and policy.get("whenScaled") == "Delete"


def _retention(before: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    """Settings that make a controller delete what it keeps now."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    if not before or old == new:
        return []
    found = []
    for key in ("revisionHistoryLimit", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        if isinstance(old.get(key), int) and isinstance(new.get(key), int) and new[key] < old[key]:
            found.append((Effect.DESTRUCTIVE, f"a smaller {key} deletes what is beyond it"))
    for key in ("ttlSecondsAfterFinished", "activeDeadlineSeconds"):
        if new.get(key) is not None and new.get(key) != old.get(key):
            found.append((Effect.DESTRUCTIVE, f"{key} can end or delete what runs now"))
    if before.get("kind") == "Job" and new.get("suspend") and not old.get("suspend"):
        found.append((Effect.DESTRUCTIVE, "a suspended Job stops its pods, and their work is lost"))
    if loses_claims(before, new.get("replicas")):
        found.append((Effect.DESTRUCTIVE, "the claims of the pods that go are deleted with their data"))
    if old.get("persistentVolumeClaimRetentionPolicy") != new.get("persistentVolumeClaimRetentionPolicy"):
        found.append((Effect.DESTRUCTIVE, "the claims' retention policy decides whether their data is deleted"))
    return found


_CONTENT: Mapping[tuple[str, str], Callable[[Act, Mapping[str, Any], Mapping[str, Any]], _Found]] = {
    ("", "namespaces"): _namespace,
    ("", "secrets"): _secret,
    ("", "configmaps"): _config_map,
    ("", "serviceaccounts"): _service_account,
    ("", "services"): _service,
    ("", "nodes"): _node,
    ("", "persistentvolumes"): _volume,
    ("", "persistentvolumeclaims"): _volume,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition,
    ("storage.k8s.io", "csidrivers"): _driver,
}
