"""The commands of kubectl that change something, each as the calls that it means."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml
from pydantic import JsonValue

from cloudwright.agents.language.calls import call, label_of, located, workload_call
from cloudwright.agents.language.references import ROLLING, SCALABLE, TEMPLATED, World
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.creating import read_manifest
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes.programs import why_not_read_only


@dataclass(frozen=True)
class Line:
    """What stands behind the verb: words, and flags without their dashes."""

    words: list[str]
    flags: Mapping[str, list[str]]
    world: World

    def flag(self, *names: str) -> str:
        """The last value of a flag; "" where it is not there."""
        return next((self.flags[name][-1] for name in names if name in self.flags), "")

    def number(self, *names: str) -> int | None:
        """The value of a flag as a whole number."""
        text = self.flag(*names)
        return int(text) if text.isdigit() else None

    @property
    def namespace(self) -> str:
        """The namespace that is said."""
        return self.flag("n", "namespace")


@dataclass(frozen=True)
class Target:
    """What one name may be."""

    found: tuple[Named, ...]


@dataclass
class Made:
    """Calls, or the question that has to be asked first."""

    calls: list[ToolCall] = field(default_factory=list)
    about: list[ObjectRef] = field(default_factory=list)
    question: Question | None = None


Find = Callable[[Sequence[str], Sequence[str]], list[Target] | Question]
Make = Callable[[Named], list[ToolCall] | Question]


@dataclass(frozen=True)
class Command:
    """How a command's line is read."""

    read: Callable[[Line, Find], Made | None]


