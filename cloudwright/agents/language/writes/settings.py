"""Schedules, keys of ConfigMaps, and any plain field of an object."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.references import World, fitting
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.writes.environment import aimed, value_after
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

SETTING = listed("set, up, down, double, halve, add, create, scale, unset, delete, deploy, apply, resume, pause, stop")


_CRON = re.compile(r"(?:[\d*/,\-]+\s+){4}[\d*/,\-A-Za-z]+|@(?:hourly|daily|weekly|monthly|yearly)")


def schedule(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """The schedule of a CronJob."""
    if not clause.has("schedule, cron, every, hourly, daily, run") or not families & (SETTING | {"trigger"}):
        return None
    found = _CRON.search(" ".join(token.raw for token in clause.tokens))
    expression = found[0] if found else ""
    if not expression:
        return None
    for index, token in enumerate(clause.tokens):
        if token.raw in expression:
            clause.used.add(index)
    clause.use_words("schedule, cron, of, expression")

    def make(item: Named) -> ToolCall:
        return call("patch_resource", **located(item), patch={"spec": {"schedule": expression}})

    return change_all(clause, world, ("CronJob",), "change the schedule of", make)


def entry(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """One key of a ConfigMap."""
    speaks = any(item.kind and item.kind.kind == "ConfigMap" for item in clause.of("kind"))
    named = [
        item
        for mention in clause.of("name")
        for item in fitting(clause, mention, world)
        if item.ref.kind == "ConfigMap"
    ]
    if (
        not (speaks or named)
        or not families & {"set", "up", "down", "add", "delete", "create", "unset", "deploy"}
        or not clause.of("name", "pronoun")
    ):
        return None
    keys = {key for item in named for key in item.keys}
    index = next((at for at, token in enumerate(clause.tokens) if token.raw in keys), -1)
    if index < 0:
        at = clause.find("key")
        index = at + 1 if 0 <= at < len(clause.tokens) - 1 else -1
    data: dict[str, JsonValue] = {}
    if index < 0:
        for mention in clause.of("pair"):
            key, _, value = mention.text.partition("=")
            data[key] = value
            clause.use(mention)
        if not data and families & {"set"}:
            start = next(
                (
                    at
                    for at, token in enumerate(clause.tokens)
                    if token.low in ("set", "change", "update", "switch", "turn", "put")
                ),
                -1,
            )
            if (
                0 <= start < len(clause.tokens) - 1
                and clause.at(start + 1) is None
                and re.fullmatch(r"[\w.-]+", clause.tokens[start + 1].raw)
                and clause.low[start + 1] not in ("the", "a", "in")
            ):
                index = start + 1
    if index >= 0:
        key = clause.tokens[index].raw
        clause.used.add(index)
        if "delete" in families or "unset" in families:
            data[key] = None
        else:
            told = value_after(clause, index)
            if told is None:
                return None
            data[key] = told
    if not data:
        return None
    if "delete" in families and not any(key in keys for key in data):
        return None
    clause.use_words("key, value, entry, with, setting, in")

    def make(item: Named) -> ToolCall:
        return call("patch_resource", **located(item), patch={"data": data})

    return change_all(clause, world, ("ConfigMap",), "change", make)


_WRITABLE = listed(
    "spec.minReadySeconds, spec.revisionHistoryLimit, spec.strategy.type, spec.maxReplicas, spec.minReplicas,"
    " spec.type, spec.minAvailable, spec.maxUnavailable, spec.sessionAffinity, spec.storageClassName,"
    " spec.backoffLimit, spec.parallelism, spec.timeZone, spec.concurrencyPolicy, spec.schedule,"
    " spec.resources.requests.storage, spec.persistentVolumeReclaimPolicy, spec.ingressClassName,"
    " {pod}.serviceAccountName, {pod}.priorityClassName, {pod}.terminationGracePeriodSeconds, reclaimPolicy,"
    " spec.strategy.rollingUpdate.maxUnavailable, spec.strategy.rollingUpdate.maxSurge, type"
)


def plain_field(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Any field that is a scalar at a path of maps: "set the storage of pvc x to 10Gi", "make service x a NodePort"."""
    if not families & (SETTING - {"delete", "create", "unset", "apply"}):
        return None
    objects = [item for mention in clause.of("name") for item in fitting(clause, mention, world)] or aimed(
        clause, world
    )
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    item = next((one for one in objects if one.ref.kind in kinds), objects[0] if objects else None)
    if item is None:
        return None
    kind = item.ref.kind
    service_type = _service_type(clause) if kind == "Service" else None
    if service_type:
        return change_all(
            clause,
            world,
            ("Service",),
            "change",
            lambda one: call("patch_resource", **located(one), patch={"spec": {"type": service_type}}),
        )
    found = _path_said(clause, kind, item.settings)
    if found is None:
        return None
    path, at = found
    value = _scalar_after(clause, at, families)
    if value is None:
        return None
    patch: JsonValue = value
    for part in reversed(aspects.path_of(path, kind).split(".")):
        patch = {part: patch}
    final = patch
    return change_all(clause, world, (kind,), "change", lambda one: call("patch_resource", **located(one), patch=final))


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _setting(clause: Clause, settings: Mapping[str, JsonValue]) -> tuple[str, int] | None:
    """A plain value of the object's own specification, by its name in words."""
    for key in settings:
        words = _CAMEL.sub(" ", key).lower()
        for spoken in (words, key.lower()):
            at = clause.find(spoken)
            if at >= 0 and len(spoken) > 3 and key not in ("replicas", "selector", "paused", "suspend"):
                clause.used.update(range(at, at + len(spoken.split())))
                return f"spec.{key}", at + len(spoken.split()) - 1
    return None


