"""Requests that change something, as calls of change tools: one frame for each kind of change."""

from collections.abc import Callable

from cloudwright.agents.language import programs
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World
from cloudwright.agents.language.writes import (
    autoscaling,
    binding,
    budgets,
    creating,
    deleting,
    entries,
    environment,
    images,
    labelling,
    nodes,
    promoting,
    resources,
    rollouts,
    scaling,
    settings,
    switching,
)
from cloudwright.agents.language.writes.frame import Change

Frame = Callable[[Clause, World, frozenset[str]], Change | None]

FRAMES: tuple[Frame, ...] = (
    programs.execute, settings.schedule, autoscaling.autoscaler, creating.from_file, creating.inline, nodes.taint, creating.run_now,
    autoscaling.autoscale, binding.binding, budgets.budget, creating.expose, creating.new_object, entries.entry, environment.variables,
    resources.resources, switching.switching, settings.plain_field, labelling.labelling, nodes.cordoning, promoting.promoted, images.image, rollouts.pause,
    rollouts.rollback, scaling.scale, rollouts.restart, deleting.deleting,
)  # fmt: skip
"""Tried in order; the first that gives something wins: what names its object or value most closely stands first."""


def change_of(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """The change that a clause with these families of verbs orders, or None. A frame that gives nothing uses no word."""
    for frame in FRAMES:
        used = set(clause.used)
        change = frame(clause, world, families)
        if change is not None:
            return change
        clause.used = used
    return None
