"""A switch of an object's own settings, by its word: "open the north hall", "turn surge off for x", "enable maintenance on y"."""

from collections.abc import Iterator

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import SWITCHES, World, objects_of
from cloudwright.agents.language.switches import Switch, switched
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change
from cloudwright.core.tool import ToolCall


def switching(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Set a yes-or-no setting of what is named, or pointed at, to what its word says."""
    del families
    found = list(_found(clause, world))
    if not found or found[0][1].key in SWITCHES:
        return None
    for _, switch in found:
        clause.used |= switch.words
    clause.use(*clause.of("name", "pronoun", "kind"))
    if len(found) > 1 and len(clause.of("name")) != len(found):
        options = tuple(
            Option(label=f"{item.ref}", calls=(_made(item, switch),), about=(item.ref,)) for item, switch in found
        )
        return Change(question=Question(text=f"Which one: {'; '.join(one.label for one in options)}?", options=options))
    return Change(tuple(_made(item, switch) for item, switch in found), tuple(item.ref for item, _ in found))


def _found(clause: Clause, world: World) -> Iterator[tuple[Named, Switch]]:
    """What is meant, with its switch: of what was listed last, those that are not switched so yet."""
    rows = [item for ref in world.memory.listed if (item := world.named(ref)) is not None]
    several = clause.of("pronoun") and not clause.of("name") and len(rows) > 1
    named = [] if several else objects_of(clause, world)
    if named or clause.of("name"):
        yield from ((item, switch) for item in named if (switch := switched(clause, item)) is not None)
        return
    for item in rows if clause.of("pronoun") else ():
        switch = switched(clause, item)
        if switch is not None and item.settings.get(switch.key) is not switch.value:
            yield item, switch


def _made(item: Named, switch: Switch) -> ToolCall:
    patch: dict[str, JsonValue] = {switch.key: switch.value}
    for part in reversed(switch.key.split(".")[:-1]):
        patch = {part: patch}
    return call("patch_resource", **located(item), patch={"spec": patch})
