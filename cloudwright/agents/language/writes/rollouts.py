"""Restarts, rollbacks, pauses."""

from collections.abc import Sequence

from cloudwright.agents.language.calls import call, label_of, located, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.references import ROLLING, SWITCHES, World, fitting
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.agents.language.writes.scaling import SINGLE
from cloudwright.core.tool import ToolCall


def restart(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Replace the pods of workloads."""
    if "restart" not in families:
        return None
    clause.use_words(_GENTLY)
    clause.use_words("get, fresh, start, another, pods, rolling, rollout, restart, bounce, pod, all, the pods of, kick")

    def make(item: Named) -> ToolCall | Question:
        return workload_call("rollout_restart", item)

    named = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    if named and all(item.ref.kind == "Pod" for item in named):
        return _restart_pod(named)
    return change_all(clause, world, ROLLING, "restart", make)


_GENTLY = (
    "one pod after the other, one pod after another, one pod at a time, pod by pod, one after the other, one after another, one by one, one at a time, gracefully, carefully, gently, cleanly, without downtime, with no downtime,"
    " without interruption, with zero downtime, zero downtime"
)
"""How a rolling restart works anyway."""


def _restart_pod(pods: Sequence[Named]) -> Change:
    item = pods[0]
    gone = Option(
        label=f"delete {label_of(item)}, so that {item.owner or 'its owner'} makes a new one",
        calls=(call("delete_resource", **located(item)),),
        about=(item.ref,),
    )
    return Change(question=Question(text=f"A pod cannot be restarted in place. Shall I {gone.label}?", options=(gone,)))


def rollback(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Go back to an earlier revision."""
    if "rollback" not in families:
        return None
    numbers = [item for item in clause.of("number") if clause.low[item.start].isdigit() or _says_revision(clause, item)]
    revision = numbers[-1].value if numbers else 0
    if clause.of("image") and "rollback" in families:
        return None
    clause.use(*clause.of("number"))
    clause.use_words(
        "revision, version, previous, last, rollout, release, deployment, deploy, earlier, old, before, one,"
        " what ran before, what it was, what it ran, how it was, as it was, to what, bad, wrong, working, prior, good, known, back, number, update, upgrade, latest, state, image"
    )

    def make(item: Named) -> ToolCall | Question:
        return workload_call("rollout_undo", item, to_revision=revision or None)

    return change_all(clause, world, ROLLING, "roll back", make)


def _says_revision(clause: Clause, mention: Mention) -> bool:
    """Whether a number in words is a revision's: "the previous one" is none."""
    return clause.low[mention.start - 1 : mention.start] in (("revision",), ("rev",), ("version",))


def _suspended(item: Named) -> Question:
    """A Deployment has no switch of that name: its rollout can be paused, or its pods taken away."""
    made = (
        ("pause its rollout; its pods go on", workload_call("rollout_pause", item)),
        ("scale it to 0", workload_call("scale_workload", item, replicas=0)),
    )
    options = tuple(Option(label=label, calls=(one,), about=(item.ref,)) for label, one in made)
    return Question(
        text=f"{label_of(item)} cannot be suspended. Shall I {' or '.join(text for text, _ in made)}?", options=options
    )


_PAUSABLE = ("Deployment", "CronJob", "StatefulSet", "Job")


def _pausable(world: World) -> tuple[str, ...]:
    """Kinds that can be stopped and started: the cluster's own kinds that have a switch among them."""
    switched = {item.ref.kind for item in world.index.vocabulary.objects if set(SWITCHES) & set(item.settings)}
    return (*_PAUSABLE, *sorted(switched - set(_PAUSABLE)))


def pause(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Pause or resume a rollout, or a CronJob."""
    pausing = bool({"pause", "stop"} & families)
    switched = any(set(SWITCHES) & set(item.settings) for mention in clause.of("name") for item in mention.objects)
    resuming = "resume" in families or ("uncordon" in families and not pausing and switched)
    fresh = "restart" in families and clause.has("fresh start")
    if fresh or pausing == resuming or clause.of("number") or (resuming and clause.has(SINGLE)):
        return None
    if pausing and clause.has("restart, restarting, drain, draining, deletion, scaling"):
        return Change(
            question=Question(
                text="What is under way cannot be stopped from here. Shall a rollout be paused, or a change undone?"
            )
        )
    clause.use_words(
        "on, off, rollout, rollouts, rolling out, schedule, scheduling, runs, deployment, hold, rolling, out, jobs,"
        " updates, deploying, being scheduled, being triggered, being run, from running, from firing, from starting,"
        " scheduled, triggered"
    )
    stops = "stop" in families and "pause" not in families

    def make(item: Named) -> ToolCall | Question:
        switch = next((name for name in SWITCHES if name in item.settings), "")
        if switch and item.ref.kind not in ("Deployment", "CronJob", "Job"):
            off = not pausing if switch == "enabled" else pausing
            return call("patch_resource", **located(item), patch={"spec": {switch: off}})
        if item.ref.kind in ("CronJob", "Job"):
            return call("patch_resource", **located(item), patch={"spec": {"suspend": pausing}})
        if stops and not clause.has("rollout, rolling"):
            return workload_call("scale_workload", item, replicas=0)
        if item.ref.kind == "Deployment" and clause.has("suspend, suspended"):
            return _suspended(item)
        if item.ref.kind != "Deployment" and item.ref.name:
            return Question(text=f"{label_of(item)} cannot be paused; only Deployments and CronJobs can. Shall I scale it to 0 instead?",
                            options=(Option(label="scale it to 0", calls=(workload_call("scale_workload", item, replicas=0),), about=(item.ref,)),))  # fmt: skip
        if resuming and item.replicas == 0:
            return Question(
                text=f"{label_of(item)} has no replicas. To how many?",
                slot="replicas",
                drafts=(workload_call("scale_workload", item),),
            )
        return workload_call("rollout_pause" if pausing else "rollout_resume", item)

    return change_all(clause, world, _pausable(world), "pause" if pausing else "resume", make)
