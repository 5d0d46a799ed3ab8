"""Reads the text of `kubectl describe` and `kubectl get` into trees and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_KEY = re.compile(r"([^:\s][^:]*?):(?:\s+|$)(.*)$")
_COLUMNS = re.compile(r"\S+(?: \S+)*")
_AGE = re.compile(r"(\d+)([ydhms])")
_SECONDS = {"y": 31_536_000, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
NOTHING = frozenset({"", "<none>", "<unset>", "<nil>", "<unknown>"})


@dataclass
class Node:
    """One line of a description with the lines that are indented below it."""

    raw: str
    key: str
    value: str
    children: list["Node"] = field(default_factory=list)

    def child(self, key: str) -> "Node | None":
        """The first child with this key."""
        return next((item for item in self.children if item.key == key), None)

    def text(self, *keys: str) -> str:
        """Value below these keys; "" for nothing and for kubectl's words for nothing."""
        node: Node | None = self
        for key in keys:
            node = node.child(key) if node else None
        return "" if node is None or node.value in NOTHING else node.value

    def values(self, key: str) -> list[str]:
        """All lines of a multi-line value, such as Labels."""
        node = self.child(key)
        if node is None:
            return []
        return [line for line in (node.value, *(item.raw for item in node.children)) if line not in NOTHING]

    def pairs(self, key: str, separator: str = "=") -> dict[str, str]:
        """A multi-line value of `a=b` (labels) or `a: b` (annotations) lines."""
        found = {}
        for line in self.values(key):
            name, mark, value = line.partition(separator)
            if mark:
                found[name.strip()] = value.strip()
        return found


def parse(text: str) -> Node:
    """The tree of a description, by indentation."""
    root = Node("", "", "")
    stack: list[tuple[int, Node]] = [(-1, root)]
    for line in text.split("\n"):
        content = line.strip()
        if not content:
            continue
        indent = len(line) - len(line.lstrip(" "))
        match = _KEY.match(content)
        node = Node(content, match[1].strip(), match[2].strip()) if match else Node(content, content, "")
        while stack[-1][0] >= indent:
            stack.pop()
        stack[-1][1].children.append(node)
        stack.append((indent, node))
    return root


def table(lines: list[str]) -> list[dict[str, str]]:
    """Rows of a table whose first line is the header; cells are cut where the header's columns start."""
    if not lines:
        return []
    starts = [(match.start(), match[0]) for match in re.finditer(r"\S+(?: \S+)*?(?=\s{2,}|\s*$)", lines[0])]
    rows = []
    for line in lines[1:]:
        if not line.strip() or set(line.strip()) <= {"-", " "}:
            continue
        row = {}
        for index, (start, title) in enumerate(starts):
            end = starts[index + 1][0] if index + 1 < len(starts) else None
            row[title] = line[start:end].strip()
        rows.append(row)
    return rows


def section(text: str, title: str) -> list[str]:
    """The indented lines below an unindented `title`, as they are."""
    found: list[str] = []
    inside = False
    for line in text.split("\n"):
        if line.startswith(title):
            inside = True
        elif inside and line[:1] not in (" ", ""):
            break
        elif inside:
            found.append(line)
    return found


def columns(line: str) -> list[str]:
    """Cells that are at least two blanks apart."""
    return [match[0] for match in _COLUMNS.finditer(line)]


def duration(text: str) -> timedelta | None:
    """Such as `5d3h`, `2m10s`."""
    found = _AGE.findall(text)
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in found)) if found else None


def moment(text: str) -> datetime | None:
    """Such as `Fri, 28 Nov 2025 16:00:48 +0800`."""
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


@dataclass(frozen=True)
class EventLine:
    """One line of an Events table."""

    warning: bool
    reason: str
    age: timedelta
    first_age: timedelta
    count: int
    source: str
    message: str


_REPEATED = re.compile(r"(\S+) \(x(\d+) over (\S+)\)")


def events(text: str) -> Iterator[EventLine]:
    """The Events of a description."""
    for row in table(section(text, "Events:")):
        age = row.get("Age", "")
        match = _REPEATED.match(age)
        last = duration(match[1] if match else age) or timedelta()
        first = (duration(match[3]) if match else None) or last
        count = int(match[2]) if match else 1
        yield EventLine(
            row.get("Type") == "Warning",
            row.get("Reason", ""),
            last,
            first,
            count,
            row.get("From", ""),
            row.get("Message", ""),
        )


def time(text: str) -> str | None:
    """RFC 3339 of kubectl's long time."""
    found = moment(text)
    return found.isoformat().replace("+00:00", "Z") if found else None


def number(text: str) -> int:
    """First whole number in a text, else 0."""
    match = re.search(r"\d+", text)
    return int(match[0]) if match else 0


def number_or_name(text: str) -> int | str:
    """A port as Kubernetes writes it: a number, or a name."""
    return int(text) if text.isdigit() else text
