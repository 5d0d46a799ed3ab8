"""Scripts about Deployments, StatefulSets, DaemonSets and garbage collection."""

from tests.twin.differential.manifests import deployment, quota, workload
from tests.twin.differential.stage import Stage


def rolling_update(stage: Stage) -> None:
    """All pods move to a new image, one at a time."""
    stage.create(deployment())
    stage.scene("created")
    stage.start()
    stage.scene("ready")
    stage.set_image("Deployment", "web", "app:2")
    stage.scene("surge")
    stage.start(only=1)
    stage.scene("first new pod")
    stage.start_all()
    stage.scene("done")


def rolling_update_bad_image(stage: Stage) -> None:
    """The new pods never become ready; the old ones keep serving; undo brings peace."""
    stage.create(deployment(spec={"progressDeadlineSeconds": 3}))
    stage.start()
    stage.set_image("Deployment", "web", "app:broken")
    stage.wait(6)
    stage.scene("stuck")
    stage.set_image("Deployment", "web", "app:1")
    stage.finish()
    stage.scene("undone")


def roll_over(stage: Stage) -> None:
    """A second change in the middle of a roll-out."""
    stage.create(deployment(replicas=4))
    stage.start()
    stage.set_image("Deployment", "web", "app:2")
    stage.set_image("Deployment", "web", "app:3")
    stage.scene("rolled over")
    stage.start_all()
    stage.scene("done")


def pause_and_resume(stage: Stage) -> None:
    """Changes of a paused deployment wait."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.patch("Deployment", "web", {"spec": {"paused": True}})
    stage.set_image("Deployment", "web", "app:2")
    stage.scene("paused")
    stage.scale("Deployment", "web", 3)
    stage.start()
    stage.scene("scaled while paused")
    stage.patch("Deployment", "web", {"spec": {"paused": False}})
    stage.start_all()
    stage.scene("resumed")


def recreate(stage: Stage) -> None:
    """All old pods go before the first new one comes."""
    stage.create(deployment(replicas=2, spec={"strategy": {"type": "Recreate"}}))
    stage.start()
    stage.set_image("Deployment", "web", "app:2")
    stage.scene("old pods going")
    stage.finish()
    stage.scene("new pods")
    stage.start()
    stage.scene("done")


def scale_up_and_down(stage: Stage) -> None:
    """Unready pods are the first to go."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.scale("Deployment", "web", 5)
    stage.start(only=1)
    stage.scene("up")
    stage.scale("Deployment", "web", 2)
    stage.finish()
    stage.scene("down")
    stage.scale("Deployment", "web", 0)
    stage.finish()
    stage.scene("zero")


def scale_during_rollout(stage: Stage) -> None:
    """Scaling in the middle of a roll-out keeps the proportions."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    stage.create(deployment(replicas=10, spec={"strategy": strategy}))
    stage.start()
    stage.set_image("Deployment", "web", "app:broken")
    stage.scene("rolling")
    stage.scale("Deployment", "web", 15)
    stage.scene("scaled")


def percentages(stage: Stage) -> None:
    """maxSurge rounds up, maxUnavailable rounds down."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": "30%"}}
    stage.create(deployment(replicas=5, spec={"strategy": strategy}))
    stage.start()
    stage.set_image("Deployment", "web", "app:2")
    stage.scene("rolling")


def minimum_ready_seconds(stage: Stage) -> None:
    """A ready pod becomes available later."""
    stage.create(deployment(replicas=1, spec={"minReadySeconds": 8}))
    stage.start()
    stage.scene("ready")
    stage.wait(9)
    stage.scene("available")


def history_limit(stage: Stage) -> None:
    """Old ReplicaSets go, and an undo reuses one that is left."""
    stage.create(deployment(replicas=1, spec={"revisionHistoryLimit": 1}))
    for image in ("app:2", "app:3", "app:4"):
        stage.start_all()
        stage.set_image("Deployment", "web", image)
    stage.start_all()
    stage.scene("four revisions")
    stage.set_image("Deployment", "web", "app:3")
    stage.start_all()
    stage.scene("undone")


def quota_refuses_pods(stage: Stage) -> None:
    """A ReplicaSet that may not create its pods says so; raising the quota helps."""
    stage.create(quota(pods="1"), deployment(replicas=3))
    stage.wait(3)
    stage.scene("refused")
    stage.patch("ResourceQuota", "limit", {"spec": {"hard": {"pods": "5"}}})
    stage.wait(25)
    stage.scene("allowed")


def quota_wants_requests(stage: Stage) -> None:
    """Pods without requests are refused where a quota counts CPU."""
    stage.create({**quota(), "spec": {"hard": {"requests.cpu": "1"}}}, deployment(replicas=1))
    stage.wait(2)
    stage.scene("refused")


def adoption_and_release(stage: Stage) -> None:
    """A pod that loses its label is replaced and left alone; with the label again it is one too many."""
    stage.create(workload("ReplicaSet", "web", {"replicas": 2}))
    stage.start()
    name = stage.pods(app="web")[0]["metadata"]["name"]
    stage.patch("Pod", name, {"metadata": {"labels": {"app": "other"}}})
    stage.scene("released")
    stage.patch("Pod", name, {"metadata": {"labels": {"app": "web"}}})
    stage.finish()
    stage.scene("adopted")


def failed_pods_are_replaced(stage: Stage) -> None:
    """A ReplicaSet does not count pods that have ended."""
    stage.create(workload("ReplicaSet", "web", {"replicas": 2}))
    stage.start()
    stage.end(1, only=1)
    stage.scene("replaced")


