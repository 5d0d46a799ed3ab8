"""Requests that only look, as calls of the read tools: one frame for each kind of question."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.activity import changed, events, usage
from cloudwright.agents.language.reads.asking import own_words
from cloudwright.agents.language.reads.cluster import alerts, cluster, describe, details, explaining
from cloudwright.agents.language.reads.facts import asked, bounds, fields, manifest
from cloudwright.agents.language.reads.frame import Frame, Read
from cloudwright.agents.language.reads.images import images
from cloudwright.agents.language.reads.keeping import kept_jobs
from cloudwright.agents.language.reads.lists import counts, lists
from cloudwright.agents.language.reads.logs import logs
from cloudwright.agents.language.reads.policies import policed
from cloudwright.agents.language.reads.presence import absent, bare_places, beside, there
from cloudwright.agents.language.reads.quotas import quotas
from cloudwright.agents.language.reads.relations import dependencies, relations
from cloudwright.agents.language.reads.releases import releases
from cloudwright.agents.language.reads.restarts import restarts
from cloudwright.agents.language.reads.rollouts import comparing, rollouts
from cloudwright.agents.language.reads.room import room, zones
from cloudwright.agents.language.reads.routes import endpoints, hosts
from cloudwright.agents.language.reads.totals import totals
from cloudwright.agents.language.reads.versions import versions
from cloudwright.agents.language.references import World


def read_of(clause: Clause, world: World) -> Read | None:
    """The read that a clause asks for, or None."""
    clause = own_words(clause)
    for frame in FRAMES:
        found = frame(clause, world)
        if found is not None:
            return found
    return None


FRAMES: tuple[Frame, ...] = (
    cluster, explaining, hosts, endpoints, logs, changed, releases, events, restarts, beside, zones, comparing, rollouts, manifest, quotas, policed, room, usage, versions, kept_jobs, bounds, asked, there, absent, bare_places, relations, images, totals, counts, fields, dependencies, details, lists,
    alerts, describe,
)  # fmt: skip
"""Tried in order; the first that gives something wins."""
