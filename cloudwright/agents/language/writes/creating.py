"""What is made new: manifests, namespaces, ConfigMaps, Services, jobs."""

import json
import re
from pathlib import Path

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, workload_call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World, kind_beside, namespace_in, placed, sole
from cloudwright.agents.language.spelling import COMMON
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.environment import aimed
from cloudwright.agents.language.writes.frame import Change, change_all, of_the_kind
from cloudwright.core.tool import ToolCall

_LARGEST_FILE = 1_000_000


def from_file(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A manifest in a file of the working directory."""
    files = clause.of("file")
    if not files or not families & {"apply", "create", "deploy", "set", "add", "trigger"}:
        return None
    clause.use(*files)
    clause.use_words("manifest, file, from, objects, of")
    place = namespace_in(clause)
    calls = []
    for mention in files:
        text = read_manifest(mention.text)
        if isinstance(text, Question):
            return Change(question=text)
        tool = "create_resource" if "create" in families and "apply" not in families else "apply_manifest"
        calls.append(call(tool, manifest=text, namespace=place or (world.memory.namespace or "")))
    return Change(tuple(calls))


def read_manifest(name: str) -> str | Question:
    """The text of a manifest below the working directory; a question where it cannot be read."""
    path = Path(name)
    base = Path.cwd().resolve()
    if path.is_absolute() or ".." in path.parts or not (base / path).resolve().is_relative_to(base):
        return Question(
            text=f"{name} is not below the working directory; I read manifests from there only. Which file?",
            slot="manifest",
        )
    try:
        if (base / path).stat().st_size > _LARGEST_FILE:
            return Question(text=f"{name} is too large for a manifest. Which file?", slot="manifest")
        return (base / path).read_text()
    except (OSError, UnicodeDecodeError):
        return Question(text=f"There is no readable file {name} in {base}. Which file?", slot="manifest")


def inline(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A manifest written in the request itself."""
    texts = [item for item in clause.of("text") if "kind:" in item.text or '"kind"' in item.text]
    flows = [
        (index, token.raw)
        for index, token in enumerate(clause.tokens)
        if token.raw.startswith("{") and "kind" in token.raw
    ]
    if (not texts and not flows) or not families & {"apply", "create", "add"}:
        return None
    clause.use(*texts)
    clause.used.update(index for index, _ in flows)
    manifest = texts[0].text if texts else flows[0][1]
    tool = "create_resource" if "create" in families and "apply" not in families else "apply_manifest"
    return Change((call(tool, manifest=manifest, namespace=namespace_in(clause)),))


def new_object(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A new Namespace, ConfigMap or ServiceAccount."""
    kinds = [item.kind for item in clause.of("kind") if item.kind]
    if (
        not kinds
        or not families & {"create", "add"}
        or clause.of("number")
        or (clause.of("name") and kinds[0].kind in _MADE)
    ):
        return None
    kind = kinds[0].kind
    if kind not in _MADE:
        return _manifest_wanted(kind) if _writes(families) and kind not in _NOT_WRITTEN else None
    name = _new_name(clause, world)
    if not name:
        return Change(question=Question(text=f"What shall the new {kind} be called?", slot="name"))
    metadata: dict[str, JsonValue] = {"name": name}
    body: dict[str, JsonValue] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    pairs = clause.of("pair")
    clause.use(*pairs)
    data: dict[str, JsonValue] = {item.text.partition("=")[0]: item.text.partition("=")[2] for item in pairs}
    labels = clause.has("label, labels, labelled, labeled")
    if data and (kind != "ConfigMap" or labels):
        metadata["labels"] = data
    elif kind == "ConfigMap":
        body["data"] = data
    clause.use_words("with, new, data, key, keys, label, labels, empty, containing, called, named, holding")
    place = "" if kind == "Namespace" else namespace_in(clause) or world.home()
    if place:
        metadata["namespace"] = place
    return Change((call("create_resource", manifest=json.dumps(body)),))


_MADE = ("Namespace", "ConfigMap", "ServiceAccount")
_NOT_WRITTEN = ("Pod", "ReplicaSet", "Node", "Service", "HorizontalPodAutoscaler", "Job")
"""Kinds of which more is wanted by these words: scaling, exposing, running a CronJob."""


def _writes(families: frozenset[str]) -> bool:
    """Whether something is to be made anew, not added to what is there."""
    return "create" in families and "add" not in families


def _manifest_wanted(kind: str) -> Change:
    text = f"I do not make a {kind} from words alone: what it shall allow or hold would be guessed. Which manifest shall I apply?"
    return Change(question=Question(text=text, slot="manifest"))


def _new_name(clause: Clause, world: World) -> str:
    kind = next(item for item in clause.of("kind") if item.kind)
    for word in ("called", "named", "name"):
        at = clause.find(word)
        if 0 <= at < len(clause.tokens) - 1:
            clause.used.update((at, at + 1))
            return clause.tokens[at + 1].low
    for at in (kind.end, kind.start - 1):
        if 0 <= at < len(clause.tokens) and not clause.tokens[at].mark and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", clause.low[at]) and clause.low[at] not in (
            *COMMON, "in", "with", "for", "a", "new", "the", "create", "add", "make", "another", "please", "to", "empty", "that", "up",
        ):  # fmt: skip
            clause.used.add(at)
            return clause.low[at]
    return ""


def expose(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A Service for a workload."""
    service = any(item.kind and item.kind.kind == "Service" for item in clause.of("kind"))
    named = any(
        (beside := kind_beside(clause, mention)) is not None
        and beside.kind is not None
        and beside.kind.kind == "Service"
        and any(item.ref.kind == "Service" for item in placed(mention.objects, clause, world))
        for mention in clause.of("name")
    )
    made = service and not named and families & {"create", "add"} and clause.of("name")
    if not ("expose" in families or made):
        return None
    numbers = clause.of("number")
    clause.use(*numbers)
    kind = next(
        (
            value
            for word, value in (
                ("nodeport", "NodePort"),
                ("loadbalancer", "LoadBalancer"),
                ("load balancer", "LoadBalancer"),
            )
            if clause.has(word)
        ),
        "",
    )
    name = _exposed_as(clause)
    clause.use_words(
        "port, on, target, service, to, nodeport, loadbalancer, load balancer, type, targetport, reachable, ports,"
        " as, a, via, through, clusterip, cluster ip, selector, selecting, that, selects"
    )
    clause.use(*clause.of("path"))
    chosen = {mention.text for mention in clause.of("pair")}

    def make(item: Named) -> ToolCall | Question:
        if not numbers:
            return Question(
                text="On which port?",
                slot="port",
                drafts=(workload_call("expose_workload", item, service=name, type=kind),),
            )
        target = numbers[1].value if len(numbers) > 1 else None
        if chosen <= {f"{key}={value}" for key, value in item.selector.items()}:
            clause.use(*clause.of("pair"))
        return workload_call(
            "expose_workload", item, port=numbers[0].value, target_port=target, service=name, type=kind
        )

    return change_all(clause, world, ("Deployment", "StatefulSet", "ReplicaSet"), "expose", make)


def _exposed_as(clause: Clause) -> str:
    """The name that a new Service shall have, "" where none is said."""
    name = ""
    for word in ("as", "called", "named"):
        at = clause.find(word)
        if 0 <= at < len(clause.tokens) - 1 and clause.low[at + 1] not in ("a", "an", "nodeport", "loadbalancer"):
            name = clause.low[at + 1]
            clause.used.update((at, at + 1))
    return name


def run_now(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A CronJob, once, now."""
    crons = [item for item in (*aimed(clause, world), *sole(clause, world)) if item.ref.kind == "CronJob"]
    job = any(item.kind and item.kind.kind in ("Job", "CronJob") for item in clause.of("kind"))
    suspended = any(item.settings.get("suspend") is True for item in crons)
    if "resume" in families and (
        clause.has("unsuspend, un-suspend, unpause, resume") or (suspended and clause.has("again"))
    ):
        return None
    if not crons and families & {"trigger"} and not clause.of("name"):
        crons = of_the_kind(clause, world, ("CronJob",))
    if not crons and clause.of("pronoun"):
        rows = (world.named(ref) for ref in world.memory.listed)
        crons = [item for item in rows if item is not None and item.ref.kind == "CronJob"]
    if not crons or not (families & {"trigger"} or (job and families & {"create"})):
        return None
    clause.use_words(
        "outside of its schedule, outside its schedule, outside of the schedule, outside the schedule, out of schedule, off schedule, out of turn, by hand, manually, now, once, immediately, manually, job, right, run, of, a, from, one, off, one-off, manual, by, hand,"
        " straight, away, new, extra, kick, cronjob"
    )

    def make(item: Named) -> ToolCall:
        return call("run_job_now", name=item.ref.name, namespace=item.ref.namespace)

    return change_all(clause, world, ("CronJob",), "run", make)
