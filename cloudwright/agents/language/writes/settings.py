"""Schedules, and any plain field of an object."""

import re

from pydantic import JsonValue

from cloudwright.agents.language import aspects, schedules
from cloudwright.agents.language.calls import call, label_of, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import difference
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.references import World, fitting, sole
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.verbs import opening
from cloudwright.agents.language.writes.environment import aimed, value_after
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import values

SETTING = listed("set, up, down, double, halve, add, create, scale, unset, delete, deploy, apply, resume, pause, stop")


_CRON = re.compile(r"(?:[\d*/,\-]+\s+){4}[\d*/,\-A-Za-z]+|@(?:hourly|daily|weekly|monthly|yearly)")


def schedule(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """The schedule of a CronJob: a cron expression, or a time and a rhythm in words."""
    if (
        not families & (SETTING | {"trigger"})
        or families & {"pause", "stop", "delete"}
        or clause.has("again, resume, unsuspend, unpause")
    ):
        return None
    found = _CRON.search(" ".join(token.raw for token in clause.tokens))
    jobs = [item for item in aimed(clause, world) if item.ref.kind == "CronJob"]
    if found is not None and (jobs or clause.has("schedule, cron, every, hourly, daily, run")):
        clause.used.update(index for index, token in enumerate(clause.tokens) if token.raw in found[0])
    elif not jobs or (rhythm := schedules.rhythm_of(clause)) is None:
        return None
    else:
        clause.used |= rhythm.words
    clause.use_words(
        "schedule, cron, of, expression, run, runs, start, starts, only, time, timetable, timing, enough, is, execution, at, out, go, goes"
    )

    def make(item: Named) -> ToolCall | Question:
        present = str(item.settings.get("schedule", ""))
        new = found[0] if found is not None else schedules.schedule_of(clause, present)
        if not new:
            return Question(
                text=f"{label_of(item)} runs at {present!r}. Say the new schedule as a whole, with its days."
            )
        made = call("patch_resource", **located(item), patch={"spec": {"schedule": new}})
        said = schedules.rhythm_of(clause)
        if found is None and said is not None and not said.every and not said.shift and _once(clause):
            option = Option(label=f"change its schedule to {new}", calls=(made,), about=(item.ref,))
            return Question(
                text=f"I run things now or by their schedule, not once at a later time. Shall I {option.label}?",
                options=(option,),
            )
        return made

    return change_all(clause, world, ("CronJob",), "change the schedule of", make)


def _once(clause: Clause) -> bool:
    """Whether the order itself is to run: "run x at 5" may mean once."""
    start = opening(clause)
    return clause.low[start : start + 1] in (
        ("run",),
        ("start",),
        ("trigger",),
        ("kick",),
        ("launch",),
        ("execute",),
        ("fire",),
    )


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
    item = _subject(clause, world)
    if item is None:
        return None
    kind = item.ref.kind
    if kind == "ResourceQuota":
        clause.use_words("count, number, many, quota, limit, hard, allowed, maximum, max")
    service_type = _service_type(clause) if kind == "Service" else None
    found = ("spec.type", service_type) if service_type else _path_and_value(clause, item, world, families)
    if found is None:
        return None
    path, value = found
    patch: JsonValue = value
    for part in reversed(aspects.path_of(path, kind).split(".")):
        patch = {part: patch}
    final = patch
    return change_all(clause, world, (kind,), "change", lambda one: call("patch_resource", **located(one), patch=final))


def _subject(clause: Clause, world: World) -> Named | None:
    """The object whose field is meant: of a kind that is said, if there is one."""
    named = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    objects = named or sole(clause, world) or aimed(clause, world)
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    return next((one for one in objects if one.ref.kind in kinds), objects[0] if objects else None)


def _path_and_value(
    clause: Clause, item: Named, world: World, families: frozenset[str]
) -> tuple[str, JsonValue] | None:
    found = _path_said(clause, item) or _shown_before(clause, item, world)
    if found is None:
        return None
    path, at = found
    present = item.settings.get(path.removeprefix("spec."))
    value = _resized(clause, present, families) or _relative(clause, present, families) or _scalar_after(clause, at)
    if value is None:
        return None
    share = isinstance(present, str) and present.endswith("%")
    if isinstance(present, int) and isinstance(value, str) and value.endswith("%") and not isinstance(present, bool):
        value = int(value.removesuffix("%"))
    clause.use_words("down, up, back, now")
    return path, str(value) if isinstance(present, str) and not share else value


def _resized(clause: Clause, present: JsonValue, families: frozenset[str]) -> str | None:
    """Twice or half of an amount that is there, or so much more: "double the size of claim x", "grow it by 10Gi"."""
    amount = (
        values.quantity(present) if isinstance(present, str) and present.endswith(("i", "M", "G", "T", "K")) else None
    )
    amounts = clause.of("quantity")
    sign = difference(clause, amounts[0], families) if len(amounts) == 1 else 0
    more = values.quantity(amounts[0].text) if sign else None
    if amount is not None and more is not None and amount + sign * more > 0:
        clause.use(*amounts)
        clause.use_words("by, more, less, additional, extra")
        return values.bytes_text(amount + sign * more)
    factor = 2.0 if "double" in families else 0.5 if "halve" in families else 0.0
    if amount is None or not factor or clause.of("quantity", "number"):
        return None
    clause.use_words("double, halve, half, twice")
    return values.bytes_text(amount * factor)


def _relative(clause: Clause, present: JsonValue, families: frozenset[str]) -> int | None:
    """The new number where it is said from the present one: "by 2", "double"."""
    if isinstance(present, bool) or not isinstance(present, int):
        return None
    if "double" in families:
        return present * 2
    if "halve" in families:
        return present // 2 if present % 2 == 0 else None
    by = clause.find("by")
    steps = [item.value for item in clause.of("number") if item.start == by + 1]
    if by < 0 or not steps:
        return None
    clause.use(*clause.of("number"))
    return max(0, present - steps[0]) if "down" in families else present + steps[0]


def _service_type(clause: Clause) -> str | None:
    for word, value in _TYPES:
        if clause.has(word):
            clause.use_words(word, "type, a")
            return value
    return None


_TYPES = (
    ("nodeport", "NodePort"), ("loadbalancer", "LoadBalancer"), ("clusterip", "ClusterIP"), ("load balancer", "LoadBalancer"),
    ("node port", "NodePort"), ("cluster ip", "ClusterIP"),
)  # fmt: skip


def _path_said(clause: Clause, item: Named) -> tuple[str, int] | None:
    """The path that is said and where its words end: written out, a setting of the object, a field that people have a word for."""
    for mention in clause.of("path"):
        clause.use(mention)
        path = mention.text if "." in mention.text else _placed(mention.text, item.ref.kind)
        return (path, mention.end - 1) if path.startswith(("spec.", "data.", "metadata.")) else None
    return _setting(clause, item) or _field(clause, item.ref.kind) or _storage(clause, item.ref.kind)


def _placed(name: str, kind: str) -> str:
    """Where a field is that is named as the API does; "" where it is a part of a list, which a merge would replace."""
    known = dict(aspects.fields_of(kind)).get(name.lower(), f"spec.{name}")
    return "" if "[" in known or "," in known else known


def _shown_before(clause: Clause, item: Named, world: World) -> tuple[str, int] | None:
    """ "set it to 90" after one setting of the object was shown."""
    columns = [path for one in world.memory.last_calls for path in _columns(one) if item.ref.name in str(one.arguments)]
    pronouns = clause.of("pronoun")
    if len(columns) != 1 or not pronouns or clause.of("name", "kind", "path"):
        return None
    key = columns[0].removeprefix("spec.")
    return (columns[0], pronouns[-1].end - 1) if key in item.settings and not _NEVER.search(key) else None


def _columns(one: ToolCall) -> list[str]:
    """The fields that a look at one object showed."""
    found = one.arguments.get("columns")
    return [str(path) for path in found] if isinstance(found, list) and one.tool == "list_resources" else []


_NEVER = re.compile(
    r"(?:^|\.)(?:template|selector|matchLabels|labels|annotations|jobTemplate)(?:\.|$)|^(?:replicas|paused|suspend)$"
)
"""Settings that other frames change, or that must not be changed in place."""


def _setting(clause: Clause, item: Named) -> tuple[str, int] | None:
    """A plain value of the object's own specification, by its name in words."""
    for key in item.settings:
        for words in aspects.spoken(key) if not _NEVER.search(key) else ():
            at = clause.find(words)
            if at >= 0 and len(words) > 2:
                clause.used.update(range(at, at + len(words.split())))
                return f"spec.{key}", at + len(words.split()) - 1
    return None


def _field(clause: Clause, kind: str) -> tuple[str, int] | None:
    """The longest word for a field that may be written."""
    found = [
        (phrase, template)
        for text, paths in aspects.FIELDS
        if (template := paths.get(kind) or paths.get("*", "")) in _WRITABLE
        for phrase in phrases(text)
        if clause.find(" ".join(phrase)) >= 0
    ]
    if not found:
        return None
    phrase, template = max(found, key=lambda item: len(" ".join(item[0])))
    at = clause.find(" ".join(phrase))
    clause.used.update(range(at, at + len(phrase)))
    return template, at + len(phrase) - 1


def _storage(clause: Clause, kind: str) -> tuple[str, int] | None:
    """ "grow claim x to 10Gi" names no field."""
    amounts = [item for item in clause.of("quantity") if item.value == _MEMORY]
    if kind != "PersistentVolumeClaim" or not amounts:
        return None
    return "spec.resources.requests.storage", amounts[0].start - 1


_MEMORY = 2


def _scalar_after(clause: Clause, at: int) -> JsonValue:
    """The value behind a field's words: a text, true or false, a number, an amount."""
    amounts = clause.of("quantity", "number", "percent")
    text = value_after(clause, at)
    if text is not None and not amounts:
        return {"true": True, "false": False}.get(text.lower(), text)
    begins = text is None or (amounts and amounts[-1].text.startswith(re.sub(r"\D.*", "", text) or "\0"))
    if amounts and begins:
        last = amounts[-1]
        clause.use(*amounts)
        clause.use_words("to, by, of")
        if last.what == "number":
            return last.value
        return f"{last.value}%" if last.what == "percent" else last.text
    return text