def stateful_in_order(stage: Stage) -> None:
    """One pod after the other, each when the one before is ready."""
    stage.create(workload("StatefulSet", "db", {"replicas": 3, "serviceName": "db"}))
    stage.scene("first")
    stage.start()
    stage.scene("second")
    stage.start_all()
    stage.scene("third")
    stage.scale("StatefulSet", "db", 1)
    stage.scene("shrinking")
    stage.start_all()
    stage.scene("shrunk")


def stateful_rolling_update(stage: Stage) -> None:
    """From the last to the first, down to the partition."""
    spec = {"replicas": 3, "serviceName": "db", "updateStrategy": {"rollingUpdate": {"partition": 1}}}
    stage.create(workload("StatefulSet", "db", spec))
    stage.start_all()
    stage.set_image("StatefulSet", "db", "app:2")
    stage.scene("last pod going")
    stage.start_all()
    stage.scene("partition reached")
    stage.patch("StatefulSet", "db", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    stage.start_all()
    stage.scene("done")


def stateful_stuck_update(stage: Stage) -> None:
    """A pod that does not become ready holds up the rest."""
    stage.create(workload("StatefulSet", "db", {"replicas": 2, "serviceName": "db"}))
    stage.start_all()
    stage.set_image("StatefulSet", "db", "app:broken")
    stage.finish()
    stage.scene("stuck")
    stage.set_image("StatefulSet", "db", "app:1")
    stage.scene("undone, but the broken pod stays")


def stateful_parallel(stage: Stage) -> None:
    """Parallel management does not wait."""
    spec = {"replicas": 3, "serviceName": "db", "podManagementPolicy": "Parallel"}
    stage.create(workload("StatefulSet", "db", spec))
    stage.scene("created")
    stage.scale("StatefulSet", "db", 1)
    stage.finish()
    stage.scene("shrunk")


def stateful_on_delete(stage: Stage) -> None:
    """OnDelete waits for the user."""
    spec = {"replicas": 2, "serviceName": "db", "updateStrategy": {"type": "OnDelete"}}
    stage.create(workload("StatefulSet", "db", spec))
    stage.start_all()
    stage.set_image("StatefulSet", "db", "app:2")
    stage.scene("waiting")
    stage.delete("Pod", "db-0")
    stage.start_all()
    stage.scene("one updated")


def stateful_with_claims(stage: Stage) -> None:
    """Every pod gets a claim of its own, which stays."""
    claims = [
        {
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }
    ]
    stage.create(workload("StatefulSet", "db", {"replicas": 2, "serviceName": "db", "volumeClaimTemplates": claims}))
    stage.scene("waiting for a volume")


def daemons_on_tainted_nodes(stage: Stage) -> None:
    """One pod a node, but not where a taint is not tolerated."""
    taint = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    stage.patch("Node", "sim-1", {"spec": {"taints": [taint]}})
    try:
        stage.create(workload("DaemonSet", "agent"))
        stage.start()
        stage.scene("two of three")
        stage.patch("Node", "sim-1", {"spec": {"taints": None}})
        stage.start()
        stage.scene("all three")
        stage.patch("Node", "sim-2", {"spec": {"taints": [taint]}})
        stage.wait(4)
        stage.scene("misscheduled")
    finally:
        for node in ("sim-1", "sim-2"):
            stage.patch("Node", node, {"spec": {"taints": None}})


def daemons_by_selector(stage: Stage) -> None:
    """A node selector decides which nodes count."""
    stage.create(workload("DaemonSet", "agent", nodeSelector={"disk": "fast"}))
    stage.scene("none")
    stage.patch("Node", "sim-3", {"metadata": {"labels": {"disk": "fast"}}})
    try:
        stage.start()
        stage.scene("one")
    finally:
        stage.patch("Node", "sim-3", {"metadata": {"labels": {"disk": None}}})
    stage.finish()
    stage.scene("gone")


def daemons_rolling_update(stage: Stage) -> None:
    """One node at a time."""
    stage.create(workload("DaemonSet", "agent"))
    stage.start()
    stage.set_image("DaemonSet", "agent", "app:2")
    stage.scene("first")
    stage.finish()
    stage.scene("replaced")
    stage.start_all()
    stage.scene("done")


def daemons_failed_pod(stage: Stage) -> None:
    """A daemon that has ended is killed and made again."""
    stage.create(workload("DaemonSet", "agent"))
    stage.start()
    stage.end(1, only=1)
    stage.scene("replaced")


def delete_background(stage: Stage) -> None:
    """Dependents follow their owner."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.delete("Deployment", "web")
    stage.scene("pods going")
    stage.finish()
    stage.scene("gone")


def delete_foreground(stage: Stage) -> None:
    """The owner waits for its dependents."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.delete("Deployment", "web", "Foreground")
    stage.scene("waiting for pods")
    stage.finish()
    stage.scene("gone")


def delete_orphan(stage: Stage) -> None:
    """Dependents stay, without an owner, and a new owner takes them."""
    stage.create(deployment(replicas=2))
    stage.start()
    stage.delete("Deployment", "web", "Orphan")
    stage.scene("orphaned")
    stage.create(deployment(replicas=2))
    stage.scene("adopted")


SCRIPTS = (
    rolling_update,
    rolling_update_bad_image,
    roll_over,
    pause_and_resume,
    recreate,
    scale_up_and_down,
    scale_during_rollout,
    percentages,
    minimum_ready_seconds,
    history_limit,
    quota_refuses_pods,
    quota_wants_requests,
    adoption_and_release,
    failed_pods_are_replaced,
    stateful_in_order,
    stateful_rolling_update,
    stateful_stuck_update,
    stateful_parallel,
    stateful_on_delete,
    stateful_with_claims,
    daemons_on_tainted_nodes,
    daemons_by_selector,
    daemons_rolling_update,
    daemons_failed_pod,
    delete_background,
    delete_foreground,
    delete_orphan,
)
