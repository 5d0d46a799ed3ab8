"""Manifests are applied: what they make, keep, refuse, and when they are grants."""

import json
from typing import Any

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import Conflict, InvalidArguments, NotFound
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.tools.kubernetes.requests import find_kind
from tests.tools.desk import Desk, fields_of
from tests.tools.served import web


def test_apply_makes_changes_and_keeps_what_others_own(desk: Desk) -> None:
    desk.deployment()
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}},
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web"},
                "spec": {"minReadySeconds": 3},
            },
        ],
    }
    outcome = desk.change("apply_manifest", manifest=json.dumps(manifest))
    assert outcome.verification.progress is Progress.DONE
    assert web(desk)["spec"]["minReadySeconds"] == 3
    assert web(desk)["spec"]["replicas"] == 2
    manifest["items"][1]["spec"] = {"replicas": 9}
    with pytest.raises(Conflict, match="replicas") as caught:
        desk.propose("apply_manifest", manifest=json.dumps(manifest))
    assert "patch_resource" in caught.value.hint
    assert "force" in caught.value.hint
    forced = desk.propose("apply_manifest", manifest=json.dumps(manifest), force=True)
    assert fields_of(forced)["spec.replicas"] == (2, 9)
    desk.undo(outcome)
    assert "minReadySeconds" not in web(desk)["spec"]


def test_a_namespace_and_what_is_in_it_are_applied_together(desk: Desk) -> None:
    name = f"{desk.namespace}-new"
    manifest = f"""
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {name}}}, data: {{x: "1"}}}}
---
{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}
"""
    proposal = desk.propose("apply_manifest", manifest=manifest)
    assert any("does not exist yet" in text for text in proposal.preview.warnings)
    outcome = desk.execute(proposal)
    assert outcome.verification.progress is Progress.DONE
    desk.change("delete_resource", kind="namespace", name=name)


def test_a_kind_that_was_just_defined_is_known_at_once(desk: Desk) -> None:
    group = f"{desk.namespace}.example.com"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"looms.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "looms", "kind": "Loom"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    desk.gate.read(ToolCall(tool="list_resources", arguments={"kind": "pods"}), desk.context, desk.me)
    desk.change("apply_manifest", manifest=json.dumps(definition))
    found = find_kind("looms", desk.context)
    assert (found.kind, found.group) == ("Loom", group)
    desk.change("delete_resource", kind="customresourcedefinition", name=f"looms.{group}")


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("a: [1", "line 1"),
        ("kind: Pod\nmetadata: {name: x}", "Document 1 of the manifest has no apiVersion"),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}", "no metadata.name"),
        ("{apiVersion: v1, kind: Podd, metadata: {name: x}}", "Podd"),
        ("- 1\n- 2", "no object but a list"),
        ("---\n", "holds no object"),
        ("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}", "Document 1, item 1"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dat: {}}", "dat"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(desk: Desk, manifest: str, says: str) -> None:
    with pytest.raises((InvalidArguments, NotFound)) as caught:
        desk.propose("create_resource", manifest=manifest)
    assert says in str(caught.value)


def test_grants_are_told_from_writes_whatever_tool_makes_them(desk: Desk) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "User", "name": "someone", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [binding]}
    for tool in ("create_resource", "apply_manifest"):
        assert desk.propose(tool, manifest=json.dumps(listed)).effect is Effect.GRANT
    desk.deployment()
    privileged = {"spec": {"template": {"spec": {"hostPID": True}}}}
    assert desk.propose("patch_resource", kind="deployment", name="web", patch=privileged).effect is Effect.GRANT
    finalizers = {"metadata": {"finalizers": ["example.io/x"]}}
    assert desk.propose("patch_resource", kind="deploy", name="web", patch=finalizers).effect is Effect.DESTRUCTIVE