def _each(targets: list[Target] | Question, what: str, make: Make) -> Made:
    """The same for each object; asks where a name may be several."""
    if isinstance(targets, Question):
        return Made(question=targets)
    out = Made()
    for target in targets:
        options = []
        for item in target.found[:8]:
            made = make(item)
            if isinstance(made, Question):
                return Made(about=[item.ref], question=made)
            options.append(Option(label=label_of(item), calls=(*out.calls, *made), about=(item.ref,)))
        if len(options) > 1:
            places = "; ".join(option.label for option in options)
            return Made(question=Question(text=f"Which one shall I {what}: {places}?", options=tuple(options)))
        out.calls = list(options[0].calls)
        out.about += options[0].about
    return out


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words that name objects, and the assignments behind them ("a=b", "a-")."""
    values = [word for word in words if "=" in word or word.endswith("-")]
    return [word for word in words if word not in values], values


def _assigned(values: Sequence[str]) -> dict[str, JsonValue]:
    """ "a=b" as keys with their values."""
    return {key: value for key, equals, value in (text.partition("=") for text in values) if equals}


def _scale(line: Line, find: Find) -> Made | None:
    replicas = line.number("replicas")

    def make(item: Named) -> list[ToolCall] | Question:
        if replicas is None:
            return Question(text=f"To how many replicas? {label_of(item)} has {item.replicas}.", slot="replicas", drafts=(workload_call("scale_workload", item),))  # fmt: skip
        return [workload_call("scale_workload", item, replicas=replicas)]

    return _each(find(line.words, SCALABLE), "scale", make)


def _set_image(line: Line, find: Find) -> Made | None:
    names, pairs = _split(line.words)
    images = dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def make(item: Named) -> list[ToolCall] | Question:
        wrong = [name for name in images if name not in item.images and name != "*"]
        if wrong or not images:
            return Question(
                text=f"{label_of(item)} has the containers {', '.join(item.images)}, no {', '.join(wrong)}. Which one?"
            )
        several = len(item.images) > 1
        wanted = {name: images["*"] for name in item.images} if "*" in images else images
        return [
            workload_call("set_image", item, container=name if several else "", image=image)
            for name, image in wanted.items()
        ]

    return _each(find(names, TEMPLATED), "set the image of", make)


def _container(line: Line, item: Named) -> str | Question:
    said = line.flag("c", "container", "containers")
    if said or len(item.containers) < 2:
        return said if len(item.containers) > 1 else ""
    return Question(text=f"{label_of(item)} has the containers {', '.join(item.containers)}: which one?")


def _set_env(line: Line, find: Find) -> Made | None:
    names, values = _split(line.words)
    values += line.flags.get("e", []) + line.flags.get("env", [])
    set_ = _assigned(values)
    remove: list[JsonValue] = [value[:-1] for value in values if "=" not in value]

    def make(item: Named) -> list[ToolCall] | Question:
        container = _container(line, item)
        if isinstance(container, Question):
            return container
        return [workload_call("set_env", item, container=container, set=set_, remove=remove)]

    return _each(find(names, TEMPLATED), "set the environment of", make) if set_ or remove else None


def _set_resources(line: Line, find: Find) -> Made | None:
    wanted: dict[str, JsonValue] = {}
    for group in ("limits", "requests"):
        if "=" in line.flag(group):
            wanted[group] = _assigned(line.flag(group).split(","))

    def make(item: Named) -> list[ToolCall] | Question:
        container = _container(line, item)
        if isinstance(container, Question):
            return container
        return [workload_call("set_resources", item, container=container, **wanted)]

    return _each(find(line.words, TEMPLATED), "set the resources of", make) if wanted else None


def _rollout(tool: str, what: str) -> Command:
    def read(line: Line, find: Find) -> Made | None:
        more: dict[str, JsonValue] = {}
        if tool == "rollout_undo" and line.number("to-revision"):
            more["to_revision"] = line.number("to-revision")
        kinds = ROLLING if tool in ("rollout_undo", "rollout_restart") else ("Deployment",)
        return _each(find(line.words, kinds), what, lambda item: [workload_call(tool, item, **more)])

    return Command(read)


def _keyed(tool: str, what: str) -> Command:
    """label and annotate."""

    def read(line: Line, find: Find) -> Made | None:
        names, values = _split(line.words)
        set_ = _assigned(values)
        remove: list[JsonValue] = [value[:-1] for value in values if "=" not in value]
        if not set_ and not remove:
            return Made(question=Question(text="Which key and value?", slot="set"))
        return _each(
            find(names, ()), what, lambda item: [call(tool, **located(item), set=set_ or None, remove=remove or None)]
        )

    return Command(read)


def _node(tool: str) -> Command:
    def read(line: Line, find: Find) -> Made | None:
        more: dict[str, JsonValue] = {}
        if tool == "drain_node":
            more |= {"force": True} if "force" in line.flags else {}
            more |= (
                {"delete_emptydir_data": True}
                if {"delete-emptydir-data", "delete-local-data"} & set(line.flags)
                else {}
            )
        words = [word.removeprefix("node/").removeprefix("nodes/") for word in line.words]
        return _each(
            find(words, ("Node",)), tool.partition("_")[0], lambda item: [call(tool, name=item.ref.name, **more)]
        )

    return Command(read)


def _taint(line: Line, find: Find) -> Made | None:
    words = [word for word in line.words if word not in ("node", "nodes", "no")]
    values = [word for word in words if ":" in word or word.endswith("-")]
    set_: list[JsonValue] = [value for value in values if not value.endswith("-")]
    remove: list[JsonValue] = [value[:-1] for value in values if value.endswith("-")]
    names = [word for word in words if word not in values]
    if not values:
        return Made(question=Question(text="Which taint? Write it as key=value:NoSchedule.", slot="set"))
    return _each(
        find(names, ("Node",)), "taint", lambda item: [call("taint_node", name=item.ref.name, set=set_, remove=remove)]
    )


def _delete(line: Line, find: Find) -> Made | None:
    if line.flag("f", "filename"):
        return Made(
            question=Question(
                text="I delete what is named, not what a file holds. Which objects shall go?", slot="name"
            )
        )
    grace = line.number("grace-period")
    cascade = "orphan" if line.flag("cascade") == "orphan" else ""

    def make(item: Named) -> list[ToolCall] | Question:
        if item.ref.kind == "Namespace":
            gone = call("delete_resource", kind="namespace", name=item.ref.name)
            option = Option(
                label=f"delete namespace {item.ref.name} with everything in it", calls=(gone,), about=(item.ref,)
            )
            return Question(
                text=f"Deleting namespace {item.ref.name} deletes everything in it. Shall I really?", options=(option,)
            )
        return [call("delete_resource", **located(item), cascade=cascade, grace_seconds=grace)]

    return _each(find(line.words, ()), "delete", make)


def _from_file(tool: str) -> Command:
    def read(line: Line, find: Find) -> Made | None:
        files = line.flags.get("f", []) + line.flags.get("filename", [])
        out = Made()
        for name in files:
            text = read_manifest(name)
            if isinstance(text, Question):
                return Made(question=text)
            out.calls.append(call(tool, manifest=text, namespace=line.namespace))
        return out if files else None

    return Command(read)


def _create(kind: str) -> Command:
    """create namespace, configmap, serviceaccount."""

    def read(line: Line, find: Find) -> Made | None:
        if len(line.words) != 1:
            return Made(question=Question(text=f"What shall the new {kind} be called?", slot="name"))
        metadata: dict[str, JsonValue] = {"name": line.words[0]}
        body: dict[str, JsonValue] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
        if kind != "Namespace":
            metadata["namespace"] = line.namespace or line.world.home()
        if kind == "ConfigMap":
            body["data"] = _assigned(line.flags.get("from-literal", []))
        return Made([call("create_resource", manifest=json.dumps(body))])

    return Command(read)


def _create_job(line: Line, find: Find) -> Made | None:
    source = line.flag("from")
    if not source.startswith(("cronjob/", "cj/", "cronjobs/")):
        return Made(question=Question(text="I make Jobs of CronJobs only (--from=cronjob/NAME). Which one?"))
    return _each(
        find([source], ("CronJob",)),
        "run",
        lambda item: [call("run_job_now", name=item.ref.name, namespace=item.ref.namespace)],
    )


def _autoscale(line: Line, find: Find) -> Made | None:
    most, least, cpu = line.number("max"), line.number("min"), line.number("cpu-percent", "cpu")

    def make(item: Named) -> list[ToolCall] | Question:
        if most is None:
            return Question(
                text="Up to how many replicas?", slot="max", drafts=(workload_call("autoscale_workload", item),)
            )
        return [workload_call("autoscale_workload", item, max=most, min=least, cpu_percent=cpu)]

    return _each(find(line.words, SCALABLE[:2]), "autoscale", make)


def _expose(line: Line, find: Find) -> Made | None:
    port, target = line.number("port"), line.number("target-port")

    def make(item: Named) -> list[ToolCall] | Question:
        more: dict[str, JsonValue] = {"target_port": target, "service": line.flag("name"), "type": line.flag("type")}
        if port is None:
            return Question(
                text="On which port?", slot="port", drafts=(workload_call("expose_workload", item, **more),)
            )
        return [workload_call("expose_workload", item, port=port, **more)]

    return _each(find(line.words, SCALABLE), "expose", make)


def _patch(line: Line, find: Find) -> Made | None:
    try:
        patch = yaml.safe_load(line.flag("p", "patch"))
    except yaml.YAMLError:
        patch = None
    if not isinstance(patch, dict | list) or not patch:
        return Made(question=Question(text="That patch is no JSON or YAML. How shall the fields read?", slot="patch"))

    def make(item: Named) -> list[ToolCall] | Question:
        group = item.ref.api_version.rpartition("/")[0]
        own = "." not in group or group.endswith(".k8s.io")
        kind = line.flag("type") or ("strategic" if own else "merge")
        return [call("patch_resource", **located(item), patch=patch, type=kind)]

    return _each(find(line.words, ()), "patch", make)


def _exec(line: Line, find: Find) -> Made | None:
    """A program in a Pod; one that only looks is a read."""
    argv = line.flags.get("--", [])
    if not argv:
        return Made(question=Question(text="Which program shall I run? Write it behind --.", slot="command"))
    tool = "exec_command" if why_not_read_only(argv) else "exec_read_only"
    more: dict[str, JsonValue] = {"container": line.flag("c", "container"), "command": [*argv]}
    return _each(
        find(line.words, ("Pod",)),
        "run that in",
        lambda item: [call(tool, name=item.ref.name, namespace=item.ref.namespace, **more)],
    )


def _named(prefix: str, names: str, command: Command) -> Iterator[tuple[str, Command]]:
    for name in names.split():
        yield f"{prefix} {name}".strip(), command


COMMANDS: Mapping[str, Command] = {
    "scale": Command(_scale),
    "set image": Command(_set_image),
    "set env": Command(_set_env),
    "set resources": Command(_set_resources),
    "rollout restart": _rollout("rollout_restart", "restart"),
    "rollout undo": _rollout("rollout_undo", "roll back"),
    "rollout pause": _rollout("rollout_pause", "pause"),
    "rollout resume": _rollout("rollout_resume", "resume"),
    "label": _keyed("label_resource", "label"),
    "annotate": _keyed("annotate_resource", "annotate"),
    "cordon": _node("cordon_node"),
    "uncordon": _node("uncordon_node"),
    "drain": _node("drain_node"),
    "taint": Command(_taint),
    "delete": Command(_delete),
    "apply": _from_file("apply_manifest"),
    "replace": _from_file("apply_manifest"),
    "create": _from_file("create_resource"),
    "create job": Command(_create_job),
    "autoscale": Command(_autoscale),
    "expose": Command(_expose),
    "patch": Command(_patch),
    "exec": Command(_exec),
    **dict(_named("create", "namespace ns", _create("Namespace"))),
    **dict(_named("create", "configmap cm", _create("ConfigMap"))),
    **dict(_named("create", "serviceaccount sa", _create("ServiceAccount"))),
}
"""By their verbs; of "create" and others the word behind it belongs to them."""
