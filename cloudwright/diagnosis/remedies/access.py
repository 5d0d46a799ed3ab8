"""Ways that are open again: network policies and the rules of cluster DNS."""

import re
from collections.abc import Iterator
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import near, patch, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import template_labels
from cloudwright.diagnosis.view import ClusterView

_PEERS = (("ingress", "from"), ("egress", "to"))
_BLOCK = re.compile(r"^[ \t]*(template|hosts)\b[^{\n]*\{[^}]*\}[ \t]*\n?", re.M)
_REWRITE = re.compile(r"^[ \t]*rewrite\s.*\.svc.*\n?", re.M)


def mended_peers(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Selectors of a policy that match no Pod, with the label that the Pods really carry."""
    policy = view.lookup(cause.object)
    if policy is None:
        return
    carried = _carried(view, f.namespace(policy))
    for direction, peers in _PEERS:
        rules = [dict(rule) for rule in f.maps(policy, "spec", direction)]
        mended: list[str] = []
        for rule in rules:
            if peers in rule:
                rule[peers] = [_mended(peer, carried, mended) for peer in f.maps(rule, peers)]
        if mended:
            title = f"Let NetworkPolicy {f.name(policy)} select {', '.join(dict.fromkeys(mended))}"
            yield patch_at(policy, title, ("spec", direction), rules, risk="Pods with this label may connect.")


def _carried(view: ClusterView, namespace: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for workload in view.workloads_in(namespace):
        for key, value in template_labels(workload).items():
            found.setdefault(key, set()).add(value)
    return found


def _mended(peer: Object, carried: dict[str, set[str]], mended: list[str]) -> dict[str, Any]:
    """A peer whose labels exist; those that were changed are added to `mended`."""
    wanted = f.labels(peer, "podSelector", "matchLabels")
    new = dict(wanted)
    for key, value in wanted.items():
        if value in carried.get(key, set()) or "namespaceSelector" in peer:
            continue
        similar = near(value, carried.get(key, set()))
        if similar:
            new[key] = similar[0]
            mended.append(f"{key}={similar[0]}")
    if new == wanted:
        return dict(peer)
    return {**peer, "podSelector": {**f.mapping(peer, "podSelector"), "matchLabels": new}}


def every_caller(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """One rule for all workloads that the policy shuts off, where it is more than one."""
    policy = view.lookup(cause.object)
    calls = [call for remedy in cause.remedies for call in remedy.calls]
    callers = [view.lookup(ref) for ref in cause.affected if ref.namespace == cause.object.namespace]
    selected = f.mapping(policy, "spec", "podSelector")
    outside = [
        item for item in callers if item is not None and (on := template_labels(item)) and not f.matches(selected, on)
    ]
    if policy is None or cause.field != "spec.ingress" or len(outside) < 2 or not calls:
        return
    peers = [{"podSelector": {"matchLabels": template_labels(item)}} for item in outside]
    rules = [dict(rule) for rule in f.maps(policy, "spec", "ingress")]
    names = ", ".join(f.name(item) for item in outside)
    yield patch_at(policy, f"Allow ingress from {names}", ("spec", "ingress"), [*rules, {"from": peers}])


def without_rule(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The Corefile without the blocks that answer for Services."""
    config = view.lookup(cause.object)
    text = f.text(config, "data", "Corefile")
    if config is None:
        return
    kept = _BLOCK.sub(lambda match: "" if _misleads(match[0]) else match[0], text)
    kept = _REWRITE.sub("", kept)
    if kept != text:
        yield patch_at(config, "Take the rule out of the Corefile", ("data", "Corefile"), kept, risk="Names that the rule was for resolve as before it.")  # fmt: skip


def _misleads(block: str) -> bool:
    if block.lstrip().startswith("hosts"):
        return re.search(r"\.svc(\.|\s|$)", block) is not None
    return re.search(r"rcode\s+(NXDOMAIN|SERVFAIL|REFUSED)", block, re.I) is not None


def no_alias(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """A Service that stands for its Pods again, where its selector still finds some."""
    service = view.lookup(cause.object)
    if service is not None and selected_workloads(view, service):
        content = {"spec": {"type": "ClusterIP", "externalName": None}}
        yield patch(
            service,
            f"Let Service {f.name(service)} stand for its Pods instead of an outside name",
            content,
            merge="merge",
        )
