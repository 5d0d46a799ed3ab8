"""Configuration that was edited under running programs which began to fail then: switches, limits, modes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloudwright.core.finding import Finding, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_at
from cloudwright.diagnosis.checks.quiet import persistent_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import containers, live_pods, references_of, users_of
from cloudwright.diagnosis.timeline import last_edit, recently_changed
from cloudwright.diagnosis.view import ClusterView

_CALM = timedelta(minutes=1)
"""How long a Pod must have run before the edit for its trouble to be the edit's."""
_SETTING = re.compile(r"^(\s*[\"']?([\w.-]+)[\"']?\s*[:=]\s*[\"']?)([\w.-]+)([\"']?,?\s*)$")
_OFF = {"on": "off", "true": "false", "yes": "no", "enabled": "disabled", "1": "0"}
_KINDS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True)
class Setting:
    """One name and value in a ConfigMap, under the key of its file (or as the key itself)."""

    key: str
    name: str
    value: str


def under_running_programs(view: ClusterView) -> Iterator[Finding]:
    """Workloads that fail since a file which they mount was edited, although none of their Pods was replaced."""
    for workload in view.workloads:
        if workload.get("kind") not in _KINDS:
            continue
        for source in _mounted(view, workload):
            edit = last_edit(source)
            if edit is None or not recently_changed(view, view.ref(source)) or not _ran_before(view, workload, edit[0]):
                continue
            named = [item for item in settings(source) if _about(item.name, f.name(workload))]
            alone = len(users_of(view, "ConfigMap", f.namespace(source), f.name(source))) == 1
            if (named or alone) and _fails_since(view, workload, edit[0]):
                yield _finding(view, workload, source, edit, named)


def _mounted(view: ClusterView, workload: Object) -> list[Object]:
    refs = [ref for ref in references_of(view, workload) if ref.kind == "ConfigMap" and ".volumes" in ref.path]
    found = [view.find("ConfigMap", f.namespace(workload), ref.name) for ref in refs]
    return list({id(item): item for item in found if item is not None}.values())


def _ran_before(view: ClusterView, workload: Object, edit: datetime) -> bool:
    starts = [f.when(pod, "status", "startTime") for pod in live_pods(view, workload)]
    return any(start is not None and start < edit - _CALM for start in starts)


def _fails_since(view: ClusterView, workload: Object, edit: datetime) -> bool:
    """Whether a Pod that is older than the edit has been restarted or unready since, or goes on complaining."""
    for pod in live_pods(view, workload):
        start = f.when(pod, "status", "startTime")
        if start is None or start > edit:
            continue
        changed = f.when(f.condition(pod, "Ready"), "lastTransitionTime")
        ends = [at for item in containers(pod) if (at := f.when(item.terminated, "finishedAt"))]
        if failing(view, workload) and (changed is None or changed > edit) and all(at > edit for at in ends):
            return True
        if ends and min(ends) > edit:
            return True
    return bool(persistent_errors(view, workload))


def _finding(
    view: ClusterView, workload: Object, source: Object, edit: tuple[datetime, str], named: list[Setting]
) -> Finding:  # fmt: skip
    remedies: list[Remedy | None] = [_off(source, item) for item in named if item.value.lower() in _OFF]
    suspects = [item for item in named if item.value.lower() in _OFF] or named
    shown = "; there " + " and ".join(f"{item.name} is {item.value}" for item in suspects[:3]) if suspects else ""
    return finding(
        view, "configuration-broken", source,
        f"{f.name(workload)} ran well until ConfigMap {f.name(source)}, which it mounts, was edited at {edit[0]:%H:%M} by {edit[1]}{shown}",
        field=f"data.{suspects[0].key}" if suspects else "data", affected=[workload, *live_pods(view, workload)],
        cites=[view.cite(source, "metadata.managedFields", edit[0].isoformat())], remedies=remedies, confidence=0.92 if suspects else 0.75,
    )  # fmt: skip


def settings(source: Object) -> list[Setting]:
    """Names with plain values: the keys of a ConfigMap, and the lines of its files."""
    found = []
    for key, text in f.labels(source, "data").items():
        if "\n" not in text and _SETTING.match(text) is None:
            found.append(Setting(key, key, text.strip()))
        for line in text.splitlines():
            if match := _SETTING.match(line):
                found.append(Setting(key, match[2], match[3]))
    return found


def _about(name: str, workload: str) -> bool:
    """Whether a setting bears the name of a workload: `adHighCpu` and `ads`, `payment.failure` and `payment`."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    return any(
        len(word) >= 2 and part.startswith(word) and len(part) - len(word) <= 1
        for word in words
        for part in workload.lower().split("-")
    )


def _off(source: Object, item: Setting) -> Remedy:
    """The same switch, off."""
    text = f.text(source, "data", item.key)
    other = _OFF[item.value.lower()]
    lines = [
        f"{match[1]}{other}{match[4]}" if (match := _SETTING.match(line)) and match[2] == item.name else line
        for line in text.splitlines(keepends=False)
    ]
    new = other if item.name == item.key else "\n".join(lines) + ("\n" if text.endswith("\n") else "")
    return patch_at(
        source, f"Switch {item.name} {other} in ConfigMap {f.name(source)}", ("data", item.key), new,
        risk="It may be on for a reason; its other readers see it too.",
    )  # fmt: skip
