"""PodDisruptionBudgets: how many evictions are allowed now."""

from collections.abc import Hashable, Sequence
from typing import Any

from cloudwright.twin.api import PODS, Resource
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    controller_of,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    scaled_value,
    seconds,
    selector_matches,
    set_condition,
    status_of,
)

BUDGETS = Resource("policy", "v1", "poddisruptionbudgets")
_SCALED = {
    "ReplicaSet": Resource("apps", "v1", "replicasets"),
    "StatefulSet": Resource("apps", "v1", "statefulsets"),
    "Deployment": Resource("apps", "v1", "deployments"),
    "ReplicationController": Resource("", "v1", "replicationcontrollers"),
}
_DISRUPTION_TIMEOUT = 120.0


class DisruptionController(Controller):
    """Keeps the status of budgets: healthy now, healthy needed, disruptions allowed."""

    name = "disruption-controller"
    component = "controllermanager"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._budgets, self._pods = context.cache(BUDGETS), context.cache(PODS)
        self._owners = {kind: context.cache(resource) for kind, resource in _SCALED.items()}
        self._budgets.add_handler(self._on_budget)
        self._pods.add_handler(self._on_pod)
        for cache in self._owners.values():
            cache.add_handler(self._on_owner)

    def _on_budget(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None:
            self.queue.add(key_of(new))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        for pod in both(old, new):
            for budget in self._budgets.in_namespace(namespace_of(pod)):
                if selector_matches(budget["spec"].get("selector"), labels_of(pod)):
                    self.queue.add(key_of(budget))

    def _on_owner(self, old: Raw | None, new: Raw | None) -> None:
        if old is None or new is None or old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        for budget in self._budgets.in_namespace(namespace_of(new)):
            self.queue.add(key_of(budget))

    def sync(self, key: Hashable) -> None:
        """Report on one budget."""
        assert isinstance(key, tuple)
        budget = self._budgets.get(*key)
        if budget is None:
            return
        selector = budget["spec"].get("selector")
        pods = [
            pod for pod in self._pods.in_namespace(namespace_of(budget)) if selector_matches(selector, labels_of(pod))
        ]
        about = reference_to(budget, api_version="policy/v1", kind="PodDisruptionBudget")
        if not pods:
            self.events.normal(about, "NoPods", "No matching pods found")
        try:
            expected, desired = self._expected(budget, pods)
        except _NoScale as error:
            text = f"Failed to calculate the number of expected pods: {error}"
            self.events.warning(about, "CalculateExpectedPodCountFailed", text)
            self._report(budget, {**status_of(budget), "disruptionsAllowed": 0}, failure=str(error))
            return
        spec = budget["spec"]
        counts_owners = "maxUnavailable" in spec or isinstance(spec.get("minAvailable"), str)
        if counts_owners and any(controller_of(pod) is None for pod in pods):
            self.events.warning(about, "UnmanagedPods", _UNMANAGED.format(_go_selector(selector)))
        disrupted = self._disrupted(budget, pods)
        healthy = sum(is_ready(pod) and not is_deleting(pod) and name_of(pod) not in disrupted for pod in pods)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status: dict[str, Any] = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"].get("generation", 1),
        }
        if disrupted:
            status["disruptedPods"] = disrupted
            self.queue.add_after(key, _DISRUPTION_TIMEOUT)
        self._report(budget, status)

    def _expected(self, budget: Raw, pods: Sequence[Raw]) -> tuple[int, int]:
        """(expected pods, healthy pods needed)."""
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            expected = self._scale(pods)
            return expected, max(0, expected - scaled_value(spec["maxUnavailable"], expected, round_up=True))
        minimum = spec.get("minAvailable")
        if isinstance(minimum, str):
            expected = self._scale(pods)
            return expected, scaled_value(minimum, expected, round_up=True)
        return len(pods), int(minimum or 0)

    def _scale(self, pods: Sequence[Raw]) -> int:
        """The pods that the controllers of some pods want, together."""
        counts: dict[str, int] = {}
        for pod in pods:
            owner = controller_of(pod)
            if owner is None:
                continue
            uid, count = self._scale_of(owner, namespace_of(pod))
            counts[uid] = count
        return sum(counts.values())

    def _scale_of(self, owner: Raw, namespace: str) -> tuple[str, int]:
        cache = self._owners.get(owner["kind"])
        if cache is None:
            kind = owner["kind"]
            group = str(owner["apiVersion"]).rpartition("/")[0]
            resource = f"{kind.lower()}s.{group}" if group else f"{kind.lower()}s"
            raise _NoScale(f"{resource} does not implement the scale subresource")
        found = cache.get(namespace, owner["name"])
        if found is None:
            return owner["uid"], 0
        parent = controller_of(found)
        if parent is not None and parent["kind"] == "Deployment":
            return self._scale_of(parent, namespace)
        return found["metadata"]["uid"], int(found["spec"].get("replicas", 1))

    def _disrupted(self, budget: Raw, pods: Sequence[Raw]) -> dict[str, str]:
        """Pods whose eviction was granted and that are not yet seen to be going."""
        present = {name_of(pod): pod for pod in pods}
        now, kept = self.clock.now(), {}
        for name, moment in (status_of(budget).get("disruptedPods") or {}).items():
            pod = present.get(name)
            if pod is None or is_deleting(pod) or is_finished(pod):
                continue
            if seconds(moment) + _DISRUPTION_TIMEOUT > now:
                kept[name] = moment
        return kept

    def _report(self, budget: Raw, status: dict[str, Any], failure: str = "") -> None:
        allowed = status["disruptionsAllowed"]
        if failure:
            words = ("False", "SyncFailed", failure)
        else:
            words = ("True", "SufficientPods", "") if allowed > 0 else ("False", "InsufficientPods", "")
        condition = dict(zip(("status", "reason", "message"), words, strict=True))
        condition |= {"type": "DisruptionAllowed", "observedGeneration": status.get("observedGeneration", 1)}
        before = status_of(budget).get("conditions") or ()
        status["conditions"] = set_condition(before, condition, self.clock.timestamp())
        for each in status["conditions"]:
            if each["type"] == "DisruptionAllowed":
                each["observedGeneration"] = condition["observedGeneration"]
        if status != status_of(budget):
            self.api.update(BUDGETS, {**budget, "status": status}, subresource="status")


_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of "
    "the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please "
    'set ".spec.minAvailable" field of the PDB to an integer value.'
)


def _go_selector(selector: Raw | None) -> str:
    """A label selector as Go prints it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted(((selector or {}).get("matchLabels") or {}).items()))
    requirements = "".join(
        f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},"
        f"Values:[{' '.join(each.get('values') or ())}],}},"
        for each in (selector or {}).get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"
    )


class _NoScale(Exception):
    """A pod's controller has no scale."""
