"""Kinds that a cluster defines itself are found and explained like any other."""

from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound
from cloudwright.core.result import Rows
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import eventually
from tests.tools.reading import cells, run


def custom_kind(group: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "shortNames": ["gd"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "properties": {"size": {"type": "integer", "description": "How big it is."}},
                                }
                            },
                        }
                    },
                }
            ],
        },
    }


def test_custom_kinds_are_found_like_any_other(cluster: ControlPlane, context: Context, namespace: str) -> None:
    with pytest.raises(NotFound):
        run("list_resources", context, kind="gadgets")
    cluster.create(custom_kind("shop.example.com"))
    path = f"/apis/shop.example.com/v1/namespaces/{namespace}/gadgets"
    eventually(lambda: _answers(cluster, path))
    item = {"apiVersion": "shop.example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 7}}
    cluster.request("POST", path, item)
    eventually(lambda: _knows(context, "gd"))  # kinds are read again a second after the last look, not at once
    for name in ("gd", "Gadget", "gadgets.shop.example.com", "shop.example.com/v1/Gadget"):
        rows: Rows = run("list_resources", context, kind=name, where="spec.size > 5")
        assert cells(rows, "name") == ["g"]


def test_fields_of_custom_kinds_are_explained(cluster: ControlPlane, context: Context) -> None:
    cluster.create(custom_kind("told.example.com"))
    kind = "told.example.com/v1/Gadget"
    eventually(lambda: _knows(context, kind))
    eventually(lambda: "How big it is." in run("explain_field", context, kind=kind, path="spec.size").render())


def _knows(context: Context, kind: str) -> bool:
    try:
        run("list_resources", context, kind=kind)
    except NotFound:
        return False
    return True


def _answers(cluster: ControlPlane, path: str) -> bool:
    try:
        cluster.request("GET", path)
    except OSError:
        return False
    return True
