"""Command lines of kubectl that only look, typed as they are: parsed as such, not read as English."""

import argparse
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.doubts import FILLERS
from cloudwright.agents.language.reads.frame import Read, on
from cloudwright.agents.language.references import EVERYWHERE, World, rank, selector_text
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.core.tool import ToolCall

_PROMPT = re.compile(
    r"^\s*(?:\$\s*)?(?:(?:please\s+)?(?:run|execute|do)\s+)?[`\"']?(?:kubectl|k|oc)\s+(?P<rest>[^`]+)", re.I
)
_BARE = re.compile(
    r"^\s*(?P<rest>(?:get|describe|logs?|top|events|rollout (?:status|history)|auth can-i)\b.*\s-{1,2}[a-zA-Z].*)"
)
_PIPE = re.compile(r"\s*\|\s*")
_ALL = ("pods", "services", "daemonsets", "deployments", "statefulsets", "cronjobs", "jobs")
"""What "get all" lists."""
_SORTS: Mapping[str, str] = {
    "metadata.creationTimestamp": "-age", "status.startTime": "-age", "lastTimestamp": "", "metadata.name": "name",
    "status.containerStatuses[0].restartCount": "restarts",
}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the program."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse says NoReturn; raising is none
        raise ValueError(message)


def _parser() -> _Parser:
    parser = _Parser(prog="kubectl", add_help=False, allow_abbrev=False)
    for flags in (("-n", "--namespace"), ("-l", "--selector"), ("-o", "--output"), ("-c", "--container"), ("--field-selector",),
                  ("--sort-by",), ("--since",), ("--tail",), ("--as",), ("--as-group",), ("--for",), ("--types",), ("--revision",),
                  ("--since-time",), ("--limit",)):  # fmt: skip
        parser.add_argument(*flags, default="")
    for flags in (("-A", "--all-namespaces"), ("-p", "--previous"), ("-f", "--follow"), ("-w", "--watch"), ("--show-labels",),
                  ("--no-headers",), ("--list",), ("--containers",), ("--all-containers",), ("--timestamps",),
                  ("--recursive",)):  # fmt: skip
        parser.add_argument(*flags, action="store_true")
    parser.add_argument("words", nargs="*")
    return parser


@dataclass(frozen=True)
class _Line:
    """A parsed command line over a world."""

    words: Sequence[str]
    flags: argparse.Namespace
    pipes: Sequence[str]
    world: World

    @property
    def place(self) -> str:
        """The namespace that it says, "*" for all, "" for none."""
        return EVERYWHERE if self.flags.all_namespaces else str(self.flags.namespace)

    def kinds(self, text: str) -> list[KindWord] | None:
        """The kinds of "svc,ing"; None where a part is no kind."""
        names = _ALL if text == "all" else text.lower().split(",")
        found = [self.world.index.kinds.get((name.partition(".")[0],)) for name in names]
        return None if None in found else [kind for kind in found if kind is not None]

    def where(self, kind: KindWord) -> str:
        """Where to list a kind: as said, else where the session is if any live there, else everywhere."""
        if not kind.namespaced or self.place:
            return self.place if kind.namespaced else ""
        home = self.world.home()
        lives = any(
            item.ref.kind == kind.kind and item.ref.namespace == home for item in self.world.index.vocabulary.objects
        )
        return home if lives else EVERYWHERE

    def objects(self, kind: KindWord | None, name: str) -> list[Named]:
        """The objects of a name, those of the kind and the place first."""
        found = [
            item
            for item in self.world.index.names.get(name.lower(), ())
            if self.place in ("", EVERYWHERE) or item.ref.namespace in (self.place, "")
        ]
        home = [item for item in found if item.ref.namespace == self.world.home()]
        pool = home or found
        return [item for item in pool if kind is not None and item.ref.kind == kind.kind] or sorted(
            pool, key=lambda item: rank(item.ref.kind)
        )


def typed_read(request: str, world: World) -> Read | None:
    """The read that a command line is, or None where it is no command line, or one that changes something."""
    match = _PROMPT.match(request) or _BARE.match(request)
    if match is None:
        return None
    command, *pipes = _PIPE.split(match["rest"].strip().rstrip("?!"))
    try:
        flags, unknown = _parser().parse_known_intermixed_args(shlex.split(command))
    except ValueError:
        return None
    words = [*flags.words[:1], *(word for word in flags.words[1:] if word.lower() not in FILLERS)]
    if not words or any(not item.startswith("--") for item in unknown):
        return None
    line = _Line(words[1:], flags, pipes, world)
    handler = _COMMANDS.get(words[0].lower())
    return handler(line) if handler is not None else None


