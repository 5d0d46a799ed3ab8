"""What a change would do: the fields that change, and who feels it."""

import difflib
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from cloudwright.core.refs import Frozen, ObjectRef

ABSENT: Literal["(absent)"] = "(absent)"


class FieldChange(Frozen):
    """One field: its path (`spec.template.spec.containers[api].image`), present and future value.

    `ABSENT` stands for a field that is not there.
    """

    path: str
    before: JsonValue = ABSENT
    after: JsonValue = ABSENT


class ObjectChange(Frozen):
    """What happens to one object. `ref.uid` is the uid of the object as previewed ("" if it does not exist yet)."""

    ref: ObjectRef
    action: Literal["create", "update", "delete", "act"]
    fields: tuple[FieldChange, ...] = ()
    note: str = ""


class Impact(Frozen):
    """One consequence beyond the changed fields, such as pods that restart or Services that lose endpoints."""

    level: Literal["info", "warning", "danger"]
    text: str
    refs: tuple[ObjectRef, ...] = ()


class Preview(Frozen):
    """The whole effect of a change as the server's dry run tells it. No `changes` means that nothing would change."""

    summary: str
    changes: tuple[ObjectChange, ...]
    blast_radius: tuple[Impact, ...] = ()
    warnings: tuple[str, ...] = ()

    def touched(self) -> frozenset[tuple[str, str, str, str]]:
        """Kind, namespace, name and path of every field that changes; the action where an object names no field."""
        return frozenset(
            (change.ref.kind, change.ref.namespace, change.ref.name, path)
            for change in self.changes
            for path in ([item.path for item in change.fields] or [change.action])
        )

    def diff(self) -> str:
        """The changed fields as lines that begin with "-" and "+", one block an object."""
        return "\n".join(line for change in self.changes for line in _block(change))


def _block(change: ObjectChange) -> list[str]:
    lines = [f"{change.action} {change.ref}" + (f"  # {change.note}" if change.note else "")]
    if change.action == "delete":  # its fields tell whether it is still the same object, not what would change
        return lines
    for item in change.fields:
        lines.append(f"  {item.path}:")
        if _of_lines(item.before) and _of_lines(item.after):
            lines += _line_diff(str(item.before), str(item.after))
            continue
        if item.before != ABSENT:
            lines.append(f"-   {_show(item.before)}")
        if item.after != ABSENT:
            lines.append(f"+   {_show(item.after)}")
    return lines


def _of_lines(value: JsonValue) -> bool:
    return isinstance(value, str) and "\n" in value.strip("\n")


def _line_diff(before: str, after: str) -> Iterator[str]:
    """The lines of a text that change, with one unchanged line around them."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    for line in list(found)[2:]:
        yield f"    {line}" if line.startswith("@@") else f"{line[0]}   {line[1:]}"


def _show(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


class Progress(StrEnum):
    """How much of a change stands in the world, read from the world."""

    DONE = "done"
    NOT_DONE = "not done"
    PARTLY = "partly"
    UNKNOWN = "unknown"


class Verification(Frozen):
    """What a look at the world after (or instead of) an execution says."""

    progress: Progress
    details: tuple[str, ...] = ()
