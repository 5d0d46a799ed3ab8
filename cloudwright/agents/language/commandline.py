"""Command lines of kubectl, read as they are: the common ones that change something, as typed calls.

Anything in them that is not understood exactly (an unknown flag, a selector, "--all") is no call: the words are left to
the frames, or it is asked about. What is only read is the frames' affair.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Goal, Intent, KindWord, Named, Question
from cloudwright.agents.language.writes.kubectl import COMMANDS, Line, Made, Target
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall

_START = re.compile(
    r"^\W*(?:(?:please|pls|run|execute|do|can|could|you|just|now|ok|and|then|also|next|this|for|me|the|command|i|would|like|to|want|need)\W+)*"
    r"(?:\$\s*)?(?P<program>kubectl|kctl|oc|k)\s+(?=[a-z-])",
    re.I,
)
_END = re.compile(r"[\s,;.!?`]*(?:\b(?:please|pls|plz|thanks|thx|thank you|for me|now|asap|ok)[\s,;.!?`]*)*$", re.I)
_VALUED = listed(
    "-n, --namespace, -c, --container, --containers, --replicas, --current-replicas, --min, --max, --cpu-percent, --cpu, --port,"
    " --target-port, --type, --name, --to-revision, --limits, --requests, -p, --patch, -f, --filename, --from, --from-literal,"
    " -l, --selector, --grace-period, --timeout, --cascade, -e, --env, --field-selector, --tcp, --image, --protocol"
)
_PLAIN = listed(
    "--overwrite, --force, --ignore-daemonsets, --delete-emptydir-data, --delete-local-data, --now, --wait, --record, --server-side, --watch, -w"
)
_WIDE = ("--all", "-A", "--all-namespaces", "-l", "--selector", "--field-selector")


@dataclass
class _Words:
    """A command line taken apart."""

    words: list[str] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def command_change(request: str, world: World) -> Intent | None:
    """What a command line changes, or what has to be asked about it; None where the request is no such line."""
    start = _START.match(request)
    if start is None:
        return None
    lines = [
        part for part in re.split(r"\s*(?:&&|;|\n)\s*", _END.sub("", request[start.end("program") :].strip())) if part
    ]
    calls: list[ToolCall] = []
    about: list[ObjectRef] = []
    for text in lines:
        made = _one(re.sub(rf"^(?:\$\s*)?{start['program']}\s+", "", text), world)
        if made is None:
            return None
        if made.question is not None:
            return Intent(
                goal=Goal.CALLS,
                text=request,
                confidence=0.5,
                about=(*about, *made.about),
                question=_with(made.question, calls),
            )
        calls += made.calls
        about += made.about
    if not calls:
        return None
    return Intent(goal=Goal.CALLS, text=request, confidence=1, calls=tuple(calls), about=tuple(about))


def _with(question: Question, before: Sequence[ToolCall]) -> Question:
    options = tuple(option.model_copy(update={"calls": (*before, *option.calls)}) for option in question.options)
    return question.model_copy(update={"options": options})


def _one(text: str, world: World) -> Made | None:
    try:
        argv = shlex.split(text)
    except ValueError:
        return None
    parted = _parted(argv)
    verb = (
        " ".join(parted.words[:2])
        if parted.words[:1] and parted.words[0] in ("rollout", "set", "create")
        else " ".join(parted.words[:1])
    )
    command = COMMANDS.get(verb.lower())
    if command is None:
        return None
    wide = [flag for flag in _WIDE if flag in parted.flags or flag in parted.unknown]
    if wide:
        text = f"{wide[0]} would change everything that it selects. Name the objects that you mean."
        return Made(question=Question(text=text))
    if parted.unknown:
        asked = f"I do not take {parted.unknown[0]!r} here. Say it without, or in words; every change is previewed before it is made."
        return Made(question=Question(text=asked))
    rest = parted.words[len(verb.split()) :]
    line = Line(rest, {name.lstrip("-") or name: values for name, values in parted.flags.items()}, world)
    return command.read(line, lambda words, kinds: _targets(words, line, kinds, world))


def _parted(argv: Sequence[str]) -> _Words:
    """Words and flags; a flag that is not known is one."""
    out = _Words()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            out.flags["--"], rest = rest, []
            break
        name, equals, value = word.partition("=")
        if word.startswith("-") and len(word) > 1:
            if name in _VALUED:
                out.flags.setdefault(name, []).append(value if equals else (rest.pop(0) if rest else ""))
            elif name in _PLAIN:
                out.flags.setdefault(name, []).append(value or "true")
            else:
                out.unknown.append(name)
        else:
            out.words.append(word)
    return out


def _targets(words: Sequence[str], line: Line, kinds: Sequence[str], world: World) -> list[Target] | Question:
    """The objects that "kind/name …" or "kind name …" name."""
    kind: KindWord | None = None
    out: list[Target] = []
    for word in words:
        left, slash, right = word.partition("/")
        if slash:
            found = _objects(world.index.kinds.get((left.lower(),)), right, line, world)
        elif kind is None and len(kinds) != 1:
            kind = world.index.kinds.get((word.lower(),))
            if kind is None:
                return Question(text=f"This cluster has no kind {word!r}. What do you mean?")
            continue
        else:
            kind = kind or world.kind(kinds[0])
            found = _objects(kind, word, line, world)
        if kinds:
            found = [item for item in found if item.ref.kind in kinds]
        if not found:
            where = f" in {line.namespace}" if line.namespace else ""
            return Question(text=f"There is no {word}{where}. Which object do you mean?")
        out.append(Target(tuple(found)))
    return out or Question(text="Which object shall that be done to?")


def _objects(kind: KindWord | None, name: str, line: Line, world: World) -> list[Named]:
    """Objects of a kind and name: in the namespace that is said, else in the one of the session, else wherever there are."""
    found = [
        item for item in world.index.names.get(name.lower(), ()) if kind is not None and item.ref.kind == kind.kind
    ]
    if kind is not None and kind.kind == "Namespace":
        found = [
            item for item in world.index.vocabulary.objects if item.ref.kind == "Namespace" and item.ref.name == name
        ]
    if line.namespace:
        return [item for item in found if item.ref.namespace in (line.namespace, "")]
    home = [item for item in found if item.ref.namespace == world.home()]
    return home or found
