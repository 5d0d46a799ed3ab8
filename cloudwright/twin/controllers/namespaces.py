"""Namespaces: what they are born with (a service account, the cluster's certificate) and how they go."""

from collections import Counter
from collections.abc import Hashable
from typing import Any

from cloudwright.twin.api import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS, ApiStatusError, Resource
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.everything import Everything
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.objects import Raw, is_deleting, key_of, name_of, namespace_of, set_condition, status_of
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
        self._namespaces = context.cache(NAMESPACES)
        self._namespaces.add_handler(self._on_namespace)
        self._world = Everything(context, lambda *_: None, frozenset({("events.k8s.io", "events")}))

    def _on_namespace(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and is_deleting(new):
            self.queue.add_after(name_of(new), _DELAY)

    def sync(self, key: Hashable) -> None:
        """Delete what is in a terminating namespace; finalize it when it is empty."""
        name = str(key)
        namespace = self._namespaces.get("", name)
        if (
            namespace is None
            or not is_deleting(namespace)
            or "kubernetes" not in (namespace["spec"].get("finalizers") or ())
        ):
            return
        self._delete_content(name)
        remaining, finalizers = self._remaining(name)
        conditions = self._conditions(namespace, remaining, finalizers)
        status = {**status_of(namespace), "conditions": conditions}
        if status != status_of(namespace):
            namespace = self.api.update(NAMESPACES, {**namespace, "status": status}, subresource="status")
        if not remaining:
            done = clone(namespace)
            done["spec"]["finalizers"] = [each for each in done["spec"]["finalizers"] if each != "kubernetes"]
            ignore_not_found(lambda: self.api.update(NAMESPACES, done, subresource="finalize"))
        else:
            self.queue.add_after(name, self._estimate(name) // 2 + 1)

    def _estimate(self, name: str) -> int:
        """Seconds until the content may be gone: the longest grace period of its pods, or a guess for finalizers."""
        longest = 0
        for served, cache in self._world.caches.values():
            for obj in cache.in_namespace(name) if served.namespaced else ():
                longest = max(longest, obj["metadata"].get("deletionGracePeriodSeconds") or 0)
                if obj["metadata"].get("finalizers"):
                    longest = max(longest, _FINALIZER_ESTIMATE)
        return longest

    def _delete_content(self, name: str) -> None:
        for served, cache in list(self._world.caches.values()):
            if not served.namespaced:
                continue
            for obj in cache.in_namespace(name):
                if not is_deleting(obj):
                    self._delete(served.resource, obj)

    def _delete(self, resource: Resource, obj: Raw) -> None:
        ignore_not_found(lambda: self.api.delete(resource, name_of(obj), namespace_of(obj)))

    def _remaining(self, name: str) -> tuple[dict[str, int], Counter[str]]:
        counts: dict[str, int] = {}
        finalizers: Counter[str] = Counter()
        for served, cache in self._world.caches.values():
            objects = cache.in_namespace(name) if served.namespaced else []
            if objects:
                group = served.resource.group
                counts[served.resource.plural + (f".{group}" if group else ".")] = len(objects)
                for obj in objects:
                    finalizers.update(obj["metadata"].get("finalizers") or ())
        return counts, finalizers

    def _conditions(self, namespace: Raw, remaining: dict[str, int], finalizers: Counter[str]) -> list[dict[str, Any]]:
        left = ", ".join(f"{each} has {count} resource instances" for each, count in sorted(remaining.items()))
        held = ", ".join(f"{each} in {count} resource instances" for each, count in sorted(finalizers.items()))
        words = [
            (
                "NamespaceDeletionDiscoveryFailure",
                "False",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "False",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            ("NamespaceContentRemaining", "True", "SomeResourcesRemain", f"Some resources are remaining: {left}")
            if left
            else ("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"),
            (
                "NamespaceFinalizersRemaining",
                "True",
                "SomeFinalizersRemain",
                f"Some content in the namespace has finalizers remaining: {held}",
            )
            if held
            else (
                "NamespaceFinalizersRemaining",
                "False",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
        ]
        conditions = [dict(each) for each in status_of(namespace).get("conditions") or ()]
        for kind, status, reason, message in words:
            new = {"type": kind, "status": status, "reason": reason, "message": message}
            updated = set_condition(conditions, new, self.clock.timestamp())
            order = {each["type"]: number for number, each in enumerate(conditions)}
            conditions = sorted(updated, key=lambda each: order.get(each["type"], len(order)))
            for each in conditions:
                if each["type"] == kind:
                    each["message"] = message
        return conditions


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
