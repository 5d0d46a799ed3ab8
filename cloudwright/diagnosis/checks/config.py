"""References of workloads to ConfigMaps, Secrets, ServiceAccounts and claims that do not resolve."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import (
    absent,
    create,
    finding,
    near,
    patch_container,
    patch_json,
    patch_template,
    previous_template,
    undo,
)
from cloudwright.diagnosis.dependencies import Reason, workload_errors, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing, failing_pods
from cloudwright.diagnosis.pods import (
    Reference,
    container_path,
    finished,
    live_pods,
    pod_spec,
    references,
    references_of,
    replicas,
    template_containers,
    users_of,
)
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView, spec_path

_KINDS = {
    "ConfigMap": "config-map-missing",
    "Secret": "secret-missing",
    "ServiceAccount": "service-account-missing",
    "PersistentVolumeClaim": "claim-missing",
}
GENERATED = frozenset({"kube-root-ca.crt"})


def missing_references(view: ClusterView) -> Iterator[Finding]:
    """Workloads whose Pods refer to objects that do not exist, whether or not a Pod has tripped over it yet."""
    for workload in view.workloads:
        if workload.get("kind") == "Pod" and finished(workload):
            continue
        done: set[tuple[str, str]] = set()
        for ref in references_of(view, workload):
            if ref.optional or (ref.kind, ref.name) in done or "imagePullSecrets" in ref.path:
                continue
            if ref.name not in GENERATED and view.missing(ref.kind, f.namespace(workload), ref.name):
                done.add((ref.kind, ref.name))
                yield _missing(view, workload, ref)


def _missing(view: ClusterView, workload: Object, ref: Reference) -> Finding:
    namespace = f.namespace(workload)
    victims = failing_pods(view, workload)
    cites = [view.cite(workload, ref.path, ref.name)]
    events = [event for pod in victims for event in view.events_of(pod) if f'"{ref.name}" not found' in event.message]
    events += [
        event
        for item in view.children(workload)
        for event in view.events_of(item, "FailedCreate")
        if f'"{ref.name}"' in event.message
    ]
    cites += [view.cite_event(event) for event in events[-1:]]
    similar = near(ref.name, (f.name(item) for item in view.within(ref.kind, namespace)))
    used_elsewhere = _users(view, workload, ref)
    typo = _mistyped(view, workload, ref, similar, used_elsewhere)
    hint = f"; there is a {ref.kind} {similar[0]}" if similar else ""
    target: Object | object = workload if typo else absent(ref.kind, namespace, ref.name)
    hurt = bool(victims) or failing(view, workload)
    severity = None if hurt else (Severity.WARNING if replicas(workload) and ref.at_start else Severity.INFO)
    return finding(
        view, _KINDS[ref.kind], target,  # type: ignore[arg-type]
        f"{ref.kind} {ref.name} does not exist in namespace {namespace}, and {workload.get('kind')} {f.name(workload)} needs it{hint}",
        field=ref.path if typo else "", facts=[(absent(ref.kind, namespace, ref.name), "", Operator.ABSENT, None)],
        cites=cites, remedies=_remedies(view, workload, ref, similar, typo), affected=[workload, *used_elsewhere, *victims],
        severity=severity,
    )  # fmt: skip


def _users(view: ClusterView, workload: Object, ref: Reference) -> list[Object]:
    return [item for item in users_of(view, ref.kind, f.namespace(workload), ref.name) if item is not workload]


def _mistyped(view: ClusterView, workload: Object, ref: Reference, similar: list[str], users: list[Object]) -> bool:
    """Whether the reference is the mistake, not the absence: the revision before named something that exists, or a
    near miss exists that nobody else names."""
    before = previous_template(view, workload)
    if before is not None:
        named = {(one.kind, one.name) for one in references({**workload, "spec": {"template": before}})}
        if (ref.kind, ref.name) in named:
            return False
        return any(view.find(kind, f.namespace(workload), name) is not None for kind, name in named if kind == ref.kind)
    if users or not similar:
        return False
    return not users_of(view, ref.kind, f.namespace(workload), similar[0])


def _remedies(
    view: ClusterView, workload: Object, ref: Reference, similar: list[str], typo: bool
) -> list[Remedy | None]:
    namespace = f.namespace(workload)
    found: list[Remedy | None] = []
    if ref.kind == "ServiceAccount":
        if typo and similar:
            found.append(
                patch_template(workload, f"Use ServiceAccount {similar[0]}", {"serviceAccountName": similar[0]})
            )
        manifest = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ref.name, "namespace": namespace},
        }
        found.append(create(manifest, f"Create ServiceAccount {ref.name}", "It starts without any rights."))
    if typo:
        found.append(undo(view, workload))
    return found


def missing_keys(view: ClusterView) -> Iterator[Finding]:
    """References to keys that a ConfigMap or Secret does not have."""
    for workload in view.workloads:
        for ref in references_of(view, workload):
            if not ref.key or ref.optional or ref.kind not in ("ConfigMap", "Secret"):
                continue
            source = view.find(ref.kind, f.namespace(workload), ref.name)
            if source is None:
                continue
            have = set(f.mapping(source, "data"))
            if ref.key in have or "data" not in source:
                continue
            yield _missing_key(view, workload, ref, source, sorted(str(item) for item in have))


def _missing_key(view: ClusterView, workload: Object, ref: Reference, source: Object, have: list[str]) -> Finding:
    victims = failing_pods(view, workload)
    similar = near(ref.key, have)
    remedies: list[Remedy | None] = []
    container = ref.path.partition("containers[")[2].partition("]")[0]
    variable = ref.path.partition("env[")[2].partition("]")[0]
    which = "secretKeyRef" if ref.kind == "Secret" else "configMapKeyRef"
    if similar and container and variable:
        source_ref = {which: {"name": ref.name, "key": similar[0]}}
        content = {"env": [{"name": variable, "valueFrom": source_ref}]}
        remedies.append(patch_container(workload, container, f"Read key {similar[0]} instead", content))
    renamed = _renamed(view, workload, ref, source, similar)
    if renamed:
        remedies.insert(0, _key_again(source, ref.key, renamed))
    else:
        remedies.append(undo(view, workload))
    at_workload = not renamed and (_newly_read(view, workload, ref) is True or bool(similar))
    kind = "secret-key-missing" if ref.kind == "Secret" else "config-map-key-missing"
    hint = f"; it has {', '.join(have[:6])}" if have else "; it is empty"
    events = [
        event for pod in victims for event in view.events_of(pod, "Failed", "FailedMount") if ref.key in event.message
    ]
    return finding(
        view, kind, workload if at_workload else source,
        f"{ref.kind} {ref.name} has no key {ref.key}, which {workload.get('kind')} {f.name(workload)} reads{hint}",
        field=f"{ref.path}.key" if at_workload else f"data.{ref.key}",
        facts=[(source, f"data.{ref.key}", Operator.ABSENT, None)],
        cites=[view.cite(source, "data", ", ".join(have[:8])), *(view.cite_event(event) for event in events[-1:])],
        remedies=remedies, affected=[workload, *victims], severity=None if victims else Severity.WARNING,
    )  # fmt: skip


def _newly_read(view: ClusterView, workload: Object, ref: Reference) -> bool | None:
    """Whether the revision before did not read this key; None where there is none to compare with."""
    before = previous_template(view, workload)
    if before is None:
        return None
    return all(
        (one.name, one.key) != (ref.name, ref.key) for one in references({**workload, "spec": {"template": before}})
    )


def _renamed(view: ClusterView, workload: Object, ref: Reference, source: Object, similar: list[str]) -> str:
    """The key of an edited source that is called otherwise now: nobody reads it, and it is like the missing one or the
    only such. "" where the workload is the one that changed, or where that cannot be told."""
    newly_read = _newly_read(view, workload, ref)
    if newly_read or (newly_read is None and not recently_changed(view, view.ref(source))):
        return ""
    users = users_of(view, ref.kind, f.namespace(source), f.name(source))
    whole = any(not one.key for item in users for one in references_of(view, item) if one.name == ref.name)
    read = {
        one.key for item in users for one in references_of(view, item) if (one.kind, one.name) == (ref.kind, ref.name)
    }
    spare = [key for key in f.mapping(source, "data") if key not in read]
    meant = [key for key in similar if key in spare] or spare
    return meant[0] if len(meant) == 1 and not (whole and not similar) else ""


def _key_again(source: Object, key: str, like: str) -> Remedy:
    """The value under its old name too: no one has to know it."""
    path = {name: name.replace("~", "~0").replace("/", "~1") for name in (key, like)}
    copy = {"op": "copy", "from": f"/data/{path[like]}", "path": f"/data/{path[key]}"}
    title = f"Give {source.get('kind')} {f.name(source)} its key {key} again, with the value of {like}"
    return patch_json(source, title, [copy], risk=f"If {like} is another value, its readers get a wrong one.")


def duplicate_env(view: ClusterView) -> Iterator[Finding]:
    """Variables that a container declares twice with different values: the last one wins, silently."""
    for workload in view.workloads:
        for item in template_containers(workload):
            values: dict[str, list[str]] = {}
            for variable in f.maps(item.spec, "env"):
                if "value" in variable:
                    values.setdefault(f.text(variable, "name"), []).append(f.text(variable, "value"))
            for key, found in values.items():
                if len(set(found)) > 1:
                    path = container_path(workload, item, f"env[{key}]")
                    yield finding(
                        view, "env-shadowed", workload,
                        f"Variable {key} is declared {len(found)} times; the last value wins over the first",
                        field=path, cites=[view.cite(workload, path, " | ".join(found))],
                    )  # fmt: skip


def stale_configuration(view: ClusterView) -> Iterator[Finding]:
    """Pods that read a ConfigMap or Secret into their environment before it was last changed."""
    for workload in view.workloads:
        if workload.get("kind") in ("Job", "CronJob"):
            continue
        for ref in references_of(view, workload):
            if ref.kind not in ("ConfigMap", "Secret") or ".env" not in ref.path:
                continue
            source = view.find(ref.kind, f.namespace(workload), ref.name)
            changed = last_change(source) if source else None
            if source is None or changed is None:
                continue
            old = [
                pod
                for pod in live_pods(view, workload)
                if (start := f.when(pod, "status", "startTime")) and start < changed - timedelta(seconds=5)
            ]
            if old:
                yield finding(
                    view, "configuration-stale", workload,
                    f"{len(old)} Pods started before {ref.kind} {ref.name} was changed and still hold its old values",
                    field=ref.path, cites=[view.cite(source, "metadata.managedFields", changed.isoformat())],
                    affected=[source, *old],
                )  # fmt: skip
                break


def last_change(obj: Object) -> datetime | None:
    """When anything but its status was last changed, by its managed fields."""
    times = [f.when(item, "time") for item in f.maps(obj, "metadata", "changes") if item.get("subresource") != "status"]
    return max((item for item in times if item), default=None)


def unused_and_odd(view: ClusterView) -> Iterator[Finding]:
    """ConfigMaps that nothing uses, that are empty, or that approach the size limit of etcd."""
    if not (view.knows("Pod", "") or view.of("Pod")) or view.namespaces is not None:
        return
    used = {
        (f.namespace(pod), ref.name) for pod in _one_of_each(view) for ref in references(pod) if ref.kind == "ConfigMap"
    }
    for item in view.of("ConfigMap"):
        where = (f.namespace(item), f.name(item))
        size = sum(len(value) for _, value in f.walk_strings(f.mapping(item, "data")))
        if size > 1_000_000:
            yield finding(
                view,
                "config-map-too-big",
                item,
                f"ConfigMap {where[1]} holds {size} characters; the limit is 1 MiB",
                field="data",
            )
        if not f.mapping(item, "data") and not _watched(item):
            yield finding(view, "config-map-empty", item, f"ConfigMap {where[1]} holds no key", field="data")
        if (
            where in used
            or users_of(view, "ConfigMap", *where)
            or where[1] in GENERATED
            or where[0] in ("kube-system", "kube-public", "kube-node-lease")
            or _watched(item)
        ):
            continue
        yield finding(view, "config-map-unused", item, f"No Pod template uses ConfigMap {where[1]}")


def _one_of_each(view: ClusterView) -> Iterable[Object]:
    """One Pod of each owner: Pods hold what admission added to their template."""
    return {id(view.owner(pod) or pod): pod for pod in view.of("Pod")}.values()


def _watched(item: Object) -> bool:
    """Whether the labels say that a program reads it through the API (dashboards, rules, leader election)."""
    marks = {**f.labels(item, "metadata", "labels"), **f.labels(item, "metadata", "annotations")}
    return bool(marks) or bool(f.maps(item, "metadata", "ownerReferences"))


_ERROR_LINE = re.compile(r"\b(ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b")


def complained_settings(view: ClusterView) -> Iterator[Finding]:
    """Error lines that go on and name a key or value of a ConfigMap that was edited not long ago."""
    for workload in view.workloads:
        sources = [
            view.find("ConfigMap", f.namespace(workload), ref.name)
            for ref in references_of(view, workload)
            if ref.kind == "ConfigMap"
        ]
        edited = list(
            {id(item): item for item in sources if item is not None and recently_changed(view, view.ref(item))}.values()
        )
        lines = _going_on(view, workload) if edited else []
        for source in edited:
            for key, value in f.labels(source, "data").items():
                named = [line for line in lines if _mentions(line, key) or (len(value) >= 6 and value in line)]
                if named and len(value) < 200 and not re.search(r"https?://", value):
                    yield finding(
                        view, "configuration-broken", source, f"{f.name(workload)} fails over the setting {key} since ConfigMap {f.name(source)} was edited: {named[-1][:160]}",
                        field=f"data.{key}", cites=[view.quote(named[-1], "log", f.uid(workload)), view.cite(source, f"data.{key}", value)], affected=[workload],
                        severity=None if failing(view, workload) else Severity.WARNING,
                    )  # fmt: skip
                    break


def _mentions(line: str, key: str) -> bool:
    """Whether a line names a key, however its words are joined."""
    words = [word for word in re.split(r"[_\-. ]+", key.lower()) if word]
    return len(key) >= 4 and re.search(r"[_\-. ]?".join(map(re.escape, words)), line.lower()) is not None


def _going_on(view: ClusterView, workload: Object) -> list[str]:
    """Error lines of the last quarter of the logs, where there are at least three."""
    found: list[str] = []
    for log in workload_logs(view, workload):
        tail = log.lines[-max(len(log.lines) // 4, 8) :]
        errors = [line for line in tail if _ERROR_LINE.search(line)]
        found += errors if len(errors) >= 3 else []
    return found


def token_mount(view: ClusterView) -> Iterator[Finding]:
    """Pods without ServiceAccount token whose logs show that they look for one."""
    for workload in view.workloads:
        spec = pod_spec(workload)
        account = view.find("ServiceAccount", f.namespace(workload), f.text(spec, "serviceAccountName") or "default")
        off = spec.get("automountServiceAccountToken") is False
        off_account = (
            "automountServiceAccountToken" not in spec
            and account is not None
            and account.get("automountServiceAccountToken") is False
        )
        if not (off or off_account) or not failing(view, workload):
            continue
        errors = [
            item
            for item in workload_errors(view, workload)
            if item.reason is Reason.FILE_MISSING and "serviceaccount" in item.quote
        ]
        if errors:
            target = workload if off else account or workload
            path = f"{spec_path(workload)}.automountServiceAccountToken" if off else "automountServiceAccountToken"
            remedy = patch_template(workload, "Mount the token for these Pods", {"automountServiceAccountToken": True})
            yield finding(
                view, "service-account-token-not-mounted", target,
                f"{workload.get('kind')} {f.name(workload)} looks for its ServiceAccount token, and mounting it is switched off",
                field=path, cites=[view.quote(errors[-1].quote, "log", f.uid(workload))], remedies=[remedy], affected=[workload],
            )  # fmt: skip


def incomplete_tls_secrets(view: ClusterView) -> Iterator[Finding]:
    """TLS Secrets that lack their two keys."""
    for secret in view.of("Secret"):
        if f.text(secret, "type") == "kubernetes.io/tls" and not {"tls.crt", "tls.key"} <= set(
            f.mapping(secret, "data")
        ):
            yield finding(
                view, "tls-secret-incomplete", secret, f"TLS Secret {f.name(secret)} lacks tls.crt or tls.key", field="data"
            )  # fmt: skip
