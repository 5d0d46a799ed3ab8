"""What containers print."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read
from cloudwright.agents.language.reads.restarts import endings_of
from cloudwright.agents.language.references import World, namespace_in, objects_of, selector_text
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.verbs import opening
from cloudwright.core.tool import ToolCall

_SETTINGS = "log level, log levels, log format, log verbosity, logging level, log retention"
"""Settings that logs only give their name to."""
_LOGS = "crash output, logs, log, lines, tail, logging, log lines, prints, printed, printing, stdout, stack trace, traceback"


_SAID = re.compile(
    r"\b(?:what|anything|something)\b.{0,50}?\b(?:say|says|said|saying|printed|wrote|writes?|complain\w*|spit out|spits out|logged|last words)\b"
    r"|\b(?:did|does) .{1,40}? (?:say|print|write|complain|output|log)\b|\blast words\b"
)
"""What a thing says is what it prints."""
_OTHERS = (
    "scheduler, kubelet, controller, autoscaler, event, events, configmap, config map, config, secret, policy, quota"
)
"""These say something that is no log."""
_DYING = re.compile(
    r"\b(?:when|as|before|while|just before|right before|at the time) (?:it|they|he|she|the \w+|\w+) (?:last )?(?:died|crash\w*|dies|exit\w*|went down|fell over|gave up|broke|failed|was killed|got killed)\b"
    r"|\blast words\b|\b(?:when|before|while) (?:dying|crashing|exiting)\b|\b(?:on|at|in|during|of) (?:its|the|that) (?:last |latest |previous )?(?:crash|death)\b"
)
"""What the container that is gone printed."""


def speaks(clause: Clause) -> bool:
    """Whether it is asked what a thing says: "what did it say when it died"."""
    return bool(_SAID.search(" ".join(clause.low))) and not clause.has(_OTHERS)


def logs(clause: Clause, world: World) -> Read | None:
    """What containers print."""
    printed = clause.has("print, output") and clause.low[opening(clause)] not in ("print", "output")
    printed = printed or speaks(clause)
    if (not printed and not clause.has(_LOGS)) or clause.has(_SETTINGS):
        return None
    arguments: dict[str, JsonValue] = {}
    _log_window(clause, arguments)
    _log_patterns(clause, arguments)
    objects = objects_of(
        clause, world, ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "ReplicaSet")
    )
    if not objects:
        objects = [item for item in objects_of(clause, world) if item.ref.kind == "Service"]
    containers = [word for word in clause.low if word in world.index.containers]
    if clause.has("container, sidecar") and containers:
        arguments["container"] = (
            containers[-1] if not objects or containers[-1] != objects[0].ref.name else containers[0]
        )
    if clause.has("sidecar, side car") and objects and (beside := _sidecar(objects[0])):
        arguments["container"] = beside
    objects = _on_named_nodes(clause, objects, world)
    if not objects:
        pairs = [item.text for item in clause.of("pair")]
        if not pairs:
            return None
        place = namespace_in(clause) or world.home()
        return Read((call("get_logs", labels=",".join(pairs), namespace=place, **arguments),))
    calls = []
    for item in objects[:MOST_OBJECTS]:
        target = item
        if item.ref.kind == "Service":
            calls.append(
                call("get_logs", labels=selector_text(dict(item.selector)), namespace=item.ref.namespace, **arguments)
            )
            continue
        calls.append(call("get_logs", **located(target), **arguments))
    if arguments.get("previous") and speaks(clause):
        calls += [_parting(item) for item in objects[:MOST_OBJECTS] if item.pod_labels or item.ref.kind == "Pod"]
    return Read(tuple(calls), tuple(item.ref for item in objects[:MOST_OBJECTS]), 0.95)


def _parting(item: Named) -> ToolCall:
    """How the containers of an object's pods ended last, with the message that they left: it outlives their logs."""
    ended = endings_of(item)
    columns = ended.arguments["columns"]
    assert isinstance(columns, list)
    return ToolCall(tool=ended.tool, arguments={**ended.arguments, "columns": [*columns, *_MESSAGES]})


_MESSAGES = tuple(f"status.containerStatuses[*].{state}.terminated.message" for state in ("lastState", "state"))


def _sidecar(item: Named) -> str:
    """The container beside the one that is called like the object; "" where there is not exactly one."""
    others = [name for name in item.containers if name != item.ref.name]
    return others[0] if len(others) == 1 and len(item.containers) > 1 else ""


