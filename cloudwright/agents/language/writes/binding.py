"""Who gets which role: "create a rolebinding x in depots, user night gets the role ops", "give ci-bot the role view in shop"."""

import json

from pydantic import JsonValue

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World, namespace_in
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.writes.frame import Change

_ROLES = ("Role", "ClusterRole")
_BUILT_IN = ("view", "edit", "admin", "cluster-admin")
_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = (
    (("service", "account"), "ServiceAccount"), (("serviceaccount",), "ServiceAccount"), (("sa",), "ServiceAccount"),
    (("user",), "User"), (("group",), "Group"), (("team",), "Group"),
)  # fmt: skip
_GIVING = "give, gets, get, grant, assign, bind, has, have, gives, giving, binds, receives, receive, should get, should have, must get, for, with, to"
_EXPLAINED = (
    "rolebinding, role, binding, clusterrole, cluster, user, group, team, sa, serviceaccount, service, account, gets, get, give, grant, assign,"
    " bind, bound, that, binds, giving, which, gives, for, with, to, has, have, new, the, called, named, permissions, of"
)


def binding(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A RoleBinding of a role that is there, for somebody who is named; it is a grant, and decided upon as one."""
    made = any(item.kind and item.kind.kind == "RoleBinding" for item in clause.of("kind"))
    if families & {"delete", "unset"} or not (clause.has("role, clusterrole") or made) or not clause.has(_GIVING):
        return None
    role = _role(clause, world)
    who = _subject(clause, world)
    if role is None or who is None:
        return None
    kind, name, home = role
    sort, subject, at = who
    place = namespace_in(clause) or home or world.home()
    title = _title(clause, at) or f"{subject.rpartition(':')[2]}-{name}"
    entry: dict[str, JsonValue] = {"kind": sort, "name": subject}
    entry |= {"namespace": place} if sort == "ServiceAccount" else {"apiGroup": _GROUP}
    body: dict[str, JsonValue] = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": title, "namespace": place},
        "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": name},
        "subjects": [entry],
    }
    clause.use(*clause.of("name", "kind"))
    clause.use_words(_EXPLAINED, subject.lower(), name.lower(), title.lower())
    return Change((call("create_resource", manifest=json.dumps(body)),))


def _role(clause: Clause, world: World) -> tuple[str, str, str] | None:
    """Kind, name and namespace of the role that is meant: one that is named, or one that every cluster has."""
    place = namespace_in(clause)
    named: list[Named] = [
        item
        for mention in clause.of("name")
        for item in mention.objects
        if item.ref.kind in _ROLES and item.ref.namespace in ("", place or item.ref.namespace)
    ]
    own = [item for item in named if item.ref.kind == "Role"] or named
    if len({item.ref for item in own}) == 1:
        return own[0].ref.kind, own[0].ref.name, own[0].ref.namespace
    for at, word in enumerate(clause.low):
        beside = {*clause.low[max(0, at - 1) : at], *clause.low[at + 1 : at + 2]}
        if word in _BUILT_IN and beside & {"role", "clusterrole"}:
            return "ClusterRole", word, ""
    return None


def _subject(clause: Clause, world: World) -> tuple[str, str, int] | None:
    """What the subject is, its name, and where it stands."""
    for words, sort in _SUBJECTS:
        at = clause.find(" ".join(words))
        behind = at + len(words)
        if at >= 0 and behind < len(clause.tokens) and not clause.tokens[behind].mark:
            return sort, clause.tokens[behind].raw, behind
    accounts = [
        (item, mention.start)
        for mention in clause.of("name")
        for item in mention.objects
        if item.ref.kind == "ServiceAccount"
    ]
    return ("ServiceAccount", accounts[0][0].ref.name, accounts[0][1]) if len(accounts) == 1 else None


def _title(clause: Clause, subject: int) -> str:
    """The name that the binding shall have: behind "rolebinding", or "called"."""
    places = [item.end for item in clause.of("kind") if item.kind and item.kind.kind == "RoleBinding"]
    for word in ("called", "named"):
        at = clause.find(word)
        places = [at + 1, *places] if at >= 0 else places
    for at in places:
        if at < len(clause.tokens) and at != subject and not clause.tokens[at].mark and clause.low[at] not in _NO_TITLE:
            return clause.low[at]
    return ""


_NO_TITLE = (
    "in",
    "for",
    "that",
    "to",
    "of",
    "which",
    "giving",
    "with",
    "between",
    "so",
    "called",
    "named",
    "from",
    "on",
)