def _get(line: _Line) -> Read | None:
    if not line.words:
        return None
    first, *names = line.words
    if "/" in first:
        pairs = [item.partition("/") for item in line.words]
        found = [named for kind, _, name in pairs for named in _named(line, kind, name)]
        return _shown(line, found) if found else None
    kinds = line.kinds(first)
    if kinds is None:
        return None
    if names:
        found = [item for name in names for item in line.objects(kinds[0], name)[:2]]
        return _shown(line, found) if found else _missing(kinds[0], names[0], line)
    if len(kinds) == 1 and kinds[0].kind == "Event":
        return _events(line)
    return Read(tuple(_listed(line, kind) for kind in kinds))


def _named(line: _Line, kind: str, name: str) -> list[Named]:
    kinds = line.kinds(kind)
    return [item for item in line.objects(kinds[0], name) if item.ref.kind == kinds[0].kind] if kinds else []


def _missing(kind: KindWord, name: str, line: _Line) -> Read:
    """An object that is not known: the tool says so, with near misses."""
    return Read((call("describe_resource", kind=kind.plural, name=name, namespace=line.where(kind).strip(EVERYWHERE)),))


def _shown(line: _Line, objects: Sequence[Named]) -> Read:
    output = line.flags.output.lower()
    if output in ("yaml", "json"):
        return on("get_resource", objects)
    columns = _columns(line)
    calls = [
        call("list_resources", **{key: value for key, value in located(item).items() if key != "name"},
             fields=f"metadata.name={item.ref.name}", columns=columns)
        for item in objects
    ]  # fmt: skip
    return Read(tuple(calls), tuple(item.ref for item in objects), 0.95)


def _columns(line: _Line) -> list[JsonValue]:
    """The columns of "-o jsonpath=…", "-o custom-columns=…" and "--show-labels"; [] for the usual ones."""
    output = line.flags.output
    found = re.findall(r"(?:^|[{:])\.((?:items\[\*\]\.)?[\w.\[\]*-]+)", output.partition("=")[2])
    paths = [path.removeprefix("items[*].") for path in found]
    return [*paths] or (["metadata.labels"] if line.flags.show_labels else [])


def _listed(line: _Line, kind: KindWord) -> ToolCall:
    flags = line.flags
    sort = flags.sort_by.strip("{}").lstrip(".")
    return call(
        "list_resources",
        kind=kind.plural,
        namespace=line.where(kind),
        labels=flags.selector,
        fields=flags.field_selector,
        where=" and ".join(_greps(line)),
        columns=_columns(line),
        sort=_SORTS.get(sort, sort),
        group_by=["kind"] if any(pipe.startswith("wc") for pipe in line.pipes) else [],
    )


def _greps(line: _Line) -> list[str]:
    """Filters for the greps behind a list."""
    tests = []
    for pipe in line.pipes:
        words = shlex.split(pipe)
        patterns = [word for word in words[1:] if not word.startswith("-")]
        if words[:1] == ["grep"] and patterns:
            quoted = f'"{patterns[0]}"'
            test = f"(name matches {quoted} or status matches {quoted} or reason matches {quoted})"
            tests.append(f"not {test}" if any("v" in word for word in words[1:] if word.startswith("-")) else test)
    return tests


def _describe(line: _Line) -> Read | None:
    words = list(line.words)
    if words and "/" in words[0]:
        kind, _, name = words[0].partition("/")
        words = [kind, name]
    kinds = line.kinds(words[0]) if words else None
    if not kinds:
        return None
    if len(words) == 1:
        return Read((_listed(line, kinds[0]),))
    found = line.objects(kinds[0], words[1])
    return on("describe_resource", found[:2], 0.95) if found else _missing(kinds[0], words[1], line)


