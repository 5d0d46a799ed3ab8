"""Programs in containers: what is run is taken from the request as it stands, never guessed."""

import shlex

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes.programs import why_not_read_only

_INSIDE = ("in", "inside", "on", "within")


def command_of(clause: Clause) -> list[str]:
    """The argument vector: quoted, or the words between the verb and "in pod …", or after "--"."""
    texts = clause.of("text")
    if texts:
        clause.use(texts[0])
        try:
            return shlex.split(texts[0].text)
        except ValueError:
            return []
    verb = next((at for at, word in enumerate(clause.low) if word in ("run", "exec", "execute")), -1)
    inside = next((at for at, word in enumerate(clause.low) if at > verb and word in _INSIDE), -1)
    if verb < 0 or inside <= verb + 1:
        return []
    clause.used.update(range(verb, inside))
    return [token.raw for token in clause.tokens[verb + 1 : inside] if token.low not in ("the", "command", "program")]


def execute(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Run a program in a pod."""
    pods = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "Pod"]
    if not families & {"trigger", "exec", "set"} or not pods or not clause.has("run, exec, execute"):
        return None
    command = command_of(clause)
    if not command:
        return None
    clause.use_words("command, program, pod, inside, the")

    def make(item: Named) -> ToolCall | Question:
        return call("exec_command", name=item.ref.name, namespace=item.ref.namespace, command=list(command))

    return change_all(clause, world, ("Pod",), "run that in", make)


def look_inside(clause: Clause, world: World) -> Read | None:
    """Run a program that only looks."""
    pods = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "Pod"]
    if not pods or not clause.has("run, exec, execute, output"):
        return None
    command = command_of(clause)
    if not command or why_not_read_only(command):
        return None
    item = pods[0]
    read = call("exec_read_only", name=item.ref.name, namespace=item.ref.namespace, command=list(command))
    return Read((read,), (item.ref,)) if len({one.ref.namespace for one in pods}) == 1 else None
