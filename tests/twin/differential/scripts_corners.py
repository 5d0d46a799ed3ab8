"""Scripts about rarer features of workloads, jobs and the scheduler."""

from typing import Any

from tests.twin.differential.manifests import budget, deployment, job, pod, quota, workload
from tests.twin.differential.stage import Stage

_HOST = "kubernetes.io/hostname"


def daemons_with_surge(stage: Stage) -> None:
    """The new daemon starts beside the old one."""
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    stage.create(workload("DaemonSet", "agent", {"updateStrategy": {"rollingUpdate": rolling}}))
    stage.start()
    stage.set_image("DaemonSet", "agent", "app:2")
    stage.scene("one double")
    stage.start()
    stage.scene("old one going")
    stage.start_all()
    stage.scene("done")


def job_limit_per_index(stage: Stage) -> None:
    """An index that fails too often does not end the others."""
    spec = {"completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 0}
    stage.create(job(spec=spec))
    stage.start()
    first, second = stage.pods()
    stage.report(first, "Failed", ready=False, code=1)
    stage.scene("one index failed")
    stage.report(second, "Succeeded", ready=False, code=0)
    stage.scene("ended")


def job_success_policy(stage: Stage) -> None:
    """One index is enough."""
    policy = {"rules": [{"succeededIndexes": "0"}]}
    stage.create(job(spec={"completions": 2, "parallelism": 2, "completionMode": "Indexed", "successPolicy": policy}))
    stage.start()
    leader = next(each for each in stage.pods() if each["metadata"]["name"].startswith("work-0-"))
    stage.report(leader, "Succeeded", ready=False, code=0)
    stage.scene("enough")
    stage.finish()
    stage.scene("complete")


def job_ignores_disruptions(stage: Stage) -> None:
    """A failure that the policy ignores does not count."""
    rule = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}}
    stage.create(job(spec={"backoffLimit": 0, "podFailurePolicy": {"rules": [rule]}}))
    stage.start()
    stage.end(7)
    stage.wait(11)
    stage.scene("tried again")


def stateful_refused_by_quota(stage: Stage) -> None:
    """The second pod may not be created."""
    stage.create(quota(pods="1"), workload("StatefulSet", "db", {"replicas": 2, "serviceName": "db"}))
    stage.start()
    stage.wait(2)
    stage.scene("refused")


def scale_of_finished_rollout(stage: Stage) -> None:
    """An undo in the middle, then a scale: the old pods go."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.set_image("Deployment", "web", "app:broken")
    stage.set_image("Deployment", "web", "app:1")
    stage.scale("Deployment", "web", 4)
    stage.scene("scaled")
    stage.start_all()
    stage.scene("settled")


def init_containers_count(stage: Stage) -> None:
    """The largest init container, or all containers with the sidecars, whichever is more."""

    def asking(name: str, cpu: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "image": "app:1", "resources": {"requests": {"cpu": cpu}}, **more}

    sidecar = asking("side", "1", restartPolicy="Always")
    stage.create(pod("large-init", cpu="1", initContainers=[asking("setup", "5")]))
    stage.create(pod("sidecars", cpu="3500m", initContainers=[sidecar]))
    stage.create(pod("late-init", cpu="1", initContainers=[sidecar, asking("setup", "3500m")]))
    stage.create(pod("fits", cpu="2", initContainers=[sidecar, asking("setup", "2")]))
    stage.scene("one of four")


def affinity_across_namespaces(stage: Stage) -> None:
    """Terms can look into other namespaces."""
    everywhere = {"labelSelector": {"matchLabels": {"app": "friend"}}, "topologyKey": _HOST, "namespaceSelector": {}}
    elsewhere = {"labelSelector": {"matchLabels": {"app": "friend"}}, "topologyKey": _HOST, "namespaces": ["default"]}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    stage.create(pod("friend"))
    stage.create(pod("near", affinity={"podAffinity": {required: [everywhere]}}))
    stage.create(pod("apart", affinity={"podAffinity": {required: [elsewhere]}}))
    stage.scene("one placed")


def first_of_its_kind(stage: Stage) -> None:
    """A pod that wants to be near pods like itself may be the first."""
    term = {"labelSelector": {"matchLabels": {"app": "pack"}}, "topologyKey": _HOST}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    stage.create(pod("wolf-1", {"app": "pack"}, cpu="3", affinity={"podAffinity": required}))
    stage.create(pod("wolf-2", {"app": "pack"}, cpu="3", affinity={"podAffinity": required}))
    stage.scene("no room beside the first")


def budget_of_bare_pods(stage: Stage) -> None:
    """maxUnavailable needs a controller; a number of minAvailable does not."""
    stage.create(pod("web"), budget("web", maxUnavailable=1))
    stage.start()
    stage.scene("unmanaged")


def budget_of_percent_minimum(stage: Stage) -> None:
    """A percentage of minAvailable rounds up."""
    stage.create(
        workload("StatefulSet", "web", {"replicas": 3, "serviceName": "web", "podManagementPolicy": "Parallel"})
    )
    stage.start()
    stage.create(budget("web", minAvailable="50%"))
    stage.scene("two of three")


def node_lacks_pods_room(stage: Stage) -> None:
    """What no node offers."""
    stage.create(pod("gpu", cpu="1"))
    container = {"name": "main", "image": "app:1", "resources": {"limits": {"example.com/gpu": "1"}}}
    stage.create({**pod("card"), "spec": {"containers": [container]}})
    stage.scene("no such resource")


def host_port_of_one_address(stage: Stage) -> None:
    """Different addresses do not conflict; any address conflicts with all."""

    def port(address: str) -> list[dict[str, Any]]:
        return [{"containerPort": 80, "hostPort": 8080, "hostIP": address}]

    pin = {_HOST: "sim-1"}
    stage.create(pod("one", ports=port("127.0.0.1"), nodeSelector=pin))
    stage.create(pod("two", ports=port("127.0.0.2"), nodeSelector=pin))
    stage.create(pod("any", ports=port("0.0.0.0"), nodeSelector=pin))
    stage.scene("two of three")


SCRIPTS = (
    daemons_with_surge,
    job_limit_per_index,
    job_success_policy,
    job_ignores_disruptions,
    stateful_refused_by_quota,
    scale_of_finished_rollout,
    init_containers_count,
    affinity_across_namespaces,
    first_of_its_kind,
    budget_of_bare_pods,
    budget_of_percent_minimum,
    node_lacks_pods_room,
    host_port_of_one_address,
)
