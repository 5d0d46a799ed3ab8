"""Reaching into pods: run a program, copy files, forward a port."""

import shlex
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from cloudwright.core.change import FieldChange, Impact, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import Drifted, InvalidArguments, Refused, Unsupported
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.result import Changed, Lines
from cloudwright.core.tool import (
    Change,
    Effect,
    Irreversible,
    Permission,
    Scope,
    destructive_tool,
    read_tool,
)
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.objects import ref_of
from cloudwright.tools.kubernetes.port_forward import open_tunnel
from cloudwright.tools.kubernetes.programs import why_not_read_only
from cloudwright.tools.kubernetes.requests import Json, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.streams import Finished, execute
from cloudwright.tools.kubernetes.targets import Whole, container_of

EXEC = Permission(verb="create", resource="pods/exec")
_FORWARD = Permission(verb="create", resource="pods/portforward")
_OUTPUT = 200_000


class PodTarget(Frozen):
    """One pod."""

    name: str = Field(description="of the pod")
    namespace: str = ""
    container: str = Field("", description="needed where there are several")


class Exec(PodTarget):
    """A program with its arguments; no shell reads them."""

    command: Annotated[tuple[str, ...], Field(min_length=1, description="program and arguments, each by itself")]
    timeout_seconds: Whole = Field(30, ge=1, le=3600)


class Forward(Frozen):
    """A local port that leads to a pod's."""

    name: str = Field(description="of the pod")
    port: Whole = Field(ge=1, le=65535)
    namespace: str = ""
    local_port: Whole = Field(0, ge=0, le=65535, description="0: any free one")
    seconds: Whole = Field(300, ge=1, le=28_800, description="how long it stays open")


def pod_of(args: PodTarget | Forward, context: Context) -> Json:
    """The pod, as it is now."""
    kind = find_kind("pods", context)
    pod = live(kind, namespace_for(kind, args.namespace, context), args.name, context)
    return {**pod, "apiVersion": "v1", "kind": "Pod"}


def container_in(args: PodTarget, pod: Json) -> str:
    """The name of the container that is meant.

    Raises:
        Unsupported: it is not running.
    """
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


def act(pod: Json, what: Mapping[str, Any], note: str) -> ObjectChange:
    """Something that is done in a pod and shows in no field of it."""
    fields = tuple(FieldChange(path=path, after=value) for path, value in what.items())
    return ObjectChange(ref=ref_of(pod), action="act", fields=fields, note=note)


def unknowable(args: Any, preview: Preview, context: Context) -> Verification:
    """What streams leave behind cannot be looked at."""
    return Verification(
        progress=Progress.UNKNOWN, details=("what happened inside the pod is not visible from outside",)
    )


def may_run(change: ObjectChange, context: Context) -> None:
    """Whether this is what was approved.

    Raises:
        Refused: the session is read-only. Drifted: it is not.
    """
    if context.read_only:
        raise Refused("This session is read-only: previews and nothing else.")
    if context.expected is not None and context.expected.changes != (change,):
        raise Drifted("The pod or what would be done in it is no longer what was previewed.", hint="Propose it anew.")


def scope_of(effect: Effect, subresource: str, why: str) -> Any:
    """The scope of a call that reaches into a pod by this subresource."""

    def scope(args: PodTarget | Forward, context: Context) -> Scope:
        pod = pod_of(args, context)
        labels = dig(pod, "metadata", "labels") or {}
        return Scope(effect, _rights(args, subresource, context), (ref_of(pod),), labels, why)

    return scope


def _exec_change(args: Exec, context: Context) -> tuple[ObjectChange, str]:
    pod = pod_of(args, context)
    container = container_in(args, pod)
    what = {"container": container, "command": list(args.command)}
    return act(pod, what, shlex.join(args.command)), container


def _exec_preview(args: Exec, context: Context) -> Preview:
    change, container = _exec_change(args, context)
    return Preview(
        summary=f"run {shlex.join(args.command)} in container {container} of {change.ref}",
        changes=(change,),
        blast_radius=(Impact(level="warning", text="What a program does in a container cannot be previewed."),),
    )


def _failure(done: Finished) -> str:
    return f"exit code {done.code}" if done.code else ""


def _finished(done: Finished) -> tuple[str, ...]:
    lines = [*done.stdout.decode("utf-8", "replace").splitlines()]
    lines += [f"stderr: {line}" for line in done.stderr.decode("utf-8", "replace").splitlines()]
    return tuple(lines + (["… more output was dropped"] if done.cut else []))


@destructive_tool(
    permission=EXEC,
    input=Exec,
    change=Change(
        preview=_exec_preview,
        undo=Irreversible(reason="what a program did in a container is not known"),
        progress=unknowable,
        scope=scope_of(Effect.DESTRUCTIVE, "exec", "runs a program in a container"),
    ),
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
    may_run(change, context)
    done = execute(
        context.service(KubernetesClient),
        change.ref.namespace,
        args.name,
        container,
        args.command,
        seconds=context.remaining(args.timeout_seconds),
        limit=_OUTPUT,
    )
    words = f"{shlex.join(args.command)} in {change.ref} ended with exit code {done.code}."
    return Changed(
        summary="\n".join([words, *_finished(done)]),
        refs=(change.ref,),
        data={"exit_code": done.code},
        failure=_failure(done),
    )


@read_tool(
    permission=EXEC,
    input=Exec,
    scope=scope_of(Effect.READ, "exec", ""),
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
    pod = pod_of(args, context)
    done = execute(
        context.service(KubernetesClient),
        pod["metadata"]["namespace"],
        args.name,
        container_in(args, pod),
        args.command,
        seconds=context.remaining(args.timeout_seconds),
        limit=_OUTPUT,
    )
    lines = tuple(context.redactor.text(line) for line in _finished(done))
    failure = _failure(done)
    return Lines(lines=lines, failure=failure, notes=(f"The program failed: {failure}.",) if failure else ())


def _forward_change(args: Forward, context: Context) -> ObjectChange:
    pod = pod_of(args, context)
    if dig(pod, "status", "phase") != "Running":
        raise Unsupported(f"Pod {args.name} is not running.")
    what = {"port": args.port, "local_port": args.local_port, "seconds": args.seconds}
    return act(pod, what, f"127.0.0.1:{args.local_port or 'any'} leads to port {args.port} for {args.seconds} s")


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
    change=Change(
        preview=_forward_preview,
        undo=Irreversible(reason="the tunnel closes by itself; what went through it is not known"),
        progress=unknowable,
        scope=scope_of(Effect.DESTRUCTIVE, "portforward", "opens a tunnel; what goes through it is not known"),
    ),
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
    may_run(change, context)
    ref: ObjectRef = change.ref
    local = open_tunnel(
        context.service(KubernetesClient), ref.namespace, ref.name, args.port, args.local_port, float(args.seconds)
    )
    return Changed(
        summary=f"127.0.0.1:{local} leads to port {args.port} of {ref} for {args.seconds} s.",
        refs=(ref,),
        data={"local_port": local},
    )


REACH_TOOLS = (exec_command, port_forward)
REACH_READS = (exec_read_only,)
