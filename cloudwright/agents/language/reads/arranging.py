"""In which order, how many of them, and grouped by what."""

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.asking import said
from cloudwright.agents.language.reads.paths import spelt
from cloudwright.agents.language.understanding import KindWord, Vocabulary

_TOP = listed(
    "most, highest, largest, biggest, oldest, maximum, max, top, longest, heaviest, worst, newest, youngest, latest"
)


_LOW = listed("least, fewest, lowest, smallest, minimum, min")


def superlative(clause: Clause) -> str:
    """The superlative word of the clause, or ""."""
    if clause.has(
        "use latest, uses latest, using latest, on latest, run latest, runs latest, running latest, latest tag, latest image, latest version, :latest, the latest"
    ):
        return ""
    return next(
        (word for index, word in enumerate(clause.low) if word in _TOP | _LOW and clause.at(index) is None
         and not (word in ("most", "least") and index and clause.low[index - 1] == "at")),
        "",
    )  # fmt: skip


def ascending(word: str) -> bool:
    """Whether a superlative asks for the smallest."""
    return word in _LOW


_SORTS = (
    (("restarts", "restarted", "restart", "restarting", "restartcount", "restart count"), "restarts"),
    (("replicas", "copies", "instances", "pods"), "replicas"),
    (("size", "storage", "capacity", "large", "big"), "spec.resources.requests.storage"),
    (("age",), "age"), (("name", "alphabetically"), "name"), (("namespace",), "namespace"), (("node",), "node"),
    (("cpu",), "cpu"), (("status",), "status"),
)  # fmt: skip


_REPLICATED = frozenset(("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"))


_RECENT = ("last", "latest", "newest", "recent")


def order(clause: Clause, kind: KindWord, vocabulary: Vocabulary) -> dict[str, JsonValue]:
    """The arguments `sort` and `limit` of a list."""
    word = superlative(clause)
    singular = not any(item.plural for item in clause.of("kind", "workload"))
    numbers = [
        item
        for item in clause.of("number")
        if item.end < len(clause.low)
        and (clause.low[item.start - 1] in ("top", "first", "the", *_RECENT) or clause.low[item.end] in _ADJECTIVES)
    ]
    limit = numbers[0].value if numbers else 1 if singular or clause.has("which one, which of") else 5
    recent = any(clause.low[item.start - 1] in _RECENT for item in numbers) and not clause.has(
        "sorted by, sort by, ordered by"
    )
    if word and clause.has(f"{word} first"):
        limit = 0
    if word in ("oldest", "longest") or clause.has("longest running"):
        return {"sort": "-age"} | ({"limit": limit} if limit else {})
    if word in ("newest", "youngest", "latest") or recent:
        return {"sort": "age"} | ({"limit": limit} if limit else {})
    if clause.has("sorted by, sort by, ordered by, order by, sort them by, by age, by restarts, by name, by size"):
        field = next((field for words, field in _SORTS if clause.has(*words)), "name")
        down = "" if clause.has("ascending") or field in ("name", "namespace", "node", "status", "age") else "-"
        sort: dict[str, JsonValue] = {"sort": f"{'-' if clause.has('descending') else down}{field}"}
        return sort | ({"limit": limit} if numbers else {})
    if not word:
        return {}
    field = next((field for words, field in _SORTS if clause.has(*words)), "")
    if field == "replicas" and kind.kind not in _REPLICATED:
        return {}
    if kind.kind == "PersistentVolumeClaim" and word in ("largest", "biggest", "smallest"):
        field = "spec.resources.requests.storage"
    if kind.kind == "PersistentVolume" and word in ("largest", "biggest", "smallest"):
        field = "spec.capacity.storage"
    field = field or _measured(clause, kind, vocabulary)
    if not field:
        return {}
    arranged: dict[str, JsonValue] = {"sort": field if ascending(word) else f"-{field}"}
    return arranged | ({"limit": limit} if limit else {})


def _measured(clause: Clause, kind: KindWord, vocabulary: Vocabulary) -> str:
    """The path of a number that is spoken of: a field of the kind, or a setting of its objects."""
    own = [(words, f"spec.{path}") for words, path, _ in aspects.settings_of(kind.kind, vocabulary)]
    found = [
        field
        for field in said(clause, (*aspects.fields_of(kind.kind), *own, *spelt(clause, kind.kind)))
        if "." in field.path
    ]
    numbers = {
        path
        for item in vocabulary.objects
        if item.ref.kind == kind.kind
        for path, value in item.settings.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    only = f"spec.{next(iter(numbers))}" if len(numbers) == 1 and "." in kind.api_version.partition("/")[0] else ""
    return found[0].paths[0] if found else only


_ADJECTIVES = listed("oldest, newest, largest, biggest, highest, most, youngest")


def groups(clause: Clause) -> dict[str, JsonValue]:
    """Counting by a field: "by namespace", "per node", "which node has the most pods"."""
    for words, field in (
        (("by namespace", "per namespace", "in each namespace", "each namespace", "by namespaces", "per ns", "by ns", "each ns"), "namespace"),
        (("by node", "per node", "on each node", "each node", "every node", "across nodes", "on every node"), "node"),
        (("by status", "per status", "by phase", "by state"), "status"),
        (("by image", "per image"), "image"), (("by type",), "type"), (("by owner", "per owner", "per deployment", "per deploy", "per workload"), "owner"), (("by qos",), "qos"),
    ):  # fmt: skip
        if clause.has(*words) and not clause.has("sorted, sort, ordered"):
            return {"group_by": [field]}
    if clause.has("images, container images, every image, each image, image tags") and not clause.of(
        "kind", "workload"
    ):
        return {"group_by": ["image"]}
    word = superlative(clause)
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind is not None]
    if word and len(kinds) >= 2 and kinds[0] in ("Node", "Namespace") and not clause.has("restarts"):
        return {"group_by": ["node" if kinds[0] == "Node" else "namespace"]}
    return {}
