"""Quotas that are used up, and what could not be made because of them."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.admission import quota_kind, rejections
from cloudwright.diagnosis.checks.make import absent, finding, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.pods import references_of
from cloudwright.diagnosis.view import ClusterView


def exhausted(view: ClusterView) -> Iterator[Finding]:
    """Used up quotas: an error where something that others need is missing, else advice."""
    for quota in view.of("ResourceQuota"):
        refused = any(f"exceeded quota: {f.name(quota)}," in item.message for item in rejections(view))
        hard = f.mapping(quota, "status", "hard") or f.mapping(quota, "spec", "hard")
        for key in hard:
            used, limit = f.amount(quota, "status", "used", key), f.quantity(hard[key])
            if limit is None or not isinstance(key, str):
                continue
            kind = quota_kind(key)
            lacking = _lacking(view, quota, kind, limit - used)
            if lacking:
                yield _exceeded(view, quota, kind, key, lacking)
            elif used >= limit > 0 and not refused:
                yield finding(
                    view,
                    "quota-nearly-exceeded",
                    quota,
                    f"Quota {f.name(quota)} allows no more {key} ({hard[key]} of {hard[key]})",
                    field=f"spec.hard.{key}",
                )


def _exceeded(
    view: ClusterView, quota: Object, kind: str, key: str, lacking: list[tuple[ObjectRef, list[Object]]]
) -> Finding:
    hard = f.text(f.mapping(quota, "spec", "hard"), key) or f.text(f.mapping(quota, "status", "hard"), key)
    names = ", ".join(ref.name for ref, _ in lacking[:4])
    used = f.text(f.mapping(quota, "status", "used"), key)
    number = f.quantity(hard) or 0
    victims: list[Object | ObjectRef] = []
    for ref, users in lacking:
        victims += [ref, *users]
    raised = f"{number + len(lacking):.0f}" if "storage" not in key else f.size(max(number * 2, 2**30))
    return finding(
        view, kind, quota, f"Quota {f.name(quota)} of namespace {f.namespace(quota)} limits {key} to {hard} ({used} in use), and {names} could not be made",
        field=f"spec.hard[{key}]" if "." in key else f"spec.hard.{key}", facts=[(quota, f"spec.hard[{key}]", Operator.EQUALS, hard)],
        cites=[view.cite(quota, f"status.used.{key}", f"{used} of {hard}")],
        remedies=[patch_at(quota, f"Raise {key} to {raised}", ("spec", "hard", key), raised, risk="The namespace may use more of the cluster.")],
        affected=victims,
    )  # fmt: skip


def _lacking(view: ClusterView, quota: Object, kind: str, left: float) -> list[tuple[ObjectRef, list[Object]]]:
    """Objects that workloads need, that do not exist, and that this quota leaves no room for."""
    namespace = f.namespace(quota)
    if kind == "quota-exceeded-services" and left < 1:
        return _missing_services(view, namespace)
    if kind == "quota-exceeded-storage":
        missing: dict[str, list[Object]] = {}
        for item in view.workloads_in(namespace):
            for ref in references_of(view, item):
                if ref.kind == "PersistentVolumeClaim" and view.missing(ref.kind, namespace, ref.name):
                    missing.setdefault(ref.name, []).append(item)
        # The claim's own size is unknown, it was never made; a waiting volume that the quota has no room for tells it.
        waiting = [
            f.amount(item, "spec", "capacity", "storage")
            for item in view.of("PersistentVolume")
            if f.text(item, "status", "phase") == "Available"
        ]
        if left < 1 or left < min(waiting, default=2**30):
            return [(absent("PersistentVolumeClaim", namespace, name), users) for name, users in missing.items()]
    return []


def _missing_services(view: ClusterView, namespace: str) -> list[tuple[ObjectRef, list[Object]]]:
    found: dict[str, list[Object]] = {}
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    names = {f.name(item) for item in view.workloads_in(namespace)}
    for item in view.workloads:
        for address in addresses(view, item):
            target = service_name(address.host, f.namespace(item), spaces)
            if (
                target is not None
                and target.namespace == namespace
                and view.missing("Service", namespace, target.service)
                and (target.service in names or address.port)
            ):
                found.setdefault(target.service, []).append(item)
    return [(absent("Service", namespace, name), users) for name, users in found.items()]
