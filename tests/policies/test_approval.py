"""Approval rules: first match, no rule means no, the strictest target, protected things."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloudwright.core.approval import Answer, ApprovalRequest
from cloudwright.core.errors import ConfigError
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.tool import Effect
from cloudwright.policies.approval import load_rules

MONDAY_NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def asked(
    effect: Effect, *targets: ObjectRef, user: str = "alice", at: datetime = MONDAY_NOON, **labels: str
) -> ApprovalRequest:
    return ApprovalRequest(
        tool="patch_resource",
        effect=effect,
        targets=targets,
        labels=labels,
        place=Place(context="prod"),
        user=user,
        at=at,
    )


def thing(kind: str = "Deployment", namespace: str = "shop", name: str = "cart") -> ObjectRef:
    return ObjectRef(kind=kind, namespace=namespace, name=name)


def rules(tmp_path: Path, text: str):  # noqa: ANN201
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return load_rules(path)


@pytest.mark.parametrize(
    ("effect", "target", "answer"),
    [
        (Effect.READ, thing(), Answer.AUTO),
        (Effect.READ, thing(namespace="kube-system"), Answer.AUTO),
        (Effect.WRITE, thing(), Answer.ASK),
        (Effect.WRITE, thing(namespace="kube-system"), Answer.ALWAYS_ASK),
        (Effect.WRITE, thing("Namespace", "", "kube-system"), Answer.ALWAYS_ASK),
        (Effect.WRITE, thing("Node", "", "node-1"), Answer.ALWAYS_ASK),
        (Effect.DESTRUCTIVE, thing(), Answer.ALWAYS_ASK),
        (Effect.GRANT, thing("Role"), Answer.ALWAYS_ASK),
    ],
)
def test_the_shipped_default_reads_freely_and_asks_for_the_rest(
    effect: Effect, target: ObjectRef, answer: Answer
) -> None:
    assert load_rules(None).decide(asked(effect, target)).answer is answer


def test_no_rule_means_no(tmp_path: Path) -> None:
    decision = rules(tmp_path, "rules: [{name: r, effects: [read], answer: auto}]").decide(asked(Effect.WRITE, thing()))
    assert decision.answer is Answer.REFUSE
    assert "no rule" in decision.reason


def test_the_first_match_decides(tmp_path: Path) -> None:
    policy = rules(
        tmp_path,
        "rules: [{name: a, namespaces: ['sho*'], answer: refuse}, {name: b, answer: auto}]",
    )
    assert policy.decide(asked(Effect.WRITE, thing())).rule == "a"
    assert policy.decide(asked(Effect.WRITE, thing(namespace="dev"))).rule == "b"


def test_several_targets_get_the_strictest_answer(tmp_path: Path) -> None:
    policy = rules(tmp_path, "rules: [{name: a, namespaces: [prod], answer: two-person}, {name: b, answer: auto}]")
    assert policy.decide(asked(Effect.WRITE, thing(), thing(namespace="prod"))).answer is Answer.TWO_PERSON


def test_protected_things_are_never_automatic(tmp_path: Path) -> None:
    policy = rules(tmp_path, "{protected: {namespaces: [prod]}, rules: [{name: a, answer: auto}]}")
    assert policy.decide(asked(Effect.WRITE, thing(namespace="prod"))).answer is Answer.ALWAYS_ASK
    assert policy.decide(asked(Effect.READ, thing(namespace="prod"))).answer is Answer.AUTO


def test_labels_users_and_hours_narrow_a_rule(tmp_path: Path) -> None:
    text = """
rules:
  - {name: office, labels: {tier: "e*"}, users: ["ali*"], answer: auto,
     when: [{days: [mon, tue], from: "08:00", until: "18:00"}, {days: [fri], from: "22:00", until: "02:00"}]}
"""
    policy = rules(tmp_path, text)
    assert policy.decide(asked(Effect.WRITE, thing(), tier="edge")).answer is Answer.AUTO
    assert policy.decide(asked(Effect.WRITE, thing(), tier="db")).answer is Answer.REFUSE
    assert policy.decide(asked(Effect.WRITE, thing())).answer is Answer.REFUSE
    assert policy.decide(asked(Effect.WRITE, thing(), user="bob", tier="edge")).answer is Answer.REFUSE
    night = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)
    assert policy.decide(asked(Effect.WRITE, thing(), at=night, tier="edge")).answer is Answer.REFUSE
    after_midnight = datetime(2026, 1, 10, 1, 0, tzinfo=UTC)
    assert policy.decide(asked(Effect.WRITE, thing(), at=after_midnight, tier="edge")).answer is Answer.AUTO


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("rules: [", "line 1"),
        ("rules: [{name: a, answer: maybe}]", "rules.0.answer"),
        ("rules: [{name: a, answer: auto, namespace: x}]", "rules.0.namespace"),
        ("rules: [{name: a, answer: auto, when: [{days: [someday]}]}]", "rules.0.when.0.days"),
        ("{}", "rules"),
    ],
)
def test_a_wrong_policy_names_the_place(tmp_path: Path, text: str, sign: str) -> None:
    with pytest.raises(ConfigError, match=sign.replace(".", r"\.")):
        rules(tmp_path, text)


def test_an_absent_policy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_rules(tmp_path / "none.yaml")
