"""Namespaces: what they are born with (a service account, the cluster's certificate) and how they go."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS, ApiStatusError, Resource
from cloudwright.twin.controllers.base import Context, Controller, Retry, ignore_not_found
from cloudwright.twin.controllers.everything import Everything
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.objects import Raw, is_deleting, is_finished, key_of, name_of, namespace_of, seconds, status_of
from cloudwright.twin.store import clone

_DELAY, _FINALIZER_ESTIMATE = 5.0, 15
_ROOT_CA = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class NamespaceController(Controller):
    """Empties a namespace that is being deleted and then lets it go."""

    name = "namespace-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces, self._pods = context.cache(NAMESPACES), context.cache(PODS)
        self._namespaces.add_handler(self._on_namespace)
        self._world = Everything(context, lambda *_: None, frozenset({("events.k8s.io", "events")}))

    def _on_namespace(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and is_deleting(new):
            self.queue.add_after(name_of(new), _DELAY)

    def sync(self, key: Hashable) -> None:
        """Delete what is in a terminating namespace, pods first; finalize it when it is empty."""
        name = str(key)
        namespace = self._namespaces.get("", name)
        if namespace is None or "kubernetes" not in (namespace["spec"].get("finalizers") or ()):
            return
        pods = self._empty(name, namespace, only_pods=True)
        rest = _Left() if pods.counts else self._empty(name, namespace, only_pods=False)
        self._report(name, pods, rest)
        if pods.error:
            raise Retry(pods.error)
        if pods.counts or rest.counts:
            self.queue.add_after(name, max(pods.estimate, rest.estimate) // 2 + 1)
            return
        done = clone(self._namespaces.get("", name) or namespace)
        done["spec"]["finalizers"] = [each for each in done["spec"]["finalizers"] if each != "kubernetes"]
        ignore_not_found(lambda: self.api.update(NAMESPACES, done, subresource="finalize"))

    def _empty(self, name: str, namespace: Raw, *, only_pods: bool) -> "_Left":
        """Ask for the deletion of what is there, and look at what is left."""
        left = _Left()
        for served, cache in list(self._world.caches.values()):
            if not served.namespaced or (served.resource == PODS) != only_pods:
                continue
            for obj in cache.in_namespace(name):
                if not is_deleting(obj):
                    self._delete(served.resource, obj)
            remaining = cache.in_namespace(name)
            if remaining:
                left.add(served.resource, remaining)
        if only_pods and left.counts:
            self._estimate_pods(name, namespace, left)
        return left

    def _estimate_pods(self, name: str, namespace: Raw, left: "_Left") -> None:
        """How long pods may take; pods that take longer than they may are an error."""
        grace = max(
            (
                int(pod["spec"].get("terminationGracePeriodSeconds") or 0)
                for pod in self._pods.in_namespace(name)
                if not is_finished(pod)
            ),
            default=0,
        )
        if self.clock.now() - seconds(namespace["metadata"]["deletionTimestamp"]) < grace:
            left.estimate = grace
        elif not left.finalizers:
            left.error = f"unexpected items still remain in namespace: {name} for gvr: /v1, Resource=pods"

    def _delete(self, resource: Resource, obj: Raw) -> None:
        ignore_not_found(lambda: self.api.delete(resource, name_of(obj), namespace_of(obj)))

    def _report(self, name: str, pods: "_Left", rest: "_Left") -> None:
        namespace = self._namespaces.get("", name)
        if namespace is None:
            return
        found = dict(_FINE)
        if pods.error:
            text = f"Failed to delete all resource types, 1 remaining: {pods.error}"
            found["NamespaceDeletionContentFailure"] = ("True", "ContentDeletionFailed", text)
        if rest.counts:
            parts = sorted(f"{each} has {count} resource instances" for each, count in rest.counts.items())
            text = f"Some resources are remaining: {', '.join(parts)}"
            found["NamespaceContentRemaining"] = ("True", "SomeResourcesRemain", text)
        if rest.finalizers:
            parts = sorted(f"{each} in {count} resource instances" for each, count in rest.finalizers.items())
            text = f"Some content in the namespace has finalizers remaining: {', '.join(parts)}"
            found["NamespaceFinalizersRemaining"] = ("True", "SomeFinalizersRemain", text)
        status = {**status_of(namespace), "conditions": self._conditions(namespace, found)}
        if status != status_of(namespace):
            body = {**namespace, "status": status}
            ignore_not_found(lambda: self.api.update(NAMESPACES, body, subresource="status"))

    def _conditions(self, namespace: Raw, found: Mapping[str, tuple[str, str, str]]) -> list[dict[str, Any]]:
        conditions = [dict(each) for each in status_of(namespace).get("conditions") or ()]
        for kind, (status, reason, message) in found.items():
            present = next((each for each in conditions if each["type"] == kind), None)
            if present is None:
                present = {"type": kind}
                conditions.append(present)
            if present.get("status") != status:
                present["lastTransitionTime"] = self.clock.timestamp()
            present |= {"status": status, "reason": reason, "message": message}
        return conditions


@dataclass
class _Left:
    """What is still in a namespace after its deletion was asked for."""

    counts: dict[str, int] = field(default_factory=dict)
    finalizers: Counter[str] = field(default_factory=Counter)
    estimate: int = 0
    error: str = ""

    def add(self, resource: Resource, objects: Sequence[Raw]) -> None:
        """Count the objects of a resource."""
        self.counts[f"{resource.plural}.{resource.group}"] = len(objects)
        for obj in objects:
            self.finalizers.update(obj["metadata"].get("finalizers") or ())
        if self.finalizers:
            self.estimate = _FINALIZER_ESTIMATE


_FINE = {
    "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "False",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("False", "ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": (
        "False",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
}


class ServiceAccountController(Controller):
    """Every namespace has a service account named default."""

    name = "service-account-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces, self._accounts = context.cache(NAMESPACES), context.cache(SERVICE_ACCOUNTS)
        self._namespaces.add_handler(lambda old, new: self.queue.add(name_of(new)) if new is not None else None)
        self._accounts.add_handler(self._on_account)

    def _on_account(self, old: Raw | None, new: Raw | None) -> None:
        if new is None and old is not None and name_of(old) == "default":
            self.queue.add(namespace_of(old))

    def sync(self, key: Hashable) -> None:
        """Create the account where it is missing."""
        name = str(key)
        namespace = self._namespaces.get("", name)
        if namespace is None or is_deleting(namespace) or self._accounts.get(name, "default") is not None:
            return
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        _create(self, SERVICE_ACCOUNTS, body, name)


class RootCertificatePublisher(Controller):
    """Every namespace has the certificate of the cluster's authority in a ConfigMap."""

    name = "root-ca-cert-publisher"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces, self._maps = context.cache(NAMESPACES), context.cache(CONFIG_MAPS)
        self._namespaces.add_handler(lambda old, new: self.queue.add(name_of(new)) if new is not None else None)
        self._maps.add_handler(self._on_map)

    def _on_map(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[:1]:
            if old is not None and key_of(obj)[1] == _ROOT_CA:
                self.queue.add(namespace_of(obj))

    def sync(self, key: Hashable) -> None:
        """Create or mend the ConfigMap."""
        name = str(key)
        namespace = self._namespaces.get("", name)
        if namespace is None or is_deleting(namespace):
            return
        data = {"ca.crt": self.context.options.cluster_ca}
        present = self._maps.get(name, _ROOT_CA)
        if present is None:
            metadata = {
                "name": _ROOT_CA,
                "namespace": name,
                "annotations": {"kubernetes.io/description": _DESCRIPTION},
            }
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            _create(self, CONFIG_MAPS, body, name)
        elif present.get("data") != data:
            self.api.update(CONFIG_MAPS, {**clone(present), "data": data})


def _create(controller: Controller, resource: Resource, body: Raw, namespace: str) -> None:
    try:
        controller.api.create(resource, body, namespace)
    except ApiStatusError as error:
        if error.reason != "AlreadyExists":
            raise
