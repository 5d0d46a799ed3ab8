"""Reaching into pods: run a program, copy files, forward a port."""

import hashlib
import shlex
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field

from cloudwright.core.change import FieldChange, Impact, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import Drifted, InvalidArguments, NotFound, Refused, ToolError, Unsupported
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.result import Changed, Lines
from cloudwright.core.tool import (
    Effect,
    Irreversible,
    Permission,
    Scope,
    destructive_tool,
    read_tool,
    write_tool,
)
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.objects import ref_of
from cloudwright.tools.kubernetes.port_forward import open_tunnel
from cloudwright.tools.kubernetes.programs import why_not_read_only
from cloudwright.tools.kubernetes.requests import Json, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.streams import Finished, execute
from cloudwright.tools.kubernetes.targets import Whole, container_of

_EXEC = Permission(verb="create", resource="pods/exec")
_FORWARD = Permission(verb="create", resource="pods/portforward")
_LARGEST_COPY = 200 * 1024 * 1024
_OUTPUT = 200_000
_BLOCK = 1 << 16


class PodTarget(Frozen):
    """One pod."""

    name: str = Field(description="of the pod")
    namespace: str = ""
    container: str = Field("", description="needed where there are several")


class Exec(PodTarget):
    """A program with its arguments; no shell reads them."""

    command: Annotated[tuple[str, ...], Field(min_length=1, description="program and arguments, each by itself")]
    timeout_seconds: Whole = Field(30, ge=1, le=3600)


class CopyFrom(PodTarget):
    """A file or folder to fetch."""

    source: str = Field(description="absolute path in the container")
    destination: str = Field(description="local path that does not exist yet")


class CopyTo(PodTarget):
    """A local file or folder to send."""

    source: str = Field(description="local path")
    destination: str = Field(description="absolute path of an existing folder in the container")


class Forward(Frozen):
    """A local port that leads to a pod's."""

    name: str = Field(description="of the pod")
    port: Whole = Field(ge=1, le=65535)
    namespace: str = ""
    local_port: Whole = Field(0, ge=0, le=65535, description="0: any free one")
    seconds: Whole = Field(300, ge=1, le=28_800, description="how long it stays open")


def _pod(args: PodTarget | Forward, context: Context) -> Json:
    kind = find_kind("pods", context)
    pod = live(kind, namespace_for(kind, args.namespace, context), args.name, context)
    return {**pod, "apiVersion": "v1", "kind": "Pod"}


def _container(args: PodTarget, pod: Json) -> str:
    name = str(container_of(pod, args.container).get("name"))
    statuses = [*maps(pod, "status", "containerStatuses"), *maps(pod, "status", "initContainerStatuses")]
    running = any(item.get("name") == name and dig(item, "state", "running") is not None for item in statuses)
    if not running:
        raise Unsupported(f"Container {name} of pod {args.name} is not running.")
    return name


def _rights(args: PodTarget | Forward, subresource: str, context: Context) -> tuple[Permission, ...]:
    # WebSocket streams are GET requests, which older servers authorize as "get", newer ones as "create".
    namespace = namespace_for(find_kind("pods", context), args.namespace, context)
    return tuple(
        Permission(verb=verb, resource=f"pods/{subresource}", namespace=namespace, name=args.name)
        for verb in ("create", "get")
    )


def _act(pod: Json, what: Mapping[str, Any], note: str) -> ObjectChange:
    fields = tuple(FieldChange(path=path, after=value) for path, value in what.items())
    return ObjectChange(ref=ref_of(pod), action="act", fields=fields, note=note)


def _unknowable(args: Any, preview: Preview, context: Context) -> Verification:
    return Verification(
        progress=Progress.UNKNOWN, details=("what happened inside the pod is not visible from outside",)
    )


def _may_run(change: ObjectChange, context: Context) -> None:
    if context.read_only:
        raise Refused("This session is read-only: previews and nothing else.")
    if context.expected is not None and context.expected.changes != (change,):
        raise Drifted("The pod or what would be done in it is no longer what was previewed.", hint="Propose it anew.")


