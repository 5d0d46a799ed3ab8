"""A custom resource definition and its objects."""

from collections.abc import Iterator

from tests.twin.conformance.corpus.requests import APPLY, NS, STRATEGIC, TABLE, delete, get, merged, patch, post
from tests.twin.conformance.kinds.model import Obj
from tests.twin.conformance.replay import Step

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = f"/apis/example.com/v1/namespaces/{NS}/widgets"
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3}}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 10},
                "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
                "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "flag": {"type": "boolean"},
            },
        },
        "status": {"type": "object", "properties": {"ready": {"type": "boolean"}, "replicas": {"type": "integer"}}},
    },
}
VERSION = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": SCHEMA},
    "subresources": {
        "status": {},
        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"},
    },
    "additionalPrinterColumns": [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Color", "type": "string", "jsonPath": ".spec.color"},
    ],
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [VERSION],
    },
}


def custom() -> Iterator[Step]:
    """A definition, refused and accepted, and the life of its objects."""
    yield from _definitions()
    yield from _creations()
    yield from _changes()


def _bad(what: str, change: Obj) -> Step:
    return post(f"custom/bad-{what}", f"{CRDS}?dryRun=All", merged(DEFINITION, change), "CustomResourceDefinition")


def _definitions() -> Iterator[Step]:
    """Definitions that are refused, then one that is not."""
    yield _bad("name", {"metadata": {"name": "other.example.com"}})
    yield _bad("scope", {"spec": {"scope": "Galaxy"}})
    yield _bad("no-versions", {"spec": {"versions": []}})
    yield _bad("no-storage", {"spec": {"versions": [{**VERSION, "storage": False}]}})
    yield _bad("no-schema", {"spec": {"versions": [{**VERSION, "schema": None}]}})
    yield _bad("no-group", {"spec": {"group": ""}})
    yield _bad("kind", {"spec": {"names": {"kind": "widget_s"}}})
    yield post("custom/create", CRDS, DEFINITION, "CustomResourceDefinition")
    for _attempt in range(3):  # a real server takes a moment to serve it
        yield get(f"custom/wait-{_attempt}", f"{WIDGETS}?attempt={_attempt}", "Widget", verb="list")


def _create(what: str, change: Obj, query: str = "?dryRun=All") -> Step:
    return post(f"custom/{what}", f"{WIDGETS}{query}", merged(WIDGET, change), "Widget")


def _creations() -> Iterator[Step]:
    """Objects against the schema of their definition."""
    yield _create("widget", {}, "")
    yield _create("widget-again", {}, "")
    yield _create("no-size", {"metadata": {"name": "x"}, "spec": {"size": None}})
    yield _create("no-spec", {"metadata": {"name": "x"}, "spec": None})
    yield _create("string-size", {"metadata": {"name": "x"}, "spec": {"size": "big"}})
    yield _create("big", {"metadata": {"name": "x"}, "spec": {"size": 11}})
    yield _create("small", {"metadata": {"name": "x"}, "spec": {"size": 0}})
    yield _create("color", {"metadata": {"name": "x"}, "spec": {"color": "green"}})
    yield _create("code", {"metadata": {"name": "x"}, "spec": {"code": "ABC"}})
    yield _create("long-code", {"metadata": {"name": "x"}, "spec": {"code": "abcdefg"}})
    yield _create("tags", {"metadata": {"name": "x"}, "spec": {"tags": ["a", "b", "c"]}})
    yield _create("tag-type", {"metadata": {"name": "x"}, "spec": {"tags": ["a", 1]}})
    yield _create("flag", {"metadata": {"name": "x"}, "spec": {"flag": "yes"}})
    yield _create("port", {"metadata": {"name": "x"}, "spec": {"port": "http"}})
    yield _create("port-bad", {"metadata": {"name": "x"}, "spec": {"port": True}})
    yield _create("pruned", {"metadata": {"name": "x"}, "spec": {"unknown": 1, "free": {"any": [1]}}})
    yield _create("strict", {"metadata": {"name": "x"}, "spec": {"unknown": 1}}, "?dryRun=All&fieldValidation=Strict")
    yield _create("status-dropped", {"metadata": {"name": "x"}, "status": {"ready": True}})


def _changes() -> Iterator[Step]:
    """Reads, patches, status, scale and end of one object."""
    yield get("custom/get", f"{WIDGETS}/w", "Widget")
    yield get("custom/table", WIDGETS, "Widget", verb="list", accept=TABLE)
    yield patch("custom/merge", f"{WIDGETS}/w", {"spec": {"size": 4}}, "Widget")
    yield patch("custom/strategic", f"{WIDGETS}/w", {"spec": {"size": 4}}, "Widget", content_type=STRATEGIC)
    yield patch(
        "custom/apply",
        f"{WIDGETS}/w?fieldManager=one",
        {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "w"},
            "spec": {"color": "blue", "tags": ["x"]},
        },
        "Widget",
        content_type=APPLY,
    )
    yield patch(
        "custom/status",
        f"{WIDGETS}/w/status",
        {"status": {"ready": True, "replicas": 2}, "spec": {"size": 9}},
        "Widget",
    )
    yield get("custom/scale", f"{WIDGETS}/w/scale", "Widget")
    yield patch("custom/scale-patch", f"{WIDGETS}/w/scale", {"spec": {"replicas": 7}}, "Widget")
    yield get("custom/discovery", "/apis/example.com/v1", "Discovery")
    yield delete("custom/delete", f"{WIDGETS}/w", "Widget")
