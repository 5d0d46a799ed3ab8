"""Container logs: of one pod, a selector or a workload, read as a stream, bounded, filtered, merged by time."""

import heapq
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, TimedOut, ToolError
from cloudwright.core.redaction import Redactor
from cloudwright.core.result import Lines
from cloudwright.core.tool import Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes import facts, values
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import segment
from cloudwright.tools.kubernetes.errors import Rejected
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.listing import Namespace, Strict, read_object, require_namespace
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for
from cloudwright.tools.kubernetes.workloads import pods_of

_PARALLEL = 8
_MOST_STREAMS = 60
_READ_CAP = 20 * 1024 * 1024
_LONGEST_LINE = 8_192
_LONGEST_BLOCK = 200
_BEGIN, _END = "-----BEGIN ", "-----END "
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}")
_LOST = "unable to retrieve container logs"
"""What a kubelet says in place of a log that the container runtime has dropped."""
_READ = Permission(verb="get", resource="pods/log")


class LogsInput(Strict):
    """Whose logs, which part of them."""

    name: Annotated[str, Field(description="of the pod or workload", max_length=253)] = ""
    kind: Annotated[str, Field(description="pod, deployment, job …", max_length=200)] = "pod"
    namespace: Namespace = ""
    labels: Annotated[str, Field(description="label selector, instead of name")] = ""
    container: Annotated[str, Field(description="default: all", max_length=253)] = ""
    previous: Annotated[bool, Field(description="of the container before its restart")] = False
    since: Annotated[str, Field(description="such as 30m, or a time")] = ""
    until: Annotated[str, Field(description="such as 5m, or a time")] = ""
    tail: Annotated[int, Field(ge=1, le=5000, description="newest lines kept")] = 200
    include: Annotated[str, Field(description="keep lines that match", max_length=200)] = ""
    exclude: Annotated[str, Field(description="drop lines that match", max_length=200)] = ""
    max_bytes: Annotated[int, Field(ge=1000, le=1_000_000)] = 60_000
    timestamps: bool = False


@dataclass(frozen=True)
class LogQuery:
    """Which part of one container's log. Times are Unix times; `tail` counts lines after the filters."""

    previous: bool = False
    since: float | None = None
    until: float | None = None
    tail: int | None = None
    include: str = ""
    exclude: str = ""
    max_bytes: int = 60_000
    read_cap: int = _READ_CAP


@dataclass(frozen=True)
class LogLine:
    """One line (a PEM block is one line) with its time (RFC 3339 with nanoseconds, "" if it has none)."""

    time: str
    text: str


@dataclass
class LogPart:
    """What was kept of one container's log, oldest first, and what was not."""

    pod: str
    container: str
    lines: list[LogLine] = field(default_factory=list)
    read: int = 0
    dropped: int = 0
    notes: list[str] = field(default_factory=list)
    error: ToolError | None = None


def _scope(args: LogsInput, context: Context) -> Scope:
    namespace = args.namespace or context.place.namespace or "default"
    return Scope(Effect.READ, (_READ.model_copy(update={"namespace": namespace}),))


@read_tool(
    permission=_READ,
    input=LogsInput,
    scope=_scope,
    examples=(
        {"name": "web-0", "tail": 50},
        {"kind": "deployment", "name": "web", "since": "15m", "include": "error|exception"},
    ),
    utterances=(
        "logs of {name}",
        "show the logs of {kind} {name}",
        "last {tail} log lines of {name} in {namespace}",
        "logs of {kind} {name} since {since}",
        "previous logs of {name}",
        "what does container {container} of {name} print",
        "search the logs of {kind} {name} for {include}",
        "logs of pods with label {labels}",
    ),
)
def get_logs(args: LogsInput, context: Context) -> Lines:
    """Logs of a pod, a workload or a label selector; many pods are merged by time."""
    if bool(args.name) == bool(args.labels):
        raise InvalidArguments("Give either the name of a pod or workload, or a label selector.")
    pods = _pods(args, context)
    now = datetime.now(UTC).timestamp()
    query = LogQuery(
        previous=args.previous,
        since=_moment(args.since, now, "since"),
        until=_moment(args.until, now, "until"),
        tail=args.tail,
        include=args.include,
        exclude=args.exclude,
        max_bytes=args.max_bytes,
    )
    _pattern(args.include)
    _pattern(args.exclude)
    wanted = [(pod, name) for pod in pods for name in _containers(pod, args)]
    parts = read_many(wanted[:_MOST_STREAMS], query, context)
    failed = [part for part in parts if part.error is not None]
    if failed and len(failed) == len(parts):
        assert failed[0].error is not None
        raise failed[0].error
    lines = merge(parts, context.redactor, many=len(wanted) > 1, timestamps=args.timestamps)
    kept = _fit(lines, args.tail, args.max_bytes)
    notes = [f"{part.pod}/{part.container}: {note}" for part in parts for note in part.notes]
    notes += [f"{part.pod}/{part.container}: {part.error}" for part in failed]
    if not kept and not failed:
        notes.append(nothing_printed(args, [f"{dig(pod, 'metadata', 'name')}/{name}" for pod, name in wanted]))
    if len(wanted) > _MOST_STREAMS:
        notes.append(f"{len(wanted) - _MOST_STREAMS} of {len(wanted)} containers were left out; choose fewer pods.")
    total = sum(part.dropped + len(part.lines) for part in parts)
    return Lines(lines=tuple(kept), total=max(total, len(kept)), shown=len(kept), notes=tuple(notes))


