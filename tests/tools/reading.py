"""What tests of reads share: a call of a read tool, and small manifests."""

from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.result import Rows
from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from tests.servers.apiserver import ControlPlane

TOOLS = {tool.name: tool for tool in READ_TOOLS}
SECRET = "tr0ub4dor-and-3"


def run(tool: str, context: Context, **arguments: Any) -> Any:
    found: AnyTool = TOOLS[tool]
    args = found.parse(arguments)
    found.aims_at(args, context)
    return found.run(args, context)


def cells(rows: Rows, column: str) -> list[Any]:
    index = rows.columns.index(column)
    return [row[index] for row in rows.rows]


def pod(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name.split("-")[0]}},
        "spec": {"containers": [{"name": "main", "image": "registry.local/app:1"}], **spec},
    }


def config(name: str, namespace: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def deployment(name: str, namespace: str, image: str = "registry.local/app:1", replicas: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": image,
                            "args": ["--password", SECRET],
                            "env": [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "MODE", "value": "fast"}],
                        }
                    ]
                },
            },
        },
    }


def bind_view(cluster: ControlPlane, namespace: str, user: str) -> None:
    group = "rbac.authorization.k8s.io"
    cluster.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"view-{user}", "namespace": namespace},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "User", "name": user, "apiGroup": group}],
        }
    )
