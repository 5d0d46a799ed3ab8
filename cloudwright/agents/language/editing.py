"""Changes of single settings: variables, resources, autoscalers, schedules, keys, and any plain field."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from cloudwright.agents.language import wanted
from cloudwright.agents.language.changing import Change, change_all, label_of, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.objects import TEMPLATED, World, fitting, namespace_in, pointed
from cloudwright.agents.language.reading import call, located
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.vocabulary import scaled_by
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import values

_SETTING = listed("set, up, down, double, halve, add, create, scale, unset, delete, deploy, apply, resume, pause, stop")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_SPEAKS_OF_ENV = (
    "env",
    "environment",
    "env var",
    "environment variable",
    "variable",
    "variables",
    "env vars",
    "envvar",
)


def variables(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Environment variables of a workload."""
    if clause.of("file") or clause.has("label, labels, annotation, annotations, taint, configmap, config map, key"):
        return None
    speaks = clause.has(*_SPEAKS_OF_ENV)
    removing = (
        (bool(families & {"delete", "unset"}) and not families & {"set", "up"})
        or clause.has("unset")
        or (families >= {"delete"} and speaks)
    )
    set_, remove = _env(clause, world, removing, speaks)
    if not set_ and not remove:
        return None
    clause.use_words(*_SPEAKS_OF_ENV, "value, var, vars, container, with, set, its, called")

    def make(item: Named) -> ToolCall | Question:
        container = _container_of(clause, item, [*set_, *remove])
        if isinstance(container, Question):
            return (
                container
                if not item.ref.name
                else _which_container(
                    item, lambda name: workload_call("set_env", item, container=name, set=set_, remove=[*remove])
                )
            )
        return workload_call("set_env", item, container=container, set=dict(set_), remove=[*remove])

    return change_all(clause, world, TEMPLATED, "set the environment of", make)


def _env(clause: Clause, world: World, removing: bool, speaks: bool) -> tuple[dict[str, JsonValue], list[JsonValue]]:  # noqa: C901
    set_: dict[str, JsonValue] = {}
    remove: list[JsonValue] = []
    for mention in clause.of("pair"):
        key, _, value = mention.text.partition("=")
        if not speaks and not _VARIABLE.fullmatch(key):
            continue
        clause.use(mention)
        set_[key] = value.strip("\"'")
    if set_:
        return ({}, list(set_)) if removing else (set_, [])
    names = [
        index
        for index, token in enumerate(clause.tokens)
        if _VARIABLE.fullmatch(token.raw) and len(token.raw) > 2 and (clause.at(index) is None or "_" in token.raw)
    ]
    if not names and speaks:
        names = _spoken_name(clause)
    known = {name for item in _aimed(clause, world) for group in item.env.values() for name in group}
    spoken = {name.lower().replace("_", " "): name for name in known}
    if not names:
        for words, name in spoken.items():
            at = clause.find(words)
            if at >= 0:
                clause.used.update(range(at, at + len(words.split())))
                if removing:
                    return {}, [name]
                said = _value_after(clause, at + len(words.split()) - 1)
                return ({name: said}, []) if said is not None else ({}, [])
        return {}, []
    for index in names:
        name = clause.tokens[index].raw
        clause.used.add(index)
        if removing:
            remove.append(name)
            continue
        told = _value_after(clause, index)
        if told is not None:
            set_[name] = told
    return set_, remove


def _spoken_name(clause: Clause) -> list[int]:
    for word in ("variable", "env", "var"):
        at = clause.find(word)
        if (
            0 <= at < len(clause.tokens) - 1
            and re.fullmatch(r"[A-Za-z_]\w*", clause.tokens[at + 1].raw)
            and clause.low[at + 1] not in ("of", "on", "to", "in", "from", "for", "var", "called", "named", "variable")
        ):
            return [at + 1]
        if 0 <= at < len(clause.tokens) - 2 and clause.low[at + 1] in ("called", "named"):
            return [at + 2]
    return []


def _aimed(clause: Clause, world: World) -> list[Named]:
    out = [item for mention in clause.of("name") for item in mention.objects]
    return out or [item for ref in pointed(clause, world) if (item := world.named(ref)) is not None]


def _value_after(clause: Clause, index: int) -> str | None:
    """What stands after "to", "=", "as", "with value" behind a name."""
    for at in range(index + 1, min(len(clause.tokens) - 1, index + 8)):
        if clause.low[at] in ("to", "=", "as", "value", "is", ":", "with", "equal", "into"):
            after = at + 1
            while after < len(clause.tokens) and clause.low[after] in ("value", "to", "be", "the", "a", "of"):
                after += 1
            mention = clause.at(after)
            if after < len(clause.tokens) and not (
                mention is not None
                and mention.what == "name"
                and clause.low[at] == "to"
                and len(clause.of("name")) == 1
            ):
                clause.used.update(range(at, after + 1))
                return clause.tokens[after].raw
    return None


