"""Which pods belong to what: by selector and owner, for any kind that has pods."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import Unsupported
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.owners import children

_BY_PLAIN_LABELS = ("Service", "ReplicationController")


def selector_text(selector: Mapping[str, Any]) -> str:
    """A LabelSelector (matchLabels, matchExpressions) as the API's query parameter writes it; "" selects everything."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for entry in maps(selector, "matchExpressions"):
        key, names = entry.get("key"), ",".join(entry.get("values") or ())
        parts.append(
            {
                "In": f"{key} in ({names})",
                "NotIn": f"{key} notin ({names})",
                "Exists": f"{key}",
                "DoesNotExist": f"!{key}",
            }.get(str(entry.get("operator")), f"{key}")
        )
    return ",".join(parts)


def pods_of(item: Mapping[str, Any], context: Context) -> Iterator[Mapping[str, Any]]:
    """The pods of a workload, Service, disruption budget or CronJob; of a controller only those that it owns.

    Raises:
        Unsupported: objects of this kind have no pods.
    """
    if item.get("kind") == "Pod":
        yield item
        return
    if item.get("kind") == "CronJob":
        ref = context.service(Discovery).of(str(item.get("apiVersion")), "CronJob").ref(item)
        for _, job in children(ref, context):
            yield from pods_of(job, context)
        return
    found = dig(item, "spec", "selector")
    if not isinstance(found, Mapping) or not found:
        raise Unsupported(f"{item.get('kind')} {dig(item, 'metadata', 'name')} selects no pods.")
    text = selector_text({"matchLabels": found} if item.get("kind") in _BY_PLAIN_LABELS else found)
    client = context.service(KubernetesClient)
    namespace = str(dig(item, "metadata", "namespace") or "")
    pods = client.list(
        f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": text}, timeout=context.remaining(client.timeout)
    )
    owners = _owner_uids(item, context)
    for pod in pods:
        controllers = {entry.get("uid") for entry in maps(pod, "metadata", "ownerReferences")}
        if owners is None or controllers & owners:
            yield pod


def _owner_uids(item: Mapping[str, Any], context: Context) -> set[Any] | None:
    """The uids that own this workload's pods; None where selection alone counts."""
    uid = dig(item, "metadata", "uid")
    if item.get("kind") in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"):
        return {uid}
    if item.get("kind") == "Deployment":
        ref = context.service(Discovery).of(str(item.get("apiVersion")), "Deployment").ref(item)
        return {dig(owned, "metadata", "uid") for _, owned in children(ref, context)}
    return None
