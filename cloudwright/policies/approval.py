"""Approval rules as data: effect x kind x namespace x labels x time x user → what a change needs.

The first rule that matches a target decides; no rule means no. A call with several targets gets the strictest answer.
Protected namespaces and kinds are never approved by a flag and never automatic, whatever the rules say.
"""

import fnmatch
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError, field_validator

from cloudwright.core.approval import Answer, ApprovalRequest, Decision
from cloudwright.core.errors import ConfigError
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import Effect

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(Frozen):
    """Hours of the week, local to the given UTC offset. `until` before `start` runs past midnight."""

    days: tuple[str, ...] = _DAYS
    start: Annotated[str, Field(alias="from", pattern=r"^\d\d:\d\d$")] = "00:00"
    until: Annotated[str, Field(pattern=r"^\d\d:\d\d$")] = "24:00"

    @field_validator("days")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [day for day in days if day not in _DAYS]
        if unknown:
            raise ValueError(f"days are {', '.join(_DAYS)}, not {', '.join(unknown)}")
        return days

    def contains(self, moment: datetime) -> bool:
        """Whether this moment (in its own time zone) lies in the window."""
        now = moment.strftime("%H:%M")
        if self.start <= self.until:
            return _DAYS[moment.weekday()] in self.days and self.start <= now < self.until
        started_today = now >= self.start
        day = moment.weekday() if started_today else (moment.weekday() - 1) % 7
        return _DAYS[day] in self.days and (started_today or now < self.until)


class Rule(Frozen):
    """One rule. Every condition that is given must hold; globs match whole names, "" stands for cluster-scoped."""

    name: str
    effects: tuple[Effect, ...] = tuple(Effect)
    tools: tuple[str, ...] = ("*",)
    kinds: tuple[str, ...] = ("*",)
    namespaces: tuple[str, ...] = ("*",)
    labels: Mapping[str, str] = {}
    users: tuple[str, ...] = ("*",)
    contexts: tuple[str, ...] = ("*",)
    when: tuple[Window, ...] = ()
    answer: Answer
    reason: str = ""

    def matches(self, request: ApprovalRequest, target: ObjectRef) -> bool:
        """Whether the rule speaks of this target of the request."""
        return (
            request.effect in self.effects
            and _any(self.tools, request.tool)
            and _any(self.kinds, target.kind)
            and _any(self.namespaces, target.namespace)
            and _any(self.users, request.user)
            and _any(self.contexts, request.place.context)
            and all(_any((glob,), request.labels.get(key, "\0")) for key, glob in self.labels.items())
            and (not self.when or any(window.contains(request.at) for window in self.when))
        )


class Protected(Frozen):
    """What is never changed without a person, whatever a rule or a flag says."""

    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def covers(self, target: ObjectRef) -> bool:
        """Whether this object is protected."""
        is_namespace = target.kind == "Namespace" and _any(self.namespaces, target.name)
        return (
            is_namespace
            or _any(self.kinds, target.kind)
            or (bool(target.namespace) and _any(self.namespaces, target.namespace))
        )


class ApprovalRules(Frozen):
    """A whole policy; implements `core.approval.ApprovalPolicy`."""

    rules: tuple[Rule, ...]
    protected: Protected = Protected()

    def decide(self, request: ApprovalRequest) -> Decision:
        """The strictest answer over all targets; refuse where no rule matches."""
        targets = request.targets or (ObjectRef(kind="", name=""),)
        return max((self._decide(request, target) for target in targets), key=lambda item: item.answer.strictness)

    def _decide(self, request: ApprovalRequest, target: ObjectRef) -> Decision:
        rule = next((rule for rule in self.rules if rule.matches(request, target)), None)
        if rule is None:
            return Decision(
                answer=Answer.REFUSE, rule="none", reason=f"no rule speaks of a {request.effect} on {target}"
            )
        guarded = request.effect is not Effect.READ and self.protected.covers(target)
        if guarded and rule.answer.strictness < Answer.ALWAYS_ASK.strictness:
            return Decision(answer=Answer.ALWAYS_ASK, rule=rule.name, reason=f"{target} is protected")
        return Decision(answer=rule.answer, rule=rule.name, reason=rule.reason)


def load_rules(path: Path | None) -> ApprovalRules:
    """Read a policy file; None means the shipped default.

    Raises:
        ConfigError: the file is absent, no YAML, or has a field or value that is not known.
    """
    source = str(path) if path else "the default approval policy"
    try:
        text = path.read_text() if path else files("cloudwright.policies").joinpath("approval.yaml").read_text()
        return ApprovalRules.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise ConfigError(f"The approval policy {source} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"The approval policy {source} is no valid YAML{line}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"The approval policy {source} is wrong at {where}: {first['msg']}.") from None


def _any(globs: tuple[str, ...], name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)
