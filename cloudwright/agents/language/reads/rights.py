"""Questions of who may do what."""

import re

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.frame import Read, columns_of
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, placed
from cloudwright.agents.language.spelling import COMMON
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.verbs import verbs

_VERBS = {
    "get": "get", "read": "get", "see": "get", "view": "get", "look": "get", "access": "get", "open": "get", "fetch": "get", "show": "get",
    "list": "list", "watch": "watch", "create": "create", "make": "create", "add": "create", "delete": "delete",
    "remove": "delete", "destroy": "delete", "kill": "delete", "update": "update", "edit": "update", "modify": "update", "change": "update", "write": "update",
    "patch": "patch", "scale": "patch", "restart": "patch", "label": "patch", "exec": "create", "impersonate": "impersonate",
    "bind": "bind", "escalate": "escalate", "deploy": "create", "evict": "create", "drain": "create", "cordon": "patch", "approve": "approve",
    "reading": "get", "listing": "list", "creating": "create", "deleting": "delete", "updating": "update", "patching": "patch",
}  # fmt: skip


_MAY = (
    "rbac, access review, possible for, can, may, could, might, allowed, able, permitted, permission, permissions, rights, right, privileges, access, authorized,"
    " authorised, entitled, accounts have, subjects have, users have, accounts with, subjects with, users with"
)
_WHO = (
    "who, which users, which subjects, everyone, everybody, which service accounts, who all, which accounts, anyone, anybody, somebody,"
    " subjects, users, accounts, identities, which serviceaccounts, people"
)
_WHAT = (
    "what can, what may, what could, what is, what are, permissions, rights of, rights does, privileges, what all, which permissions,"
    " which rights, what rights, allowed to do, able to do, may do, can do, rights"
)
_MYSELF = "i do, am i, my permissions, my rights, do i have, me"


def rights(clause: Clause, world: World) -> Read | None:
    """Who can, can I, what can."""
    if not clause.has(_MAY) or clause.has("can you, could you, can we see, may you"):
        return None
    subject = _subject(clause, world)
    place = namespace_in(clause)
    found = _verb(clause) or _access(clause)
    resource = _resource(clause, found[1]) if found is not None else ""
    if not resource and (kept := _kept(clause, world)) is not None:
        resource, place = f"{kept.ref.kind.lower()}s", place or kept.ref.namespace
    if clause.has(_WHO) and not subject and found is not None and resource:
        name = next((item.text for item in clause.of("name")), "")
        return Read((call("who_can", verb=found[0], resource=resource, namespace=place, name=name),), (), 0.95)
    if clause.has(_WHAT) and (subject or (clause.has(_MYSELF) and not _WHOSE.search(" ".join(clause.low)))):
        asked = call("what_can", subject=subject, namespace="" if place == EVERYWHERE else place)
        return Read((asked,), say=f"These are the rights of {subject}." if subject else "")
    if found is None or not resource:
        return None
    name = next(
        (
            item.text
            for item in clause.of("name")
            if not subject.endswith(f"/{item.text}") and any(one.ref.kind != "RoleBinding" for one in item.objects)
        ),
        "",
    )
    if clause.has(_WHO):
        return Read((call("who_can", verb=found[0], resource=resource, namespace=place, name=name),), (), 0.95)
    roles = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind in _ROLES]
    if roles and not subject:
        return Read(
            tuple(columns_of(item, [*_RULES]) for item in roles), tuple(item.ref for item in roles), 0.95,
        )  # fmt: skip
    if subject or clause.has("i, me, am i"):
        arguments = {"verb": found[0], "resource": resource, "namespace": place, "name": name, "subject": subject}
        return Read((call("can_i", **arguments),), (), 0.95)
    return None


_ROLES = ("Role", "ClusterRole")
_RULES = ("rules[*].verbs", "rules[*].resources", "rules[*].apiGroups")
"""What a role lets its holders do."""


def _kept(clause: Clause, world: World) -> Named | None:
    """The Secret or ConfigMap whose readers are asked for by its name alone: "who can read db-login"."""
    found = [item for mention in clause.of("name") for item in placed(mention.objects, clause, world)]
    kinds = {item.ref.kind for item in found}
    return found[0] if len(kinds) == 1 and kinds <= {"Secret", "ConfigMap"} and clause.has(_WHO) else None


_WHOSE = re.compile(r"show me|tell me|give me|let me")
"""Where "me" is not whose rights are asked for."""


