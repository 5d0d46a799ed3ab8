"""Priority: the number behind a pod's priority class."""

from cloudwright.twin.api import Obj
from cloudwright.twin.server.admission.base import PODS, Plugin, creates, key
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store

_CLASSES = ("scheduling.k8s.io", "priorityclasses")


class Priority(Plugin):
    """Resolves priority classes of new pods; there is one default class at most."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Set `priority`, `priorityClassName` and `preemptionPolicy` of a new pod."""
        if obj is None or not creates(request, PODS):
            return
        spec = obj["spec"]
        name = spec.get("priorityClassName")
        if name:
            found = self._store.get(_CLASSES, "", name)
            if found is None:
                raise forbidden(
                    request.info, obj["metadata"].get("name", ""), f"no PriorityClass with name {name} was found"
                )
        else:
            found = self._default()
            if found is not None:
                spec["priorityClassName"] = found["metadata"]["name"]
        value = found.get("value", 0) if found else 0
        policy = (found or {}).get("preemptionPolicy", "PreemptLowerPriority")
        self._check(request, obj, value, policy)
        spec["priority"], spec["preemptionPolicy"] = value, policy

    def _check(self, request: Request, obj: Obj, value: int, policy: str) -> None:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        computed = "priority admission controller computed"
        if spec.get("priority", value) != value:
            given = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec"
            why = f"{given}; {computed} {value}"
            raise forbidden(request.info, name, f"{why} from the given PriorityClass name")
        if spec.get("preemptionPolicy", policy) != policy:
            why = (
                f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            )
            raise forbidden(request.info, name, f"{why}{computed} {policy} from the given PriorityClass name")

    def _default(self) -> Obj | None:
        defaults = [each for each in self._store.objects(_CLASSES) if each.get("globalDefault")]
        return min(defaults, key=lambda each: each.get("value", 0)) if defaults else None

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Refuse a second default class."""
        if obj is None or key(request.info) != _CLASSES or not obj.get("globalDefault"):
            return
        present = self._default()
        if present is not None and present["metadata"]["name"] != obj["metadata"]["name"]:
            why = (
                f"PriorityClass {present['metadata']['name']} is already marked as default. Only one default can exist"
            )
            raise forbidden(request.info, obj["metadata"]["name"], why)