def _scope_of(effect: Effect, subresource: str, why: str) -> Any:
    def scope(args: PodTarget | Forward, context: Context) -> Scope:
        pod = _pod(args, context)
        labels = dig(pod, "metadata", "labels") or {}
        return Scope(effect, _rights(args, subresource, context), (ref_of(pod),), labels, why)

    return scope


def _exec_change(args: Exec, context: Context) -> tuple[ObjectChange, str]:
    pod = _pod(args, context)
    container = _container(args, pod)
    what = {"container": container, "command": list(args.command)}
    return _act(pod, what, shlex.join(args.command)), container


def _exec_preview(args: Exec, context: Context) -> Preview:
    change, container = _exec_change(args, context)
    return Preview(
        summary=f"run {shlex.join(args.command)} in container {container} of {change.ref}",
        changes=(change,),
        blast_radius=(Impact(level="warning", text="What a program does in a container cannot be previewed."),),
    )


def _finished(done: Finished, args: Exec) -> tuple[str, ...]:
    lines = [*done.stdout.decode("utf-8", "replace").splitlines()]
    lines += [f"stderr: {line}" for line in done.stderr.decode("utf-8", "replace").splitlines()]
    notes = [f"exit code {done.code}"] if done.code else []
    return tuple(lines + notes + (["… more output was dropped"] if done.cut else []))


@destructive_tool(
    permission=_EXEC,
    input=Exec,
    preview=_exec_preview,
    undo=Irreversible(reason="what a program did in a container is not known"),
    progress=_unknowable,
    scope=_scope_of(Effect.DESTRUCTIVE, "exec", "runs a program in a container"),
    examples=({"name": "web-0", "command": ["redis-cli", "ping"]},),
    utterances=(
        "run {command} in pod {name}",
        "exec {command} in {name}",
        "execute {command} in container {container} of {name}",
        "run {command} inside {name} in {namespace}",
        "kubectl exec {name} -- {command}",
        "run the program {command} in the pod {name}",
    ),
)
def exec_command(args: Exec, context: Context) -> Changed:
    """Run any program in a container (argument vector, no shell)."""
    change, container = _exec_change(args, context)
    _may_run(change, context)
    done = execute(
        context.service(KubernetesClient),
        change.ref.namespace,
        args.name,
        container,
        args.command,
        seconds=context.remaining(args.timeout_seconds),
        limit=_OUTPUT,
    )
    lines = _finished(done, args)
    words = f"{shlex.join(args.command)} in {change.ref} ended with exit code {done.code}."
    return Changed(summary="\n".join([words, *lines]), refs=(change.ref,), data={"exit_code": done.code})


@read_tool(
    permission=_EXEC,
    input=Exec,
    scope=_scope_of(Effect.READ, "exec", ""),
    examples=({"name": "web-0", "command": ["ls", "-l", "/etc"]},),
    utterances=(
        "look at {command} in pod {name}",
        "what does {command} say in {name}",
        "list files with {command} in {name}",
        "show the output of {command} in container {container} of {name}",
        "check {command} inside pod {name} in {namespace}",
        "inspect {name} with {command}",
    ),
)
def exec_read_only(args: Exec, context: Context) -> Lines:
    """Run a program that only looks (cat, ls, df, ps, head, stat …) in a container."""
    why = why_not_read_only(args.command)
    if why:
        raise InvalidArguments(f"This is not known to look only: {why}.", hint="exec_command runs it once approved.")
    pod = _pod(args, context)
    done = execute(
        context.service(KubernetesClient),
        pod["metadata"]["namespace"],
        args.name,
        _container(args, pod),
        args.command,
        seconds=context.remaining(args.timeout_seconds),
        limit=_OUTPUT,
    )
    return Lines(lines=tuple(context.redactor.text(line) for line in _finished(done, args)))


def _from_change(args: CopyFrom, context: Context) -> tuple[ObjectChange, str]:
    if not args.source.startswith("/"):
        raise InvalidArguments(f"copy_from_pod: {args.source!r} is no absolute path.")
    target = Path(args.destination).expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise InvalidArguments(f"copy_from_pod: {target} exists already.", hint="Name a path that does not exist yet.")
    if not target.parent.is_dir():
        raise InvalidArguments(f"copy_from_pod: there is no folder {target.parent}.")
    pod = _pod(args, context)
    container = _container(args, pod)
    what = {"container": container, "source": args.source, "destination": str(target)}
    return _act(pod, what, "reads files from the container, with its tar"), container


