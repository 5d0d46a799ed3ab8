"""Name resolution as pods see it: host aliases, search lists, CoreDNS and its Corefile."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CLUSTER_DOMAIN = "cluster.local"
_KNOWN = {
    "errors", "health", "ready", "kubernetes", "prometheus", "forward", "cache", "loop", "reload", "loadbalance",
    "template", "hosts", "rewrite", "log", "lameduck", "ttl", "pods", "fallthrough", "import", "acl", "autopath",
    "debug", "dns64", "file", "bind", "bufsize", "any", "whoami", "erratic", "cancel", "header", "metadata",
}  # fmt: skip


class CorefileError(Exception):
    """CoreDNS refuses its configuration; the text is what it logs."""


@dataclass(frozen=True)
class Template:
    """A `template` directive: queries that match are answered with a code."""

    zone: str
    pattern: str
    rcode: str


@dataclass
class ServerBlock:
    """One server block of a Corefile."""

    zones: tuple[str, ...]
    plugins: set[str] = field(default_factory=set)
    kubernetes_zones: tuple[str, ...] = ()
    templates: list[Template] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    rewrites: list[tuple[str, str]] = field(default_factory=list)
    forward: tuple[str, ...] = ()


def parse_corefile(text: str) -> list[ServerBlock]:
    """The server blocks of a Corefile.

    Raises:
        CorefileError: as CoreDNS would.
    """
    blocks: list[ServerBlock] = []
    stack: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        if line == "}":
            if not stack:
                raise CorefileError(f"Corefile:{number} - Error during parsing: Unexpected '}}'")
            stack.pop()
            continue
        words = line.removesuffix("{").split()
        problem = _line(blocks, stack, words, line)
        if problem:
            raise CorefileError(f"Corefile:{number} - Error during parsing: {problem}")
        if line.endswith("{"):
            stack.append(words[0])
    if stack:
        raise CorefileError(f"Corefile:{len(text.splitlines())} - Error during parsing: Unexpected EOF, expecting '}}'")
    return blocks


def _line(blocks: list[ServerBlock], stack: Sequence[str], words: Sequence[str], line: str) -> str:
    """Take one line in; what is wrong with it, or ""."""
    if not stack:
        if not line.endswith("{"):
            return f"Unexpected token '{words[0]}', expecting '{{'"
        blocks.append(ServerBlock(tuple(word.partition(":")[0] or "." for word in words)))
    elif len(stack) == 1:
        if words[0] not in _KNOWN:
            return f"Unknown directive '{words[0]}'"
        _directive(blocks[-1], words)
    else:
        _option(blocks[-1], stack[-1], words)
    return ""


def _directive(block: ServerBlock, words: Sequence[str]) -> None:
    name = words[0]
    block.plugins.add(name)
    if name == "kubernetes":
        block.kubernetes_zones = tuple(word.rstrip(".") for word in words[1:] if "." in word)
    elif name == "forward":
        block.forward = tuple(words[2:])
    elif name == "template":
        block.templates.append(Template(words[3].rstrip(".") if len(words) > 3 else "", ".*", "NXDOMAIN"))
    elif name == "rewrite" and len(words) >= 4 and words[1] == "name":
        block.rewrites.append((words[-2].rstrip("."), words[-1].rstrip(".")))


def _option(block: ServerBlock, plugin: str, words: Sequence[str]) -> None:
    if plugin == "template" and words[0] in ("match", "rcode") and block.templates:
        last = block.templates[-1]
        values = {"pattern": words[1]} if words[0] == "match" else {"rcode": words[1]}
        block.templates[-1] = Template(last.zone, values.get("pattern", last.pattern), values.get("rcode", last.rcode))
    elif plugin == "hosts" and re.match(r"[\d.:]+$", words[0]):
        block.hosts.update(dict.fromkeys(words[1:], words[0]))


def block_for(blocks: Sequence[ServerBlock], name: str) -> ServerBlock | None:
    """The block with the longest zone that covers a name."""
    best: tuple[int, ServerBlock] | None = None
    for block in blocks:
        for zone in block.zones:
            covers = zone == "." or name == zone.rstrip(".") or name.endswith("." + zone.rstrip("."))
            if covers and (best is None or len(zone) > best[0]):
                best = (len(zone), block)
    return best[1] if best else None


def candidates(name: str, search: Sequence[str], ndots: int) -> Iterator[str]:
    """The absolute names that a resolver tries, in order."""
    if name.endswith("."):
        yield name.rstrip(".")
        return
    absolute_first = name.count(".") >= ndots
    if absolute_first:
        yield name
    for domain in search:
        yield f"{name}.{domain}"
    if not absolute_first:
        yield name


def resolver_of(pod: Mapping[str, Any], cluster_dns: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Name servers, search list and ndots of a pod's resolv.conf."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    config = spec.get("dnsConfig") or {}
    servers: tuple[str, ...] = (cluster_dns,)
    namespace = pod["metadata"]["namespace"]
    search: tuple[str, ...] = (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
    ndots = 5
    if policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        servers, search, ndots = ("169.254.169.253",), (), 1
    if policy == "None":
        servers, search, ndots = (), (), 1
    servers = (*servers, *(config.get("nameservers") or ()))
    search = (*search, *(config.get("searches") or ()))
    for option in config.get("options") or ():
        if option.get("name") == "ndots" and str(option.get("value", "")).isdigit():
            ndots = int(option["value"])
    return servers, search, ndots


def resolv_conf(pod: Mapping[str, Any], cluster_dns: str) -> str:
    """The text of /etc/resolv.conf."""
    servers, search, ndots = resolver_of(pod, cluster_dns)
    lines = [f"search {' '.join(search)}"] if search else []
    lines += [f"nameserver {server}" for server in servers]
    return "\n".join([*lines, f"options ndots:{ndots}"]) + "\n"