def _on_named_nodes(clause: Clause, objects: list[Named], world: World) -> list[Named]:
    """The pods that workloads have on the nodes that are named ("logs of x on node-3"); the objects where none is."""
    nodes = {item.ref.name for mention in clause.of("name") for item in mention.objects if item.ref.kind == "Node"}
    pods = [
        pod
        for item in objects
        if nodes and item.ref.kind != "Pod"
        for pod in world.index.links.related(item, "Pod")
        if pod.node in nodes
    ]
    return pods or objects


def _log_window(clause: Clause, arguments: dict[str, JsonValue]) -> None:
    durations = clause.of("duration")
    if durations:
        arguments["since"] = durations[0].text
        clause.use(durations[0])
    times = clause.of("time")
    if times:
        arguments["since"] = clock(times[0].text, yesterday=clause.has("yesterday"))
    elif clause.has("yesterday") and not durations:
        arguments["since"] = "1d"
    if clause.has(
        "previous, crash output, crash log, crash logs, before its last crash, before its crash, before the last crash, before it died, before dying, before it went down, before it crashed, before the crash, before the restart, before it restarted, last crash,"
        " crashed container, previously, before its restart, last run, earlier instance, before its last restart,"
        " before the last restart, terminated"
    ) or _DYING.search(" ".join(clause.low)):
        arguments["previous"] = True
    numbers = [item for item in clause.of("number") if item not in durations]
    for item in numbers:
        beside = clause.low[max(0, item.start - 1) : item.end + 2]
        if {"last", "lines", "line", "tail", "newest", "latest", "recent", "final"} & set(beside):
            arguments["tail"] = item.value
    if clause.has("last line, last log line, final line, final log line, latest line, very last line"):
        arguments["tail"] = 1


def clock(text: str, *, yesterday: bool) -> str:
    """A time of day as a full time in UTC: today's, or yesterday's."""
    if "-" in text:
        return text
    hours, minutes, *_ = (int(part) for part in text.split(":"))
    now = datetime.now(UTC)
    then = now.replace(hour=hours % 24, minute=minutes % 60, second=0, microsecond=0)
    if yesterday or then > now:
        then -= timedelta(days=1)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


_EXCLUDES = (
    "without",
    "excluding",
    "except",
    "minus",
    "ignoring",
    "not containing",
    "leaving out",
    "skipping",
    "hide",
    "filter out",
    "but not",
    "omit",
    "omitting",
    "drop",
)


def _log_patterns(clause: Clause, arguments: dict[str, JsonValue]) -> None:
    texts = clause.of("text")
    for word in _EXCLUDES:
        at = clause.find(word)
        if at >= 0:
            rest = clause.low[at + len(word.split()) :]
            arguments["exclude"] = _pattern(texts, at, rest)
            clause.used.update(range(at, len(clause.tokens)))
            break
    else:
        if texts:
            arguments["include"] = re.escape(texts[-1].text)
            clause.use(texts[-1])
            return
    if "exclude" in arguments:
        return
    if clause.has("errors, error, exceptions, exception, error lines, failures"):
        arguments["include"] = "error|exception|fatal|panic|fail"
    elif clause.has("warnings, warning"):
        arguments["include"] = "warn"
    else:
        for word in (
            "lines with",
            "lines that have",
            "containing",
            "mentioning",
            "matching",
            "grep for",
            "grep",
            "that mention",
            "that contain",
            "anything about",
            "about",
            "regarding",
            "concerning",
            "mention",
            "mentions",
        ):
            at = clause.find(word)
            if at >= 0:
                following = [
                    item
                    for item in clause.low[at + len(word.split()) :]
                    if item not in ("the", "word", "a", "string", "text")
                ]
                if following and following[0] not in ("in", "of"):
                    arguments["include"] = re.escape(following[0])
                break


def _pattern(texts: Sequence[Mention], at: int, rest: Sequence[str]) -> str:
    after = [item for item in texts if item.start > at]
    if after:
        return re.escape(after[0].text)
    words = [
        word
        for word in rest
        if word
        not in ("the", "any", "lines", "line", "of", "noise", "messages", "entries", "ones", "from", "requests", "\x00")
    ]
    joined = " ".join(words)
    if "health" in joined or "probe" in joined:
        return "health|healthz|readyz|livez|probe|/ready|/live"
    return "|".join(re.escape(word.rstrip("s")) for word in words[:3] if word not in ("and", "or")) or "health"
