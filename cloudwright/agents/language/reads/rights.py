"""Questions of who may do what."""

import re

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in
from cloudwright.agents.language.understanding import Named

_VERBS = {
    "get": "get", "read": "get", "see": "get", "view": "get", "look": "get", "access": "get", "open": "get", "fetch": "get", "show": "get",
    "list": "list", "watch": "watch", "create": "create", "make": "create", "add": "create", "delete": "delete",
    "remove": "delete", "destroy": "delete", "kill": "delete", "update": "update", "edit": "update", "modify": "update", "change": "update", "write": "update",
    "patch": "patch", "scale": "patch", "restart": "patch", "label": "patch", "exec": "create", "impersonate": "impersonate",
    "bind": "bind", "escalate": "escalate", "deploy": "create", "evict": "create", "drain": "create", "cordon": "patch", "approve": "approve",
    "reading": "get", "listing": "list", "creating": "create", "deleting": "delete", "updating": "update", "patching": "patch",
}  # fmt: skip


def rights(clause: Clause, world: World) -> Read | None:
    """Who can, can I, what can."""
    low = clause.low
    may = clause.has(
        "can, may, could, allowed, able, permitted, permission, permissions, rights, right, privileges, access,"
        " authorized, authorised"
    )
    if not may or clause.has("can you, could you, can we see, may you"):
        return None
    subject = _subject(clause, world)
    place = namespace_in(clause)
    if clause.has(
        "what can, what may, what could, what is, what are, permissions, rights of, rights does, privileges,"
        " what all, which permissions, which rights, what rights, allowed to do, able to do, may do, can do,"
        " rights"
    ) and (subject or clause.has("i do, am i, my permissions, my rights, do i have, me")):
        return Read((call("what_can", subject=subject, namespace="" if place == EVERYWHERE else place),))
    verb_at = _verb(clause)
    if verb_at is None:
        return None
    verb, at = verb_at
    resource = _resource(clause, at)
    if not resource:
        return None
    if verb == "patch" and "scale" in low and resource == "deployments":
        resource = "deployments/scale"
    name = next((item.text for item in clause.of("name") if not subject or not subject.endswith(f"/{item.text}")), "")
    if "who" in low or clause.has(
        "which users, which subjects, everyone, which service accounts, who all, which accounts, anyone, anybody,"
        " somebody, list everyone"
    ):
        return Read((call("who_can", verb=verb, resource=resource, namespace=place, name=name),), (), 0.95)
    if subject or clause.has("i, me, am i"):
        return Read(
            (call("can_i", verb=verb, resource=resource, namespace=place, name=name, subject=subject),), (), 0.95
        )
    return None


def _verb(clause: Clause) -> tuple[str, int] | None:
    start = max(
        clause.find("can"),
        clause.find("may"),
        clause.find("to"),
        clause.find("able"),
        clause.find("could"),
        clause.find("allowed"),
    )
    for at in range(max(0, start), len(clause.low)):
        word = clause.low[at]
        if word in _VERBS and (clause.at(at) is None or clause.at(at).what != "name"):  # type: ignore[union-attr]
            return _VERBS[word], at
    return None


def _resource(clause: Clause, at: int) -> str:
    kinds = [
        item
        for item in clause.of("kind")
        if (item.kind is not None and item.kind.kind not in ("ServiceAccount", "Namespace")) or item.start > at
    ]
    if clause.has("exec, execute, shell"):
        return "pods/exec"
    if clause.has("logs, log"):
        return "pods/log"
    later = [item for item in kinds if item.start > at] or kinds
    if later and later[0].kind is not None:
        kind = later[0].kind
        group = kind.api_version.partition("/")[0] if "/" in kind.api_version else ""
        return f"{kind.plural}.{group}" if group and "." in group and not group.endswith("k8s.io") else kind.plural
    return "*" if clause.has("anything, everything") else ""


def _subject(clause: Clause, world: World) -> str:
    accounts: list[Named] = []
    for mention in clause.of("name"):
        accounts += [item for item in mention.objects if item.ref.kind == "ServiceAccount"]
    place = namespace_in(clause)
    if accounts:
        here = (
            [item for item in accounts if item.ref.namespace == place]
            or [item for item in accounts if item.ref.namespace == world.home()]
            or accounts
        )
        return f"ServiceAccount:{here[0].ref.namespace}/{here[0].ref.name}"
    for token in clause.tokens:
        if re.fullmatch(r"[\w.+-]+@[\w.-]+|system:[\w:.-]+|(?:Group|ServiceAccount|User):\S+", token.raw):
            return token.raw.removeprefix("User:")
    known = {
        subject.partition(":")[2].lower(): subject
        for item in world.index.vocabulary.objects
        for subject in item.subjects
    }
    for size in (3, 2, 1):
        for at in range(len(clause.low) - size + 1):
            said = "-".join(clause.low[at : at + size])
            subject = known.get(said)
            if subject and not subject.startswith("ServiceAccount:"):
                return subject.removeprefix("User:")
    for word in ("user", "group"):
        at = clause.find(word)
        if 0 <= at < len(clause.tokens) - 1:
            name = clause.tokens[at + 1].raw
            return f"Group:{name}" if word == "group" else name
    return ""