def _from_preview(args: CopyFrom, context: Context) -> Preview:
    change, _ = _from_change(args, context)
    return Preview(
        summary=f"copy {args.source} of {change.ref} to {args.destination}",
        changes=(change,),
        blast_radius=(Impact(level="info", text="What the files hold, secrets included, is then on this machine."),),
    )


@write_tool(
    permission=_EXEC,
    input=CopyFrom,
    preview=_from_preview,
    undo=Irreversible(reason="the copy is on this machine until somebody deletes it"),
    progress=_unknowable,
    scope=_scope_of(Effect.DESTRUCTIVE, "exec", "runs tar in a container, and what it fetches may be secret"),
    examples=({"name": "web-0", "source": "/var/log/app.log", "destination": "app.log"},),
    utterances=(
        "copy {source} from pod {name} to {destination}",
        "download {source} from {name} to {destination}",
        "fetch {source} of {name} into {destination}",
        "cp {name}:{source} {destination}",
        "get the file {source} out of {name} as {destination}",
        "copy {source} out of container {container} of {name} to {destination}",
    ),
)
def copy_from_pod(args: CopyFrom, context: Context) -> Changed:
    """Copy a file or folder out of a container to a new local path."""
    change, container = _from_change(args, context)
    _may_run(change, context)
    source = PurePosixPath(args.source)
    command = ["tar", "cf", "-", "-C", str(source.parent), "--", source.name or "."]
    done = execute(
        context.service(KubernetesClient),
        change.ref.namespace,
        args.name,
        container,
        command,
        seconds=context.remaining(3600),
        limit=_LARGEST_COPY,
    )
    if done.cut:
        raise InvalidArguments(f"{args.source} is larger than {_LARGEST_COPY >> 20} MB.", hint="Copy parts of it.")
    if done.code:
        raise _tar_failed(done, args.source)
    count = _unpack(done.stdout, source.name, Path(args.destination).expanduser().absolute())
    return Changed(summary=f"Done: {count} files of {args.source} are in {args.destination}.", refs=(change.ref,))


def _tar_failed(done: Finished, path: str) -> ToolError:
    text = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.code in (126, 127) or any("not found in $PATH" in line for line in text):
        return Unsupported("The container has no tar, which copying needs.")
    return NotFound(f"{path} cannot be copied: {text[-1] if text else f'tar ended with {done.code}'}.")


