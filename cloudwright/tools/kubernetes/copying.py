"""Copying files out of and into containers, with the containers' own tar."""

import hashlib
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from pydantic import Field

from cloudwright.core.change import Impact, ObjectChange, Preview
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, ToolError, Unsupported
from cloudwright.core.result import Changed
from cloudwright.core.tool import Change, Effect, Irreversible, destructive_tool, write_tool
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.reach import (
    EXEC,
    PodTarget,
    act,
    container_in,
    may_run,
    pod_of,
    scope_of,
    unknowable,
)
from cloudwright.tools.kubernetes.streams import Finished, execute

_LARGEST_COPY = 200 * 1024 * 1024
_BLOCK = 1 << 16


class CopyFrom(PodTarget):
    """A file or folder to fetch."""

    source: str = Field(description="absolute path in the container")
    destination: str = Field(description="local path that does not exist yet")


class CopyTo(PodTarget):
    """A local file or folder to send."""

    source: str = Field(description="local path")
    destination: str = Field(description="absolute path of an existing folder in the container")


def _from_change(args: CopyFrom, context: Context) -> tuple[ObjectChange, str]:
    if not args.source.startswith("/"):
        raise InvalidArguments(f"copy_from_pod: {args.source!r} is no absolute path.")
    target = Path(args.destination).expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise InvalidArguments(f"copy_from_pod: {target} exists already.", hint="Name a path that does not exist yet.")
    if not target.parent.is_dir():
        raise InvalidArguments(f"copy_from_pod: there is no folder {target.parent}.")
    pod = pod_of(args, context)
    container = container_in(args, pod)
    what = {"container": container, "source": args.source, "destination": str(target)}
    return act(pod, what, "reads files from the container, with its tar"), container


def _from_preview(args: CopyFrom, context: Context) -> Preview:
    change, _ = _from_change(args, context)
    return Preview(
        summary=f"copy {args.source} of {change.ref} to {args.destination}",
        changes=(change,),
        blast_radius=(Impact(level="info", text="What the files hold, secrets included, is then on this machine."),),
    )


@write_tool(
    permission=EXEC,
    input=CopyFrom,
    change=Change(
        preview=_from_preview,
        undo=Irreversible(reason="the copy is on this machine until somebody deletes it"),
        progress=unknowable,
        scope=scope_of(Effect.DESTRUCTIVE, "exec", "runs tar in a container, and what it fetches may be secret"),
    ),
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
    may_run(change, context)
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
    return NotFound(f"{path} cannot be copied: {text[0] if text else f'tar ended with {done.code}'}.")


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
    pod = pod_of(args, context)
    container = container_in(args, pod)
    what = {
        "container": container,
        "destination": args.destination,
        "files": f"{len(files)} files, {size} bytes",
        "content": f"sha256 {digest[:16]}",
    }
    return act(pod, what, f"writes {source.name} into {args.destination}, with the container's tar"), container


def _to_preview(args: CopyTo, context: Context) -> Preview:
    change, _ = _to_change(args, context)
    return Preview(
        summary=f"copy {args.source} into {args.destination} of {change.ref}",
        changes=(change,),
        blast_radius=(Impact(level="warning", text="Files of the same names in the container are overwritten."),),
    )


@destructive_tool(
    permission=EXEC,
    input=CopyTo,
    change=Change(
        preview=_to_preview,
        undo=Irreversible(reason="files that were overwritten in the container are not kept"),
        progress=unknowable,
        scope=scope_of(Effect.DESTRUCTIVE, "exec", "writes files in a container"),
    ),
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
    may_run(change, context)
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


COPY_TOOLS = (copy_from_pod, copy_to_pod)
