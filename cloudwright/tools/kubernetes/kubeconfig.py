"""Kubeconfig files: which one, which context, and whether it changed under a running session."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import process

from cloudwright.core.errors import ConfigError, NotFound

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Choice:
    """One context of the kubeconfig, resolved. `files` is empty inside a cluster (a pod's service account)."""

    files: tuple[Path, ...]
    context: str
    namespace: str
    cluster: str
    user: str
    server: str
    fingerprint: str

    @property
    def in_cluster(self) -> bool:
        """Whether the identity is the service account of the pod that this runs in."""
        return not self.files

    def location(self) -> str:
        """The files in the form that KUBECONFIG has."""
        return os.pathsep.join(str(path) for path in self.files)


def choose(kubeconfig: str | None, context: str | None, environ: Mapping[str, str]) -> Choice:
    """The context to use: of the given file(s), else of KUBECONFIG, else ~/.kube/config, else the pod's own.

    Raises:
        ConfigError: no kubeconfig, one that cannot be read, or one without a usable context.
        NotFound: it has no such context; near misses are suggested.
    """
    given = kubeconfig or environ.get("KUBECONFIG") or ""
    paths = [Path(part).expanduser() for part in given.split(os.pathsep) if part]
    if not paths:
        default = Path("~/.kube/config").expanduser()
        if not default.exists() and environ.get("KUBERNETES_SERVICE_HOST") and (_SERVICE_ACCOUNT / "token").exists():
            return _in_cluster(environ)
        paths = [default]
    present = tuple(path for path in paths if path.exists())
    if not present:
        names = ", ".join(str(path) for path in paths)
        raise ConfigError(
            f"There is no kubeconfig at {names}.", hint="Give one with --kubeconfig, or set KUBECONFIG, or run `demo`."
        )
    return _resolve(present, context)


def changed(choice: Choice) -> str:
    """What became of the chosen context since: "" if it is the same, else one sentence."""
    if choice.in_cluster:
        return ""
    try:
        now = _resolve(tuple(path for path in choice.files if path.exists()) or choice.files, choice.context)
    except (ConfigError, NotFound):
        return f"The kubeconfig no longer has a usable context {choice.context}; this session keeps to what it had."
    if now.fingerprint != choice.fingerprint:
        return (
            f"Context {choice.context} was changed in the kubeconfig since this session began; "
            f"this session keeps to {choice.server}."
        )
    current = _merge(choice.files).get("current-context")
    if current and current != choice.context:
        return f"The kubeconfig's current context is now {current}; this session keeps to {choice.context}."
    return ""


def _in_cluster(environ: Mapping[str, str]) -> Choice:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        namespace = (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        namespace = "default"
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Choice((), "in-cluster", namespace or "default", "in-cluster", "service account", server, server)


def _resolve(files: tuple[Path, ...], wanted: str | None) -> Choice:
    merged = _merge(files)
    where = ", ".join(str(path) for path in files)
    contexts = _named(merged, "contexts", "context", where)
    name = wanted or str(merged.get("current-context") or "")
    if not name:
        raise ConfigError(
            f"{where} sets no current context.",
            hint=f"Choose one with --context: {', '.join(list(contexts)[:5])}." if contexts else "",
        )
    if name not in contexts:
        near = [match[0] for match in process.extract(name, list(contexts), limit=3, score_cutoff=50)]
        raise NotFound(f"{where} has no context {name}.", suggestions=near)
    chosen = contexts[name]
    cluster, user = str(chosen.get("cluster") or ""), str(chosen.get("user") or "")
    clusters = _named(merged, "clusters", "cluster", where)
    users = _named(merged, "users", "user", where)
    for kind, key, known in (("cluster", cluster, clusters), ("user", user, users)):
        if key not in known and (kind == "cluster" or key):
            raise ConfigError(f"Context {name} of {where} names {kind} {key!r}, which is not in it.")
    server = str(clusters[cluster].get("server") or "")
    if not server.startswith(("http://", "https://")):
        raise ConfigError(f"Cluster {cluster!r} of {where} has no usable server address: {server!r}.")
    text = json.dumps([chosen, clusters[cluster], users.get(user, {})], sort_keys=True, default=str)
    return Choice(
        files=files,
        context=name,
        namespace=str(chosen.get("namespace") or "default"),
        cluster=cluster,
        user=user,
        server=server.rstrip("/"),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


def _merge(files: tuple[Path, ...]) -> dict[str, Any]:
    """The files as one, by kubectl's rule: the first to name something wins."""
    merged: dict[str, Any] = {}
    for path in files:
        document = _read(path)
        if document.get("current-context"):
            merged.setdefault("current-context", document["current-context"])
        for section in ("contexts", "clusters", "users"):
            found = document.get(section) or []
            if not isinstance(found, list):
                raise ConfigError(f"{path}: {section} must be a list.")
            merged.setdefault(section, []).extend(found)
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise ConfigError(f"The kubeconfig {path} is not valid YAML{line}.") from None
    if not isinstance(document, dict):
        raise ConfigError(f"The kubeconfig {path} is {'empty' if document is None else 'not a kubeconfig'}.")
    return document


def _named(merged: Mapping[str, Any], section: str, key: str, where: str) -> dict[str, dict[str, Any]]:
    """Entries of a section by name; the first of a name wins."""
    named: dict[str, dict[str, Any]] = {}
    for entry in merged.get(section) or []:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise ConfigError(f"{where}: an entry of {section} has no name.")
        value = entry.get(key)
        if value is not None and not isinstance(value, dict):
            raise ConfigError(f"{where}: {key} of {section} entry {entry['name']!r} must be a mapping.")
        named.setdefault(entry["name"], value or {})
    return named
