"""NamespaceLifecycle: nothing new in a namespace that is missing or going."""

from cloudwright.twin.api import Obj
from cloudwright.twin.server.admission.base import Plugin, key
from cloudwright.twin.server.errors import StatusError, forbidden
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store

_IMMORTAL = {"default", "kube-system", "kube-public"}
_REVIEWS = "localsubjectaccessreviews"


class NamespaceLifecycle(Plugin):
    """Refuses creation in missing or terminating namespaces and the deletion of the system's own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Check the namespace of a write."""
        if request.verb == "delete" and key(request.info) == ("", "namespaces") and request.name in _IMMORTAL:
            raise forbidden(request.info, request.name, "this namespace may not be deleted")
        if not request.info.namespaced or request.verb != "create" or request.info.resource.plural == _REVIEWS:
            return
        namespace = self._store.get(("", "namespaces"), "", request.namespace)
        if namespace is None:
            details = {"name": request.namespace, "kind": "namespaces"}
            raise StatusError(404, "NotFound", f'namespaces "{request.namespace}" not found', details)
        if namespace["metadata"].get("deletionTimestamp"):
            self._terminating(request, namespace)

    def _terminating(self, request: Request, namespace: Obj) -> None:
        name = request.namespace
        why = f"unable to create new content in namespace {name} because it is being terminated"
        error = forbidden(request.info, request.name, why)
        message = f"namespace {name} is being terminated"
        error.details["causes"] = [
            {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
        ]
        raise error
