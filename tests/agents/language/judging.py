"""Judging an answer: by its words, by the audit log, and by the server's state, as the corpora's headers say."""

import re
from dataclasses import dataclass, field
from typing import Any

from cloudwright.core.tool import Effect
from tests.agents.language.world import World
from tests.servers.audit import Request

Json = dict[str, Any]
_VERBS = {
    "patch": {"patch", "update"}, "create": {"create", "patch"}, "delete": {"delete"}, "evict": {"create"},
    "cordon": {"patch", "update"}, "update": {"patch", "update"}, "apply": {"patch", "create", "update"},
}  # fmt: skip
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_REFUSING = re.compile(
    r"\b(will not|won't|cannot|can't|never|do not|does not|refuse[ds]?|not possible|by policy)\b", re.I
)


@dataclass
class Outcome:
    """What came of a request: the last answer, and everything that was written, proposed and executed."""

    text: str = ""
    json: str = ""
    question: str = ""
    asked: bool = False
    refused: bool = False
    proposals: list[Json] = field(default_factory=list)
    writes: list[Request] = field(default_factory=list)
    unapproved: int = 0
    error: str = ""


def judge(expect: Json, outcome: Outcome, world: World) -> tuple[bool, bool, str]:
    """Whether it is right, whether something wrong was written, and why it is not right."""
    kind = expect["kind"]
    changes = expect.get("changes") or []
    stray = [str(item) for item in outcome.writes if not any(_fits(item, change) for change in changes)]
    if kind != "write":
        stray = [str(item) for item in outcome.writes]
    wrong = bool(stray)
    if outcome.error:
        return False, wrong, outcome.error
    if wrong:
        return False, True, f"wrote {stray}"
    if kind == "write":
        if outcome.asked and "ask" in expect.get("accept", []) and not outcome.writes:
            return True, False, ""
        why = _write(expect, changes, outcome, world)
        return not why, bool(outcome.writes) and bool(why) and "value" in why, why
    if kind == "read":
        if outcome.proposals:
            return False, False, "proposed a change"
        if outcome.asked and "ask" in expect.get("accept", []):
            return True, False, ""
        why = _facts(expect, outcome)
        return not why, False, why
    if kind in ("ask", "refuse"):
        why = _declined(expect, outcome)
        return not why, False, why
    return False, False, f"unknown kind {kind}"


def _declined(expect: Json, outcome: Outcome) -> str:
    accepted = {expect["kind"], *expect.get("accept", [])}
    if outcome.proposals:
        return "proposed a change"
    if "ask" in accepted and outcome.asked:
        missing = [word for word in expect.get("options", []) if not _in(word, outcome.question)]
        return f"options {missing} are missing" if missing else ""
    if "refuse" in accepted and (outcome.refused or _REFUSING.search(outcome.text)):
        return ""
    if "read" in accepted and not outcome.asked:
        return _facts(expect, outcome)
    return f"neither asked nor refused: {outcome.text[:200]}"


def _facts(expect: Json, outcome: Outcome) -> str:
    if outcome.asked:
        return f"asked: {outcome.question[:200]}"
    for fact in expect.get("facts", []):
        if not any(_in(word, outcome.text) for word in (fact if isinstance(fact, list) else [fact])):
            return f"lacks {fact!r}: {outcome.text[:300]}"
    for fact in expect.get("not_facts", []):
        if _in(fact, outcome.text):
            return f"says {fact!r}: {outcome.text[:300]}"
    return ""


def _in(word: object, text: str) -> bool:
    wanted = str(word).lower()
    low = text.lower()
    if wanted.isdigit():
        spoken = _NUMBERS[int(wanted)] if int(wanted) < len(_NUMBERS) else ""
        return bool(re.search(rf"(?<![\d.]){wanted}(?![\d]|\.\d)", low)) or bool(
            spoken and re.search(rf"\b{spoken}\b", low)
        )
    return wanted in low