def _unpack(archive: bytes, name: str, target: Path) -> int:
    """Unpack one file or folder as `target`; paths and links that lead outside are refused."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".cloudwright-") as folder:
        spool = Path(folder) / "archive.tar"
        spool.write_bytes(archive)
        inside = Path(folder) / "files"
        inside.mkdir()
        try:
            with tarfile.open(spool) as tar:
                members = tar.getmembers()
                tar.extractall(inside, members, filter="data")
        except tarfile.TarError as error:
            raise InvalidArguments(f"The container's archive is refused: {error}.") from None
        found = inside / name if name else inside
        found.rename(target)
    return sum(member.isfile() for member in members)


def _local_files(source: Path) -> list[Path]:
    if not source.exists():
        raise InvalidArguments(f"copy_to_pod: there is no {source}.")
    return sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]


def _content(source: Path, files: Sequence[Path]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for path in files:
        digest.update(str(path.relative_to(source.parent)).encode() + b"\0")
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
    return digest.hexdigest(), size


def _to_change(args: CopyTo, context: Context) -> tuple[ObjectChange, str]:
    if not args.destination.startswith("/"):
        raise InvalidArguments(f"copy_to_pod: {args.destination!r} is no absolute path.")
    source = Path(args.source).expanduser().absolute()
    files = _local_files(source)
    digest, size = _content(source, files)
    if size > _LARGEST_COPY:
        raise InvalidArguments(f"{source} is larger than {_LARGEST_COPY >> 20} MB.")
    pod = _pod(args, context)
    container = _container(args, pod)
    what = {
        "container": container,
        "destination": args.destination,
        "files": f"{len(files)} files, {size} bytes",
        "content": f"sha256 {digest[:16]}",
    }
    return _act(pod, what, f"writes {source.name} into {args.destination}, with the container's tar"), container


def _to_preview(args: CopyTo, context: Context) -> Preview:
    change, _ = _to_change(args, context)
    return Preview(
        summary=f"copy {args.source} into {args.destination} of {change.ref}",
        changes=(change,),
        blast_radius=(Impact(level="warning", text="Files of the same names in the container are overwritten."),),
    )


@destructive_tool(
    permission=_EXEC,
    input=CopyTo,
    preview=_to_preview,
    undo=Irreversible(reason="files that were overwritten in the container are not kept"),
    progress=_unknowable,
    scope=_scope_of(Effect.DESTRUCTIVE, "exec", "writes files in a container"),
    examples=({"name": "web-0", "source": "fix.conf", "destination": "/srv"},),
    utterances=(
        "copy {source} to pod {name} at {destination}",
        "upload {source} into {destination} of {name}",
        "put the file {source} into {name} under {destination}",
        "cp {source} {name}:{destination}",
        "send {source} to container {container} of {name} in {destination}",
        "copy local {source} into {name} folder {destination}",
    ),
)
def copy_to_pod(args: CopyTo, context: Context) -> Changed:
    """Copy a local file or folder into a folder of a container."""
    change, container = _to_change(args, context)
    _may_run(change, context)
    source = Path(args.source).expanduser().absolute()
    done = execute(
        context.service(KubernetesClient),
        change.ref.namespace,
        args.name,
        container,
        ["tar", "xf", "-", "-C", args.destination],
        stdin=_packed(source),
        seconds=context.remaining(3600),
    )
    if done.code:
        raise _tar_failed(done, args.destination)
    return Changed(summary=f"Done: {args.source} is in {args.destination} of {change.ref}.", refs=(change.ref,))


def _packed(source: Path) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as spool:
        with tarfile.open(fileobj=spool, mode="w") as tar:
            tar.add(source, arcname=source.name)
        spool.seek(0)
        while block := spool.read(_BLOCK):
            yield block


def _forward_change(args: Forward, context: Context) -> ObjectChange:
    pod = _pod(args, context)
    if dig(pod, "status", "phase") != "Running":
        raise Unsupported(f"Pod {args.name} is not running.")
    what = {"port": args.port, "local_port": args.local_port, "seconds": args.seconds}
    return _act(pod, what, f"127.0.0.1:{args.local_port or 'any'} leads to port {args.port} for {args.seconds} s")


def _forward_preview(args: Forward, context: Context) -> Preview:
    change = _forward_change(args, context)
    return Preview(
        summary=f"forward a local port to port {args.port} of {change.ref} for {args.seconds} s",
        changes=(change,),
        blast_radius=(
            Impact(level="warning", text="Every program on this machine can reach the pod through it meanwhile."),
        ),
    )


@destructive_tool(
    permission=_FORWARD,
    input=Forward,
    preview=_forward_preview,
    undo=Irreversible(reason="the tunnel closes by itself; what went through it is not known"),
    progress=_unknowable,
    scope=_scope_of(Effect.DESTRUCTIVE, "portforward", "opens a tunnel; what goes through it is not known"),
    examples=({"name": "web-0", "port": 8080, "seconds": 60},),
    utterances=(
        "forward port {port} of {name}",
        "port-forward {name} {port}",
        "forward local port {local_port} to port {port} of pod {name}",
        "make port {port} of {name} reachable here for {seconds} seconds",
        "open a tunnel to {name} port {port}",
        "port forward {local_port}:{port} to {name} in {namespace}",
    ),
)
def port_forward(args: Forward, context: Context) -> Changed:
    """Forward a local port (loopback only) to a pod for a limited time."""
    change = _forward_change(args, context)
    _may_run(change, context)
    ref: ObjectRef = change.ref
    local = open_tunnel(
        context.service(KubernetesClient), ref.namespace, ref.name, args.port, args.local_port, float(args.seconds)
    )
    return Changed(
        summary=f"127.0.0.1:{local} leads to port {args.port} of {ref} for {args.seconds} s.",
        refs=(ref,),
        data={"local_port": local},
    )


REACH_TOOLS = (exec_command, copy_from_pod, copy_to_pod, port_forward)
REACH_READS = (exec_read_only,)
