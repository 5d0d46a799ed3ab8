"""The one way in which controllers, scheduler and node agents see the cluster.

Two implementations: `LocalApi` (straight into the request pipeline of the simulated server) and `HttpApi`
(any Kubernetes API server over HTTPS), so the same node agent drives simulated nodes of both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Obj = dict[str, Any]
"""One Kubernetes object as decoded JSON. What `Api` returns is the caller's own copy."""


@dataclass(frozen=True, order=True)
class Resource:
    """A served resource: group ("" for core), version and plural, as in a request path."""

    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """`apiVersion` of its objects: "v1" or "group/version"."""
        return f"{self.group}/{self.version}" if self.group else self.version


PODS = Resource("", "v1", "pods")
NODES = Resource("", "v1", "nodes")
SERVICES = Resource("", "v1", "services")
EVENTS = Resource("", "v1", "events")
CONFIG_MAPS = Resource("", "v1", "configmaps")
SECRETS = Resource("", "v1", "secrets")
NAMESPACES = Resource("", "v1", "namespaces")
ENDPOINTS = Resource("", "v1", "endpoints")
PERSISTENT_VOLUMES = Resource("", "v1", "persistentvolumes")
PERSISTENT_VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
REPLICA_SETS = Resource("apps", "v1", "replicasets")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets")
DAEMON_SETS = Resource("apps", "v1", "daemonsets")
JOBS = Resource("batch", "v1", "jobs")
CRON_JOBS = Resource("batch", "v1", "cronjobs")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices")
LEASES = Resource("coordination.k8s.io", "v1", "leases")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses")


class PatchType(StrEnum):
    """The three patch forms and server-side apply, by media type."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class ChangeType(StrEnum):
    """What happened to an object, in the words of the watch protocol."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True)
class Change:
    """One watch event. `obj` is shared and must not be modified."""

    type: ChangeType
    resource: Resource
    obj: Mapping[str, Any]


class ApiStatusError(Exception):
    """The server answered with a `Status` of failure."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = dict(details or {})


class Api(Protocol):
    """Typed access to an API server. Every call may raise `ApiStatusError`.

    Reads that are marked *cached* may be served from an informer cache and must not be modified by the caller.
    """

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        """One object (a private copy)."""
        ...

    def cached(self, resource: Resource, namespace: str | None = None) -> list[Mapping[str, Any]]:
        """All objects of a resource (of a namespace) from the cache, ordered by namespace and name. *cached*"""
        ...

    def cached_one(self, resource: Resource, name: str, namespace: str | None = None) -> Mapping[str, Any] | None:
        """One object from the cache, or None. *cached*"""
        ...

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str | None = None) -> Obj:
        """Create and return the stored object."""
        ...

    def update(self, resource: Resource, obj: Mapping[str, Any], *, subresource: str = "") -> Obj:
        """Replace (or replace a subresource such as "status"); resourceVersion, when given, is a precondition."""
        ...

    def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        patch: Any,
        *,
        type: PatchType = PatchType.MERGE,
        subresource: str = "",
    ) -> Obj:
        """Apply a patch and return the stored object."""
        ...

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        grace_period: int | None = None,
        uid: str | None = None,
    ) -> None:
        """Delete (or mark for deletion, where finalizers or a grace period hold the object)."""
        ...

    def create_subresource(
        self, resource: Resource, name: str, namespace: str | None, subresource: str, body: Mapping[str, Any]
    ) -> Obj:
        """POST to a subresource: "binding", "eviction", "token"."""
        ...

    def subscribe(self, resource: Resource, handler: Callable[[Change], None]) -> Callable[[], None]:
        """Call `handler` for every present object (as ADDED) and every later change; returns an unsubscriber.

        On the simulated server handlers run one after the other on the world's single thread.
        """
        ...
