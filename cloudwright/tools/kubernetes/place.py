"""Where a session works and as whom: read from the cluster once, then pinned."""

from cloudwright.core.errors import Forbidden, NotFound, ToolError, Unsupported
from cloudwright.core.refs import Place
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.kubeconfig import changed

_REVIEWS = ("v1", "v1beta1", "v1alpha1")


def pin(client: KubernetesClient, namespace: str = "") -> Place:
    """The place of a session on this client.

    `cluster` is the uid of namespace `kube-system`; where that may not be read, the server's address stands for it.
    """
    own, seen = identities(client)
    return Place(
        cluster=cluster_uid(client),
        server=client.server,
        context=client.choice.context,
        namespace=namespace or client.choice.namespace,
        identity=own,
        impersonates=seen if client.as_user else "",
    )


def cluster_uid(client: KubernetesClient) -> str:
    """The uid of namespace `kube-system`, which no two clusters share."""
    try:
        metadata = client.get("/api/v1/namespaces/kube-system").get("metadata") or {}
    except (Forbidden, NotFound):
        return f"server:{client.server}"
    return str(metadata.get("uid") or f"server:{client.server}")


def identities(client: KubernetesClient) -> tuple[str, str]:
    """Who the credentials are, and who the server takes us for; they differ when impersonating."""
    seen = whoami(client)
    if not client.as_user:
        return seen or client.choice.user, seen
    return whoami(client.without_impersonation()) or client.choice.user, seen or client.as_user


def whoami(client: KubernetesClient) -> str:
    """The user name that the server sees, or "" where it does not tell (servers before 1.26, or forbidden)."""
    for version in _REVIEWS:
        body = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"}
        try:
            answer = client.request("POST", f"/apis/authentication.k8s.io/{version}/selfsubjectreviews", body=body)
        except (NotFound, Unsupported):
            continue
        except Forbidden:
            return ""
        return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "")
    return ""


def notice(client: KubernetesClient) -> str:
    """One sentence if the kubeconfig changed under this session, else ""."""
    try:
        return changed(client.choice)
    except ToolError as error:
        return str(error)
