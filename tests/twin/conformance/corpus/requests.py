"""What every part of the corpus is written with: one function a method, and manifests of kinds."""

from typing import Any

from tests.twin.conformance.kinds import KINDS
from tests.twin.conformance.kinds.model import Kind, Obj
from tests.twin.conformance.replay import Step

NS = "conf"
MERGE, STRATEGIC, JSON_PATCH, APPLY = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
NOWHERE = "00000000-0000-0000-0000-000000000000"


def get(name: str, path: str, kind: str, *, verb: str = "get", **more: Any) -> Step:
    """A read; `more` are other fields of the step."""
    return Step(name, "GET", path, None, kind, verb, **more)


def post(name: str, path: str, body: Any, kind: str, **more: Any) -> Step:
    """A creation."""
    return Step(name, "POST", path, body, kind, "create", **more)


def put(name: str, path: str, body: Any, kind: str, **more: Any) -> Step:
    """An update of a whole object."""
    return Step(name, "PUT", path, body, kind, "update", **more)


def patch(name: str, path: str, body: Any, kind: str, *, content_type: str = MERGE, **more: Any) -> Step:
    """A patch, a merge patch unless another type is named."""
    return Step(name, "PATCH", path, body, kind, "patch", content_type, **more)


def delete(name: str, path: str, kind: str, body: Any = None, *, verb: str = "delete", **more: Any) -> Step:
    """A deletion."""
    return Step(name, "DELETE", path, body, kind, verb, **more)


def merged(base: Any, change: Any) -> Any:
    """RFC 7386, on copies."""
    if not isinstance(change, dict):
        return change
    result = dict(base) if isinstance(base, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def collection(kind: Kind, namespace: str = NS) -> str:
    """The path of a kind's collection."""
    where = f"/namespaces/{namespace}" if kind.namespaced else ""
    return f"/{kind.api}{where}/{kind.plural}"


def tag_of(kind: Kind) -> str:
    """What the names of a kind's steps begin with."""
    return f"{kind.plural}.{kind.api.removeprefix('apis/').removeprefix('api/').replace('/', '-')}"


def manifest(kind: Kind, name: str, change: Obj | None = None) -> Obj:
    """A whole object of a kind."""
    metadata = {"name": name, **({"namespace": NS} if kind.namespaced else {})}
    base = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
    made: Obj = merged(merged(base, kind.manifest), change or {})
    return made


def by_kind(name: str) -> Kind:
    """A kind of the corpus."""
    return next(kind for kind in KINDS if kind.kind == name)
