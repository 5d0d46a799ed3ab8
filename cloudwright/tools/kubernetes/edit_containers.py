"""Changes to the containers of a workload: image, environment, resources."""

from collections.abc import Iterable, Mapping

from pydantic import Field
from rapidfuzz import fuzz, process

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.objects import name_of
from cloudwright.tools.kubernetes.requests import Json
from cloudwright.tools.kubernetes.targets import Container, container_of, edited
from cloudwright.tools.kubernetes.values import quantity

_PATCH_WORKLOADS = Permission(verb="patch", group="apps", resource="deployments")


class SetImage(Container):
    """A container's new image."""

    image: str = Field(min_length=1, pattern=r"^\S+$")


class SetEnv(Container):
    """Environment variables to set and to remove."""

    set: Mapping[str, str] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()


class SetResources(Container):
    """Requests and limits to set; an empty string removes one."""

    requests: Mapping[str, str] = Field(default_factory=dict, description='such as {"cpu": "100m", "memory": "64Mi"}')
    limits: Mapping[str, str] = Field(default_factory=dict)


def _image(args: SetImage, context: Context) -> Plan:
    def edit(obj: Json) -> Json:
        container_of(obj, args.container)["image"] = args.image
        return obj

    which = f"container {args.container} of {{}}" if args.container else "{}"
    return edited(args, context, edit, f"set the image of {which} to {_braces(args.image)}")


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


imaging = Planned(_image)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetImage,
    change=imaging.change,
    examples=({"name": "web", "image": "registry.local/web:1.2"},),
    utterances=(
        "set image of {name} to {image}",
        "set the image of container {container} in {name} to {image}",
        "deploy {image} to {name}",
        "update {name} to {image}",
        "use image {image} for {kind} {name}",
        "change {name} in {namespace} to image {image}",
        "upgrade {name} to version {image}",
    ),
)
def set_image(args: SetImage, context: Context) -> Changed:
    """Set the image of a container of a workload."""
    return imaging.run(args, context)


def _env(args: SetEnv, context: Context) -> Plan:
    if not args.set and not args.remove:
        raise InvalidArguments("set_env: nothing to set and nothing to remove.")

    def edit(obj: Json) -> Json:
        container = container_of(obj, args.container)
        kept = [item for item in container.get("env") or [] if item.get("name") not in args.remove]
        _absent(args.remove, [str(item.get("name")) for item in container.get("env") or []], obj)
        for name, value in args.set.items():
            found = next((item for item in kept if item.get("name") == name), None)
            if found is None:
                kept.append({"name": name, "value": value})
            else:
                found.pop("valueFrom", None)
                found["value"] = value
        container["env"] = kept
        if not kept:
            del container["env"]
        return obj

    words = [f"set {', '.join(args.set)}"] if args.set else []
    words += [f"remove {', '.join(args.remove)}"] if args.remove else []
    return edited(args, context, edit, f"{_braces(' and '.join(words))} in the environment of {{}}")


def _absent(wanted: Iterable[str], present: list[str], obj: Json) -> None:
    for name in wanted:
        if name not in present:
            near = [match[0] for match in process.extract(name, present, scorer=fuzz.WRatio, limit=3, score_cutoff=50)]
            raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no environment variable {name}.", suggestions=near)


environment = Planned(_env)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetEnv,
    change=environment.change,
    examples=({"name": "web", "set": {"LOG_LEVEL": "debug"}}, {"name": "web", "remove": ["DEBUG"]}),
    utterances=(
        "set env {set} on {name}",
        "set environment variable {set} in {kind} {name}",
        "add {set} to the environment of {name}",
        "remove env {remove} from {name}",
        "unset {remove} in {name}",
        "change env var {set} of container {container} in {name}",
    ),
)
def set_env(args: SetEnv, context: Context) -> Changed:
    """Set and remove environment variables of a container of a workload."""
    return environment.run(args, context)


def _resources(args: SetResources, context: Context) -> Plan:
    if not args.requests and not args.limits:
        raise InvalidArguments("set_resources: give requests or limits.")
    for name, amount in [*args.requests.items(), *args.limits.items()]:
        if amount and quantity(amount) is None:
            raise InvalidArguments(
                f"set_resources: {amount!r} is no quantity for {name}.", hint='Such as "250m" or "1Gi".'
            )

    def edit(obj: Json) -> Json:
        container = container_of(obj, args.container)
        resources = container.setdefault("resources", {})
        for part, wanted in (("requests", args.requests), ("limits", args.limits)):
            merged = {**(resources.get(part) or {}), **wanted}
            resources[part] = {name: amount for name, amount in merged.items() if amount}
            if not resources[part]:
                del resources[part]
        return obj

    parts = [
        f"{part} {_pairs(wanted)}" for part, wanted in (("requests", args.requests), ("limits", args.limits)) if wanted
    ]
    return edited(args, context, edit, f"set {_braces(' and '.join(parts))} of {{}}")


def _pairs(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={amount or '(none)'}" for name, amount in wanted.items())


sizing = Planned(_resources)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetResources,
    change=sizing.change,
    examples=({"name": "web", "limits": {"memory": "256Mi"}},),
    utterances=(
        "set limits {limits} on {name}",
        "set requests {requests} for {name}",
        "give {name} limits of {limits}",
        "raise the memory limit of {name} to {limits}",
        "set resources of container {container} in {name} to requests {requests} and limits {limits}",
        "change cpu request of {kind} {name} to {requests}",
    ),
)
def set_resources(args: SetResources, context: Context) -> Changed:
    """Set resource requests and limits of a container of a workload."""
    return sizing.run(args, context)


CONTAINER_TOOLS = (set_image, set_env, set_resources)
