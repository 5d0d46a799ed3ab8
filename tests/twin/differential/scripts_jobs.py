"""Scripts about Jobs, CronJobs, disruption budgets, autoscaling, endpoints and namespaces."""

from cloudwright.twin.clock import parse_timestamp
from tests.twin.differential.manifests import autoscaler, budget, cron_job, deployment, job, pod, service, workload
from tests.twin.differential.stage import Stage


def job_completes(stage: Stage) -> None:
    """One pod, one success."""
    stage.create(job())
    stage.start()
    stage.scene("running")
    stage.end(0)
    stage.scene("complete")


def job_fails(stage: Stage) -> None:
    """The back-off limit ends it."""
    stage.create(job(spec={"backoffLimit": 1}))
    stage.start()
    stage.end(1)
    stage.scene("one failure")
    stage.wait(12)
    stage.start()
    stage.end(1)
    stage.scene("failed")


def job_in_parallel(stage: Stage) -> None:
    """Two at a time until three have succeeded."""
    stage.create(job(spec={"completions": 3, "parallelism": 2}))
    stage.start()
    stage.scene("two running")
    stage.end(0)
    stage.scene("third")
    stage.start()
    stage.end(0)
    stage.scene("complete")


def job_indexed(stage: Stage) -> None:
    """Every index once."""
    stage.create(job(spec={"completions": 2, "parallelism": 1, "completionMode": "Indexed"}))
    stage.start()
    stage.end(0)
    stage.scene("first index")
    stage.start()
    stage.end(0)
    stage.scene("complete")


def job_suspended(stage: Stage) -> None:
    """Suspended jobs have no pods."""
    stage.create(job(spec={"suspend": True}))
    stage.scene("suspended")
    stage.patch("Job", "work", {"spec": {"suspend": False}})
    stage.start()
    stage.scene("resumed")
    stage.patch("Job", "work", {"spec": {"suspend": True}})
    stage.finish()
    stage.scene("suspended again")


def job_deadline(stage: Stage) -> None:
    """Too slow."""
    stage.create(job(spec={"activeDeadlineSeconds": 4}))
    stage.start()
    stage.wait(5)
    stage.finish()
    stage.scene("failed")


def job_expires(stage: Stage) -> None:
    """A finished job goes when its time is over."""
    stage.create(job(spec={"ttlSecondsAfterFinished": 4}))
    stage.start()
    stage.end(0)
    stage.wait(6)
    stage.scene("gone")


def job_failure_policy(stage: Stage) -> None:
    """An exit code can end a job at once."""
    rule = {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}
    stage.create(job(spec={"podFailurePolicy": {"rules": [rule]}}))
    stage.start()
    stage.end(42)
    stage.scene("failed")


def cron_job_runs(stage: Stage) -> None:
    """A job at the full minute."""
    stage.create(cron_job())
    stage.wait(63 - parse_timestamp(stage.now()) % 60)
    stage.scene("started")
    stage.start()
    stage.end(0)
    stage.scene("completed")


def cron_job_suspended(stage: Stage) -> None:
    """Nothing happens."""
    stage.create(cron_job(spec={"suspend": True}))
    stage.scene("idle")


def budget_blocks_eviction(stage: Stage) -> None:
    """An eviction that would break a budget is refused; one that does not is granted."""
    stage.create(deployment(replicas=3), budget(minAvailable=2))
    stage.scene("nothing ready")
    stage.start()
    stage.scene("one allowed")
    first, second, _ = (each["metadata"]["name"] for each in stage.pods(app="web"))
    answers = [stage.evict(first), stage.evict(second)]
    stage.finish()
    stage.scene("evicted")
    stage.scenes.append(("answers", [{"kind": "Answer", "metadata": {"name": answers[1].replace(second, "<pod>")}}]))
    stage.scenes.append(("first", [{"kind": "Answer", "metadata": {"name": answers[0]}}]))


def budget_of_percentage(stage: Stage) -> None:
    """Percentages are of what the controllers want."""
    stage.create(deployment(replicas=4), budget(maxUnavailable="30%"))
    stage.start()
    stage.scene("ready")
    stage.scale("Deployment", "web", 2)
    stage.finish()
    stage.scene("scaled")


def budget_without_pods(stage: Stage) -> None:
    """A budget that selects nothing."""
    stage.create(budget(minAvailable=1))
    stage.scene("empty")