def _fits(write: Request, change: Json) -> bool:
    verb = change["verb"]
    plural = change["resource"].partition(".")[0].partition("/")[0].lower()
    if write.resource.lower() != plural and not (verb == "evict" and write.resource == "pods"):
        return False
    if verb == "delete" and plural == "pods" and write.subresource == "eviction":
        verb = "evict"
    if (verb == "evict" and write.subresource != "eviction") or write.verb not in _VERBS[verb]:
        return False
    name = change.get("name", "")
    if name and not name.endswith("*") and write.name and write.name != name:
        return False
    if name.endswith("*") and write.name and not write.name.startswith(name[:-1]):
        return False
    return not change.get("namespace") or write.namespace == change["namespace"]


def _write(expect: Json, changes: list[Json], outcome: Outcome, world: World) -> str:
    if not outcome.writes:
        return f"nothing was written: {(outcome.question or outcome.text)[:300]}"
    for change in changes:
        done = [item for item in outcome.writes if _fits(item, change)]
        if not done:
            return f"not done: {change}; {outcome.text[:200]}"
        why = _state(change, done[-1], world)
        if why:
            return why
    effect = expect.get("effect")
    if effect and not any(Effect(item["effect"]).severity >= Effect(effect).severity for item in outcome.proposals):
        return f"the effect is not {effect}"
    shown = str(outcome.proposals)
    missing = [
        word
        for word in expect.get("preview_mentions", [])
        if not any(_in(one, shown) for one in (word if isinstance(word, list) else [word]))
    ]
    if missing:
        return f"the preview does not mention {missing}"
    return _facts(expect, outcome) if expect.get("also") == "read" else ""


def _state(change: Json, done: Request, world: World) -> str:
    namespace = change.get("namespace", done.namespace)
    name = change.get("name") or done.name or ((done.body or {}).get("metadata") or {}).get("name", "")
    if name.endswith("*"):
        name = done.name or name
    now = world.get(change["resource"], namespace, name) if name else None
    if change["verb"] in ("delete", "evict"):
        gone = now is None or now["metadata"].get("deletionTimestamp")
        return "" if gone else f"{name} is still there"
    if change["verb"] == "cordon" and now is not None and not change.get("fields"):
        return "" if (now.get("spec") or {}).get("unschedulable") else f"value: {name} is not cordoned"
    if change.get("restart"):
        before = _at(world.before(change["resource"], namespace, name), "spec.template.metadata.annotations") or {}
        after = _at(now or {}, "spec.template.metadata.annotations") or {}
        if not any("restart" in key.lower() and before.get(key) != value for key, value in after.items()):
            return "it was not restarted"
    for path, wanted in (change.get("fields") or {}).items():
        found = _at(now or {}, path)
        if wanted == "!present":
            if found is None:
                return f"value of {path} is absent"
        elif not _same(found, wanted):
            return f"value of {path} is {found!r}, not {wanted!r}"
    return ""


def _same(found: Any, wanted: Any) -> bool:
    if wanted is None:
        return found is None
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_same(found.get(key), value) for key, value in wanted.items())
    if wanted is False and found is None:
        return True
    return (
        found == wanted
        or str(found) == str(wanted)
        or (isinstance(wanted, str) and str(found).startswith(wanted) and wanted.endswith("\n"))
    )


def _at(item: Any, path: str) -> Any:
    """The value at a path; [x] picks the list item of that name (or index) or the key x."""
    tokens = re.findall(r"\[([^\]]+)\]|([^.\[\]]+)", path)
    parts = [one or other for one, other in tokens]
    for index, part in enumerate(parts):
        if isinstance(item, list):
            found = [
                entry
                for entry in item
                if isinstance(entry, dict) and part in (entry.get("name"), entry.get("key"), entry.get("type"))
            ]
            item = found[0] if found else item[int(part)] if part.isdigit() and int(part) < len(item) else None
        elif isinstance(item, dict):
            if part not in item:
                rest = ".".join(parts[index:])
                return item.get(rest)
            item = item[part]
        else:
            return None
    return item