def _logs(line: _Line) -> Read | None:
    flags = line.flags
    arguments: dict[str, JsonValue] = {"container": flags.container, "since": flags.since or flags.since_time}
    if flags.tail.isdigit():
        arguments["tail"] = int(flags.tail)
    if flags.previous:
        arguments["previous"] = True
    for pipe in line.pipes:
        words = [word for word in shlex.split(pipe) if not word.startswith("-")]
        if words[:1] == ["grep"] and len(words) > 1:
            arguments["exclude" if " -v" in pipe else "include"] = words[1]
    if flags.selector:
        place = line.place if line.place != EVERYWHERE else ""
        return Read((call("get_logs", labels=flags.selector, namespace=place or line.world.home(), **arguments),))
    if not line.words:
        return None
    kind, slash, name = line.words[0].rpartition("/")
    found = _named(line, kind, name) if slash else line.objects(line.world.kind("Pod"), name)
    if len(line.words) > 1 and not arguments["container"]:
        arguments["container"] = line.words[1]
    if not found:
        place = line.place if line.place != EVERYWHERE else ""
        return Read((call("get_logs", name=name, kind=kind or "pod", namespace=place, **arguments),))
    item = found[0]
    if item.ref.kind == "Service":
        return Read(
            (call("get_logs", labels=selector_text(dict(item.selector)), namespace=item.ref.namespace, **arguments),)
        )
    return on("get_logs", [item], 0.95, **{key: value for key, value in arguments.items() if value})


def _top(line: _Line) -> Read | None:
    kinds = line.kinds(line.words[0]) if line.words else None
    sort = line.flags.sort_by or "cpu"
    if not kinds or kinds[0].kind not in ("Pod", "Node"):
        return None
    if kinds[0].kind == "Node":
        return Read((call("top_nodes", sort=sort),))
    return Read((call("top_pods", namespace=line.where(kinds[0]), labels=line.flags.selector, sort=sort),))


def _events(line: _Line) -> Read | None:
    if line.words:
        return None  # "events Warning -n x" is English
    kind, _, name = line.flags.__dict__["for"].partition("/")
    found = _named(line, kind, name) if name else []
    kinds = {"type": "Warning"} if "warning" in f"{line.flags.types} {line.flags.field_selector}".lower() else {}
    if found:
        return on("list_events", found, 0.95, **kinds)
    return Read((call("list_events", namespace=line.place or line.world.home() or EVERYWHERE, **kinds),))


def _explain(line: _Line) -> Read | None:
    kind, _, path = line.words[0].partition(".") if line.words else ("", "", "")
    kinds = line.kinds(kind) if kind else None
    return Read((call("explain_field", kind=kinds[0].plural, path=path),)) if kinds else None


def _rollout(line: _Line) -> Read | None:
    tools = {"status": "rollout_status", "history": "rollout_history"}
    if not line.words or line.words[0] not in tools:
        return None
    kind, _, name = line.words[1].partition("/") if len(line.words) == 2 else (*line.words[1:2], "", *line.words[2:3])
    found = _named(line, kind, name)
    more: dict[str, JsonValue] = {"revision": int(line.flags.revision)} if line.flags.revision.isdigit() else {}
    return on(tools[line.words[0]], found, 0.95, **more) if found else None


def _auth(line: _Line) -> Read | None:
    subject = str(line.flags.__dict__["as"] or "")
    if line.flags.as_group:
        subject = f"Group:{line.flags.as_group}"
    place = "" if line.place == EVERYWHERE else line.place
    if line.words[:1] == ["whoami"]:
        return Read((call("cluster_info"),))
    if line.words[:1] != ["can-i"]:
        return None
    if line.flags.list:
        return Read((call("what_can", subject=subject, namespace=place),))
    if len(line.words) < 3:
        return None
    verb, resource = line.words[1:3]
    name = line.words[3] if len(line.words) > 3 else ""
    resource, _, said = (
        resource.partition("/") if "/" in resource and resource.partition("/")[2] not in _PARTS else (resource, "", "")
    )
    asked = {"verb": verb, "resource": resource, "name": name or said, "namespace": place, "subject": subject}
    return Read((call("can_i", **asked),), (), 0.95)


_PARTS = ("log", "exec", "status", "scale", "eviction", "portforward")


def _plain(tool: str) -> Callable[[_Line], Read | None]:
    return lambda line: Read((call(tool),))


_COMMANDS: Mapping[str, Callable[[_Line], Read | None]] = {
    "get": _get, "describe": _describe, "desc": _describe, "logs": _logs, "log": _logs, "top": _top, "events": _events,
    "explain": _explain, "rollout": _rollout, "auth": _auth, "version": _plain("cluster_info"),
    "cluster-info": _plain("cluster_info"), "config": _plain("cluster_info"), "api-resources": _plain("api_resources"),
}  # fmt: skip
