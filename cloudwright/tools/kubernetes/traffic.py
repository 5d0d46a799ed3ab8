"""What NetworkPolicies admit, by the semantics of networking.k8s.io/v1: pods that a policy selects for a direction are
isolated in it, and accept or send only what one of their policies allows. Pure functions over raw objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.objects import Json, labels_of, matches, pod_template

Direction = Literal["Ingress", "Egress"]
DIRECTIONS: tuple[Direction, ...] = ("Ingress", "Egress")
_RULES: Mapping[Direction, tuple[str, str]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
_NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, or the pods that a workload makes."""

    owner: Json
    namespace: str
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str]
    on_host: bool = False
    """Whether it uses the node's network, where policies have no say."""

    @classmethod
    def of(cls, obj: Json, namespaces: Mapping[str, Mapping[str, str]]) -> "End":
        """The end that a pod or workload is; `namespaces` are labels by name."""
        template = pod_template(obj)
        place = str(dig(obj, "metadata", "namespace") or "")
        on_host = bool(dig(template, "spec", "hostNetwork"))
        return cls(obj, place, labels_of(template), {_NAME_LABEL: place, **namespaces.get(place, {})}, on_host)

    def ports(self, port: object) -> set[int | str]:
        """A target port by its number and its name."""
        found: set[int | str] = {port} if isinstance(port, int | str) else set()
        for container in maps(pod_template(self.owner), "spec", "containers"):
            for declared in maps(container, "ports"):
                pair = (declared.get("name"), declared.get("containerPort"))
                if port in pair:
                    found |= {item for item in pair if item}
        return found


def directions(policy: Json) -> tuple[Direction, ...]:
    """The directions in which a policy isolates the pods that it selects."""
    types = dig(policy, "spec", "policyTypes") or (
        ["Ingress", "Egress"] if dig(policy, "spec", "egress") is not None else ["Ingress"]
    )
    return tuple(direction for direction in DIRECTIONS if direction in types)


def isolating(end: End, direction: Direction, policies: Sequence[Json]) -> list[Json]:
    """The policies that isolate one end in a direction."""
    if end.on_host:
        return []
    return [
        policy
        for policy in policies
        if str(dig(policy, "metadata", "namespace") or "") == end.namespace
        and direction in directions(policy)
        and matches(dig(policy, "spec", "podSelector") or {}, end.labels)
    ]


def connects(client: End, server: End, ports: set[int | str], policies: Sequence[Json]) -> bool:
    """Whether both ends' policies admit a connection to one of these ports of the server."""
    ends: tuple[tuple[Direction, End, End], ...] = (("Ingress", server, client), ("Egress", client, server))
    for direction, subject, other in ends:
        over = isolating(subject, direction, policies)
        if over and not any(_admits(policy, direction, other, ports) for policy in over):
            return False
    return True


def opens(policy: Json, direction: Direction, port: int) -> bool:
    """Whether some rule of a policy admits a port to or from anywhere at all."""
    return any(_port_fits(rule, {port}) for rule in maps(policy, "spec", _RULES[direction][0]))


def admitted(policy: Json, direction: Direction) -> str:
    """What a policy admits in words; "nothing" where it has no rule."""
    key, side = _RULES[direction]
    return "; ".join(dict.fromkeys(_rule_text(rule, side) for rule in maps(policy, "spec", key))) or "nothing"


def _admits(policy: Json, direction: Direction, other: End, ports: set[int | str]) -> bool:
    key, side = _RULES[direction]
    for rule in maps(policy, "spec", key):
        peers = maps(rule, side)
        if _port_fits(rule, ports) and (not peers or any(_peer_is(policy, peer, other) for peer in peers)):
            return True
    return False


def _port_fits(rule: Json, ports: set[int | str]) -> bool:
    wanted = maps(rule, "ports")
    return not wanted or not ports or any(_in_port(item, port) for item in wanted for port in ports)


def _in_port(item: Json, port: int | str) -> bool:
    first, last = item.get("port"), item.get("endPort")
    if first is None or first == port:
        return True
    if isinstance(first, int) and isinstance(last, int) and isinstance(port, int):
        return first <= port <= last
    return False


def _peer_is(policy: Json, peer: Json, other: End) -> bool:
    if "ipBlock" in peer:
        return True  # the addresses of pods to come are not known, so nothing is said to be cut
    if "namespaceSelector" in peer:
        if not matches(peer["namespaceSelector"], other.namespace_labels):
            return False
    elif other.namespace != str(dig(policy, "metadata", "namespace") or ""):
        return False
    return "podSelector" not in peer or matches(peer["podSelector"], other.labels)


def _rule_text(rule: Json, side: str) -> str:
    peers = " or ".join(_peer_text(peer) for peer in maps(rule, side)) or "everything"
    ports = ", ".join(_port_text(item) for item in maps(rule, "ports"))
    return f"{peers} on {ports}" if ports else peers


def _port_text(item: Json) -> str:
    last = f"-{item['endPort']}" if item.get("endPort") else ""
    return f"{item.get('protocol') or 'TCP'} {item.get('port', 'any port')}{last}"


def _peer_text(peer: Json) -> str:
    if "ipBlock" in peer:
        besides = dig(peer, "ipBlock", "except")
        return f"{dig(peer, 'ipBlock', 'cidr')}" + (f" without {', '.join(besides)}" if besides else "")
    pods = "".join(f" {text}" for text in _selector_text(peer.get("podSelector") or {}))
    space = peer.get("namespaceSelector")
    if space is None:
        where = ""
    else:
        labels = list(_selector_text(space))
        where = f" of namespaces {' '.join(labels)}" if labels else " of every namespace"
    return f"{'pods' if pods else 'all pods'}{pods}{where}"


def _selector_text(selector: Json) -> Iterator[str]:
    yield from (f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items())
    for item in maps(selector, "matchExpressions"):
        values = f" ({', '.join(map(str, item.get('values') or []))})" if item.get("values") else ""
        yield f"{item.get('key')} {item.get('operator')}{values}"