def nothing_printed(args: LogsInput, names: Sequence[str]) -> str:
    """What an empty log means: which containers (`pod/container`), which window, which filters."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    limits = [f"{word} {text}" for word, text in (("since", args.since), ("until", args.until)) if text]
    limits += [f"{word} {text!r}" for word, text in (("matching", args.include), ("without", args.exclude)) if text]
    what = "Before its restart nothing was printed" if args.previous else "Nothing was printed"
    return f"{' '.join([what, ', '.join(limits)]).strip()} by {', '.join(names[:4])}{more}."


def read_many(wanted: Sequence[tuple[Mapping[str, Any], str]], query: LogQuery, context: Context) -> list[LogPart]:
    """The logs of these containers (pod object, container name), a few at a time; failures stay in their parts."""
    if not wanted:
        return []
    client = context.service(KubernetesClient)
    seconds = context.remaining(client.timeout)
    with ThreadPoolExecutor(min(_PARALLEL, len(wanted))) as pool:
        return list(
            pool.map(
                lambda pair: read_log(
                    client,
                    str(dig(pair[0], "metadata", "namespace")),
                    str(dig(pair[0], "metadata", "name")),
                    pair[1],
                    query,
                    seconds,
                ),
                wanted,
            )
        )


def read_log(
    client: KubernetesClient, namespace: str, pod: str, container: str, query: LogQuery, seconds: float
) -> LogPart:
    """One container's log, read as a stream; memory holds what is kept and no more. Raw: mask before showing."""
    part = LogPart(pod, container)
    params: dict[str, str | int | bool] = {"container": container, "timestamps": True}
    if query.previous:
        params["previous"] = True
    if query.since is not None:
        params["sinceTime"] = datetime.fromtimestamp(query.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if query.tail is not None and not (query.include or query.exclude or query.until):
        params["tailLines"] = query.tail
    path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/log"
    try:
        pieces = client.stream(path, params, timeout=seconds)
        _keep(_capped(pieces, query.read_cap, part), query, part)
    except TimedOut as error:
        part.notes.append(str(error))
        if not part.lines:
            part.error = error
    except Rejected as error:
        part.error = NotFound(f"There is no such log: {error.message.partition(': ')[2]}", hint="Describe the pod.")
    except ToolError as error:
        part.error = error
    if len(part.lines) == 1 and part.lines[0].text.startswith(_LOST):
        part.lines = []
        part.error = NotFound(f"The node no longer has this log of {pod}/{container}.")
    return part


def merge(parts: Iterable[LogPart], redactor: Redactor, *, many: bool, timestamps: bool) -> list[str]:
    """Masked lines of all parts by time, each with its source when there are many."""

    def lines(part: LogPart) -> Iterator[tuple[str, str]]:
        for line, text in zip(part.lines, _masked(part.lines, redactor), strict=True):
            shown = f"{line.time} {text}" if timestamps and line.time else text
            for row in shown.split("\n"):
                yield line.time, f"{part.pod}/{part.container} | {row}" if many else row

    return [text for _, text in heapq.merge(*(lines(part) for part in parts), key=lambda pair: pair[0])]


def _masked(lines: Sequence[LogLine], redactor: Redactor) -> list[str]:
    """Each line masked; secrets that are found in one are masked in all."""
    first = [redactor.text(line.text) for line in lines]
    return [redactor.text(text) for text in first]


def _capped(pieces: Iterator[bytes], cap: int, part: LogPart) -> Iterator[str]:
    """Decoded lines of a stream, up to `cap` bytes."""
    rest = b""
    for piece in pieces:
        part.read += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
        if len(rest) > 4 * _LONGEST_LINE:
            yield rest.decode("utf-8", "replace")
            rest = b""
        if part.read >= cap:
            part.notes.append(f"stopped after {values.bytes_text(part.read)}; narrow it with since or until")
            return
    if rest:
        yield rest.decode("utf-8", "replace")


def _keep(lines: Iterator[str], query: LogQuery, part: LogPart) -> None:
    """Filter, and keep the newest lines within the limits."""
    include, exclude = _pattern(query.include), _pattern(query.exclude)
    until = None if query.until is None else datetime.fromtimestamp(query.until, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    kept: deque[LogLine] = deque()
    size = 0
    for line in _blocks(_stamped(lines), kept):
        if until is not None and line.time and line.time > until:
            break
        if (include and not include.search(line.text)) or (exclude and exclude.search(line.text)):
            continue
        kept.append(line)
        size += len(line.text)
        while kept and (size > query.max_bytes or (query.tail is not None and len(kept) > query.tail)):
            if len(kept) == 1 and size <= query.max_bytes:
                break
            size -= len(kept.popleft().text)
            part.dropped += 1
    part.lines = list(kept)


def _stamped(lines: Iterator[str]) -> Iterator[LogLine]:
    for line in lines:
        time, _, text = line.rstrip("\r").partition(" ")
        if not (len(time) >= 20 and time[4:5] == "-" and time[10:11] == "T"):
            time, text = "", line
        if len(text) > _LONGEST_LINE:
            text = f"{text[:_LONGEST_LINE]}… ({len(text)} characters)"
        yield LogLine(time, text)


def _blocks(lines: Iterator[LogLine], kept: deque[LogLine]) -> Iterator[LogLine]:
    """A PEM block as one line, so that no filter and no limit tears a key apart before it is masked."""
    block: list[LogLine] = []
    for line in lines:
        if block:
            block.append(line)
            if _END in line.text:
                yield LogLine(block[0].time, "\n".join(part.text for part in block))
                block = []
            elif len(block) >= _LONGEST_BLOCK:
                yield LogLine(block[0].time, f"{block[0].text} … a key block without its end is not shown")
                block = []
        elif _BEGIN in line.text and _END not in line.text:
            block = [line]
        elif _END in line.text and _BEGIN not in line.text:
            while kept and _BASE64_LINE.fullmatch(kept[-1].text.strip()):
                kept.pop()
            yield LogLine(line.time, "… the rest of a key block is not shown")
        else:
            yield line
    if block:
        yield LogLine(block[0].time, f"{block[0].text} … a key block without its end is not shown")


def _fit(lines: Sequence[str], tail: int, max_bytes: int) -> list[str]:
    kept: deque[str] = deque()
    size = 0
    for line in reversed(lines[-tail:]):
        size += len(line) + 1
        if size > max_bytes and kept:
            break
        kept.appendleft(line)
    return list(kept)


def _pods(args: LogsInput, context: Context) -> list[Mapping[str, Any]]:
    client = context.service(KubernetesClient)
    if args.labels:
        kind = find_kind("pods", context)
        namespace = namespace_for(kind, args.namespace, context)
        found: list[Mapping[str, Any]] = list(client.list(kind.path(namespace), {"labelSelector": args.labels}))
        if not found:
            require_namespace(kind, namespace, context)
            raise NotFound(f"No pod in {namespace} has the labels {args.labels!r}.")
        return found
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    item = read_object(kind, namespace, args.name, context)
    if kind.kind == "Pod":
        return [item]
    pods = list(pods_of(item, context))
    if not pods:
        raise NotFound(f"{kind.kind} {args.name} has no pods now, so there are no logs of it.")
    return pods


def _containers(pod: Mapping[str, Any], args: LogsInput) -> list[str]:
    names = [str(container.get("name")) for container in facts.containers(pod)]
    if args.container:
        if args.container not in names:
            raise NotFound(
                f"Pod {dig(pod, 'metadata', 'name')} has no container {args.container!r}.",
                hint=f"It has {', '.join(names)}.",
            )
        return [args.container]
    started = [str(entry.get("name")) for entry in facts.container_statuses(pod) if _has_run(entry)]
    return [name for name in names if name in started] or [str(maps(pod, "spec", "containers")[0].get("name"))]


def _has_run(entry: Mapping[str, Any]) -> bool:
    return bool(dig(entry, "state", "running") or dig(entry, "state", "terminated") or entry.get("lastState"))


def _moment(text: str, now: float, what: str) -> float | None:
    if not text:
        return None
    then = values.moment(text)
    return then if then is not None else now - values.seconds(text, what)


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.I) if text else None
    except re.error as error:
        raise InvalidArguments(f"{text!r} is no valid pattern: {error}.") from None