def _service_type(clause: Clause) -> str | None:
    for word, value in (
        ("nodeport", "NodePort"),
        ("loadbalancer", "LoadBalancer"),
        ("clusterip", "ClusterIP"),
        ("load balancer", "LoadBalancer"),
        ("node port", "NodePort"),
    ):
        if clause.has(word):
            clause.use_words(word, "type, a")
            return value
    return None


def _path_said(clause: Clause, kind: str, settings: Mapping[str, JsonValue]) -> tuple[str, int] | None:
    for mention in clause.of("path"):
        clause.use(mention)
        path = mention.text if "." in mention.text else f"spec.{mention.text}"
        return (path, mention.end - 1) if path.startswith(("spec.", "data.", "metadata.")) else None
    own = _setting(clause, settings)
    if own is not None:
        return own
    best: tuple[int, str, int] | None = None
    for text, paths in aspects.FIELDS:
        template = paths.get(kind) or paths.get("*", "")
        if template not in _WRITABLE:
            continue
        for phrase in phrases(text):
            joined = " ".join(phrase)
            at = clause.find(joined)
            if at >= 0 and (best is None or len(joined) > best[0]):
                best = (len(joined), template, at + len(phrase) - 1)
                chosen = range(at, at + len(phrase))
    if best is None:
        for index, mention in enumerate(clause.of("quantity")):
            if kind == "PersistentVolumeClaim" and mention.value == 2:
                return "spec.resources.requests.storage", mention.start - 1 - index
        return None
    clause.used.update(chosen)
    return best[1], best[2]


def _scalar_after(clause: Clause, at: int, families: frozenset[str]) -> JsonValue:
    amounts = clause.of("quantity", "number", "percent")
    text = value_after(clause, at)
    if text is not None and not amounts:
        return {"true": True, "false": False}.get(text.lower(), text)
    if amounts and (
        text is None
        or clause.of("quantity", "number", "percent")[-1].text.startswith(re.sub(r"\D.*", "", text) or "\0")
    ):
        last = amounts[-1]
        clause.use(*amounts)
        clause.use_words("to, by, of")
        if last.what == "number":
            return last.value
        return f"{last.value}%" if last.what == "percent" else last.text
    del families
    return text
