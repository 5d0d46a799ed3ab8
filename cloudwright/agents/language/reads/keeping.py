"""How many finished jobs are kept, and how long."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.facts import subjects
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of
from cloudwright.agents.language.references import World


def kept_jobs(clause: Clause, world: World) -> Read | None:
    """How many, or how long, finished jobs are kept: "how many failed jobs does x keep", "retention of the jobs of y"."""
    if not clause.has(_KEEPING) or not clause.has("job, jobs, run, runs, history, pods"):
        return None
    objects = [item for item in subjects(clause, world) if item.ref.kind in _KEEPERS]
    return Read(
        tuple(columns_of(item, [*_KEEPERS[item.ref.kind]]) for item in objects[:MOST_OBJECTS]),
        tuple(item.ref for item in objects[:MOST_OBJECTS]), 0.95,
    ) if objects else None  # fmt: skip


_KEEPING = (
    "keep, keeps, kept, retain, retains, retained, retention, history, cleaned up, clean up, cleanup, ttl, stay around,"
    " hang around, remember, remembers, deleted after, removed after"
)
_KEEPERS = {
    "CronJob": (
        "spec.successfulJobsHistoryLimit",
        "spec.failedJobsHistoryLimit",
        "spec.jobTemplate.spec.ttlSecondsAfterFinished",
    ),
    "Job": ("spec.ttlSecondsAfterFinished", "spec.backoffLimit", "status"),
}
"""What says how many, or how long, finished jobs are kept."""