def _verb(clause: Clause) -> tuple[str, int] | None:
    """The verb of the right, as the API calls it, and where it stands: after "can", "to", …, else anywhere, else as a noun."""
    starts = [clause.find(word) for word in ("can", "may", "to", "able", "could", "allowed")]
    after = [at for at in range(max(0, *starts), len(clause.low)) if _is_verb(clause, at)]
    anywhere = [at for at in range(len(clause.low)) if _is_verb(clause, at) and clause.low[at] not in _ASKING]
    phrases = {verb.start: verb for verb in verbs(clause) if verb.text_length > 1}
    for at in (*after, *anywhere):
        named = [_BY_FAMILY[family] for family in phrases[at].families if family in _BY_FAMILY] if at in phrases else []
        if named:
            return named[0], at
        return _VERBS[clause.low[at]], at
    for verb in verbs(clause):
        named = [_BY_FAMILY[family] for family in verb.families if family in _BY_FAMILY]
        if named and clause.low[verb.start] not in _ASKING:
            return named[0], verb.end - 1
    for at, word in enumerate(clause.low):
        stem = next((verb for verb in _VERBS if word == f"{verb.rstrip('e')}ion"), "")
        if stem:
            return _VERBS[stem], at
    return None


def _access(clause: Clause) -> tuple[str, int] | None:
    """ "access to secrets" is the right to read them."""
    at = clause.find("access to")
    return ("get", at) if at >= 0 else None


def _is_verb(clause: Clause, at: int) -> bool:
    mention = clause.at(at)
    return clause.low[at] in _VERBS and (mention is None or mention.what != "name")


_BY_FAMILY = {
    "delete": "delete",
    "create": "create",
    "scale": "patch",
    "restart": "patch",
    "evict": "create",
    "label": "patch",
}
"""Verbs of the API by families of verbs."""
_ASKING = frozenset(("show", "list", "see", "look", "get", "view", "access", "open"))
"""Verbs that more often ask for the answer than name the right."""


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
        if clause.low[at] == "scale" and kind.plural == "deployments":
            return "deployments/scale"
        group = kind.api_version.partition("/")[0] if "/" in kind.api_version else ""
        return f"{kind.plural}.{group}" if group and "." in group and not group.endswith("k8s.io") else kind.plural
    return "*" if clause.has("anything, everything") else ""


_DEFAULT = re.compile(r"\bdefault (?:service ?account|sa)\b")


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
    if place not in ("", EVERYWHERE) and _DEFAULT.search(" ".join(clause.low)):
        return f"ServiceAccount:{place}/default"
    for token in clause.tokens:
        if re.fullmatch(r"[\w.+-]+@[\w.-]+|system:[\w:.-]+|(?:Group|ServiceAccount|User):\S+", token.raw):
            return token.raw.removeprefix("User:")
    members = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "RoleBinding"]
    if members and members[0].subjects and clause.has("can, may, allowed, could, able") and not clause.has(_WHO):
        return members[0].subjects[0].removeprefix("User:")
    return _bound(clause, world) or _titled(clause) or _unknown(clause)


def _bound(clause: Clause, world: World) -> str:
    """Somebody whom a binding names."""
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
    return ""


def _titled(clause: Clause) -> str:
    """ "user x", "group y"."""
    for word in ("user", "group", "subject", "account"):
        at = clause.find(word)
        if 0 <= at < len(clause.tokens) - 1 and clause.low[at + 1] not in _SMALL and not clause.tokens[at + 1].mark:
            name = clause.tokens[at + 1].raw
            return f"Group:{name}" if word == "group" else name
    return ""


def _unknown(clause: Clause) -> str:
    """Somebody whom no binding names: the word between "may" and the verb."""
    for at, word in enumerate(clause.low[:-2]):
        if word not in _MODALS or clause.at(at + 1) is not None:
            continue
        name, following = clause.tokens[at + 1], clause.low[at + 2]
        plain = name.low.isalpha() and (name.low in COMMON or name.low in _NOBODY)
        if not name.mark and not plain and (following in _VERBS or following in _ABLE):
            return name.raw
    return ""


_SMALL = frozenset(lexicon.FILLERS.split())
_MODALS = ("can", "may", "could", "might", "is", "does")
_ABLE = ("allowed", "able", "permitted", "authorized", "authorised", "entitled", "have")
_NOBODY = listed(
    "i, we, you, it, they, he, she, anyone, anybody, somebody, someone, everyone, everybody, nobody, who, this, that"
)
