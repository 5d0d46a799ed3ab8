"""Resource patterns that cover given ARNs: patterns in use nearby, bent as little as possible, or what the ARNs
share.
"""

from collections.abc import Iterator, Sequence

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.generalize import adapt, common_pattern
from cloudwright.policies.iam.patterns import ARN_COLONS

MAX_BEND = 0.45
LISTED = 0.35


def resource_sets(
    targets: Sequence[str], known: Sequence[str], avoid: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Sets of patterns that cover all targets and none of `avoid`, with a cost: 0 for a pattern that is in use
    already.
    """
    seen: set[tuple[str, ...]] = set()
    for made, cost in _proposals(targets, known):
        if made not in seen and _covers(made, targets) and not _covers_any(made, avoid):
            seen.add(made)
            yield made, cost + 0.1 * (len(made) - 1)


def _covers(made: Sequence[str], targets: Sequence[str]) -> bool:
    return all(any(patterns.resource(value).matches(text) for value in made) for text in targets)


def _covers_any(made: Sequence[str], avoid: Sequence[str]) -> bool:
    return any(patterns.resource(value).matches(text) for value in made for text in avoid)


def _proposals(targets: Sequence[str], known: Sequence[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    literal = len(_literal_start(common_pattern(targets))) or 1
    for value in dict.fromkeys(known):
        yield (value,), 0.1 + 0.8 * max(0.0, 1 - len(_literal_start(value)) / literal)
        deeper = f"{value}/*"
        if value != "*" and any(patterns.resource(deeper).matches(text) for text in targets):
            open_end = 0.3 * value.endswith("*")
            yield (deeper,), open_end
            yield (value, deeper), open_end + 0.35
        elif not value.endswith("*") and any(patterns.resource(f"{value}*").matches(text) for text in targets):
            yield (f"{value}*",), 0.3
        if value.endswith("/*"):
            yield (value[:-2],), 0.2
    yield from _bent(targets, known)
    yield from _grouped(targets)


def _literal_start(pattern: str) -> str:
    return pattern.partition("*")[0]


def _natural(pattern: str, made: str) -> bool:
    """`x/*` is never bent to `x*`."""
    return not (pattern.endswith("/*") and made.endswith("*") and not made.endswith("/*"))


def _bent(targets: Sequence[str], known: Sequence[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Cover the targets one after another with the cheapest adaptation of a known pattern."""
    left = list(targets)
    made: list[str] = []
    total = 0.0
    while left:
        options = [(*adapt(value, text), value) for text in left for value in known if value != "*"]
        options = [
            item for item in options if item[0] <= MAX_BEND * max(8, len(item[2])) and _natural(item[2], item[1])
        ]
        if not options:
            return
        cost, pattern, _ = min(options, key=lambda item: (item[0], len(item[1])))
        covered = [text for text in left if patterns.resource(pattern).matches(text)]
        if not covered:
            return
        made.append(pattern)
        total += cost / 100
        left = [text for text in left if text not in covered]
    listed = LISTED * (len(made) > 1 and not any("*" in value for value in made))
    yield tuple(dict.fromkeys(made)), 0.1 + total + listed


def _breadth(pattern: str) -> float:
    """What a made-up pattern costs: for the parts of the ARN that it leaves open, or for listing what was asked."""
    if "*" not in pattern:
        return LISTED
    *parts, last = pattern.split(":", ARN_COLONS)
    return 0.6 * (parts.count("*") + last.startswith("*"))


def _grouped(targets: Sequence[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    groups: dict[str, list[str]] = {}
    for text in targets:
        parts = text.split(":", ARN_COLONS)
        last = parts[-1].partition("/")[0] if "/" in parts[-1] else ""
        groups.setdefault(f"{parts[2] if len(parts) > 2 else ''} {last}", []).append(text)
    by_type = tuple(dict.fromkeys(common_pattern(group) for group in groups.values()))
    yield by_type, 0.4 + sum(_breadth(value) for value in by_type)
    common = common_pattern(targets)
    yield (common,), 0.5 + _breadth(common)
    plain = tuple(sorted({text for text in targets if "/" not in text}))
    if plain and len(plain) < len(set(targets)):
        deep = [text for text in targets if "/" in text]
        yield (*plain, common_pattern(deep)), 0.45
    for text in dict.fromkeys(targets):
        if any(other.startswith(f"{text}/") for other in targets):
            yield (text, f"{text}/*"), 0.3
    if len(set(targets)) <= 3:
        yield tuple(dict.fromkeys(targets)), 0.8