def _container_of(clause: Clause, item: Named, names: list[JsonValue]) -> str | Question:
    if len(item.containers) <= 1:
        return ""
    said = [word for word in clause.low if word in item.containers and word != item.ref.name]
    if (
        not said
        and clause.has("container")
        and item.ref.name in item.containers
        and clause.low.count(item.ref.name) > 1
    ):
        said = [item.ref.name]
    if said:
        clause.use_words(*said, "container, sidecar")
        return said[-1]
    having = [container for container in item.containers if set(map(str, names)) & set(item.env.get(container, ()))]
    return having[0] if len(having) == 1 else Question(text="")


def _which_container(item: Named, make: "object") -> Question:
    assert callable(make)
    options = tuple(
        Option(label=f"container {name}", calls=(make(name),), about=(item.ref,)) for name in item.containers
    )
    return Question(
        text=f"{label_of(item)} has the containers {', '.join(item.containers)}: which one?", options=options
    )


def resources(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Requests and limits of a container."""
    cores = clause.has("cpu, cores, core, cpus")
    amounts = [item for item in clause.of("quantity") if cores or not re.fullmatch(r"[\d.]+", item.text)]
    numbers = clause.of("number")
    speaks_memory, speaks_cpu = clause.has("memory, mem, ram"), clause.has("cpu, cores, core, cpus")
    speaks = speaks_memory or speaks_cpu or clause.has("limit, limits, request, requests, resources")
    if clause.has(
        "quota, pvc, claim, disk, storage, hpa, autoscaler, autoscale, utilization, target, percent"
    ) or clause.of("percent"):
        return None
    if not amounts and not (
        speaks and (numbers or {"double", "halve"} & families or clause.has("double, half, twice"))
    ):
        return None
    if not families & (_SETTING | {"rollback"}):
        return None
    group = "requests" if clause.has("request, requests") and not clause.has("limit, limits") else "limits"
    both = clause.has("request, requests") and clause.has("limit, limits")
    clause.use(*amounts, *(numbers if speaks else ()))
    clause.use_words(
        "memory, mem, ram, cpu, limit, limits, request, requests, resources, cores, core, cpus, its, of, more,"
        " less, double, half, twice, resource, container, each, up, down, max, maximum, cap, much, as"
    )
    factor = (
        2.0
        if clause.has("double, twice") or "double" in families
        else 0.5
        if clause.has("half, halve") or "halve" in families
        else 0.0
    )
    found = _amounts(clause, amounts, numbers, speaks_cpu, group, both=both)

    def make(item: Named) -> ToolCall | Question:
        container = _container_of(clause, item, [])
        wanted_ = found
        if factor and not amounts:
            wanted_ = _multiplied(
                item,
                str(container) if isinstance(container, str) else "",
                group,
                "cpu" if speaks_cpu else "memory",
                factor,
            )
        if wanted_ is None:
            return Question(text=f"How much for {label_of(item)}?", slot="limits")
        if isinstance(container, Question):
            return _which_container(item, lambda name: workload_call("set_resources", item, container=name, **wanted_))
        return workload_call("set_resources", item, container=container, **wanted_)

    return change_all(clause, world, TEMPLATED, "set the resources of", make)


def _amounts(
    clause: Clause, amounts: list[Mention], numbers: list[Mention], cpu: bool, group: str, *, both: bool
) -> dict[str, JsonValue] | None:
    """Each quantity with the word for what it is nearest to it."""
    if not amounts:
        if numbers and cpu:
            return {group: {"cpu": str(numbers[-1].value)}}
        return None
    if clause.has("from") and clause.has("to") and len(amounts) == 2:
        amounts = amounts[1:]
    out: dict[str, dict[str, JsonValue]] = {}
    for mention in amounts:
        name = "cpu" if mention.value == 1 else "memory"
        if mention.value == 1 and not cpu and clause.has("memory, mem, ram"):
            name = "memory"
        text = mention.text
        if name == "memory" and text.endswith("m"):
            text = f"{text[:-1]}Mi"
        groups = [_group_near(clause, mention)] if both else [group]
        for one in groups:
            out.setdefault(one, {})[name] = text
    return {key: dict(value) for key, value in out.items()}


def _group_near(clause: Clause, mention: Mention) -> str:
    """Whether "limit" or "request" stands nearest."""
    places = [(abs(index - mention.start) - (0.5 if index < mention.start else 0), "limits" if word.startswith("limit") else "requests")
              for index, word in enumerate(clause.low) if word in ("limit", "limits", "request", "requests")]  # fmt: skip
    return min(places)[1]


def _multiplied(item: Named, container: str, group: str, name: str, factor: float) -> dict[str, JsonValue] | None:
    own = item.resources.get(container or (item.containers[0] if item.containers else ""), {})
    present = values.quantity(own.get(f"{group}.{name}", ""))
    if present is None:
        return None
    amount = present * factor
    text = values.bytes_text(amount) if name == "memory" else values.cores_text(amount)
    return {group: {name: text}}


def autoscaler(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Bounds and target of an autoscaler that is there."""
    speaks = any(item.kind and item.kind.kind == "HorizontalPodAutoscaler" for item in clause.of("kind"))
    named = [
        item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "HorizontalPodAutoscaler"
    ]
    bound = clause.has(
        "max, min, maximum, minimum, at most, at least, upper, lower, target, utilization, ceiling, floor, bounds,"
        " between, threshold, maxreplicas, minreplicas"
    )
    if not (speaks or (named and bound)) or "delete" in families or not bound or not families & _SETTING:
        return None
    place = namespace_in(clause)
    hpas = [item for item in named if not place or item.ref.namespace == place]
    if not hpas:
        for mention in clause.of("name"):
            hpas += [
                found
                for item in fitting(clause, mention, world)
                if (found := scaled_by(item, world.index.vocabulary)) is not None
            ]
    if not hpas:
        hpas = [found for ref in pointed(clause, world) if (item := world.named(ref)) is not None
                for found in ([item] if item.ref.kind == "HorizontalPodAutoscaler" else [scaled_by(item, world.index.vocabulary)]) if found is not None]  # fmt: skip
    if not hpas:
        return None
    spec = _bounds(clause)
    if not spec:
        return Change(question=Question(text="To which number?", slot="replicas"))
    clause.use(*clause.of("name", "number", "percent", "pronoun"))
    clause.use_words(
        "max, min, maximum, minimum, replicas, pods, at, most, least, upper, lower, bound, limit, target, cpu,"
        " utilization, and, between, ceiling, floor, bounds, threshold, autoscaler, instances, percent"
    )

    def make(item: Named) -> ToolCall:
        return call("patch_resource", **located(item), patch={"spec": spec})

    if len(hpas) > 1:
        options = tuple(Option(label=label_of(item), calls=(make(item),), about=(item.ref,)) for item in hpas)
        return Change(question=Question(text=f"Which one: {'; '.join(o.label for o in options)}?", options=options))
    return Change((make(hpas[0]),), (hpas[0].ref,))


def _bounds(clause: Clause) -> dict[str, JsonValue]:
    numbers = clause.of("number")
    percents = clause.of("percent")
    spec: dict[str, JsonValue] = {}
    if percents:
        spec["metrics"] = [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": percents[-1].value},
                },
            }
        ]
    if len(numbers) >= 2 and clause.has("between, from") and not clause.has("max, maximum, min, minimum"):
        return {**spec, "minReplicas": numbers[0].value, "maxReplicas": numbers[1].value}
    high = [
        index
        for index, word in enumerate(clause.low)
        if word in ("max", "maximum", "most", "upper", "ceiling", "maxreplicas")
    ]
    low = [
        index
        for index, word in enumerate(clause.low)
        if word in ("min", "minimum", "least", "lower", "floor", "minreplicas")
    ]
    if clause.has("from") and clause.has("to") and len(numbers) == 2 and not (high and low):
        numbers = numbers[1:]
    for number in numbers:
        nearest = min(
            [(abs(index - number.start), "maxReplicas") for index in high]
            + [(abs(index - number.start), "minReplicas") for index in low],
            default=None,
        )
        if nearest is not None:
            spec[nearest[1]] = number.value
    return spec


_CRON = re.compile(r"(?:[\d*/,\-]+\s+){4}[\d*/,\-A-Za-z]+|@(?:hourly|daily|weekly|monthly|yearly)")


def schedule(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """The schedule of a CronJob."""
    if not clause.has("schedule, cron, every, hourly, daily, run") or not families & (_SETTING | {"trigger"}):
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
            told = _value_after(clause, index)
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
    if not families & (_SETTING - {"delete", "create", "unset", "apply"}):
        return None
    objects = [item for mention in clause.of("name") for item in fitting(clause, mention, world)] or _aimed(
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
    for part in reversed(wanted.path_of(path, kind).split(".")):
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
    for text, paths in wanted.FIELDS:
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
    text = _value_after(clause, at)
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


FRAMES = (autoscaler, schedule, entry, variables, resources, plain_field)
