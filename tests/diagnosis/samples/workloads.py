"""Samples: probes, containers, rollouts, jobs."""

from typing import Any

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import (
    CALM,
    WEB,
    Dict,
    Sample,
    Samples,
    broken,
    condition,
    crashing,
    ended,
    env,
    owned,
    revised,
    state,
)  # fmt: skip
from tests.diagnosis.world import (
    ago,
    container,
    deployment,
    event,
    log,
    node,
    pod,
    service,
    slices,
    thing,
    view,
    waiting,
)

FIELDS = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}
REFUSED = 'Get "http://10.0.0.9:{}/": dial tcp 10.0.0.9:{}: connect: connection refused'


def samples() -> Samples:
    """By kind."""
    found: dict[str, Sample] = {}
    for word in FIELDS:
        found.update(_probes(word))
    return {**found, **_other_probes(), **_containers(), **_rollouts(), **_endings(), **_jobs()}


def probed(
    word: str, probe: Dict, message: str, *more: Dict, owner: Dict | None = None, lived: float = 30
) -> ClusterView:
    """A container whose probe fails again and again."""
    web = owner or deployment("web", container(**{FIELDS[word]: probe}), ready=0)
    one = pod(web, ready=False) if word == "readiness" else crashing(web, ended(143, lived=lived))
    events = [event(one, "Unhealthy", f"{word.capitalize()} probe failed: {message}")]
    if word != "readiness":
        events.append(event(one, "Killing", f"Container app failed {word} probe, will be restarted", warning=False))
    return view(web, one, node(), *events, *more)


def _probes(word: str) -> Samples:
    def http(port: int = 8080, path: str = "/", **more: Any) -> Dict:
        return {"httpGet": {"path": path, "port": port}, "initialDelaySeconds": 20, **more}

    wrong_port = probed(word, http(9090), REFUSED.format(9090, 9090))
    closed = probed(word, http(), REFUSED.format(8080, 8080))
    garbled = probed(word, http(), "net/http: HTTP/1.x transport connection broken: malformed HTTP response")
    lost, ill = (probed(word, http(path="/x"), f"HTTP probe failed with statuscode: {code}") for code in (404, 500))
    command = {"exec": {"command": ["/bin/check"]}}
    absent = probed(word, command, 'OCI runtime exec failed: exec: "/bin/check": executable file not found in $PATH')
    failed = probed(word, command, "not ready yet")
    web, old = revised(
        container(**{FIELDS[word]: command}), container(**{FIELDS[word]: {"exec": {"command": ["true"]}}})
    )
    changed = probed(word, command, "not ready yet", old, owner=web)
    found = {
        f"{word}-probe-wrong-port": (wrong_port, CALM, closed),
        f"{word}-probe-wrong-protocol": (garbled, CALM, lost),
        f"{word}-probe-wrong-path": (lost, CALM, ill),
        f"{word}-probe-command-missing": (absent, CALM, failed),
        f"{word}-probe-command-wrong": (changed, CALM, failed),
    }
    hasty = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    calm = {"tcpSocket": {"port": 8080}, "periodSeconds": 10, "failureThreshold": 30}
    if word == "readiness":
        tight, loose = ({"tcpSocket": {"port": 8080}, "timeoutSeconds": seconds} for seconds in (1, 10))
        web, old = revised(container(readinessProbe=tight), container(readinessProbe=loose))
        late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        close = probed(word, tight, late)
        found[f"{word}-probe-too-aggressive"] = probed(word, tight, late, old, owner=web), CALM, close
    else:
        slow = probed(word, calm, "dial tcp 10.0.0.9:8080: connect: connection refused", lived=900)
        quick = probed(word, hasty, "dial tcp 10.0.0.9:8080: connect: connection refused", lived=2)
        found[f"{word}-probe-too-aggressive"] = quick, CALM, slow
    return found


