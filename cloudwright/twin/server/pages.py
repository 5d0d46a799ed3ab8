"""Paths that are no resources: health, version, discovery and OpenAPI."""

from cloudwright.twin.api import Obj
from cloudwright.twin.server import discovery
from cloudwright.twin.server.documents import OPENAPI_2_PROTOBUF, Documents
from cloudwright.twin.server.exchange import Answer, Call
from cloudwright.twin.server.pipeline import ApiServer

_HEALTH = ("/healthz", "/livez", "/readyz")


class Pages:
    """The documents of a server."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._documents = Documents(server.catalog, server.registry.schemas)

    def answer(self, call: Call) -> Answer | None:
        """The document at a path, or None."""
        path = call.path.rstrip("/") or "/"
        if path in _HEALTH or path.startswith(tuple(f"{each}/" for each in _HEALTH)):
            return Answer(text=_health(path, call.query))
        if path == "/version":
            return Answer(obj=discovery.VERSION)
        if path == "/":
            return Answer(obj={"paths": self._documents.paths()})
        if path == "/openapi/v2" and call.header("accept") == OPENAPI_2_PROTOBUF:
            return Answer(raw=self._documents.protobuf_2(), media=OPENAPI_2_PROTOBUF.replace("@", "."))
        is_schema = path.startswith("/openapi/")
        found = self._documents.openapi(path) if is_schema else self._discovery(path.split("/")[1:])
        return Answer(obj=found) if found is not None else None

    def _discovery(self, parts: list[str]) -> Obj | None:
        catalog, metrics = self._server.catalog, self._server.kubelet is not None
        match parts:
            case ["api"]:
                return discovery.api_versions()
            case ["apis"]:
                return discovery.group_list(catalog, metrics=metrics)
            case ["apis", group]:
                return discovery.single_group(catalog, group, metrics=metrics)
            case ["apis", discovery.METRICS_GROUP, "v1beta1"] if metrics:
                return discovery.metrics_resources()
            case ["api", "v1"]:
                return discovery.resource_list(catalog, "", "v1")
            case ["apis", group, version]:
                return discovery.resource_list(catalog, group, version)
        return None


def _health(path: str, query: str) -> str:
    if "verbose" not in query:
        return "ok"
    checks = ("ping", "log", "etcd", "informer-sync", "poststarthook/rbac/bootstrap-roles", "shutdown")
    name = path.strip("/").split("/")[0]
    return "".join(f"[+]{check} ok\n" for check in checks) + f"{name} check passed\n"
