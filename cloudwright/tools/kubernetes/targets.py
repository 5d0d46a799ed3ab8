"""What a change is aimed at: a workload, a container of it, and how it is edited."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field
from rapidfuzz import fuzz, process

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, Unsupported
from cloudwright.core.refs import Frozen
from cloudwright.tools.kubernetes.change import Plan
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.objects import name_of
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, namespace_for


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true or false")  # noqa: TRY004 (pydantic reports ValueErrors)
    return value


Whole = Annotated[int, BeforeValidator(_no_boolean)]
"""A whole number; true is not 1."""


class Workload(Frozen):
    """One workload."""

    name: str = Field(description="its name, or kind/name")
    kind: str = Field("deployment", description="deployment, statefulset, daemonset, cronjob …")
    namespace: str = Field("", description="default: the session's")

    def find(self, context: Context) -> tuple[ResourceType, str, str]:
        """Its kind on this server, namespace and name."""
        word, slash, rest = self.name.partition("/")
        kind = find_kind(word if slash else self.kind, context)
        return kind, namespace_for(kind, self.namespace, context), rest if slash else self.name


class Container(Workload):
    """One container of a workload."""

    container: str = Field("", description="needed where there are several")


def edited(workload: Workload, context: Context, edit: Callable[[Json], Json], summary: str) -> Plan:
    """A plan that edits one workload; `{}` in the summary stands for it."""
    kind, namespace, name = workload.find(context)
    request = Request("edit", kind, name, namespace, edit=edit)
    return Plan((request,), summary.format(request.ref))


def template_of(obj: Json) -> Json:
    """The pod template of a workload, to be changed in place.

    Raises:
        Unsupported: this kind has none.
    """
    if obj.get("kind") == "Pod":
        return obj
    holder = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        holder = dig(holder, "jobTemplate", "spec") or {}
    found = holder.get("template") if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        raise Unsupported(f"{obj.get('kind')} {name_of(obj)} has no pod template.")
    return found


def container_of(obj: Json, wanted: str) -> Json:
    """A container of a workload, to be changed in place; the only one where no name is given.

    Raises:
        NotFound: none has this name. InvalidArguments: there are several and none is named.
    """
    spec = template_of(obj).get("spec") or {}
    main = [item for item in spec.get("containers") or [] if isinstance(item, dict)]
    every = [*main, *(item for item in spec.get("initContainers") or [] if isinstance(item, dict))]
    names = [str(item.get("name")) for item in every]
    if not wanted:
        if len(main) == 1:
            return main[0]
        raise InvalidArguments(
            f"{obj.get('kind')} {name_of(obj)} has {len(main)} containers.",
            hint=f"Name one of {', '.join(str(item.get('name')) for item in main)}.",
        )
    found = next((item for item in every if item.get("name") == wanted), None)
    if found is None:
        near = [match[0] for match in process.extract(wanted, names, scorer=fuzz.WRatio, limit=3, score_cutoff=50)]
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no container {wanted!r}.", suggestions=near or names)
    return found