def _other_probes() -> Samples:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 10, "failureThreshold": 3}
    refused = "dial tcp 10.0.0.9:8080: connect: connection refused"
    slow = probed("liveness", probe, refused, lived=30)
    guarded = deployment("web", container(livenessProbe=probe, startupProbe=probe), ready=0)
    covered = probed("liveness", probe, refused, owner=guarded)
    check = {"httpGet": {"path": "/healthz", "port": 8080}}
    sick, lost = (probed("readiness", check, f"HTTP probe failed with statuscode: {code}") for code in (503, 404))
    web = deployment("web", container(readinessProbe=check))
    calm = pod(web)
    once = event(calm, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", count=1)
    hit = probed("readiness", {"tcpSocket": {"port": 8080}}, refused)
    return {
        "slow-start-without-startup-probe": (slow, CALM, covered),
        "health-endpoint-failing": (sick, CALM, view(web, calm, once, node())),
        "probe-failing": (hit, CALM, view(web, calm, once, node())),
    } | {"health-endpoint-failing": (sick, CALM, lost)}


def _containers() -> Samples:
    limited = deployment("web", container(resources={"limits": {"memory": "64Mi"}}), ready=0)
    killed = crashing(limited, ended(137, "OOMKilled"))
    stopped = crashing(limited, ended(137))
    shell = deployment("web", container(command=["/bin/srv"]), ready=0)

    def start(message: str) -> ClusterView:
        return view(shell, crashing(shell, ended(128, "StartError", message=message)), node())

    gone = start('exec: "/bin/srv": stat /bin/srv: no such file or directory')
    barred = start('exec: "/bin/srv": permission denied')
    root = deployment("web", container(securityContext={"runAsNonRoot": True}), ready=0)
    refused = state(root, "CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
    odd = view(WEB, state(WEB, "CreateContainerError", "failed to reserve container name"), node())
    young = view(WEB, state(WEB, "ContainerCreating", age=5), node())
    crash = broken(WEB, "panic: boom")
    ends = view(WEB, crashing(WEB, ended(0, "Completed", lived=2)), node())
    once = pod(WEB)
    once["status"]["containerStatuses"][0] |= {"restartCount": 1, "lastState": {"terminated": ended(0, "Completed")}}
    both = deployment("web", container(), container("side", port=8081), ready=0)
    states = [
        {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {}}},
        waiting("side", "CrashLoopBackOff", "", 4, ended()),
    ]
    clash = pod(both, ready=False, status={"containerStatuses": states})

    def sidecar(line: str) -> ClusterView:
        return view(both, clash, service("web"), node(), logs=[log(both, line, container="side", previous=True)])

    return {
        "oom-killed": (view(limited, killed, node()), CALM, view(limited, stopped, node())),
        "command-not-found": (gone, CALM, barred),
        "command-not-executable": (barred, CALM, gone),
        "run-as-root-refused": (view(root, refused, node()), CALM, view(root, pod(root), node())),
        "container-cannot-start": (odd, CALM, young),
        "container-crashing": (crash, CALM, view(WEB, once, node())),
        "container-exits-cleanly": (ends, CALM, view(WEB, once, node())),
        "container-port-conflict": (
            sidecar("listen tcp :8080: bind: address already in use"),
            CALM,
            sidecar("panic: no"),
        ),
        **_init(),
        **_evictions(),
        **_kubelet(),
    }


def _kubelet() -> Samples:
    def starting(message: str) -> ClusterView:
        one = state(WEB, "ContainerCreating", status={"phase": "Pending"})
        return view(WEB, one, event(one, "FailedCreatePodSandBox", message), node())

    def refused(reason: str) -> ClusterView:
        status = {"phase": "Failed", "reason": reason, "message": "Pod was rejected"}
        return view(deployment("web", ready=0), {**pod(deployment("web", ready=0), "old"), "status": status}, node())

    def daemon(generation: int, **selector: str) -> ClusterView:
        made = {**deployment("agent", spec={"nodeSelector": selector}), "kind": "DaemonSet"}
        made["metadata"]["generation"] = generation
        return view({**made, "status": {"desiredNumberScheduled": 0}}, node(disk="hdd"))

    def pinned(name: str) -> ClusterView:
        web = deployment("web", ready=0, spec={"nodeName": name})
        return view(web, pod(web, ready=False, status={"phase": "Pending"}), node())

    network = starting('plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available')
    return {
        "pod-sandbox-failing": (network, CALM, starting("container init was OOM-killed (memory limit too low?)")),
        "kubelet-refuses-pod": (refused("OutOfcpu"), CALM, refused("Evicted")),
        "daemon-set-on-no-node": (daemon(2, disk="ssd"), daemon(2, disk="hdd"), daemon(1, disk="ssd")),
        "node-name-pinned": (pinned("n9"), CALM, pinned("n1")),
    }


def _init() -> Samples:
    web = deployment(
        "web", ready=0, spec={"initContainers": [container("wait", command=["sh", "-c", "until nslookup db"])]}
    )

    def waits(seconds: float) -> ClusterView:
        status = {
            "phase": "Pending",
            "initContainerStatuses": [
                {"name": "wait", "ready": False, "restartCount": 0, "state": {"running": {"startedAt": ago(seconds)}}}
            ],
        }
        return view(web, pod(web, ready=False, status=status), node())

    return {"init-container-blocked": (waits(300), CALM, waits(10))}


def _evictions() -> Samples:
    def evicted(message: str) -> ClusterView:
        gone = {
            **pod(WEB, "old"),
            "status": {"phase": "Failed", "reason": "Evicted", "message": message, "startTime": ago(300)},
        }
        return view(WEB, pod(WEB), gone, node())

    own = evicted('Usage of EmptyDir volume "logs" exceeds the limit "100Mi". ')
    node_wide = evicted("The node was low on resource: memory. Container app was using 900Mi, request is 0")
    ended_well = view(WEB, pod(WEB), {**pod(WEB, "old"), "status": {"phase": "Succeeded"}}, node())
    return {"evicted-own-limit": (own, CALM, node_wide), "evicted-node-pressure": (node_wide, ended_well, own)}


def _rollouts() -> Samples:
    caller = deployment("api", env("URL", "http://store:80/"))
    store, asleep = (
        deployment("store", container(), replicas=0, metadata=meta)
        for meta in ({}, {"annotations": {"note": "parked"}})
    )
    base = (caller, pod(caller), service("store"), node())
    up = deployment("store")
    paused, done = (deployment("web", replicas=2, paused=True) for _ in range(2))
    paused["status"]["updatedReplicas"] = 1
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}}
    bare, old = revised(container(image="registry.example/web:9"), container(), strategy=strategy)
    safe, before = revised(container(image="registry.example/web:9"), container())
    late = {
        **deployment("web", ready=0),
        "status": {
            **condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out"),
            "readyReplicas": 0,
            "replicas": 1,
        },
    }
    going = {
        **deployment("web", ready=0, age=9),
        "status": {**condition("Progressing", "True", "ReplicaSetUpdated"), "readyReplicas": 0},
    }
    lacking = deployment("web", replicas=2, ready=1)
    young = deployment("web", replicas=2, ready=1, age=5)
    return {
        "scaled-to-zero": (view(store, *base), view(up, pod(up), slices("store", "10.0.0.5"), *base), view(asleep, *base)),
        "rollout-paused": (view(paused, pod(paused), node()), CALM, view(done, pod(done), pod(done, "y"), node())),
        "rollout-without-safety": (view(bare, old, crashing(bare), node()), CALM, view(safe, before, crashing(safe), node())),
        "rollout-stuck": (view(late, crashing(late), node()), CALM, view(going, state(going, "ContainerCreating", age=5), node())),
        "workload-unavailable": (view(lacking, pod(lacking), crashing(lacking, suffix="y"), node()), CALM, view(young, pod(young), state(young, "ContainerCreating", age=4, suffix="y"), node())),
        **_stalled(),
    }  # fmt: skip


