"""A snapshot of a cluster: pruned, whole over pages, its gaps named."""

import time
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import Unsupported
from cloudwright.core.result import Document
from cloudwright.tools.kubernetes.snapshot import take
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import open_session
from tests.tools.reading import bind_view, config, run


def test_missing_parts_of_a_cluster_are_named(context: Context) -> None:
    with pytest.raises(Unsupported) as caught:
        run("top_pods", context)
    assert "metrics" in str(caught.value)
    info: Document = run("cluster_info", context)
    assert isinstance(info.content, dict)
    assert info.content["metrics"] is False
    assert info.content["nodes"] == {"total": 3, "Ready": 3}


def test_snapshots_prune_pages_and_name_gaps(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(*(config(f"c-{number}", namespace, big="x" * 1000) for number in range(5)))

    def prune(item: Any) -> dict[str, Any]:
        return {"kind": item["kind"], "name": item["metadata"]["name"]}

    whole = take(context, ["configmaps", "nodes", "nonsense"], prune=prune)
    assert {"kind": "ConfigMap", "name": "c-0"} in whole.of("configmaps")
    assert {"kind": "Node", "name": "sim-1"} in whole.of("nodes")
    assert [gap.partition(":")[0] for gap in whole.gaps] == ["nonsense"]
    assert all(found.whole for found in whole.lists)
    bind_view(cluster, namespace, "frank")
    partial = take(open_session(cluster.user("frank"), namespace), ["configmaps", "nodes", "secrets"], prune=prune)
    by_name = {found.kind.plural: found for found in partial.lists}
    assert len(by_name["configmaps"].objects) == 6
    assert not by_name["configmaps"].whole
    assert "Only namespace" in by_name["configmaps"].gap
    assert by_name["nodes"].objects == ()
    assert "frank may not list nodes" in by_name["nodes"].gap
    assert "frank may not list secrets" in by_name["secrets"].gap
    assert partial.finished >= partial.started > time.time() - 600
