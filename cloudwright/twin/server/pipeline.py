"""The request pipeline: authorization, admission, registry; HTTP and `LocalApi` both end here."""

from collections.abc import Callable, Mapping

from cloudwright.twin import limits
from cloudwright.twin.api import Obj, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.kubelet import Kubelet
from cloudwright.twin.schema.kinds import ResourceInfo, bootstrap_objects
from cloudwright.twin.server import conversion, subresources
from cloudwright.twin.server.admission import standard_plugins
from cloudwright.twin.server.allocation import Allocator
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.crds import CustomResources
from cloudwright.twin.server.discovery import METRICS_GROUP
from cloudwright.twin.server.errors import forbidden, method_not_allowed, no_such_resource, not_implemented
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.rbac import Attributes, Authorizer, forbidden_text
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Request, Response
from cloudwright.twin.server.reviews import Reviews
from cloudwright.twin.server.tokens import Tokens
from cloudwright.twin.store import Store

_LOCAL = "Local APIServices are always available"


class ApiServer:
    """A simulated API server over a store and a clock.

    A new store is given the objects of a new cluster (namespaces, roles, priority classes). `kubelet` answers logs,
    exec and ports once a node agent has registered itself there. `upkeep` keeps the status of quotas, which is a
    controller's part in a real cluster.
    """

    def __init__(self, store: Store, clock: Clock, *, seed: int = 0, upkeep: bool = True) -> None:
        self.store = store
        self.clock = clock
        self.identities = Identities(seed)
        self.catalog = Catalog()
        self.tokens = Tokens()
        self.authorizer = Authorizer(store)
        self.registry = Registry(store, clock, self.identities)
        self.registry.admission = standard_plugins(self.registry, self.catalog, self.authorizer, upkeep=upkeep)
        self.allocator = Allocator(store, self.identities)
        self.registry.prepare += [self.allocator.prepare, self._volume_phase, self._api_service]
        self.custom = CustomResources(self.registry, self.catalog)
        self.reviews = Reviews(self.authorizer, self.tokens, clock.now)
        self.kubelet: Kubelet | None = None
        if not store.count(("", "namespaces")):
            self._bootstrap()

    def _bootstrap(self) -> None:
        for obj in bootstrap_objects():
            info = self.catalog.by_kind(obj["apiVersion"], obj["kind"])
            assert info is not None
            metadata = obj["metadata"]
            if obj["kind"] == "Namespace":
                obj["status"] = {"phase": "Active"}
            elif obj["kind"] == "APIService":
                obj["status"] = {"conditions": [self._available("True", "Local", _LOCAL)]}
            metadata |= {"uid": self.identities.uid(), "creationTimestamp": self.clock.timestamp()}
            self.store.put(info.storage, obj)
        for name in ("controller-manager", "etcd-0", "scheduler"):
            condition = {"type": "Healthy", "status": "True", "message": "ok"}
            status = {"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": name}}
            self.store.put(("", "componentstatuses"), {**status, "conditions": [condition]})

    def _available(self, status: str, reason: str, message: str) -> Obj:
        now = self.clock.timestamp()
        return {
            "type": "Available",
            "status": status,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }

    def _api_service(self, request: Request, obj: Obj, old: Obj | None) -> None:
        """Whether an API is served: metrics by the node agents, others by this server, or not at all."""
        if request.info.storage != ("apiregistration.k8s.io", "apiservices") or old is not None:
            return
        spec = obj["spec"]
        if not spec.get("service"):
            condition = self._available("True", "Local", _LOCAL)
        elif spec.get("group") == METRICS_GROUP and self.kubelet is not None:
            condition = self._available("True", "Passed", "all checks passed")
        else:
            place = f"{spec['service'].get('name')}.{spec['service'].get('namespace')}"
            condition = self._available("False", "FailedDiscoveryCheck", f"no response from the service {place}")
        obj["status"] = {"conditions": [condition]}

    def _volume_phase(self, request: Request, obj: Obj, old: Obj | None) -> None:
        """A volume notes when its phase changed."""
        if request.info.storage != ("", "persistentvolumes"):
            return
        before, status = ((old or {}).get("status") or {}), obj.get("status") or {}
        if status.get("phase") != before.get("phase"):
            obj["status"] = {**status, "lastPhaseTransitionTime": self.clock.timestamp()}

    def info(self, resource: Resource) -> ResourceInfo:
        """A served resource.

        Raises:
            StatusError: 404, it is not served.
        """
        found = self.catalog.find(resource)
        if found is None:
            raise no_such_resource()
        return found

    def authorize(self, request: Request) -> str:
        """Why the request is allowed.

        Raises:
            StatusError: 403.
        """
        info = request.info
        attributes = Attributes(
            request.user,
            request.verb,
            info.resource.group,
            info.resource.version,
            info.resource.plural,
            request.subresource,
            request.namespace,
            request.name,
        )
        decision = self.authorizer.decide(attributes)
        if not decision.allowed:
            raise forbidden(info, request.name, forbidden_text(attributes))
        return decision.reason

    def handle(self, request: Request) -> Response:
        """Carry out one request (not list and watch, which read the store).

        Raises:
            StatusError: the failure to send.
        """
        if self.reviews.handles(request) and request.verb == "create":
            return self.reviews.create(request)
        if request.info.storage == ("", "bindings"):
            pods = self.catalog.by_kind("v1", "Pod")
            assert pods is not None
            request.info = pods
            return subresources.bind(self.registry, request)
        if request.subresource:
            return self._subresource(request)
        if request.verb not in request.info.verbs or request.verb not in _VERBS:
            raise method_not_allowed()
        if request.verb == "create" and request.info.storage in limits.REFUSED_CREATION:
            raise not_implemented("the evaluation of validating admission policies (CEL)")
        return _VERBS[request.verb](self.registry, request)

    def _subresource(self, request: Request) -> Response:
        sub = request.info.subresources.get(request.subresource)
        if sub is None:
            raise no_such_resource()
        if request.verb not in sub.verbs:
            raise method_not_allowed()
        if (request.info.storage, request.subresource) in limits.REFUSED_SUBRESOURCES and request.verb != "get":
            raise not_implemented(f"the {request.subresource} subresource of {request.info.resource.plural}")
        match request.subresource:
            case "scale":
                return (subresources.get_scale if request.verb == "get" else subresources.put_scale)(
                    self.registry, request
                )
            case "binding":
                return subresources.bind(self.registry, request)
            case "eviction":
                return subresources.evict(self.registry, request)
            case "token":
                return subresources.request_token(self.registry, request, self.tokens)
            case "finalize":
                return subresources.finalize(self.registry, request)
        if request.verb in _VERBS:
            return _VERBS[request.verb](self.registry, request)
        raise method_not_allowed()

    def list(self, info: ResourceInfo, namespace: str | None) -> list[Obj]:
        """Objects in a served version (shared)."""
        found = self.store.objects(info.storage, namespace if info.namespaced else None)
        return [conversion.from_storage(info, obj) for obj in found]


def _get(registry: Registry, request: Request) -> Response:
    return Response(registry.get(request))


_VERBS: Mapping[str, Callable[[Registry, Request], Response]] = {
    "get": _get,
    "create": lambda registry, request: registry.create(request),
    "update": lambda registry, request: registry.update(request),
    "patch": lambda registry, request: registry.patch(request),
    "delete": lambda registry, request: registry.delete(request),
}