def _stalled() -> Samples:
    sts = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": thing("StatefulSet", "db")["metadata"],
           "spec": {"replicas": 1, "serviceName": "db", "template": WEB["spec"]["template"]}, "status": {"readyReplicas": 0}}  # fmt: skip
    nameless = {**sts, "spec": {**sts["spec"], "serviceName": ""}}
    made, fresh = (deployment("web", age=age) for age in (600, 20))
    for item in (made, fresh):
        item["status"] = {}
    return {
        "stateful-set-service-missing": (
            view(sts, node()),
            view(
                {**sts, "status": {"readyReplicas": 1}}, pod(sts), service("db", selector={}, clusterIP="None"), node()
            ),
            view(nameless, node()),
        ),
        "controllers-stalled": (view(made, node()), CALM, view(fresh, node())),
    }


def leaving(item: Dict, seconds: float, **meta: Any) -> Dict:
    """An object that has been terminating for so long."""
    return {**item, "metadata": {**item["metadata"], "deletionTimestamp": ago(seconds), **meta}}


def _endings() -> Samples:
    held, space = thing("ConfigMap", "kept", data={"a": "b"}), thing("Namespace", "old", "")
    waits = {"status": condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "wait for x")}
    keep = {"finalizers": ["example.org/keep"]}
    return {
        "stuck-terminating": (
            view(WEB, pod(WEB), leaving(held, 900, **keep), node()), CALM, view(WEB, pod(WEB), leaving(held, 20, **keep), node())
        ),
        "namespace-stuck-terminating": (
            view({**leaving(space, 900), **waits}, node()), view(space, node()), view({**leaving(space, 20), **waits}, node())
        ),
    }  # fmt: skip


