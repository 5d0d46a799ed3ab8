"""What a complete list shows by not showing it: that there is no pod of a name in it."""

import re
from collections.abc import Sequence

from cloudwright.core.evidence import Evidence

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CLAUSE = re.compile(r";|\b(?:but|while|whereas|although|since|because)\b", re.IGNORECASE)
_THINGS = (
    "pod", "deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob", "service", "ingress", "configmap",
    "secret", "node", "event", "object",
)  # fmt: skip
_NONE = re.compile(
    rf"\b(?:no|none|without(?: an?)?)\s+(?:[\w-]+\s+)?(?P<kind>{'|'.join(_THINGS)})s?\b|"
    r"\b(?:is|are|was|were)(?:\s+not|n't)\s+(?:there|here|in|on|among|listed)\b|"
    r"\b(?:has|have|is|are)\s+none\b|\bnone\s+(?:of|is|are)\b",
    re.IGNORECASE,
)
_THERE = re.compile(r"\b(?:there|here|such|listed|of (?:them|these|those))\b", re.IGNORECASE)
_NARROWED = ("labels", "fields", "where")


def shows(name: str, sentence: str, lists: Sequence[Evidence]) -> bool:
    """Whether a sentence says that something of this name is not there, and one of these complete lists, of the kind
    that it speaks of, would hold it. Of a list with a filter, the sentence has to say within what."""
    if not _NAME.fullmatch(name):
        return False
    for clause in _CLAUSE.split(sentence):
        said = _NONE.search(clause) if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", clause) else None
        if said and any(_would_hold(item, said["kind"] or "", sentence) for item in lists):
            return True
    return False


def _would_hold(item: Evidence, kind: str, sentence: str) -> bool:
    if not item.tool.startswith("list_"):
        return False
    listed = str(item.arguments.get("kind", "")).lower()
    if kind.lower() not in ("", "object") and not listed.startswith(kind.lower()):
        return False
    filters = " ".join(str(item.arguments.get(key) or "") for key in _NARROWED).strip()
    return not filters or _THERE.search(sentence) is not None or filters.split()[-1].lower() in sentence.lower()
