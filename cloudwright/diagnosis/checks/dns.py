"""Cluster DNS, and Pods that do not use it as they need to."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.complaints import complaints
from cloudwright.diagnosis.checks.make import finding, patch_template, restart, scale, undo
from cloudwright.diagnosis.dependencies import Reason
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import pod_ready, pod_spec, replicas
from cloudwright.diagnosis.view import ClusterView, spec_path

_RULE = re.compile(r"^\s*template\s+\S+\s+\S+(?:\s+(\S+))?\s*\{([^}]*)\}", re.M)
_REWRITE = re.compile(r"^\s*rewrite\s+(?:stop\s+)?name\s+(?:exact\s+|regex\s+|suffix\s+|prefix\s+)?(\S+)\s+(\S+)", re.M)


def pod_settings(view: ClusterView) -> Iterator[Finding]:
    """Workloads that call Services and do not ask cluster DNS."""
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    servers = _servers(view)
    for item in view.workloads:
        spec = pod_spec(item)
        policy = f.text(spec, "dnsPolicy")
        custom = [
            one
            for one in f.strings(spec, "dnsConfig", "nameservers")
            if one not in servers and not one.startswith("169.254.")
        ]
        host = spec.get("hostNetwork") is True and policy in ("", "ClusterFirst")
        if policy not in ("Default", "None") and not custom and not host:
            continue
        names = sorted(
            {
                one.host
                for one in addresses(view, item)
                if (target := service_name(one.host, f.namespace(item), spaces))
                and view.find("Service", target.namespace, target.service)
            }
        )
        if not names or (
            policy == "None" and not custom and servers & set(f.strings(spec, "dnsConfig", "nameservers"))
        ):
            continue
        hurt = failing(view, item) or any(
            one.client is item and one.error.reason is Reason.NAME_UNKNOWN for one in complaints(view)
        )
        if custom and policy in ("", "ClusterFirst") and not hurt:
            continue
        yield _setting(view, item, policy, custom, names, hurt)


def _servers(view: ClusterView) -> set[str]:
    return {
        f.text(item, "spec", "clusterIP")
        for item in view.within("Service", "kube-system")
        if f.text(item, "metadata", "labels", "k8s-app") == "kube-dns" or f.name(item) in ("kube-dns", "coredns")
    }


def _setting(view: ClusterView, item: Object, policy: str, custom: list[str], names: list[str], hurt: bool) -> Finding:
    base = spec_path(item)
    kind = "dns-server-wrong" if custom else "dns-policy-wrong"
    field = f"{base}.dnsConfig.nameservers" if custom else f"{base}.dnsPolicy"
    what = (
        f"asks the DNS servers {', '.join(custom)}"
        if custom
        else f"has dnsPolicy {policy or 'ClusterFirst on the host network'}"
    )
    fixed = "ClusterFirstWithHostNet" if pod_spec(item).get("hostNetwork") is True else "ClusterFirst"
    content = {"dnsPolicy": fixed, "dnsConfig": None}
    return finding(
        view, kind, item, f"{item.get('kind')} {f.name(item)} {what}, which does not know Service names such as {names[0]}", field=field,
        facts=[(item, f"{base}.dnsPolicy", Operator.EQUALS, policy)] if policy else (),
        remedies=[patch_template(item, "Use cluster DNS", content), undo(view, item)], affected=[item], severity=None if hurt else Severity.WARNING,
        confidence=0.95 if hurt else 0.6,
    )  # fmt: skip


def cluster_dns(view: ClusterView) -> Iterator[Finding]:
    """DNS servers that do not run, or whose rules break names."""
    for item in view.within("Deployment", "kube-system"):
        if f.text(item, "metadata", "labels", "k8s-app") != "kube-dns" and f.name(item) not in ("coredns", "kube-dns"):
            continue
        ready = [pod for pod in view.pods_of(item) if pod_ready(pod)]
        if replicas(item) == 0 or (not ready and view.older(item)):
            why = "it is scaled to 0" if replicas(item) == 0 else "none of its Pods is ready"
            yield finding(
                view, "cluster-dns-down", item, f"Cluster DNS ({f.name(item)}) does not answer: {why}", field="spec.replicas" if replicas(item) == 0 else "status.readyReplicas",
                remedies=[scale(item, 2, "Run two DNS servers")] if replicas(item) == 0 else [restart(item, "Restart cluster DNS")], affected=_sufferers(view),
            )  # fmt: skip
    for item in view.within("ConfigMap", "kube-system"):
        text = f.text(item, "data", "Corefile")
        if text:
            yield from _corefile(view, item, text)


def _sufferers(view: ClusterView) -> list[Object]:
    return list(
        {id(one.client): one.client for one in complaints(view) if one.error.reason is Reason.NAME_UNKNOWN}.values()
    )


def _corefile(view: ClusterView, item: Object, text: str) -> Iterator[Finding]:
    problems = []
    for match in _RULE.finditer(text):
        if re.search(r"rcode\s+(NXDOMAIN|SERVFAIL|REFUSED)", match[2], re.I):
            answer = re.search(r"match\s+(.+)", match[2])
            problems.append(
                f"a template answers {(answer[1] if answer else match[1] or 'names').strip()} with an error"
            )
    for match in _REWRITE.finditer(text):
        if ".svc" in match[1] and match[1] != match[2]:
            problems.append(f"a rewrite turns {match[1]} into {match[2]}")
    hosts = re.search(r"hosts[^{]*\{([^}]*)\}", text)
    if hosts and re.search(r"\.svc(\.|\s|$)", hosts[1]):
        problems.append("a hosts block fixes addresses of Services")
    if "kubernetes" not in text:
        problems.append("the kubernetes plugin is missing")
    sufferers = _sufferers(view)
    if problems:
        yield finding(
            view, "cluster-dns-rule", item, f"The Corefile breaks names: {'; '.join(problems[:3])}", field="data.Corefile",
            cites=[view.cite(item, "data.Corefile", "; ".join(problems))], affected=sufferers, severity=None if sufferers else Severity.WARNING,
        )  # fmt: skip


def host_aliases(view: ClusterView) -> Iterator[Finding]:
    """Fixed addresses for names of Services."""
    for item in view.workloads:
        for alias in f.maps(pod_spec(item), "hostAliases"):
            for host in f.strings(alias, "hostnames"):
                target = service_name(host, f.namespace(item), frozenset())
                service = view.find("Service", target.namespace, target.service) if target else None
                address = f.text(alias, "ip")
                if service is None or f.text(service, "spec", "clusterIP") == address:
                    continue
                yield finding(
                    view, "host-alias-shadows-service", item, f"{f.name(item)} resolves {host} to the fixed address {address}, not to the Service ({f.text(service, 'spec', 'clusterIP')})",
                    field=f"{spec_path(item)}.hostAliases", facts=[(item, f"{spec_path(item)}.hostAliases", Operator.EXISTS, None)],
                    remedies=[undo(view, item), patch_template(item, "Drop the host aliases", {"hostAliases": None})], affected=[item],
                    severity=None if failing(view, item) or any(one.client is item for one in complaints(view)) else Severity.WARNING,
                )  # fmt: skip