def job(**status: Any) -> Dict:
    """A Job of its own."""
    spec = {"template": {"metadata": {"labels": {"app": "import"}}, "spec": {"containers": [container()]}}}
    return thing("Job", "import", version="batch/v1", spec=spec, status=status)


def cron(schedule: str = "*/5 * * * *", age: float = 90_000, last: float = 100, **spec: Any) -> Dict:
    """A CronJob."""
    inner = {"spec": {"template": {"spec": {"containers": [container()]}}}}
    made = thing(
        "CronJob",
        "nightly",
        version="batch/v1",
        spec={"schedule": schedule, "jobTemplate": inner, **spec},
        status={"lastScheduleTime": ago(last)},
    )
    made["metadata"]["creationTimestamp"] = ago(age)
    return made


def _jobs() -> Samples:
    def failed(reason: str) -> ClusterView:
        return view(job(**condition("Failed", "True", reason, "no more")), node())

    done = view(job(**condition("Complete", "True")), node())
    halted = {**job(), "spec": {**job()["spec"], "suspend": True}}
    good = view(cron(), node())
    zone = view(cron("0 3 * * 7", timeZone="Europe/Berlin"), node())

    def run(name: str, **status: Any) -> Dict:
        return owned(
            cron(), "Job", name, "batch/v1", spec={"template": {"spec": {"containers": [container()]}}}, status=status
        )

    over = {**run("a", **condition("Failed", "True", "BackoffLimitExceeded", "no more"))}
    again = {**run("b", **condition("Complete", "True"))}
    over["metadata"]["creationTimestamp"], again["metadata"]["creationTimestamp"] = ago(900), ago(300)
    return {
        "job-failed": (failed("BackoffLimitExceeded"), done, failed("DeadlineExceeded")),
        "job-deadline": (failed("DeadlineExceeded"), done, failed("BackoffLimitExceeded")),
        "job-suspended": (view(halted, node()), done, view(cron(suspend=True), node())),
        "cron-suspended": (view(cron(suspend=True), node()), good, view(halted, node())),
        "cron-schedule-invalid": (view(cron("61 * * * *"), node()), good, zone),
        "cron-missed": (view(cron(last=7200), node()), good, view(cron(last=700), node())),
        "cron-last-failed": (view(cron(), over, node()), good, view(cron(), over, again, node())),
        "cron-piling-up": (view(cron(), *(run(name) for name in "abc"), node()), good, view(cron(), run("a"), run("b"), node())),
        "cron-blocked": (
            view(cron(concurrencyPolicy="Forbid"), since(run("a"), 9000), node()), good,
            view(cron("0 * * * *", concurrencyPolicy="Forbid"), since(run("a"), 9000), node()),
        ),
        "job-sidecar-endless": (half_done(120), done, half_done(5)),
    }  # fmt: skip


def since(item: Dict, seconds: float) -> Dict:
    """The same, made so long ago."""
    return {**item, "metadata": {**item["metadata"], "creationTimestamp": ago(seconds)}}


def half_done(seconds: float) -> ClusterView:
    """A Job Pod whose main container ended so long ago while another one runs."""
    both = {
        "template": {
            "metadata": {"labels": {"app": "import"}},
            "spec": {"containers": [container(), container("side", port=1)]},
        }
    }
    made = thing("Job", "import", version="batch/v1", spec=both, status={})
    last = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": ago(seconds)}}
    states = [
        {"name": "app", "ready": False, "restartCount": 0, "state": last},
        {"name": "side", "ready": True, "restartCount": 0, "state": {"running": {}}},
    ]
    return view(made, pod(made, ready=False, status={"containerStatuses": states}), node())