def autoscaler_without_metrics(stage: Stage) -> None:
    """No metrics API: the autoscaler says why it does nothing."""
    stage.create(deployment(replicas=2, cpu="100m"), autoscaler())
    stage.start()
    stage.wait(17)
    stage.scene("blind")


def autoscaler_without_target(stage: Stage) -> None:
    """The target does not exist."""
    stage.create(autoscaler("nothing"))
    stage.wait(17)
    stage.scene("lost")


def autoscaler_bounds(stage: Stage) -> None:
    """Bounds hold without metrics."""
    stage.create(deployment(replicas=1, cpu="100m"), autoscaler(minReplicas=2))
    stage.wait(17)
    stage.scene("raised")


def endpoints_follow_pods(stage: Stage) -> None:
    """Ready, unready and terminating pods behind a service."""
    ports = [{"name": "http", "containerPort": 8080}]
    stage.create(service(ports=[{"name": "web", "port": 80, "targetPort": "http"}]))
    stage.scene("empty")
    stage.create(deployment(replicas=2, ports=ports))
    stage.start(only=1)
    stage.scene("one ready")
    stage.start(ready=False)
    stage.scene("one unready")
    ready = next(each for each in stage.pods() if each["status"]["conditions"][0]["status"] == "True")
    stage.delete("Pod", ready["metadata"]["name"])
    stage.scene("one terminating")


def endpoints_of_wrong_selector(stage: Stage) -> None:
    """A selector that matches nothing, then one that does."""
    stage.create(deployment(replicas=1), service(app="typo"))
    stage.start()
    stage.scene("nothing")
    stage.patch("Service", "web", {"spec": {"selector": {"app": "web"}}})
    stage.scene("found")
    stage.delete("Service", "web")
    stage.scene("gone")


def endpoints_headless(stage: Stage) -> None:
    """Pods of a StatefulSet have names behind a headless service."""
    stage.create(service("db", "db", clusterIP="None", publishNotReadyAddresses=True))
    stage.create(workload("StatefulSet", "db", {"replicas": 1, "serviceName": "db"}))
    stage.start(ready=False)
    stage.scene("unready but published")


def endpoints_written_by_hand(stage: Stage) -> None:
    """A service without a selector, and Endpoints of the user's own."""
    stage.create(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": {"ports": [{"port": 5432}]}}
    )
    stage.scene("nothing")
    subset = {"addresses": [{"ip": "192.0.2.7"}], "notReadyAddresses": [{"ip": "192.0.2.8"}], "ports": [{"port": 5432}]}
    stage.create({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db"}, "subsets": [subset]})
    stage.scene("mirrored")
    stage.patch("Endpoints", "db", {"subsets": [{"addresses": [{"ip": "192.0.2.9"}], "ports": [{"port": 5433}]}]})
    stage.scene("changed")


def namespace_with_finalizer(stage: Stage) -> None:
    """Something holds the namespace."""
    held = {"apiVersion": "v1", "kind": "ConfigMap"}
    stage.create({**held, "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}, pod("alone"))
    stage.delete("Namespace", stage.namespace)
    stage.wait(7)
    stage.scene("terminating")
    _note_conditions(stage, "pods are left")
    stage.finish()
    stage.wait(10)
    _note_conditions(stage, "a finalizer is left")
    stage.patch("ConfigMap", "held", {"metadata": {"finalizers": None}})


def _note_conditions(stage: Stage, scene: str) -> None:
    parts = ("type", "status", "reason", "message")
    space = stage.get("Namespace", stage.namespace)
    found = [{key: each[key] for key in parts} for each in space["status"]["conditions"]]
    stage.scenes.append((scene, [{"kind": "Conditions", "metadata": {"name": "all"}, "conditions": found}]))


def account_and_certificate_come_back(stage: Stage) -> None:
    """What every namespace has is made again."""
    stage.delete("ServiceAccount", "default")
    stage.delete("ConfigMap", "kube-root-ca.crt")
    stage.wait(1)
    stage.scene("made again")


SCRIPTS = (
    job_completes,
    job_fails,
    job_in_parallel,
    job_indexed,
    job_suspended,
    job_deadline,
    job_expires,
    job_failure_policy,
    cron_job_runs,
    cron_job_suspended,
    budget_blocks_eviction,
    budget_of_percentage,
    budget_without_pods,
    autoscaler_without_metrics,
    autoscaler_without_target,
    autoscaler_bounds,
    endpoints_follow_pods,
    endpoints_of_wrong_selector,
    endpoints_headless,
    endpoints_written_by_hand,
    namespace_with_finalizer,
    account_and_certificate_come_back,
)
