"""Asking the cluster whether the identity may, before anything is tried."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, ToolError
from cloudwright.core.tool import Permission
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.errors import Denied
from cloudwright.tools.kubernetes.rights import who_could_grant

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_PARALLEL = 8
_EXPLAINED = 2
"""Rights for which the sentence says who could grant them; each costs a look at RBAC."""


class AccessChecker:
    """Implements `core.gate.PermissionChecker` with one SelfSubjectAccessReview a permission.

    A server without this API is asked by the change itself; permissions of other systems are not checked here.
    """

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """One sentence for every Kubernetes permission that is lacking, and who could grant it if that may be read."""
        wanted = list(dict.fromkeys(item for item in permissions if item.system == "kubernetes" and item.verb))
        if not wanted:
            return ()
        client = context.service(KubernetesClient)
        with ThreadPoolExecutor(min(_PARALLEL, len(wanted))) as pool:
            answers = list(pool.map(lambda item: _allowed(client, item), wanted))
        who = context.place.impersonates or context.place.identity
        lacking = [(item, reason) for item, (allowed, reason) in zip(wanted, answers, strict=True) if not allowed]
        hints = {item: who_could_grant(client, Denied("", item)) for item, _ in lacking[:_EXPLAINED]}
        return [
            f"{who} may not {item}.{f' {reason}.' if reason else ''} {hints.get(item, '')}".rstrip()
            for item, reason in lacking
        ]


def _allowed(client: KubernetesClient, permission: Permission) -> tuple[bool, str]:
    resource, _, subresource = permission.resource.partition("/")
    attributes: dict[str, Any] = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": permission.namespace,
        "name": permission.name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    try:
        status = client.request("POST", _PATH, body=body).get("status") or {}
    except NotFound:
        return True, ""
    except ToolError as error:
        return False, str(error)
    return bool(status.get("allowed")), str(status.get("reason") or status.get("evaluationError") or "")
